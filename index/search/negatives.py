"""Compare a question with what the snippets answer and with what their curators say that they do not answer.

A snippet lists questions that it answers, and may list negative examples: questions on its subject that it does not
answer. A question that is nearer to a negative example than to any question that is answered is a near miss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from index.knowledge.snippet import Snippet
from index.question.frames import core
from index.search.lexical_index import LexicalIndex
from index.search.stored_arrays import StoredArrays, starts_of
from index.text.terms import Terms, term_hashes

_COSINE_SHARE = 0.75
"""How much of the similarity of two questions is the cosine of their vectors, where the encoder reads the language; the
rest is the overlap of their terms."""


@dataclass(frozen=True)
class NegativeVectors(StoredArrays):
    """The vectors of the negative examples of an index; those of a translation stand together."""

    negative_starts: NDArray[np.int64]
    """First negative example of each translation and the end, shape (translations + 1,)."""
    negative_vectors: NDArray[np.int8]
    """Unit vectors times ``1 / negative_scales``, shape (examples, dimension)."""
    negative_scales: NDArray[np.float32]

    def of(self, translation: int) -> slice:
        """Return which negative examples belong to a translation."""
        return slice(int(self.negative_starts[translation]), int(self.negative_starts[translation + 1]))

    def stored(self, translation: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """Copy the vectors and scales of a translation's negative examples."""
        own = self.of(translation)
        return np.array(self.negative_vectors[own]), np.array(self.negative_scales[own])

    def cosines(self, translations: Sequence[int], vector: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the cosine of ``vector`` with each negative example of each translation."""
        slices = [self.of(translation) for translation in translations]
        vectors = np.concatenate([self.negative_vectors[own] for own in slices])
        scales = np.concatenate([self.negative_scales[own] for own in slices])
        ends = np.cumsum([own.stop - own.start for own in slices])[:-1]
        return np.split((vectors.astype(np.float32) @ vector) * scales, ends)


@dataclass(frozen=True)
class QuestionTerms(StoredArrays):
    """The terms of all titles, example questions and negative examples; those of a translation stand in this order."""

    question_starts: NDArray[np.int64]
    """First of these texts of each translation and the end, shape (translations + 1,)."""
    question_term_starts: NDArray[np.int64]
    """First term of each text and the end, shape (texts + 1,)."""
    question_terms: NDArray[np.int64]
    """Hashes of the distinct stems, shape (n,). Every text has at least one."""
    question_idf: NDArray[np.float32]
    """Inverse document frequency of each, shape (n,)."""

    @classmethod
    def build(cls, hashes: Sequence[Sequence[NDArray[np.int64]]], index: LexicalIndex) -> QuestionTerms:
        """Weigh the terms of all translations, which stand in order; see ``question_hashes``."""
        texts = [text for own in hashes for text in own]
        joined = np.concatenate(texts)
        return cls(starts_of(map(len, hashes)), starts_of(map(len, texts)), joined, index.idf_of(joined))

    def stored(self, translation: int) -> list[NDArray[np.int64]]:
        """Copy the terms of each text of a translation."""
        texts = slice(int(self.question_starts[translation]), int(self.question_starts[translation + 1]) + 1)
        starts = self.question_term_starts[texts].tolist()
        return [np.array(self.question_terms[begin:end]) for begin, end in pairwise(starts)]

    def overlaps(
        self, asked: NDArray[np.int64], asked_idf: NDArray[np.float32], translations: Sequence[int]
    ) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Return how far each text of each translation asks for the same as a question, and how much of it, 0 to 1.

        The first is the F1 measure of the shared weight: of the share of the question's weight that the text holds, and
        the share of the text's weight that the question holds (van Rijsbergen, Information Retrieval, 1979).

        Args:
            asked: Hashes of the question's distinct stems, sorted, shape (n,).
            asked_idf: Inverse document frequency of each.
            translations: The translations to compare with.

        Returns:
            For each translation, the F1 measure and the share of the question's weight that the text holds; each of
            shape (texts,).
        """
        firsts, lasts = self.question_starts[translations], self.question_starts[np.add(translations, 1)]
        starts = [self.question_term_starts[first : last + 1] for first, last in zip(firsts, lasts, strict=True)]
        slices = [slice(int(own[0]), int(own[-1])) for own in starts]
        terms = np.concatenate([self.question_terms[own] for own in slices])
        idf = np.concatenate([self.question_idf[own] for own in slices])
        lengths = np.concatenate([np.diff(own) for own in starts])
        offsets = np.cumsum(lengths) - lengths
        places = np.minimum(np.searchsorted(asked, terms), len(asked) - 1)
        shared = np.where(asked[places] == terms, idf, np.float32(0))
        weight, held = asked_idf.sum(), np.add.reduceat(shared, offsets)
        ends = np.cumsum(lasts - firsts)[:-1]
        overlap = 2 * held / (np.add.reduceat(idf, offsets) + weight)
        return list(zip(np.split(overlap, ends), np.split(held / weight, ends), strict=True))


@dataclass(frozen=True, slots=True)
class Examples:
    """What a version knows about questions that are answered and questions that are not."""

    negatives: NegativeVectors
    terms: QuestionTerms


def similarity(cosines: NDArray[np.float32], overlaps: NDArray[np.float32], encoder_reads: float) -> float:
    """Return the greatest similarity of a question to several others, from the cosine and overlap with each of them."""
    if not len(overlaps):
        return 0.0
    dense = encoder_reads * _COSINE_SHARE
    return float(np.max(dense * cosines + (1 - dense) * overlaps))


def question_hashes(snippet: Snippet, terms: Terms) -> list[NDArray[np.int64]]:
    """Return the hashes of the stems of each title and question; of a question, those of what it asks itself.

    A text without words keeps one that nothing else has.
    """
    texts = (snippet.title, *snippet.questions, *snippet.does_not_answer)
    asked = (core(text, snippet.language).text or text for text in texts)
    return [term_hashes(terms.question_stems(text, snippet.language) or [text]) for text in asked]
