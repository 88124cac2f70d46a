"""The probability that the best passage answers the question, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Decision(StrEnum):
    """What to do with what was found."""

    ANSWER = "answer"
    """Quote the best passage."""
    CLOSEST = "closest"
    """Show the nearest passages and say that they may not answer."""
    NONE = "none"
    """Say that the knowledge does not hold an answer."""


EVIDENCE = ("score", "margin", "lead", "late_interaction", "sentence_stems", "unknown", "missing_numbers", "length")
"""What the probability is computed from: the best score, how far it is above the next snippet's and above the mean of
the next five, MaxSim and the best sentence's stem coverage of the best record, the share of the question's stems that
the corpus has nowhere, the share of the question's numbers that the best record does not hold, and the logarithm of
how many words the question has: a short question says less of what it wants."""

PRIOR = (-9.12, 5.46, 5.63, 8.27, 2.24, 0.84, 1.23, -1.15, 0.93)
"""Intercept and coefficients fitted on public questions with and without their passage; a folder's own questions move
them."""

_SMALL_STEP = 1e-8
_PRIOR_STRENGTH = 4.0
"""How strongly the fit holds on to the prior: the precision of each coefficient, in units of questions."""

TARGET_FALSE_ANSWERS = 0.05
ALL_LANGUAGES = "all"
"""Key of the calibration for questions in a language that has none of its own."""

DEFAULT_ANSWER, DEFAULT_CLOSEST = 0.6, 0.2


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model of "the best passage answers" with the two thresholds that follow from a stated target."""

    coefficients: tuple[float, ...] = PRIOR
    answer: float = DEFAULT_ANSWER
    """Least probability at which the best passage is quoted as the answer."""
    closest: float = DEFAULT_CLOSEST
    """Least probability at which the nearest passages are shown at all."""
    target: float = TARGET_FALSE_ANSWERS
    """Largest share of unanswerable questions that may get ``answer``."""
    questions: Mapping[str, int] = field(default_factory=dict)
    """How many questions of each kind it was fitted on: ``own``, ``near_miss`` and ``off_topic``."""
    expected: Mapping[str, float] = field(default_factory=dict)
    """Rates expected from questions held out of the fit: false answers to ``near_miss`` and ``off_topic`` questions and
    their mean ``false_answers``; ``right_first`` and ``withheld`` among answerable questions; ``off_topic_shown`` for
    off-topic questions that get anything but ``none``."""

    def confidence(self, evidence: Sequence[float]) -> float:
        """Return the probability, 0 to 1, for ``evidence`` in the order of ``EVIDENCE``."""
        logit = self.coefficients[0] + sum(c * e for c, e in zip(self.coefficients[1:], evidence, strict=True))
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, logit))))

    def decide(self, confidence: float) -> Decision:
        """Return what to do at ``confidence``."""
        if confidence >= self.answer:
            return Decision.ANSWER
        return Decision.CLOSEST if confidence >= self.closest else Decision.NONE

    @classmethod
    def from_manifest(cls, fields: Mapping[str, Any]) -> Calibration:
        """Restore what ``dataclasses.asdict`` made. Raises TypeError or KeyError when it is damaged."""
        return cls(**{**fields, "coefficients": tuple(fields["coefficients"])})


def fit(
    evidence: NDArray[np.float64], answered: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, ...]:
    """Return the coefficients of a logistic regression held to ``PRIOR`` by a Gaussian, by Newton's method.

    ``evidence`` has shape (questions, len(EVIDENCE)), ``answered`` is 1 where the best passage answers, ``weights``
    says what each question counts.
    """
    x = np.column_stack([np.ones(len(evidence)), evidence])
    prior = np.array(PRIOR)

    def loss(beta: NDArray[np.float64]) -> float:
        margins = np.where(answered > 0, 1.0, -1.0) * (x @ beta)
        return float(weights @ np.logaddexp(0, -margins) + _PRIOR_STRENGTH / 2 * ((beta - prior) ** 2).sum())

    beta, value = prior.copy(), loss(prior)
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -40, 40)))
        gradient = x.T @ (weights * (answered - p)) - _PRIOR_STRENGTH * (beta - prior)
        curvature = (x * (weights * p * (1 - p))[:, None]).T @ x + _PRIOR_STRENGTH * np.eye(len(beta))
        step = np.linalg.solve(curvature, gradient)
        # A prior far from the data makes full steps overshoot; half steps always get nearer.
        while (better := loss(beta + step)) > value and np.abs(step).max() >= _SMALL_STEP:
            step /= 2
        beta, value = beta + step, better
        if np.abs(step).max() < _SMALL_STEP:
            break
    return tuple(float(round(value, 6)) for value in beta)
