"""Which questions mean the same: signatures to compare them by, and clusters that keep what they hold.

A signature is the question's embedding beside its hashed words, because the encoder does not read every language. The
clusters are made by leader clustering with moving centroids: a question stays where it was put.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.text.terms import Terms, term_hash

if TYPE_CHECKING:
    from index import Index

Vectors = NDArray[np.float32]

_TERM_DIMENSIONS = 1024
_EMBEDDING_SHARE = 0.5
"""Share of the embedding in the similarity, in a language that the encoder reads fully.

Measured on the example questions of this project's knowledge (of the same snippet or not): in English AUC 0.734 by
words alone, 0.779 by embeddings alone, 0.793 half and half; in Russian, which the default encoder does not read, 0.669
by words and 0.585 by embeddings.
"""
_THRESHOLDS = (0.32, 0.50)
"""Least similarity within one meaning: by words alone, and by words and embedding in equal shares.

99 % of unrelated pairs lie below 0.24 and 0.40.
"""


class Signatures:
    """Makes the vectors by which questions are grouped, with an open index: its encoder, terms and synonyms."""

    def __init__(self, index: Index) -> None:
        self.encoder = index.manifest.encoder_key
        """The stored embeddings of this encoder can be used."""
        self.name = f"{self.encoder}+terms"
        """Signatures with different names cannot be compared."""
        self._index = index
        self._terms = Terms(index.manifest.synonyms)
        self._seen: Counter[int] = Counter()
        self._texts = 0
        # Words that many example questions contain ("what", the name of the subject) weigh little.
        for snippet_id in index.snippets:
            for language, snippet in index.snippets[snippet_id].items():
                for question in snippet.questions:
                    self._seen.update(self._hashes(question, language))
                    self._texts += 1

    def signature(self, text: str, language: str, embedding: Vectors | None) -> Vectors:
        """Return a vector of length one: the embedding beside the hashed words.

        The words are hashed with signs (feature hashing, Weinberger et al. 2009). The index embeds the text if its
        embedding is not known.
        """
        if embedding is None:
            embedding = self._index.answer(text).vector
        share = self._share(language)
        words = np.zeros(_TERM_DIMENSIONS, np.float32)
        for word in self._hashes(text, language):
            words[word % _TERM_DIMENSIONS] += (1 if word >> 20 & 1 else -1) * math.log(
                1 + (self._texts + 1) / (self._seen[word] + 1)
            )
        parts = [math.sqrt(share) * _unit(embedding.astype(np.float32)), math.sqrt(1 - share) * _unit(words)]
        return _unit(np.concatenate(parts))

    def threshold(self, language: str) -> float:
        """Return the least cosine of two questions of one meaning, by the share of the embedding in this language."""
        low, high = _THRESHOLDS
        return low + (high - low) * self._share(language) / _EMBEDDING_SHARE

    def _share(self, language: str) -> float:
        return _EMBEDDING_SHARE * self._index.manifest.encoder_reads.get(language, 1.0)

    def _hashes(self, text: str, language: str) -> set[int]:
        return {term_hash(term) for term in self._terms.stems(text, language)}


def _unit(vector: Vectors) -> Vectors:
    norm = float(np.linalg.norm(vector))
    return vector / np.float32(norm) if norm else vector


@dataclass(slots=True)
class Cluster:
    """Questions of one meaning."""

    id: int | None
    """Number of the stored gap; ``None`` for a new one."""
    total: Vectors
    """Sum of the members' unit vectors, shape (dimension,)."""
    members: list[tuple[int, float]] = field(default_factory=list)
    """Row and similarity of each question that :func:`group` put here."""

    @property
    def centroid(self) -> Vectors:
        """The mean of the members, scaled to length one."""
        return _unit(self.total)


def group(vectors: Vectors, clusters: list[Cluster], *, thresholds: Vectors, weights: Vectors) -> list[Cluster]:
    """Put every row into the nearest cluster if that is near enough, else into a new one.

    Existing clusters take rows first, so they keep their meaning. The other rows are grouped from the densest places
    outwards, so the result does not depend on their order.

    Args:
        vectors: Unit vectors, shape (n, dimension).
        clusters: The existing clusters; they are extended in place.
        thresholds: Least cosine between each row and the centroid of its cluster, shape (n,).
        weights: How often each row was asked, shape (n,).

    Returns:
        All clusters, the given ones first.
    """
    left = np.arange(len(vectors))
    if clusters and len(vectors):
        nearness = vectors @ np.stack([cluster.centroid for cluster in clusters]).T
        best = nearness.argmax(axis=1)
        near = nearness[left, best] >= thresholds
        for row in left[near]:
            _join(clusters[best[row]], int(row), float(nearness[row, best[row]]), vectors, weights)
        left = left[~near]
    new: list[Cluster] = []
    if len(left):
        among = vectors[left] @ vectors[left].T
        least = thresholds[left]
        density = (np.where(among >= least[:, None], among, 0) * weights[left]).sum(axis=1)
        free = np.ones(len(left), bool)
        for seed in np.argsort(-density, kind="stable"):
            if not free[seed]:
                continue
            near = free & (among[seed] >= least)
            # The seed's neighbours agree on a centre; those near the centre are the cluster.
            centre = _unit((vectors[left[near]] * weights[left[near], None]).sum(axis=0))
            nearness = vectors[left] @ centre
            chosen = free & (nearness >= least)
            chosen[seed] = True
            cluster = Cluster(None, np.zeros(vectors.shape[1], np.float32))
            for position in np.flatnonzero(chosen):
                _join(cluster, int(left[position]), float(nearness[position]), vectors, weights)
            free &= ~chosen
            new.append(cluster)
    return clusters + new


def _join(cluster: Cluster, row: int, similarity: float, vectors: Vectors, weights: Vectors) -> None:
    cluster.members.append((row, similarity))
    cluster.total = cluster.total + vectors[row] * weights[row]
