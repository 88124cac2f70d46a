"""How well a record matches a question: a handful of absolute features and their fixed weights.

Nothing is scaled by what else was found, so a score means the same in every folder and for every question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.encoder.query_encoder import Encoded
from index.search.lexical_index import Coverage, LexicalIndex, Terms, words

TITLE, FIRST_SENTENCE = 1, 2
"""Where the vectors of a record's title and first sentence stand among its rows: that of the whole passage is before
them, and those of its example questions come behind the sentences."""


class Weights(NamedTuple):
    """What each feature adds to the score; they sum to one."""

    passage: float
    """Cosine of the question and title with text."""
    sentence: float
    """Cosine of the question and the nearest sentence."""
    asked: float
    """Cosine of the question and the nearest example question or the title; late interaction where there is none."""
    sentence_stems: float
    """Coverage of the question's stems by the one sentence that covers most."""
    sentence_grams: float
    """Coverage of the question's character n-grams by the one sentence that covers most."""
    stems: float
    """Coverage of the question's stems by the whole record."""
    grams: float
    """Coverage of the question's character n-grams by the whole record."""


# Fitted once (multinomial logistic regression over the candidates, non-negative weights) on public data of two kinds,
# encyclopaedia passages without and frequently asked questions with example questions; the articles they were fitted on
# and those they were judged on differ. The second row is for text in a language that the encoder cannot read.
DENSE = Weights(
    passage=0.08, sentence=0.2, asked=0.47, sentence_stems=0.06, sentence_grams=0.06, stems=0.06, grams=0.07
)
LEXICAL = Weights(
    passage=0.0, sentence=0.0, asked=0.0, sentence_stems=0.36, sentence_grams=0.18, stems=0.18, grams=0.28
)
_DENSE, _LEXICAL = np.array(DENSE, np.float32), np.array(LEXICAL, np.float32)

ASKED = Weights._fields.index("asked")

# Late interaction runs about this much higher than the cosine of an unrelated example question, and stands in for it.
LATE_INTERACTION_OFFSET = 0.2


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a question and where an index holds them."""

    stems: Coverage
    grams: Coverage
    held: NDArray[np.float64]
    """Coverage of stems and n-grams by each record, shape (records,)."""
    holders: NDArray[np.int64]
    """The records that hold most, in no order."""
    unknown: float
    """Share of the stems' weight that the corpus has nowhere."""
    unknown_stems: frozenset[int]
    """Hashes of those stems."""
    rarity: float
    """How rare the rarest known stem is, 0 to 1."""
    length: int
    """How many words and numbers the question has."""
    numbers: tuple[str, ...]
    """The numbers among them."""

    @classmethod
    def look_up(
        cls,
        question: str,
        language: str,
        terms: Terms,
        lexical: LexicalIndex,
        *,
        budget: int,
        holders: int,
        without: Sequence[int] = (),
    ) -> Wording:
        """Look up the terms of ``question``.

        ``budget`` is how many postings may be read for each kind of term, ``holders`` how many records to name.
        """
        stems = lexical.look_up(terms.asked(question, language), without)
        grams = lexical.look_up(terms.grams(question), without)
        by_stems = lexical.coverage(stems, budget, without)
        by_grams = lexical.coverage(grams, budget, without)
        held = by_stems.records + by_grams.records
        most = min(holders, len(held))
        found = words(question)
        return cls(
            by_stems,
            by_grams,
            held,
            np.argpartition(held, len(held) - most)[len(held) - most :],
            stems.unknown,
            stems.unknown_terms,
            stems.rarity,
            len(found),
            tuple(word for word in found if word[0].isdigit()),
        )


@dataclass(frozen=True, slots=True)
class Query:
    """A question, prepared once for all features."""

    text: str
    encoded: Encoded
    wording: Wording
    without_rows: tuple[int, ...] = ()
    """Rows that count as if they did not exist."""


@dataclass(frozen=True, slots=True)
class Features:
    """Features of several records for one question."""

    values: NDArray[np.float32]
    """In the order of ``Weights``, shape (len(Weights), records). ``asked`` of a record without example questions is
    the mean of passage and sentence, until late interaction takes its place."""
    without_questions: NDArray[np.bool_]
    """Which records have no example questions that count, shape (records,)."""

    def score(self, trust: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the absolute scores; ``trust`` (records,) says how far the encoder can read question and record."""
        return np.asarray(trust * (_DENSE @ self.values) + (1 - trust) * (_LEXICAL @ self.values), np.float32)

    def of(self, position: int) -> dict[str, float]:
        """Return the features of the record at ``position`` by the names that ``Weights`` gives them."""
        return dict(zip(Weights._fields, self.values[:, position].tolist(), strict=True))


@lru_cache(maxsize=64)
def weights(trust: float) -> Mapping[str, float]:
    """Return what each feature, by its name, adds to the score where the encoder is trusted so far, 0 to 1."""
    mixed = (trust * dense + (1 - trust) * lexical for dense, lexical in zip(DENSE, LEXICAL, strict=True))
    return MappingProxyType(dict(zip(Weights._fields, mixed, strict=True)))


@dataclass(frozen=True, slots=True)
class Rows:
    """The arrays of an index that the features are computed from; records and their rows ascend together."""

    starts: NDArray[np.int64]
    """First row of each record and the end, shape (records + 1,)."""
    sentence_counts: NDArray[np.int32]
    """Number of sentences of each record, shape (records,)."""
    vectors: NDArray[np.int8]
    """Unit vectors times ``1 / scales``, shape (rows, dimension)."""
    scales: NDArray[np.float32]
    parts: NDArray[np.int64]
    """Where each record begins among all titles and sentences, and the end, shape (records + 1,)."""
    token_starts: NDArray[np.int64]
    """First token of each title and sentence, and the end, shape (parts + 1,)."""
    tokens: NDArray[np.int8]
    """Reduced token vectors times 127, shape (tokens, token_dimension)."""

    def tokens_of(self, record: int) -> slice:
        """Return which ``tokens`` are those of a record."""
        return slice(int(self.token_starts[self.parts[record]]), int(self.token_starts[self.parts[record + 1]]))

    def features(self, query: Query, records: NDArray[np.int64]) -> tuple[Features, UnitScores]:
        """Compare ``query`` with ``records``, which are not empty."""
        rows, offsets = _ranges(self.starts[records], self.starts[records + 1])
        # One row more than there are, so that a record without questions has a place where they would begin.
        similarity = np.full(len(rows) + 1, -1.0, np.float32)
        similarity[:-1] = (self.vectors[rows].astype(np.float32) @ query.encoded.vector) * self.scales[rows]
        if query.without_rows:
            similarity[:-1][np.isin(rows, query.without_rows)] = -1.0
        sentences = offsets + FIRST_SENTENCE
        questions = sentences + self.sentence_counts[records]
        kinds = np.array([offsets, offsets + TITLE, sentences, questions]).T
        passage, title, sentence, question = np.maximum.reduceat(similarity, kinds.ravel()).reshape(-1, 4).T
        without = (questions - offsets == self.starts[records + 1] - self.starts[records]) | (question <= -1)
        asked = np.where(without, (passage + sentence) / 2, np.maximum(title, question))
        wording = query.wording
        stems, grams = wording.stems.rows[rows], wording.grams.rows[rows]
        bodies = np.array([offsets, sentences]).T.ravel()
        values = (
            passage,
            sentence,
            asked,
            np.maximum.reduceat(stems, bodies)[1::2],
            np.maximum.reduceat(grams, bodies)[1::2],
            wording.stems.records[records],
            wording.grams.records[records],
        )
        return Features(np.array(values, np.float32), without), UnitScores(offsets, similarity, stems, grams)

    def late_interaction(self, query: Query, records: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return for each record the mean over the question's tokens of the best cosine with a token near one place.

        ColBERT's MaxSim (Khattab and Zaharia, 2020) over tokens reduced to a few dimensions, in the best window of two
        neighbouring sentences and the title: what answers stands together.
        """
        asked = query.encoded.tokens
        if not len(asked) or not len(records):
            return np.zeros(len(records), np.float32)
        tokens, _ = _ranges(self.token_starts[self.parts[records]], self.token_starts[self.parts[records + 1]])
        cosines = self.tokens[tokens].astype(np.float32) @ (asked.T / np.float32(127))
        parts, offsets = _ranges(self.parts[records], self.parts[records + 1])
        lengths = self.token_starts[parts + 1] - self.token_starts[parts]
        full = lengths > 0
        best = np.full((len(parts), len(asked)), -1.0, np.float32)
        if full.any():
            best[full] = np.maximum.reduceat(cosines, (np.cumsum(lengths) - lengths)[full], axis=0)
        title = np.repeat(offsets, self.parts[records + 1] - self.parts[records])
        windows = np.maximum(best, best[title])
        same = title[1:] == title[:-1]
        windows[:-1][same] = np.maximum(windows[:-1][same], best[1:][same])
        return np.asarray(np.maximum.reduceat(windows.mean(axis=1), offsets), np.float32)


def _ranges(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of all ranges one after the other, and where each range begins among them."""
    lengths = ends - begins
    offsets = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(begins - offsets, lengths), offsets


@dataclass(frozen=True, slots=True)
class UnitScores:
    """The single rows behind the features; arrays of shape (rows,), ``offsets`` of shape (records,)."""

    offsets: NDArray[np.int64]
    similarity: NDArray[np.float32]
    stems: NDArray[np.float64]
    grams: NDArray[np.float64]

    def sentences(self, position: int, count: int) -> slice:
        """Return where the ``count`` sentences of the record at ``position`` stand."""
        begin = int(self.offsets[position]) + FIRST_SENTENCE
        return slice(begin, begin + count)

    def questions(self, position: int, sentences: int, count: int) -> slice:
        """Return where the ``count`` questions of that record stand, behind its ``sentences``."""
        begin = int(self.offsets[position]) + FIRST_SENTENCE + sentences
        return slice(begin, begin + count)
