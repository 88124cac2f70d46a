"""Choose the translations worth comparing with a question, and score them by a few features with fixed weights.

Every feature is absolute: nothing is scaled by what else was found. A score therefore means the same in every knowledge
folder and for every question.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.encoder.query_encoder import Encoded
from index.search.lexical_index import QueryTerms
from index.search.stored_arrays import StoredArrays

FAISS_FILE, FAISS_FIELDS = "vectors.faiss", "dense_fields"
"""The vectors that FAISS searches, and the array with the field of each."""

TITLE, FIRST_SENTENCE = 1, 2
"""Places of the title and the first sentence among the fields of a translation. The vector of the whole text is before
them; those of the example questions follow the sentences."""

_DENSE_FIELDS = 48
_CANDIDATES = 24
_LEXICAL_TRANSLATIONS = 17
_LANGUAGES_FOR = 3
"""The three numbers above are for knowledge in up to so many languages."""
_SHORTLIST = 6
"""How many of the best translations are compared token by token. Eight take 0.05 ms longer; they put 0.1 points more
right snippets first among 568 snippets, and none more among 80."""


class Weights(NamedTuple):
    """What each feature adds to the score; the weights sum to one."""

    passage: float
    """Cosine between the question and the whole translation (title and text)."""
    sentence: float
    """Cosine between the question and the nearest sentence."""
    asked: float
    """Cosine between the question and the nearest example question or the title, with a share of ``passage``; where a
    translation has no example questions, its late interaction."""
    sentence_stems: float
    """Coverage of the question's stems by the one sentence that covers most."""
    sentence_grams: float
    """Coverage of the question's n-grams by the one sentence that covers most."""
    stems: float
    """Coverage of the question's stems by the whole translation."""
    grams: float
    """Coverage of the question's n-grams by the whole translation."""
    questions: float
    """Overlap of the question's stems with those of the nearest example question or the title (F1). Where a translation
    has no example questions, that of the title; as far as the encoder reads it, ``sentence_stems`` instead."""


# Multinomial logistic regression over the candidates, with non-negative weights, was fitted to all public sets together
# and to example questions left out of the index, in five folds of whole articles. For DENSE its optimum is flat: from
# set to set the best weights differ much more than the figures they reach. So these are round numbers near the fit to
# encyclopaedia passages and frequently asked questions, chosen where no set loses. LEXICAL is the rounded fit, for text
# in a language that the encoder cannot read.
DENSE = Weights(
    passage=0.08,
    sentence=0.15,
    asked=0.47,
    sentence_stems=0.05,
    sentence_grams=0.05,
    stems=0.05,
    grams=0.05,
    questions=0.1,
)
LEXICAL = Weights(
    passage=0.0,
    sentence=0.0,
    asked=0.0,
    sentence_stems=0.28,
    sentence_grams=0.22,
    stems=0.12,
    grams=0.23,
    questions=0.15,
)
_DENSE, _LEXICAL = np.array(DENSE, np.float32), np.array(LEXICAL, np.float32)

_ASKED, _SENTENCE_STEMS, _QUESTIONS = map(Weights._fields.index, ("asked", "sentence_stems", "questions"))
_PASSAGE_IN_ASKED = 0.25
"""Example questions of different snippets can be much alike; what the passage says tells them apart."""
OBJECTION = 0.1
"""What a snippet's score loses where it contradicts the question, and where it has no such thing as is asked for."""
_LATE_INTERACTION_OFFSET = 0.2
"""Late interaction is about this much higher than the cosine of an unrelated example question, whose place it takes."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question, embedded and looked up once for all features."""

    text: str
    encoded: Encoded
    terms: QueryTerms
    without_fields: tuple[int, ...] = ()
    """Fields that count as if they did not exist."""
    without_negatives: tuple[int, ...] = ()
    """Negative examples that count as if they did not exist."""


@dataclass(frozen=True, slots=True)
class Features:
    """How several translations, and each of their fields, compare with a question."""

    values: NDArray[np.float32]
    """In the order of ``Weights``, shape (len(Weights), translations). Where there are no example questions, ``asked``
    is the mean of ``passage`` and ``sentence`` until late interaction takes its place, and ``questions`` is about the
    title."""
    without_questions: NDArray[np.bool_]
    """Which translations have no example questions that count, shape (translations,)."""
    similarity: NDArray[np.float32]
    """Cosine of each field, shape (fields + 1,); nothing belongs to the last one."""
    stems: NDArray[np.float64]
    """Coverage of the question's stems by each field, shape (fields,)."""
    grams: NDArray[np.float64]
    """Coverage of its n-grams, likewise."""
    starts: NDArray[np.int64]
    """Where the sentences of each translation begin, then its example questions, and where those end; shape (3,
    translations)."""

    def score(self, encoder_reads: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the absolute scores, given how well the encoder reads the question and each translation, 0 to 1."""
        dense, lexical = _DENSE @ self.values, _LEXICAL @ self.values
        return np.asarray(encoder_reads * dense + (1 - encoder_reads) * lexical, np.float32)

    def of(self, position: int) -> dict[str, float]:
        """Return the features of the translation at ``position`` by the names that ``Weights`` gives them."""
        return dict(zip(Weights._fields, self.values[:, position].tolist(), strict=True))

    def sentences(self, position: int) -> slice:
        """Return where the sentences of that translation stand among the fields."""
        return slice(int(self.starts[0, position]), int(self.starts[1, position]))

    def answered(self, position: int) -> NDArray[np.float32]:
        """Return the cosines of the title of that translation and of its example questions."""
        title = int(self.starts[0, position]) - FIRST_SENTENCE + TITLE
        return np.concatenate([self.similarity[title : title + 1], self.similarity[self.questions(position)]])

    def questions(self, position: int) -> slice:
        """Return where its example questions stand."""
        return slice(int(self.starts[1, position]), int(self.starts[2, position]))


def weights(encoder_reads: float) -> dict[str, float]:
    """Return the weight of each feature by its name, where the encoder reads this well, 0 to 1."""
    named = zip(Weights._fields, DENSE, LEXICAL, strict=True)
    return {name: encoder_reads * dense + (1 - encoder_reads) * lexical for name, dense, lexical in named}


@dataclass(frozen=True, slots=True)
class Ranking:
    """The translations found for a question, one of each snippet, best first; arrays of shape (found,)."""

    translations: NDArray[np.int64]
    scores: NDArray[np.float32]
    encoder_reads: NDArray[np.float32]
    """How well the encoder reads both the question and each translation, 0 to 1."""
    positions: NDArray[np.int64]
    """Where each translation stands in ``features``."""
    features: Features
    objections: NDArray[np.int64]
    """How many objections each translation has that lowered its score by ``OBJECTION``."""


@dataclass(frozen=True)
class FieldVectors(StoredArrays):
    """The vectors of all fields and tokens of an index; the fields of a translation stand together."""

    field_starts: NDArray[np.int64]
    """First field of each translation and the end, shape (translations + 1,)."""
    sentence_counts: NDArray[np.int32]
    """Number of sentences of each translation, shape (translations,)."""
    vectors: NDArray[np.int8]
    """Unit vectors times ``1 / scales``, shape (fields, dimension)."""
    scales: NDArray[np.float32]
    token_starts: NDArray[np.int64]
    """First token of each title and sentence, and the end, shape (titles and sentences + 1,)."""
    tokens: NDArray[np.int8]
    """Reduced token vectors times 127, shape (tokens, token_dimension)."""

    @cached_property
    def owners(self) -> NDArray[np.int64]:
        """The translation of each field, shape (fields,)."""
        return np.repeat(np.arange(len(self.sentence_counts)), np.diff(self.field_starts))

    @cached_property
    def sentence_starts(self) -> NDArray[np.int64]:
        """Where each translation begins among all titles and sentences, and the end, shape (translations + 1,)."""
        return np.concatenate([[0], np.cumsum(self.sentence_counts + 1)])

    def fields_of(self, translation: int) -> range:
        """Return the numbers of all fields of a translation."""
        return range(int(self.field_starts[translation]), int(self.field_starts[translation + 1]))

    def title_of(self, translation: int) -> int:
        """Return the number of the field that is a translation's title."""
        return int(self.field_starts[translation]) + TITLE

    def questions_of(self, translation: int) -> range:
        """Return the numbers of the fields that are a translation's example questions, in their order."""
        fields = self.fields_of(translation)
        return fields[FIRST_SENTENCE + int(self.sentence_counts[translation]) :]

    def stored(
        self, translation: int
    ) -> tuple[NDArray[np.int8], NDArray[np.float32], NDArray[np.int8], NDArray[np.int64]]:
        """Copy what is stored of a translation: vectors, scales, tokens, and token counts of title and sentences."""
        fields = slice(int(self.field_starts[translation]), int(self.field_starts[translation + 1]))
        sentences = slice(int(self.sentence_starts[translation]), int(self.sentence_starts[translation + 1]) + 1)
        token_starts = self.token_starts[sentences]
        tokens = self.tokens[int(token_starts[0]) : int(token_starts[-1])]
        return np.array(self.vectors[fields]), np.array(self.scales[fields]), np.array(tokens), np.diff(token_starts)

    def features(self, query: Query, translations: NDArray[np.int64]) -> Features:
        """Compare ``query`` with ``translations``, of which there is at least one."""
        fields, offsets = _ranges(self.field_starts[translations], self.field_starts[translations + 1])
        # One entry more than fields: the last translation may have no questions, yet needs a place where they begin.
        similarity = np.full(len(fields) + 1, -1.0, np.float32)
        similarity[:-1] = (self.vectors[fields].astype(np.float32) @ query.encoded.vector) * self.scales[fields]
        if query.without_fields:
            similarity[:-1][np.isin(fields, query.without_fields)] = -1.0
        sentences = offsets + FIRST_SENTENCE
        questions = sentences + self.sentence_counts[translations]
        kinds = np.array([offsets, offsets + TITLE, sentences, questions]).T
        passage, title, sentence, question = np.maximum.reduceat(similarity, kinds.ravel()).reshape(-1, 4).T
        ends = offsets + self.field_starts[translations + 1] - self.field_starts[translations]
        without = (questions == ends) | (question <= -1)
        nearest = (1 - _PASSAGE_IN_ASKED) * np.maximum(title, question) + _PASSAGE_IN_ASKED * passage
        asked = np.where(without, (passage + sentence) / 2, nearest)
        terms = query.terms
        stems, grams = terms.stems.fields[fields], terms.grams.fields[fields]
        overlap = np.zeros(len(similarity))
        weight = terms.asked.total or 1.0
        overlap[:-1] = 2 * stems * weight / (weight + terms.stem_weights[fields])
        _, of_title, _, of_question = np.maximum.reduceat(overlap, kinds.ravel()).reshape(-1, 4).T
        bodies = np.array([offsets, sentences]).T.ravel()
        values = (
            passage,
            sentence,
            asked,
            np.maximum.reduceat(stems, bodies)[1::2],
            np.maximum.reduceat(grams, bodies)[1::2],
            terms.stems.translations[translations],
            terms.grams.translations[translations],
            np.where(without, of_title, np.maximum(of_title, of_question)),
        )
        starts = np.array([sentences, questions, ends])
        return Features(np.array(values, np.float32), without, similarity, stems, grams, starts)

    def late_interaction(self, query: Query, translations: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return ColBERT's MaxSim (Khattab and Zaharia, 2020) between the question and each translation.

        It is the mean over the question's tokens of the best cosine with a token of the text, on vectors reduced to a
        few dimensions. Only tokens of the title and of two neighbouring sentences count together, and the best such
        window is taken, because the words of an answer stand close to each other.
        """
        asked = query.encoded.tokens
        if not len(asked):
            return np.zeros(len(translations), np.float32)
        begins, ends = self.sentence_starts[translations], self.sentence_starts[translations + 1]
        tokens, _ = _ranges(self.token_starts[begins], self.token_starts[ends])
        cosines = self.tokens[tokens].astype(np.float32) @ (asked.T / np.float32(127))
        sentences, offsets = _ranges(begins, ends)
        lengths = self.token_starts[sentences + 1] - self.token_starts[sentences]
        full = lengths > 0
        best = np.full((len(sentences), len(asked)), -1.0, np.float32)
        if full.any():
            best[full] = np.maximum.reduceat(cosines, (np.cumsum(lengths) - lengths)[full], axis=0)
        title = np.repeat(offsets, ends - begins)
        windows = np.maximum(best, best[title])
        same = title[1:] == title[:-1]
        windows[:-1][same] = np.maximum(windows[:-1][same], best[1:][same])
        return np.asarray(np.maximum.reduceat(windows.mean(axis=1), offsets), np.float32)

    def rank(
        self,
        query: Query,
        candidates: NDArray[np.int64],
        snippets: NDArray[np.int64],
        encoder_reads: NDArray[np.float32],
    ) -> Ranking:
        """Score the candidates and keep the best translation of each snippet.

        Args:
            query: The question.
            candidates: The translations to score, at least one.
            snippets: The number of the snippet that each candidate is a translation of.
            encoder_reads: How well the encoder reads both the question and each candidate, 0 to 1.
        """
        features = self.features(query, candidates)
        # A title says what a passage is about. The encoder has read it with the passage; terms show it on their own.
        of_title, of_sentence = features.values[_QUESTIONS], features.values[_SENTENCE_STEMS]
        mixed = encoder_reads * of_sentence + (1 - encoder_reads) * of_title
        features.values[_QUESTIONS] = np.where(features.without_questions, mixed, of_title)
        scores = features.score(encoder_reads)
        ranked = np.argsort(-scores, kind="stable")
        shortlist, rest = ranked[:_SHORTLIST], ranked[_SHORTLIST:]
        without_questions = shortlist[features.without_questions[shortlist]]
        if len(without_questions):
            late = self.late_interaction(query, candidates[without_questions])
            features.values[_ASKED, without_questions] = late - _LATE_INTERACTION_OFFSET
            scores = features.score(encoder_reads)
            # The rest were not compared token by token, so none of them may overtake the shortlist.
            scores[rest] = np.minimum(scores[rest], scores[shortlist].min())
            ranked = np.argsort(-scores, kind="stable")
        best_of_snippet: dict[int, int] = {}
        for position, number in zip(ranked.tolist(), snippets[ranked].tolist(), strict=True):
            best_of_snippet.setdefault(number, position)
        best = np.fromiter(best_of_snippet.values(), np.int64, len(best_of_snippet))
        none = np.zeros(len(best), np.int64)
        return Ranking(candidates[best], scores[best], encoder_reads[best], best, features, none)


def open_faiss(folder: Path) -> Any:
    """Memory-map the vectors that FAISS searches, from the folder of a version."""
    import faiss

    index = faiss.read_index(str(folder / FAISS_FILE), faiss.IO_FLAG_MMAP)
    if hasattr(index, "invlists"):
        # Threads that fetch lists from the disk beforehand would cost each search a millisecond.
        lists: Any = faiss.downcast_InvertedLists(index.invlists)
        lists.prefetch_nthread = 0
    return index


def lexical_candidates(languages: int) -> int:
    """Return how many of the translations that hold most of a question's terms are candidates."""
    return _LEXICAL_TRANSLATIONS * _spread(languages)


def find_candidates(query: Query, faiss_index: Any, owners: NDArray[np.int64], languages: int) -> NDArray[np.int64]:
    """Return the translations worth comparing in full, ascending.

    These are the translations with the nearest fields and those that hold most of the question's terms; where there are
    too many, the best by both.

    Args:
        query: The question.
        faiss_index: The vectors to search.
        owners: The translation of each vector in ``faiss_index``.
        languages: In how many languages the knowledge is.
    """
    wanted = min(_DENSE_FIELDS * _spread(languages), len(owners))
    nearest, found = faiss_index.search(query.encoded.vector[None], wanted)
    # An inverted file gives -1 where its lists hold fewer vectors than wanted.
    real = found[0] >= 0
    nearest, found = nearest[0][real], found[0][real]
    similarity = dict.fromkeys(query.terms.holders.tolist(), float(nearest[-1]) if len(nearest) else 0.0)
    for translation, value in zip(owners[found].tolist(), nearest.tolist(), strict=True):
        similarity[translation] = max(similarity.get(translation, value), value)
    translations = np.fromiter(similarity, np.int64, len(similarity))
    most = _CANDIDATES * _spread(languages)
    if len(translations) > most:
        rough = np.fromiter(similarity.values(), np.float64, len(similarity)) + query.terms.held[translations] / 2
        translations = translations[np.argpartition(-rough, most)[:most]]
    translations.sort()
    return translations


def _spread(languages: int) -> int:
    """Return the factor for the numbers of candidates: more languages need more translations for five snippets."""
    return -(-languages // _LANGUAGES_FOR)


def _ranges(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of all ranges one after the other, and where each range begins among them."""
    lengths = ends - begins
    offsets = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(begins - offsets, lengths), offsets
