"""The measures of an evaluation: what each is called, and the formulas behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple, get_type_hints

import numpy as np
from numpy.typing import NDArray

_BINS = 10


class Metric(NamedTuple):
    """How a measure is shown and judged."""

    label: str
    column: str = ""
    """A short name for the table of kinds; empty where the table leaves it out."""
    less_is_better: bool = False
    percent: bool = True
    """Whether it is shown as a percentage."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Shares lie between 0 and 1; ``None`` stands for what no question of the set can tell."""

    questions: Annotated[int, Metric("questions", "asked")]
    answerable: Annotated[int, Metric("of them answerable")]
    recall_at_1: Annotated[float | None, Metric("right passage first (recall@1)", "first")]
    """Share of answerable questions with a right snippet in first place; the next two: among the first three, five."""
    recall_at_3: Annotated[float | None, Metric("among the first three (recall@3)", "in 3")]
    recall_at_5: Annotated[float | None, Metric("among the first five (recall@5)", "in 5")]
    mrr: Annotated[float | None, Metric("mean reciprocal rank", "MRR", percent=False)]
    """Mean of one over the place of the first right snippet, nothing beyond the tenth (mean reciprocal rank)."""
    highlight: Annotated[float | None, Metric("right sentence highlighted", "sentence")]
    """Share of right first snippets, of those where it is known, in which the highlighted sentence answers."""
    answered: Annotated[float | None, Metric("answered rightly", "answered")]
    """Share of answerable questions answered with a right snippet."""
    withheld: Annotated[float | None, Metric("right passage withheld", "withheld", less_is_better=True)]
    """Share of right first snippets that were not given as the answer."""
    wrong_answers: Annotated[float | None, Metric("answered with a wrong passage", "wrong", less_is_better=True)]
    """Share of answerable questions answered with a wrong snippet."""
    false_answers: Annotated[float | None, Metric("unanswerable but answered", "false", less_is_better=True)]
    """Share of unanswerable questions that were answered."""
    false_answers_near_miss: Annotated[float | None, Metric("near misses answered", less_is_better=True)]
    """The same for questions close to the knowledge."""
    false_answers_off_topic: Annotated[float | None, Metric("off-topic ones answered", less_is_better=True)]
    """The same for questions, orders, small talk and nonsense far from it."""
    off_topic_shown: Annotated[float | None, Metric("off-topic but passages shown", less_is_better=True)]
    """Share of those last that got anything but a plain no."""
    calibration_error: Annotated[
        float | None, Metric("calibration error (ECE)", "ECE", less_is_better=True, percent=False)
    ]
    """Mean difference of confidence and the share that is right, over ten equal bins (expected calibration error)."""
    brier: Annotated[float | None, Metric("Brier score", less_is_better=True, percent=False)]
    """Mean squared difference of confidence and what was right."""
    auroc: Annotated[float | None, Metric("AUROC against unanswerable", percent=False)]
    """Probability that an answerable question gets more confidence than an unanswerable one."""
    auroc_off_topic: Annotated[float | None, Metric("AUROC against off-topic", percent=False)]
    """The same against off-topic questions alone."""


METRICS: dict[str, Metric] = {
    name: hint.__metadata__[0] for name, hint in get_type_hints(Metrics, include_extras=True).items()
}
"""The fields of ``Metrics``, in the order in which they are shown."""
SHARES = tuple(name for name in METRICS if name not in ("questions", "answerable"))
"""The metrics a floor can be set for."""


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
