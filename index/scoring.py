"""How well a record matches a question: a handful of absolute features and their fixed weights.

Nothing is scaled by what else was found, so a score means the same in every folder and for every question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.encoder import Encoded
from index.lexical import LexicalIndex, Terms, words


class Unit(IntEnum):
    """The pieces of a record that have a vector of their own, in the order in which they are stored."""

    PASSAGE = 0
    TITLE = 1
    SENTENCE = 2
    QUESTION = 3


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
    stems: float
    """Coverage of the question's stems by the whole record."""
    grams: float
    """Coverage of the question's character n-grams by the whole record."""


# Fitted once (multinomial logistic regression over the candidates, non-negative weights) on public data of two kinds,
# encyclopaedia passages without and frequently asked questions with example questions; the articles they were fitted on
# and those they were judged on differ. The second row is for text in a language that the encoder cannot read.
DENSE = Weights(passage=0.1, sentence=0.19, asked=0.45, sentence_stems=0.12, stems=0.0, grams=0.14)
LEXICAL = Weights(passage=0.0, sentence=0.0, asked=0.0, sentence_stems=0.3, stems=0.3, grams=0.4)

# Late interaction runs about this much higher than the cosine of an unrelated example question, and stands in for it.
LATE_INTERACTION_OFFSET = 0.2


@dataclass(frozen=True, slots=True)
class Query:
    """A question, prepared once for all features."""

    encoded: Encoded
    terms: NDArray[np.int32]
    """Sorted numbers of the question's known stems and n-grams, shape (n,)."""
    stem_weights: NDArray[np.float32]
    """Share of each term in the stems' weight, 0 for n-grams, shape (n,)."""
    gram_weights: NDArray[np.float32]
    """Share of each term in the n-grams' weight, 0 for stems, shape (n,)."""
    unknown: float
    """Share of the stems' weight that the corpus has nowhere."""
    numbers: tuple[str, ...]
    """The numbers the question names."""

    @classmethod
    def prepare(cls, question: str, language: str, encoded: Encoded, terms: Terms, lexical: LexicalIndex) -> Query:
        """Look up the terms of ``question``."""
        stems = lexical.weigh(terms.stems(question, language))
        grams = lexical.weigh(terms.grams(question))
        ids = np.concatenate([stems.ids, grams.ids])
        order = np.argsort(ids)
        zeros = np.zeros_like
        numbers = tuple(word for word in words(question) if word[0].isdigit())
        stem_weights = np.concatenate([stems.weights / max(stems.total, 1e-9), zeros(grams.weights)])
        gram_weights = np.concatenate([zeros(stems.weights), grams.weights / max(grams.total, 1e-9)])
        return cls(encoded, ids[order], stem_weights[order], gram_weights[order], stems.unknown, numbers)


@dataclass(frozen=True, slots=True)
class Features:
    """Features of several records for one question; each array has shape (records,)."""

    passage: NDArray[np.float32]
    sentence: NDArray[np.float32]
    asked: NDArray[np.float32]
    """NaN for a record without example questions until late interaction has filled it."""
    sentence_stems: NDArray[np.float32]
    stems: NDArray[np.float32]
    grams: NDArray[np.float32]

    def score(self, trust: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the absolute scores; ``trust`` (records,) says how far the encoder can read question and record."""
        columns = np.stack([getattr(self, name) for name in Weights._fields])
        missing = np.isnan(columns[2])
        if missing.any():
            columns[2, missing] = (columns[0, missing] + columns[1, missing]) / 2
        return trust * (np.array(DENSE, np.float32) @ columns) + (1 - trust) * (np.array(LEXICAL, np.float32) @ columns)


@dataclass(frozen=True, slots=True)
class Rows:
    """The arrays of an index that the features are computed from; records and their rows ascend together."""

    starts: NDArray[np.int64]
    """First row of each record and the end, shape (records + 1,)."""
    kinds: NDArray[np.uint8]
    """A ``Unit`` for each row."""
    vectors: NDArray[np.int8]
    """Unit vectors times ``1 / scales``, shape (rows, dimension)."""
    scales: NDArray[np.float32]
    token_starts: NDArray[np.int64]
    tokens: NDArray[np.int8]
    """Reduced token vectors times 127, shape (tokens, token_dimension)."""
    lexical: LexicalIndex

    def rows_of(self, records: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows of ``records`` one after the other, and where each record begins among them."""
        begins, ends = self.starts[records], self.starts[records + 1]
        lengths = ends - begins
        offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        rows = np.arange(lengths.sum()) + np.repeat(begins - offsets, lengths)
        return rows, offsets

    def features(
        self, query: Query, records: NDArray[np.int64], without: Sequence[int] = ()
    ) -> tuple[Features, UnitScores]:
        """Compare ``query`` with ``records`` (not empty); rows in ``without`` count as if they did not exist."""
        rows, offsets = self.rows_of(records)
        kinds = self.kinds[rows]
        similarity = (self.vectors[rows].astype(np.float32) @ query.encoded.vector) * self.scales[rows]
        held = self._terms_held(query, rows)
        if without:
            gone = np.isin(rows, without)
            similarity[gone] = -1.0
            held[gone] = False
        stems_by_unit = held @ query.stem_weights
        any_unit = np.logical_or.reduceat(held, offsets, axis=0)
        asked = _best(similarity, offsets, (kinds == Unit.QUESTION) | (kinds == Unit.TITLE))
        asked[_best(similarity, offsets, kinds == Unit.QUESTION) <= -1.0] = np.nan
        features = Features(
            passage=similarity[offsets],
            sentence=_best(similarity, offsets, kinds == Unit.SENTENCE),
            asked=asked,
            sentence_stems=_best(stems_by_unit, offsets, kinds >= Unit.SENTENCE),
            stems=any_unit @ query.stem_weights,
            grams=any_unit @ query.gram_weights,
        )
        return features, UnitScores(rows, offsets, kinds, similarity, stems_by_unit, held @ query.gram_weights)

    def late_interaction(self, query: Query, records: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return for each record the mean over the question's tokens of the best cosine with a token of the passage.

        ColBERT's MaxSim (Khattab and Zaharia, 2020) over tokens reduced to a few dimensions.
        """
        asked = query.encoded.tokens
        if not len(asked) or not len(records):
            return np.zeros(len(records), np.float32)
        pieces = [self.tokens[self.token_starts[record] : self.token_starts[record + 1]] for record in records]
        lengths = np.array([len(piece) for piece in pieces])
        passage = np.concatenate(pieces).astype(np.float32)
        offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        cosines = passage @ (asked.T / np.float32(127))
        full = lengths > 0
        result = np.zeros(len(records), np.float32)
        result[full] = np.maximum.reduceat(cosines, offsets[full], axis=0).mean(axis=1)
        return result

    def _terms_held(self, query: Query, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which of the query's terms each row holds, shape (rows, terms)."""
        held = np.zeros((len(rows), len(query.terms)), np.bool_)
        if not len(query.terms):
            return held
        begins, ends = self.lexical.unit_starts[rows], self.lexical.unit_starts[rows + 1]
        lengths = ends - begins
        offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        places = np.arange(lengths.sum()) + np.repeat(begins - offsets, lengths)
        terms = self.lexical.unit_terms[places]
        found = np.searchsorted(query.terms, terms)
        found[found == len(query.terms)] = 0
        match = query.terms[found] == terms
        held[np.repeat(np.arange(len(rows)), lengths)[match], found[match]] = True
        return held


@dataclass(frozen=True, slots=True)
class UnitScores:
    """The single rows behind some features; arrays of shape (rows,), ``offsets`` of shape (records,)."""

    rows: NDArray[np.int64]
    offsets: NDArray[np.int64]
    kinds: NDArray[np.uint8]
    similarity: NDArray[np.float32]
    stems: NDArray[np.float32]
    grams: NDArray[np.float32]

    def of_record(self, position: int, kind: Unit) -> NDArray[np.int64]:
        """Return the positions of the ``kind`` rows of the record at ``position``."""
        end = self.offsets[position + 1] if position + 1 < len(self.offsets) else len(self.rows)
        span = np.arange(self.offsets[position], end)
        return span[self.kinds[span] == kind]


def _best(values: NDArray[np.float32], offsets: NDArray[np.int64], wanted: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return each record's largest value among the wanted rows, -1 where it has none."""
    return np.maximum.reduceat(np.where(wanted, values, np.float32(-1)), offsets)
