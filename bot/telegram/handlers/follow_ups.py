"""What a message means after a quote: the quote's own sentence, another passage, a question of its own, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property

from bot.telegram.handlers.follow_up_phrases import Lean, leaning
from bot.telegram.handlers.shown_quotes import ShownQuote
from index.knowledge.snippet import Snippet, Span
from index.question.combining import combination
from index.search.answer import Answer, Hit
from index.search.decision import Decision
from index.search.index import Index
from index.search.known_names import tells_place
from index.search.wanted import Wanted, shows, wanted

_COVERED = 0.5
"""Least share of the weight of what a follow-up adds that a passage must hold to answer it."""
_SURELY, _BOTH = 0.99, 0.8
"""Where the index is not sure, least share that a passage must hold of the addition, and of the question before it."""
_MOSTLY = 0.6
"""Least share that a passage must hold of a question in which a thing took the place of another."""
_PREFERRED = 0.3
"""So much less sure than the question alone may the combination be, and still count as what was meant."""
_PLAIN = frozenset({Wanted.DATE, Wanted.DURATION, Wanted.MONEY, Wanted.SHARE, Wanted.COUNT})
"""Kinds of things that can be told from a sentence; one with a name need not name who was asked for."""


class Form(Enum):
    """In which form a message is answered."""

    ALONE = "alone"
    TOGETHER = "together"
    """Understood together with the question before it."""
    SAME = "same"
    """With a sentence of the quote that was shown."""
    NOTHING = "nothing"
    """The quote says no more, and neither does another passage."""


@dataclass(frozen=True, slots=True)
class Meant:
    """What a message was understood to ask, and what answers it."""

    form: Form
    answer: Answer


def understand(index: Index, text: str, alone: Answer, base: ShownQuote) -> Meant:
    """Return what a message means after a quote.

    Args:
        index: Where to look.
        text: What was typed.
        alone: The answer to it as a question of its own.
        base: The quote before it.
    """
    if (language := index.detect(text, base.language)) != alone.language:
        alone = index.answer(text, language)
    if alone.not_covered:
        return Meant(Form.ALONE, alone)
    lean = leaning(text, alone.understood, language)
    snippet = base.translation(index)
    if lean.how is Lean.NOT or snippet is None or (lean.how is Lean.SHORT and alone.decision is Decision.ANSWER):
        return Meant(Form.ALONE, alone)
    if lean.how is Lean.THING and alone.decision is not Decision.ANSWER and lean.added != alone.understood:
        # Without the words that go on, as the Kazakh particle "ше", more of the question is understood.
        alone = max(alone, index.answer(lean.added, alone.language), key=lambda answer: answer.confidence)
    follow_up = _FollowUp(index, text, lean.added, alone, base, snippet)
    together = follow_up.together(thing=lean.how is Lean.THING)
    may_stand_alone = lean.how in (Lean.QUESTION, Lean.THING) and follow_up.answers(alone)
    if may_stand_alone and (together is None or alone.confidence > together.confidence + _PREFERRED):
        together = alone
    if together is not None:
        return follow_up.result(together)
    if lean.how is Lean.SHORT:
        return Meant(Form.ALONE, alone)
    return _without_sure_answer(follow_up, lean.how)


def _without_sure_answer(follow_up: _FollowUp, how: Lean) -> Meant:
    """Return what a follow-up gets that no combination answers."""
    if said := follow_up.said_in_base():
        return said
    if declined := next((answer for answer in follow_up.combined if answer.not_covered), None):
        return Meant(Form.TOGETHER, declined)
    alone = follow_up.alone
    if how is Lean.PRONOUN and follow_up.stands_alone():
        return Meant(Form.ALONE, alone)
    if unsure := follow_up.unsure(thing=how is Lean.THING):
        return unsure
    if how is Lean.QUESTION and alone.hits[0].snippet.id != follow_up.base.snippet:
        return Meant(Form.ALONE, alone)
    return follow_up.nothing()


@dataclass(frozen=True)
class _FollowUp:
    """A message that leans on a quote, and what was looked up for it."""

    index: Index
    text: str
    """What was typed."""
    added: str
    """The words of it that say something."""
    alone: Answer
    base: ShownQuote
    snippet: Snippet
    """The one that the quote shows."""
    combined: list[Answer] = field(default_factory=list)
    """What was found for combinations with the question before."""

    @property
    def language(self) -> str:
        """The language of the message."""
        return self.alone.language

    @cached_property
    def kinds(self) -> frozenset[Wanted]:
        """What kinds of things it asks for."""
        return wanted(self.text)

    @cached_property
    def before(self) -> str:
        """The question before, if it is in the same language; a title stands for one in another."""
        question = self.base.question
        if question and self.index.detect(question, self.language) == self.language:
            return question
        own = self.index.snippet(self.base.snippet, self.language)
        return (own or self.snippet).title

    @cached_property
    def news(self) -> str:
        """What it adds; nothing where all of it was in the question before."""
        known = self.added and self.before == self.base.question
        return "" if known and self.index.shared(self.added, self.before, self.language) >= _SURELY else self.added

    def together(self, *, thing: bool) -> Answer | None:
        """Return the answer to a combination that is answered by a passage which holds what was added.

        Args:
            thing: Whether the addition only names a thing, which may take the place of another.
        """
        if thing and (substituted := self._substituted()):
            return substituted
        return next((answer for answer in self._combinations() if self.answers(answer)), None)

    def _combinations(self) -> Iterator[Answer]:
        if self.added and (text := self.index.replaced(self.before, self.added, self.language)):
            yield self._look_up(text)
        yield self._look_up(combination(self.before, self.text))
        own = self.index.snippet(self.base.snippet, self.language) or self.snippet
        if own.title != self.before:
            yield self._look_up(combination(own.title, self.text))

    def _look_up(self, text: str) -> Answer:
        answer = self.index.answer(text, self.language)
        self.combined.append(answer)
        return answer

    def _substituted(self) -> Answer | None:
        """Return the surest answer to the question before with the addition in place of another word."""
        found = [
            answer
            for text in self.index.substitutions(self.before, self.added, self.language)
            if self.answers(answer := self._look_up(text))
            and self.index.held(text, self.language, answer.hits[0].snippet.id) >= _MOSTLY
        ]
        return max(found, key=lambda answer: answer.confidence, default=None)

    def answers(self, answer: Answer) -> bool:
        """Return whether an answer is one to what was added."""
        if answer.decision is not Decision.ANSWER:
            return False
        best = answer.hits[0].snippet
        if self.news:
            return self.index.held(self.added, self.language, best.id) >= _COVERED
        return self._sentence() is not None if best.id == self.base.snippet else self._has_kind(best)

    def _has_kind(self, snippet: Snippet) -> bool:
        return not self.kinds or shows(snippet.text, self.kinds)

    def result(self, answer: Answer) -> Meant:
        """Return the answer in the form in which it is shown: the quote before it does not come again as a whole."""
        if answer.hits[0].snippet.id != self.base.snippet:
            return Meant(Form.ALONE if answer is self.alone else Form.TOGETHER, answer)
        return self.said_in_base() or self._same(self._nearest()) or self.nothing()

    def nothing(self) -> Meant:
        """Return that neither the quote nor another passage says it."""
        return Meant(Form.NOTHING, replace(self.combined[-1], decision=Decision.NONE))

    def said_in_base(self) -> Meant | None:
        """Return the sentence of the quote that says what was added, ``None`` where none does."""
        if not self.news:
            span = self._sentence()
            return self._same(span) if span else None
        if self.index.held(self.added, self.language, self.base.snippet) < _COVERED:
            return None
        shares = self.index.held_by_sentence(self.added, self.language, self.snippet)
        best = max(shares, default=0.0)
        spans = [span for span, share in zip(self.snippet.sentences, shares, strict=True) if share == best]
        if best < _COVERED:
            return self._same(self._nearest())
        together = self._nearest_together() if len(spans) > 1 else spans[0]
        return self._same(together if together in spans else spans[0])

    def _nearest(self) -> Span:
        """Return the sentence of the quote that is nearest to what was typed."""
        return self.index.sentence(self.text, self.language, self.snippet)

    def _nearest_together(self) -> Span:
        """Return the sentence that is nearest to it and the question before it."""
        return self.index.sentence(combination(self.before, self.text), self.language, self.snippet)

    def _sentence(self) -> Span | None:
        """Return the sentence of the quote that answers where nothing was added, ``None`` where none does."""
        if not self.kinds:
            nearest = self._nearest()
            shares = self.index.held_by_sentence(self.text, self.language, self.snippet)
            holds = shares[self.snippet.sentences.index(nearest)] > 0
            return nearest if holds and self._is_new(nearest) else None
        having = [span for span in self.snippet.sentences if self._shows(self.snippet.text[slice(*span)])]
        if not having:
            return None
        nearest = self._nearest_together()
        return nearest if nearest in having else next(filter(self._is_new, having), having[0])

    def _shows(self, sentence: str) -> bool:
        """Return whether a sentence plainly has the kind of thing asked for."""
        place = Wanted.PLACE in self.kinds and tells_place(sentence, self.snippet.language)
        return place or shows(sentence, self.kinds & _PLAIN)

    def _is_new(self, span: Span) -> bool:
        return self.snippet.sentences.index(span) not in self.base.told

    def _same(self, span: Span) -> Meant | None:
        """Return the message with a sentence of the quote; one that was pointed out already tells no reason."""
        if Wanted.REASON in self.kinds and not self._is_new(span):
            return None
        answer = self.combined[-1] if self.combined else self.alone
        others = [hit for hit in answer.hits if hit.snippet.id != self.base.snippet]
        own = next((hit for hit in answer.hits if hit.snippet.id == self.base.snippet), None)
        hit = replace(own, snippet=self.snippet, highlight=span) if own else _unscored(self.snippet, span)
        same = replace(answer, decision=Decision.ANSWER, hits=(hit, *others), differences=(), not_covered=None)
        return Meant(Form.SAME, same)

    def stands_alone(self) -> bool:
        """Return whether the question alone is answered by a passage near the quote that holds all of it."""
        best = self.alone.hits[0].snippet
        return self.alone.decision is Decision.ANSWER and self._holds_all(best) and self._is_near(best)

    def unsure(self, *, thing: bool) -> Meant | None:
        """Return the surest uncertain answer with another passage that holds what was added, ``None`` without one."""
        found = [answer for answer in self.combined if self._may_answer(answer)]
        if thing and self._may_answer(self.alone):
            found.append(self.alone)
        if best := max(found, key=lambda answer: answer.confidence, default=None):
            return Meant(Form.ALONE if best is self.alone else Form.TOGETHER, best)
        return self._linked()

    def _may_answer(self, answer: Answer) -> bool:
        best = answer.hits[0].snippet
        if answer.decision is not Decision.CLOSEST or answer.differences or best.id == self.base.snippet:
            return False
        known = answer is self.alone or self._is_near(best) or self._held(self.before, best) >= _MOSTLY
        return known and (self._holds_all(best) if self.added else self._has_kind(best))

    def _linked(self) -> Meant | None:
        """Return an uncertain answer with a passage near the quote that holds everything, ``None`` without one."""
        for answer in self.combined if self.added else ():
            for hit in answer.hits:
                near = hit.snippet.id != self.base.snippet and self._is_near(hit.snippet)
                if near and self._holds_all(hit.snippet) and self._held(self.before, hit.snippet) >= _BOTH:
                    hits = (hit, *(other for other in answer.hits if other is not hit))
                    unsure = replace(answer, decision=Decision.CLOSEST, hits=hits, differences=())
                    return Meant(Form.TOGETHER, unsure)
        return None

    def _held(self, text: str, snippet: Snippet) -> float:
        return self.index.held(text, self.language, snippet.id)

    def _holds_all(self, snippet: Snippet) -> bool:
        return bool(self.added) and self._held(self.added, snippet) >= _SURELY

    def _is_near(self, snippet: Snippet) -> bool:
        """Return whether a passage is linked with the quote, or has its topic."""
        linked = snippet.id in self.snippet.see_also or self.snippet.id in snippet.see_also
        return linked or snippet.topic == self.snippet.topic


def _unscored(snippet: Snippet, span: Span) -> Hit:
    return Hit(snippet, 0.0, span, None, {}, 1.0)
