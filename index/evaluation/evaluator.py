"""Ask an index questions with known answers, and sum up how it did without keeping what was asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from index.evaluation.evaluation_set import Question
from index.evaluation.retrieval_metrics import Metrics, auroc, calibration_error
from index.search.answer import Answer
from index.search.decision import Decision
from index.search.index import Index
from index.version.manifest import EvaluationSummary, Result

_HITS = 10


class Fault(StrEnum):
    """What was wrong with an answer, worst first."""

    FALSE_ANSWER = "false answer"
    """Answered what the knowledge does not hold."""
    WRONG_ANSWER = "wrong answer"
    """Answered with a snippet that does not answer."""
    MISSED = "missed"
    """The first snippet is wrong, and was not given as the answer."""
    WITHHELD = "withheld"
    """The first snippet is right, and was not given as the answer."""
    WRONG_SENTENCE = "wrong sentence"
    """The right snippet, with another sentence highlighted than the one that answers."""
    SHOWN = "shown"
    """Passages offered for something that has nothing to do with the knowledge."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question with known answers, and what came of it."""

    question: Question
    language: str
    """The language stated with the question, else the recognised one."""
    answer: Answer
    rank: int | None
    """Place of the first right snippet among the hits, from 1; ``None`` where none is right."""
    highlighted: bool | None
    """Whether the highlighted sentence answers; ``None`` where that is not known or the first snippet is wrong."""
    holds: bool | None
    """Whether a snippet that answers holds the stated part of the answer; ``None`` where no part is stated."""

    @property
    def first(self) -> str | None:
        """The id of the best snippet."""
        return self.answer.hits[0].snippet.id if self.answer.hits else None

    @property
    def answered(self) -> bool:
        """Whether the best snippet was given as the answer."""
        return self.answer.decision is Decision.ANSWER

    @property
    def fault(self) -> Fault | None:
        """What was wrong, or ``None``."""
        if not self.question.answerable:
            if self.answered:
                return Fault.FALSE_ANSWER
            stray = self.question.is_off_topic and self.answer.decision is not Decision.NONE
            return Fault.SHOWN if stray else None
        if self.rank != 1:
            return Fault.WRONG_ANSWER if self.answered else Fault.MISSED
        if not self.answered:
            return Fault.WITHHELD
        return Fault.WRONG_SENTENCE if self.highlighted is False else None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How an index did on a set of questions."""

    index_version: str
    outcomes: tuple[Outcome, ...]
    stale: tuple[Question, ...]
    """Questions that were not asked, because the index has none of the snippets said to answer them."""

    @property
    def overall(self) -> Metrics:
        """Metrics over all questions."""
        return measure(self.outcomes)

    @property
    def by_language(self) -> dict[str, Metrics]:
        """Metrics for each language."""
        return _grouped(self.outcomes, lambda outcome: outcome.language)

    @property
    def by_kind(self) -> dict[str, Metrics]:
        """Metrics for each kind of question."""
        return _grouped(self.outcomes, lambda outcome: outcome.question.kind)

    def summary(self) -> EvaluationSummary:
        """Return what the manifest keeps: metrics, and how each question fared by its key; no texts."""
        return EvaluationSummary(
            metrics=_rounded(self.overall),
            languages={name: _rounded(metrics) for name, metrics in self.by_language.items()},
            kinds={name: _rounded(metrics) for name, metrics in self.by_kind.items()},
            stale=len(self.stale),
            results={
                each.question.key: Result(each.rank, round(each.answer.confidence, 4), each.answered, each.holds)
                for each in self.outcomes
            },
        )


def _rounded(metrics: Metrics) -> dict[str, int | float | None]:
    """Return the metrics by name, to four digits."""
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(metrics).items()}


def measure(outcomes: Sequence[Outcome]) -> Metrics:
    """Return the metrics of ``outcomes``."""
    asked = [outcome for outcome in outcomes if outcome.question.answerable]
    strangers = [outcome for outcome in outcomes if not outcome.question.answerable]
    near = [outcome for outcome in strangers if outcome.question.is_near_miss]
    far = [outcome for outcome in strangers if outcome.question.is_off_topic]
    first = [outcome for outcome in asked if outcome.rank == 1]
    confidence = _confidence(outcomes)
    right = np.array([outcome.rank == 1 for outcome in outcomes], np.float64)
    return Metrics(
        questions=len(outcomes),
        answerable=len(asked),
        recall_at_1=_mean(outcome.rank == 1 for outcome in asked),
        recall_at_3=_mean((outcome.rank or 99) <= 3 for outcome in asked),
        recall_at_5=_mean((outcome.rank or 99) <= 5 for outcome in asked),
        mrr=_mean(1 / outcome.rank if outcome.rank else 0.0 for outcome in asked),
        highlight=_mean(outcome.highlighted for outcome in first if outcome.highlighted is not None),
        answered=_mean(outcome.rank == 1 and outcome.answered for outcome in asked),
        withheld=_mean(not outcome.answered for outcome in first),
        wrong_answers=_mean(outcome.rank != 1 and outcome.answered for outcome in asked),
        false_answers=_mean(outcome.answered for outcome in strangers),
        false_answers_near_miss=_mean(outcome.answered for outcome in near),
        false_answers_off_topic=_mean(outcome.answered for outcome in far),
        off_topic_shown=_mean(outcome.answer.decision is not Decision.NONE for outcome in far),
        calibration_error=calibration_error(confidence, right),
        brier=_mean(((confidence - right) ** 2).tolist()),
        auroc=auroc(_confidence(asked), _confidence(strangers)),
        auroc_off_topic=auroc(_confidence(asked), _confidence(far)),
    )


def evaluate(
    index: Index, questions: Sequence[Question], advance: Callable[[int], None] = lambda count: None
) -> Evaluation:
    """Ask ``index`` every question as a person would, without its language; ``advance`` is called after each."""
    outcomes, stale = [], []
    for question in questions:
        if question.answers and not any(target in index.snippets for target in question.answers):
            stale.append(question)
        else:
            outcomes.append(_outcome(index, question, index.answer(question.text, limit=_HITS)))
        advance(1)
    return Evaluation(index.version, tuple(outcomes), tuple(stale))


def _outcome(index: Index, question: Question, answer: Answer) -> Outcome:
    places = (place for place, hit in enumerate(answer.hits, start=1) if hit.snippet.id in question.answers)
    rank = next(places, None)
    highlighted = None
    if rank == 1 and question.highlight:
        best = answer.hits[0]
        start, end = best.highlight
        wanted = _flat(question.highlight)
        # A snippet in another language than the stated part cannot tell.
        if wanted in _flat(best.snippet.text):
            highlighted = wanted in _flat(best.snippet.text[start:end])
    language = question.language or answer.language
    return Outcome(question, language, answer, rank, highlighted, _holds(index, question))


def _holds(index: Index, question: Question) -> bool | None:
    """Tell whether any translation of a snippet that answers holds the stated part of the answer."""
    if not question.highlight or not question.answers:
        return None
    wanted = _flat(question.highlight)
    found = (index.snippets.get(target, {}) for target in question.answers)
    return any(wanted in _flat(snippet.text) for translations in found for snippet in translations.values())


def _flat(text: str) -> str:
    return " ".join(text.casefold().split())


def _grouped(outcomes: Iterable[Outcome], name: Callable[[Outcome], str]) -> dict[str, Metrics]:
    groups: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[name(outcome)].append(outcome)
    return {key: measure(groups[key]) for key in sorted(groups)}


def _confidence(outcomes: Iterable[Outcome]) -> NDArray[np.float64]:
    return np.array([outcome.answer.confidence for outcome in outcomes], np.float64)


def _mean(values: Iterable[float]) -> float | None:
    """Return the mean of numbers, or the share of flags that are set; ``None`` where there are none."""
    known = list(values)
    return sum(known) / len(known) if known else None
