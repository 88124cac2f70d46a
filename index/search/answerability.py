"""Tell whether the best snippet answers what a question asks, apart from how much both resemble each other.

The scores do not tell a near miss from a question that is answered: both name the same people, places and things. What
tells them apart is what the curators wrote down, which kind of thing is asked for, and what the question states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from index.knowledge.snippet import Snippet
from index.search.negatives import NegativeVectors, QuestionTerms, similarity
from index.search.scoring import FieldVectors, Query, Ranking
from index.search.wanted import Wanted, held, unmet, wanted
from index.version.snippet_db import SnippetDatabase

_COMPARED = 5
"""The questions of so many of the best snippets are compared with what was asked."""
_CACHE = 4096


@dataclass(frozen=True, slots=True)
class NearestQuestions:
    """How near the questions of the best snippets are to what was asked, 0 to 1."""

    answered: float
    """Similarity to the nearest question that one of the best snippets answers."""
    negative: float
    """Similarity to the nearest question that one of them does not answer."""

    @property
    def is_near_miss(self) -> bool:
        """Whether what was asked is nearer to a question that is not answered."""
        return self.negative > self.answered


@dataclass(frozen=True, slots=True)
class _Kinds:
    """The kinds of things that a snippet has, and how many of its example questions ask for each."""

    has: frozenset[Wanted]
    asked: Mapping[Wanted, int] | None


class Answerability:
    """Judges the best snippet of a ranking by its questions and its text. Safe to use from several threads."""

    def __init__(
        self, snippets: SnippetDatabase, fields: FieldVectors, negatives: NegativeVectors, terms: QuestionTerms
    ) -> None:
        self._snippets, self._fields, self._negatives, self._terms = snippets, fields, negatives, terms
        self._kinds = lru_cache(maxsize=_CACHE)(self._kinds_of)

    def nearest_questions(self, query: Query, ranking: Ranking) -> NearestQuestions:
        """Compare a question with those that the best snippets answer and do not answer."""
        answered, negative = [0.0], [0.0]
        asked, idf = query.terms.hashes, query.terms.idf
        if not len(asked):
            return NearestQuestions(0.0, 0.0)
        for place, number in enumerate(ranking.translations[:_COMPARED].tolist()):
            overlaps, reads = self._terms.overlaps(asked, idf, number), float(ranking.encoder_reads[place])
            cosines = ranking.features.answered(int(ranking.positions[place]))
            refused = self._negatives.of(number)
            kept, left = slice(None), slice(None)
            if query.without_fields:
                fields = [self._fields.title_of(number), *self._fields.questions_of(number)]
                kept = ~np.isin(fields, query.without_fields)
            if query.without_negatives:
                left = ~np.isin(np.arange(refused.start, refused.stop), query.without_negatives)
            answered.append(similarity(cosines[kept], overlaps[: len(cosines)][kept], reads))
            if refused.start < refused.stop:
                cosines_refused = self._negatives.cosines(number, query.encoded.vector)
                negative.append(similarity(cosines_refused[left], overlaps[len(cosines) :][left], reads))
        return NearestQuestions(max(answered), max(negative))

    def unmet(self, query: Query, ranking: Ranking) -> frozenset[Wanted]:
        """Return the kinds of things that a question asks for and the best snippet does not have."""
        asked = wanted(query.text)
        if not asked:
            return asked
        kinds = self._kinds(self._snippets.translation(int(ranking.translations[0])).id)
        others = kinds.asked
        if others is not None and query.without_fields:
            # An example question that is asked while it is left out must not vouch for itself.
            others = {kind: count - (kind in asked) for kind, count in others.items()}
        return unmet(asked, kinds.has, others)

    def _kinds_of(self, snippet_id: str) -> _Kinds:
        translations: Sequence[Snippet] = tuple(self._snippets[snippet_id].values())
        questions = [text for snippet in translations for text in (snippet.title, *snippet.questions)]
        asked = Counter(kind for text in questions for kind in wanted(text))
        has_questions = any(snippet.questions for snippet in translations)
        return _Kinds(held(snippet.text for snippet in translations), asked if has_questions else None)
