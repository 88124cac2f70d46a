"""Tell whether the best snippet answers what a question asks, apart from how much both resemble each other.

The scores do not tell a near miss from a question that is answered: both name the same people, places and things. What
tells them apart is what the curators wrote down, which kind of thing is asked for, and what the question states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from index.knowledge.snippet import Snippet
from index.search.contradiction import Difference, DifferenceKind, differences
from index.search.held_words import HeldWords
from index.search.known_names import KnownNames
from index.search.negatives import Examples, similarity
from index.search.passage_facts import passage_facts
from index.search.scoring import OBJECTION, FieldVectors, Query, Ranking
from index.search.wanted import Wanted, held, unmet, wanted
from index.text.codes import codes, tells_of_code, words_of_code
from index.text.terms import code_term, term_hash, words
from index.version.snippet_db import SnippetDatabase

_COMPARED = 5
"""The questions of so many of the best snippets are compared with what was asked."""
_ABOUT_THIS_ONE = frozenset({DifferenceKind.NEGATION, DifferenceKind.ROLE})
_CLEARLY, _WHOLE = 0.06, 0.99
_CACHE = 4096
_CODE = 5
_JUDGED = 4
"""So many of the best snippets are judged at most."""
_SUBJECTS = 12
"""So many of the best snippets are looked at for a question that only names a subject."""
_LONGEST_NAME = 3
"""A question of more words is more than a name."""
_ABOUT, _AS_MUCH = 0.4, 0.05
_NAMED_WORD, _NAMED_WORDS = 0.95, 0.6
"""Overlap from which a title or example question is about a subject, and from which it is nothing but the subject. A
single word is that only where it stands alone: "trade" is not "trade in 2025"."""


@dataclass(frozen=True, slots=True)
class NearestQuestions:
    """How near the questions of the best snippets are to what was asked, 0 to 1."""

    answered: float
    """Similarity to the nearest question that one of the best snippets answers."""
    negative: float
    """Similarity to the nearest question that one of them does not answer."""

    @property
    def is_near_miss(self) -> bool:
        """Whether what was asked is clearly nearer to a question that is not answered."""
        return self.negative > self.answered + _CLEARLY


@dataclass(frozen=True, slots=True)
class Objections:
    """What speaks against a snippet as the answer to a question."""

    differences: tuple[Difference, ...]
    """What the question states and the snippet does not hold in any of its translations."""
    unmet: frozenset[Wanted]
    """The kinds of things that the question asks for and the snippet does not have."""
    lacks_code: bool = False
    """Whether the question asks for a code that other snippets have."""

    @property
    def count(self) -> int:
        """How many of them another snippet may be free of: what differs counts as one, and so does what is unmet.

        A code that stands elsewhere counts for more than all else that texts can have in common.

        A negation or swapped roles are wrong about this very snippet. No other one answers such a question better.
        """
        elsewhere = any(each.kind not in _ABOUT_THIS_ONE for each in self.differences)
        return elsewhere + bool(self.unmet) + _CODE * self.lacks_code


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for a question."""

    query: Query
    """The question as it was read."""
    ranking: Ranking
    objections: Objections
    """What speaks against the best snippet."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What the knowledge has about a question that only names a subject."""

    leader: int
    """Place in the ranking of the snippet to show first: of those most about the subject, the newest."""
    is_named: bool
    """Whether that snippet has the subject, or little more, as its title or example question."""
    more: int
    """How many other snippets are about the subject."""


@dataclass(frozen=True, slots=True)
class _Kinds:
    """The kinds of things that a snippet has, and how many of its example questions ask for each."""

    has: frozenset[Wanted]
    asked: Mapping[Wanted, int] | None


class Answerability:
    """Judges the best snippet of a ranking by its questions and its text. Safe to use from several threads."""

    def __init__(
        self,
        snippets: SnippetDatabase,
        fields: FieldVectors,
        examples: Examples,
        names: KnownNames,
        held: HeldWords,
    ) -> None:
        self._snippets, self._fields, self._names, self._held = snippets, fields, names, held
        self._negatives, self._terms = examples.negatives, examples.terms
        self._kinds = lru_cache(maxsize=_CACHE)(self._kinds_of)

    def nearest_questions(self, query: Query, ranking: Ranking) -> NearestQuestions:
        """Compare a question with those that the best snippets answer and do not answer."""
        answered, negative = [0.0], [0.0]
        asked, idf = query.terms.asked.hashes, query.terms.idf
        if not len(asked):
            return NearestQuestions(0.0, 0.0)
        found = ranking.translations[:_COMPARED].tolist()
        overlaps = self._terms.overlaps(asked, idf, found)
        refused = self._negatives.cosines(found, query.encoded.vector)
        for place, number in enumerate(found):
            own, reads = overlaps[place][0], float(ranking.encoder_reads[place])
            cosines = ranking.features.answered(int(ranking.positions[place]))
            kept, left = self._kept(query, number, len(cosines), len(refused[place]))
            answered.append(similarity(cosines[kept], own[: len(cosines)][kept], reads))
            negative.append(similarity(refused[place][left], own[len(cosines) :][left], reads))
        return NearestQuestions(max(answered), max(negative))

    def _kept(self, query: Query, number: int, questions: int, negatives: int) -> tuple[NDArray[np.bool_], ...]:
        """Return which questions and which negative examples of a translation count."""
        kept, left = np.ones(questions, np.bool_), np.ones(negatives, np.bool_)
        if query.without_fields:
            own = self._fields.questions_of(number)
            kept[0] = self._fields.title_of(number) not in query.without_fields
            kept[[1 + field - own.start for field in query.without_fields if field in own]] = False
        if query.without_negatives:
            first = self._negatives.of(number).start
            places = (example - first for example in query.without_negatives)
            left[[place for place in places if 0 <= place < negatives]] = False
        return kept, left

    def subject(self, query: Query, ranking: Ranking, language: str) -> Subject | None:
        """Judge by the titles and example questions of the best snippets; ``None`` for more than a name."""
        asked, idf = query.terms.asked.hashes, query.terms.idf
        if not 0 < query.terms.length <= _LONGEST_NAME:
            return None
        found = ranking.translations[:_SUBJECTS].tolist()
        compared = self._terms.overlaps(asked, idf, found)
        overlaps = [self._titles_overlap(number, *own) for number, own in zip(found, compared, strict=True)]
        needed = _NAMED_WORD if query.terms.length == 1 else _NAMED_WORDS
        most = max(overlaps)
        about = sum(overlap >= _ABOUT for overlap in overlaps)
        if self._alone_tells_of_code(query, ranking, language):
            return Subject(0, is_named=True, more=0)
        if not about:
            return Subject(0, is_named=False, more=0)
        leaders = [place for place, overlap in enumerate(overlaps) if overlap >= most - _AS_MUCH]
        dates = {place: self._snippets.translation(found[place]).as_of or "" for place in leaders}
        return Subject(max(leaders, key=lambda place: dates[place]), most >= needed, about - 1)

    def _alone_tells_of_code(self, query: Query, ranking: Ranking, language: str) -> bool:
        """Tell whether only the best of all snippets has a code that is asked for; other words stand there, too.

        Nothing else resembles a code, so where it stands tells more than any similarity.
        """
        asked = codes(query.text)
        if len(asked) != 1:
            return False
        (code,) = asked
        others_asked = query.text.replace(words_of_code(query.text, code), " ")
        best, *others = map(self._snippets.all_translations, ranking.translations.tolist())
        return (
            any(tells_of_code(text, code) for text, _ in passage_facts(best).texts)
            and not any(code in passage_facts(translations).codes for translations in others)
            and (not words(others_asked) or self._held.share(others_asked, language, best) > _WHOLE)
        )

    def _titles_overlap(self, number: int, overlaps: NDArray[np.float32], held: NDArray[np.float32]) -> float:
        """Return the greatest overlap with a title or example question that holds all of a question."""
        positive = len(self._fields.questions_of(number)) + 1
        return float(overlaps[:positive][held[:positive] > _WHOLE].max(initial=0.0))

    def judge(self, query: Query, ranking: Ranking, language: str) -> Found:
        """Lower the scores of the first snippets that something speaks against, until nothing does or it stays first.

        A snippet that nothing speaks against keeps its score, so what comes behind it need not be judged.
        """
        scores, counts = ranking.scores.copy(), ranking.objections.copy()
        judged: list[Objections] = []
        # Of many passages about codes, the one with the right code may resemble the question least.
        most = len(scores) if codes(query.text) else min(_JUDGED, len(scores))
        while len(judged) < most and (place := int(np.argmax(scores))) == len(judged):
            judged.append(self._objections(query, int(ranking.translations[place]), language))
            counts[place] = judged[place].count
            scores[place] -= OBJECTION * counts[place]
        order = np.argsort(-scores, kind="stable")
        best = int(order[0])
        if best == len(judged):
            judged.append(self._objections(query, int(ranking.translations[best]), language))
        if not counts.any():
            return Found(query, ranking, judged[0])
        reordered = replace(
            ranking,
            translations=ranking.translations[order],
            scores=scores[order],
            encoder_reads=ranking.encoder_reads[order],
            positions=ranking.positions[order],
            objections=counts[order],
        )
        return Found(query, reordered, judged[best])

    def _objections(self, query: Query, translation: int, language: str) -> Objections:
        """Judge a snippet by what a question states and by the kind of thing that it asks for."""
        translations = self._snippets.all_translations(translation)
        today = datetime.now(UTC).date()
        differing = differences(query.text, language, translations, self._names, today=today)
        return Objections(differing, self._unmet(query, translation), _lacks_code(query, translations))

    def _unmet(self, query: Query, translation: int) -> frozenset[Wanted]:
        asked = wanted(query.text)
        if not asked:
            return asked
        kinds = self._kinds(translation)
        others = kinds.asked
        own = self._snippets.snippet_numbers[self._fields.owners[list(query.without_fields)]]
        if others is not None and (own == self._snippets.snippet_numbers[translation]).any():
            # An example question that is asked while it is left out must not vouch for itself.
            others = {kind: count - (kind in asked) for kind, count in others.items()}
        return unmet(asked, kinds.has, others)

    def _kinds_of(self, translation: int) -> _Kinds:
        translations = self._snippets.all_translations(translation)
        questions = [text for snippet in translations for text in (snippet.title, *snippet.questions)]
        asked = Counter(kind for text in questions for kind in wanted(text))
        # A heading that asks is no list of all that its text answers.
        has_questions = any(snippet.chosen_questions for snippet in translations)
        return _Kinds(held(snippet.text for snippet in translations), asked if has_questions else None)


def _lacks_code(query: Query, translations: Sequence[Snippet]) -> bool:
    """Tell whether a snippet has none of the codes that a question names, and another one has."""
    asked = codes(query.text)
    if not asked or not asked.isdisjoint(passage_facts(translations).codes):
        return False
    return any(term_hash(code_term(code)) not in query.terms.asked.unknown_terms for code in asked)
