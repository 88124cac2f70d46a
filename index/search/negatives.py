"""Compare a question with what the snippets answer and with what their curators say that they do not answer.

A snippet lists questions that it answers, and may list negative examples: questions on its subject that it does not
answer. A question that is nearer to a negative example than to any question that is answered is a near miss.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.knowledge.snippet import Snippet
from index.search.lexical_index import LexicalIndex, map_array, save_array
from index.text.terms import Terms, term_hashes

_CACHE = 4096
_COSINE_SHARE = 0.75
"""How much of the similarity of two questions is the cosine of their vectors, where the encoder reads the language; the
rest is the overlap of their terms."""


@dataclass(frozen=True)
class NegativeVectors:
    """The vectors of the negative examples of an index; those of a translation stand together."""

    negative_starts: NDArray[np.int64]
    """First negative example of each translation and the end, shape (translations + 1,)."""
    negative_vectors: NDArray[np.int8]
    """Unit vectors times ``1 / negative_scales``, shape (examples, dimension)."""
    negative_scales: NDArray[np.float32]

    def save(self, folder: Path) -> None:
        """Write a file for each array, named like it."""
        for each in dataclasses.fields(self):
            save_array(folder, each.name, getattr(self, each.name))

    @classmethod
    def load(cls, folder: Path) -> NegativeVectors:
        """Memory-map what ``save`` wrote."""
        return cls(*(map_array(folder, each.name) for each in dataclasses.fields(cls)))

    def of(self, translation: int) -> slice:
        """Return which negative examples belong to a translation."""
        return slice(int(self.negative_starts[translation]), int(self.negative_starts[translation + 1]))

    def stored(self, translation: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """Copy the vectors and scales of a translation's negative examples."""
        own = self.of(translation)
        return np.array(self.negative_vectors[own]), np.array(self.negative_scales[own])

    def cosines(self, translation: int, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the cosine of ``vector`` with each negative example of a translation."""
        own = self.of(translation)
        return np.asarray((self.negative_vectors[own].astype(np.float32) @ vector) * self.negative_scales[own])


@dataclass(frozen=True, slots=True)
class _Asked:
    """The distinct terms of one text, and the sum of their inverse document frequencies."""

    terms: frozenset[int]
    weight: float


class QuestionOverlap:
    """Compares the terms of questions, weighted by inverse document frequency. Safe to use from several threads."""

    def __init__(self, terms: Terms, index: LexicalIndex) -> None:
        self._terms, self._index = terms, index
        self._of_text = lru_cache(maxsize=_CACHE)(self._weigh)

    def _weigh(self, text: str, language: str) -> _Asked:
        hashes = term_hashes(self._terms.question_stems(text, language))
        return _Asked(frozenset(hashes.tolist()), float(self._index.idf_of(hashes).sum()))

    def overlaps(self, question: str, language: str, texts: Iterable[tuple[str, str]]) -> list[float]:
        """Return how far each of ``texts`` (text, language) asks for the same as ``question``, 0 to 1.

        It is the F1 measure of the shared weight: the share of the question's weight that the text holds, and the share
        of the text's weight that the question holds (van Rijsbergen, Information Retrieval, 1979).
        """
        asked = self._of_text(question, language)
        idf: dict[int, float] = {}
        found = []
        for text, spoken in texts:
            other = self._of_text(text, spoken)
            shared = asked.terms & other.terms
            if not idf and shared:
                hashes = np.array(sorted(asked.terms), np.int64)
                idf = dict(zip(hashes.tolist(), self._index.idf_of(hashes).tolist(), strict=True))
            both = asked.weight + other.weight
            found.append(2 * sum(idf[term] for term in shared) / both if both else 0.0)
        return found


def similarity(cosines: NDArray[np.float32], overlaps: NDArray[np.float64], encoder_reads: float) -> float:
    """Return the greatest similarity of a question to several others, from the cosine and overlap with each of them."""
    if not len(overlaps):
        return 0.0
    dense = encoder_reads * _COSINE_SHARE
    return float(np.max(dense * cosines + (1 - dense) * overlaps))


def questions_of(snippet: Snippet) -> list[tuple[str, str]]:
    """Return what a translation answers, with its language: the title and the example questions."""
    return [(text, snippet.language) for text in (snippet.title, *snippet.questions)]
