"""What questions are compared by: their embeddings, and their words where the encoder cannot read."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from index.text.terms import Terms, term_hash

if TYPE_CHECKING:
    from index import Index

Vector = NDArray[np.float32]

_TERM_DIMENSIONS = 1024
_EMBEDDING_SHARE = 0.5
"""Part of the similarity that comes from the embedding in a language the encoder reads fully.

Measured on the example questions of this project's knowledge (of the same snippet or not): in English AUC 0.734 by
words alone, 0.779 by embeddings alone, 0.793 half and half; in Russian, which the default encoder does not read, 0.669
by words and 0.585 by embeddings.
"""
_THRESHOLDS = (0.32, 0.50)
"""Least similarity within one meaning, by words alone and half by embeddings.

Of unrelated pairs 99 % lie below 0.24 and 0.40.
"""


class Signatures(Protocol):
    """Makes the vectors by which questions are grouped."""

    name: str
    """Signatures of different names do not compare."""

    def signature(self, text: str, language: str, embedding: Vector | None) -> Vector:
        """Return a vector of length one; ``embedding`` is the question's, where it is known."""
        ...

    def threshold(self, language: str) -> float:
        """Return the least cosine of two questions of one meaning."""
        ...


class IndexSignatures:
    """Signatures by an open index: its encoder, how far that reads each language, and its terms and synonyms."""

    def __init__(self, index: Index) -> None:
        self.name = f"{index.manifest.encoder_key}+terms"
        self._index = index
        self._terms = Terms(index.manifest.synonyms)
        self._seen: Counter[int] = Counter()
        self._texts = 0
        # How telling a word is shows in the example questions of all languages: "what" and "Kazakhstan" tell little.
        for snippet_id in index.snippets:
            for language, snippet in index.snippets[snippet_id].items():
                for question in snippet.questions:
                    self._seen.update(self._hashes(question, language))
                    self._texts += 1

    def signature(self, text: str, language: str, embedding: Vector | None) -> Vector:
        """Return embedding and hashed words side by side (signed feature hashing, Weinberger et al. 2009)."""
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
        """Return the least cosine of two questions of one meaning, by how much the embedding counts in the language."""
        low, high = _THRESHOLDS
        return low + (high - low) * self._share(language) / _EMBEDDING_SHARE

    def _share(self, language: str) -> float:
        return _EMBEDDING_SHARE * self._index.manifest.encoder_reads.get(language, 1.0)

    def _hashes(self, text: str, language: str) -> set[int]:
        return {term_hash(term) for term in self._terms.stems(text, language)}


def _unit(vector: Vector) -> Vector:
    norm = float(np.linalg.norm(vector))
    return vector / np.float32(norm) if norm else vector
