"""Recognise a question that the editors decided not to cover, when somebody asks it in the same or in other words.

Wordings are compared as those of near misses are. Character n-grams count beside stems here: a listed question is short
and asked with slips, and its words are often none of the knowledge, towards which slips are corrected.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.encoder.query_encoder import OnnxEncoder
from index.knowledge.snippet import Snippet
from index.question.frames import core
from index.question.letters import clean
from index.search.contradiction import Difference, DifferenceKind, differences
from index.search.known_names import KnownNames
from index.search.lexical_index import LexicalIndex
from index.search.negatives import TextTerms, similarities
from index.search.scoring import Query
from index.search.stored_arrays import map_array, save_array
from index.text.dates import spell_out_dates
from index.text.language import KnownLanguages
from index.text.terms import Terms, fold, term_hashes

_FILE, _VECTORS = "not-covered.json", "not_covered_vectors"
_SAME = 0.6
"""Least similarity of two wordings of one question."""
_SAME_WORD = 0.95
"""The same where what was asked is a single word: most listed questions ask for more about theirs."""
_EVERYWHERE = 0.35
"""Share of the weight of an unknown word up to which a name says little: that of a country that everything is about."""


@dataclass(frozen=True, slots=True)
class ListedQuestion:
    """A question of ``not_covered.yaml``."""

    written: str
    """As it stands there."""
    text: str
    """What it asks, without the words around it."""
    language: str


@dataclass(frozen=True, slots=True)
class ListedQuestions:
    """The questions of ``not_covered.yaml`` in a version."""

    questions: tuple[ListedQuestion, ...]
    vectors: NDArray[np.float32]
    """Of what each asks, of length 1, shape (questions, dimension)."""

    @classmethod
    def embed(cls, written: Iterable[str], languages: KnownLanguages, encoder: OnnxEncoder) -> ListedQuestions:
        """Read and embed questions.

        Args:
            written: The questions.
            languages: Those of the knowledge.
            encoder: The encoder of the version.
        """
        questions = tuple(_read(text, languages) for text in written)
        vectors = [encoder.encode(each.text).vector for each in questions]
        return cls(questions, np.array(vectors, np.float32).reshape(len(vectors), encoder.card.dimension))

    def save(self, folder: Path) -> None:
        """Write them into the folder of a version."""
        fields = [asdict(question) for question in self.questions]
        (folder / _FILE).write_text(json.dumps(fields, ensure_ascii=False), encoding="utf-8")
        save_array(folder, _VECTORS, self.vectors)

    @classmethod
    def load(cls, folder: Path) -> ListedQuestions:
        """Read what ``save`` wrote."""
        fields = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return cls(tuple(ListedQuestion(**each) for each in fields), map_array(folder, _VECTORS))


@dataclass(frozen=True, slots=True)
class Resemblance:
    """The listed question that is asked again."""

    question: ListedQuestion
    similarity: float
    """How near it is by its meaning and its words, 0 to 1: the measure by which near misses are told."""


class NotCovered:
    """Compares questions with those that are not covered. Safe to use from several threads."""

    def __init__(
        self,
        listed: ListedQuestions,
        terms: Terms,
        lexical: LexicalIndex,
        encoder_reads: Mapping[str, float],
        names: KnownNames,
    ) -> None:
        """Look up the terms of the listed questions.

        Args:
            listed: The questions.
            terms: Makes the terms of texts.
            lexical: Weighs terms.
            encoder_reads: How far the encoder can read each language, 0 to 1.
            names: Those of the knowledge.
        """
        self.listed = listed
        self._terms, self._lexical, self._names = terms, lexical, names
        self._encoder_reads = encoder_reads
        self._reads = np.array([encoder_reads.get(each.language, 1.0) for each in listed.questions], np.float32)
        self._passages = [_as_passage(each.text, each.language) for each in listed.questions]
        if listed.questions:
            self._stems = self._weighed(terms.question_stems(each.text, each.language) for each in listed.questions)
            self._grams = self._weighed(terms.grams(each.text) for each in listed.questions)

    def asked_again(self, query: Query, language: str) -> Resemblance | None:
        """Return the listed question that a question repeats, ``None`` where it repeats none.

        Args:
            query: The question, without the words around it and as it was typed: with its typos.
            language: Its language.
        """
        asked = query.terms.asked.hashes
        if not self.listed.questions or not len(asked):
            return None
        reads = np.minimum(self._reads, self._encoder_reads.get(language, 1.0))
        cosines = self.listed.vectors @ query.encoded.vector
        stems, _ = self._stems.overlaps(asked, query.terms.idf)
        hashes = term_hashes(self._terms.grams(query.text))
        grams, _ = self._grams.overlaps(hashes, self._lexical.idf_of(hashes))
        alike = similarities(cosines, np.maximum(stems, grams), reads)
        best = int(np.argmax(alike))
        if alike[best] < (_SAME if query.terms.length > 1 else _SAME_WORD) or self._differs(query.text, language, best):
            return None
        similarity = similarities(cosines[best], stems[best], reads[best])
        return Resemblance(self.listed.questions[best], float(similarity))

    def _weighed(self, terms: Iterable[list[str]]) -> TextTerms:
        hashes = [term_hashes(own) for own in terms]
        joined = np.concatenate(hashes)
        return TextTerms(joined, self._lexical.idf_of(joined), np.array([len(own) for own in hashes]))

    def _differs(self, text: str, language: str, number: int) -> bool:
        """Tell whether a question and a listed one state different names, dates or numbers, or one of them denies.

        A name that is everywhere in the knowledge may be added or left out.
        """
        listed = self.listed.questions[number]
        added = list(self._stated(text, language, self._passages[number]))
        left_out = list(self._stated(listed.text, listed.language, _as_passage(text, language)))
        if added and left_out:
            return True
        return not all(self._is_everywhere(each, language) for each in added + left_out)

    def _stated(self, text: str, language: str, other: Snippet) -> Iterator[Difference]:
        """Yield what a question states and another one does not; "last year" is the same in both."""
        for each in differences(text, language, [other], self._names, today=datetime.now(UTC).date()):
            if fold(each.asked) not in fold(other.text):
                yield each

    def _is_everywhere(self, difference: Difference, language: str) -> bool:
        if difference.kind is not DifferenceKind.NAME:
            return False
        idf = self._lexical.idf_of(term_hashes(self._terms.stems(difference.asked, language)))
        return float(idf.max(initial=0.0)) <= _EVERYWHERE * self._lexical.unseen


def _read(written: str, languages: KnownLanguages) -> ListedQuestion:
    text = clean(written)
    language = languages.detect(text)
    return ListedQuestion(written, core(spell_out_dates(text, language), language).text or text, language)


def _as_passage(text: str, language: str) -> Snippet:
    """Return a question as a passage that states what the question does, so that questions are compared likewise."""
    return Snippet(id="", language=language, topic="", title=text, text=text, sentences=((0, len(text)),))
