"""How good answers to questions with known answers are, in numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.search.answer import Answer, Hit
from index.search.decision import Decision

if TYPE_CHECKING:
    from index.evaluation.evaluation_set import Question

_BINS = 10


class Fault(StrEnum):
    """What was wrong with an answer, worst first."""

    FALSE_ANSWER = "false answer"
    """Answered what the knowledge does not hold."""
    WRONG_ANSWER = "wrong answer"
    """Answered with a passage that does not answer."""
    MISSED = "missed"
    """The first passage is wrong, and was not given as the answer."""
    WITHHELD = "withheld"
    """The first passage is right, and was not given as the answer."""
    WRONG_SENTENCE = "wrong sentence"
    """The right passage, with another sentence highlighted than the one that answers."""
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
    """Place of the first right passage among the hits, from 1; ``None`` where none is right."""
    highlighted: bool | None
    """Whether the highlighted sentence answers; ``None`` where that is not known or the first passage is wrong."""

    @property
    def first(self) -> Hit | None:
        """The best passage."""
        return self.answer.hits[0] if self.answer.hits else None

    @property
    def fault(self) -> Fault | None:
        """What was wrong, or ``None``."""
        answered = self.answer.decision is Decision.ANSWER
        if not self.question.answerable:
            if answered:
                return Fault.FALSE_ANSWER
            stray = self.question.is_off_topic and self.answer.decision is not Decision.NONE
            return Fault.SHOWN if stray else None
        if self.rank != 1:
            return Fault.WRONG_ANSWER if answered else Fault.MISSED
        if not answered:
            return Fault.WITHHELD
        return Fault.WRONG_SENTENCE if self.highlighted is False else None


@dataclass(frozen=True, slots=True)
class Metrics:
    """Shares lie between 0 and 1; ``None`` stands for what no question of the set can tell."""

    questions: int
    answerable: int
    recall_at_1: float | None
    """Share of answerable questions with a right passage in first place; the next two: among the first three, five."""
    recall_at_3: float | None
    recall_at_5: float | None
    mrr: float | None
    """Mean of one over the place of the first right passage, nothing beyond the tenth (mean reciprocal rank)."""
    highlight: float | None
    """Share of right first passages, of those where it is known, in which the highlighted sentence answers."""
    answered: float | None
    """Share of answerable questions answered with a right passage."""
    withheld: float | None
    """Share of right first passages that were not given as the answer."""
    wrong_answers: float | None
    """Share of answerable questions answered with a wrong passage."""
    false_answers: float | None
    """Share of unanswerable questions that were answered."""
    false_answers_near_miss: float | None
    """The same for questions close to the knowledge."""
    false_answers_off_topic: float | None
    """The same for questions, orders, small talk and nonsense far from it."""
    off_topic_shown: float | None
    """Share of those last that got anything but a plain no."""
    calibration_error: float | None
    """Mean difference of confidence and the share that is right, over ten equal bins (expected calibration error)."""
    brier: float | None
    """Mean squared difference of confidence and what was right."""
    auroc: float | None
    """Probability that an answerable question gets more confidence than an unanswerable one."""
    auroc_off_topic: float | None
    """The same against off-topic questions alone."""


LESS_IS_BETTER = frozenset(
    {
        "withheld",
        "wrong_answers",
        "false_answers",
        "false_answers_near_miss",
        "false_answers_off_topic",
        "off_topic_shown",
        "calibration_error",
        "brier",
    }
)
SHARES = tuple(field.name for field in fields(Metrics) if field.name not in ("questions", "answerable"))
"""The metrics a floor can be set for, in the order in which they are shown."""


def measure(outcomes: Sequence[Outcome]) -> Metrics:
    """Return the metrics of ``outcomes``."""
    asked = [outcome for outcome in outcomes if outcome.question.answerable]
    strangers = [outcome for outcome in outcomes if not outcome.question.answerable]
    near = [outcome for outcome in strangers if outcome.question.is_near_miss]
    far = [outcome for outcome in strangers if outcome.question.is_off_topic]
    first = [outcome for outcome in asked if outcome.rank == 1]
    confidence = np.array([outcome.answer.confidence for outcome in outcomes], np.float64)
    right = np.array([outcome.rank == 1 for outcome in outcomes], np.float64)
    return Metrics(
        questions=len(outcomes),
        answerable=len(asked),
        recall_at_1=_share(outcome.rank == 1 for outcome in asked),
        recall_at_3=_share((outcome.rank or 99) <= 3 for outcome in asked),
        recall_at_5=_share((outcome.rank or 99) <= 5 for outcome in asked),
        mrr=_mean([1 / outcome.rank if outcome.rank else 0.0 for outcome in asked]),
        highlight=_share(outcome.highlighted for outcome in first if outcome.highlighted is not None),
        answered=_share(outcome.rank == 1 and is_answered(outcome) for outcome in asked),
        withheld=_share(not is_answered(outcome) for outcome in first),
        wrong_answers=_share(outcome.rank != 1 and is_answered(outcome) for outcome in asked),
        false_answers=_share(map(is_answered, strangers)),
        false_answers_near_miss=_share(map(is_answered, near)),
        false_answers_off_topic=_share(map(is_answered, far)),
        off_topic_shown=_share(outcome.answer.decision is not Decision.NONE for outcome in far),
        calibration_error=calibration_error(confidence, right),
        brier=_mean(((confidence - right) ** 2).tolist()),
        auroc=auroc(_confidence(asked), _confidence(strangers)),
        auroc_off_topic=auroc(_confidence(asked), _confidence(far)),
    )


def is_answered(outcome: Outcome) -> bool:
    """Tell whether the best passage was given as the answer."""
    return outcome.answer.decision is Decision.ANSWER


def auroc(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> float | None:
    """Return the area under the ROC curve, ties counting half; ``None`` where either side is empty.

    With R the sum of the positives' ranks among all n + m values, ties at their mean rank, it is
    ``(R - n (n + 1) / 2) / (n m)``: the Mann-Whitney statistic as a share (Hanley and McNeil, Radiology 143, 1982).
    """
    n, m = len(positives), len(negatives)
    if not n or not m:
        return None
    _, places, counts = np.unique(np.concatenate([positives, negatives]), return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    return float((mean_rank[places[:n]].sum() - n * (n + 1) / 2) / (n * m))


def reliability(confidence: NDArray[np.float64], right: NDArray[np.float64]) -> list[tuple[float, float, int]]:
    """Return mean confidence, share right and count of each of ten equal bins that holds anything."""
    place = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    bins = [place == number for number in range(_BINS)]
    return [(float(confidence[own].mean()), float(right[own].mean()), int(own.sum())) for own in bins if own.any()]


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.float64]) -> float | None:
    """Return the expected calibration error over ten equal bins (Naeini, Cooper and Hauskrecht, AAAI 2015)."""
    if not len(confidence):
        return None
    return sum(abs(told - true) * count for told, true, count in reliability(confidence, right)) / len(confidence)


def coverage_curve(
    confidence: NDArray[np.float64], right: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coverage and precision when the k most confident of n questions are answered, for k from 1 to n."""
    order = np.argsort(-confidence, kind="stable")
    ks = np.arange(1, len(order) + 1)
    return ks / max(1, len(order)), np.cumsum(right[order]) / ks


def _confidence(outcomes: Iterable[Outcome]) -> NDArray[np.float64]:
    return np.array([outcome.answer.confidence for outcome in outcomes], np.float64)


def _share(flags: Iterable[bool]) -> float | None:
    return _mean([float(flag) for flag in flags])


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
