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


EVIDENCE = (
    "score",
    "margin",
    "lead",
    "late_interaction",
    "sentence_stems",
    "stems",
    "unknown",
    "missing_numbers",
    "length",
)
"""What the probability is computed from: the best score, how far it is above the next snippet's and above the mean of
the next five; MaxSim of the best record, and its coverage of the question's stems by its best sentence and as a whole;
the share of the question's stems that the corpus has nowhere, the share of its numbers that the best record does not
hold, and the logarithm of how many words it has: a short question says less of what it wants."""

# Fitted by logistic regression to public questions asked of folders with their passage and of folders built without it,
# and to off-topic lines.
PUBLIC = (-10.82, 19.26, 19.35, -10.0, -0.21, 5.4, -4.47, -1.68, -0.7, 0.72)
"""Intercept and coefficients for folders of plain passages, which is what those questions were asked of."""
PRIOR = (-8.72, 3.84, 7.37, 3.6, 4.48, 2.14, 0.13, -1.37, -0.5, 0.57)
"""The same, held near zero: what the fit to a folder's own questions starts from, whose evidence differs."""
_SPREAD = (1.0, 0.194, 0.128, 0.141, 0.149, 0.247, 0.346, 0.281, 0.232, 0.444)
"""Standard deviation of each piece of evidence among those questions; 1 for the intercept."""
_PRIOR_STRENGTH = 20.0
"""How strongly the fit holds on to the prior: the precision of a coefficient whose evidence has a deviation of 1. Near
misses made of a folder's own questions are so like those it answers that a weaker hold loses sight of what is off topic
altogether."""
_SENSE = (0, 1, 1, 0, 1, 1, 1, -1, -1, 0)
"""Which way each piece of evidence may count where a folder's own questions are fitted; 0 is either way. The lead is
score and margin once more, and free to correct them."""

_SMALL_STEP = 1e-8

TARGET_FALSE_ANSWERS = 0.05
ALL_LANGUAGES = "all"
"""Key of the calibration for questions in a language that has none of its own."""

DEFAULT_ANSWER, DEFAULT_CLOSEST = 0.6, 0.2


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model of "the best passage answers" with the two thresholds that follow from a stated target."""

    coefficients: tuple[float, ...] = PUBLIC
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
        """Restore what ``dataclasses.asdict`` made. Raises TypeError, KeyError or ValueError when it is damaged."""
        coefficients = tuple(fields["coefficients"])
        if len(coefficients) != len(PRIOR):
            raise ValueError(f"calibration has {len(coefficients)} coefficients, this program uses {len(PRIOR)}")
        return cls(**{**fields, "coefficients": coefficients})


def fit(
    evidence: NDArray[np.float64], answered: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, ...]:
    """Return the coefficients of a logistic regression held to ``PRIOR`` by a Gaussian, none against its sense.

    Evidence that would count against its sense is set aside, and the rest fitted again without it. The wider evidence
    spreads, the more a step of its coefficient changes, and the tighter that one is held.

    ``evidence`` has shape (questions, len(EVIDENCE)), ``answered`` is 1 where the best passage answers, ``weights``
    says what each question counts.
    """
    x = np.column_stack([np.ones(len(evidence)), evidence])
    prior, beta, precision = np.array(PRIOR), np.zeros(len(PRIOR)), _PRIOR_STRENGTH * np.square(_SPREAD)
    free = np.ones(len(beta), np.bool_)
    while True:
        beta[free] = _fit(x[:, free], answered, weights, prior[free], precision[free])
        beta[~free] = 0.0
        against = beta * _SENSE < 0
        if not against.any():
            return tuple(float(round(value, 6)) for value in beta)
        free &= ~against


def _fit(
    x: NDArray[np.float64],
    answered: NDArray[np.float64],
    weights: NDArray[np.float64],
    prior: NDArray[np.float64],
    precision: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the most probable coefficients of the columns of ``x``, by Newton's method."""

    def loss(beta: NDArray[np.float64]) -> float:
        margins = np.where(answered > 0, 1.0, -1.0) * (x @ beta)
        return float(weights @ np.logaddexp(0, -margins) + precision @ (beta - prior) ** 2 / 2)

    beta, value = prior.copy(), loss(prior)
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -40, 40)))
        gradient = x.T @ (weights * (answered - p)) - precision * (beta - prior)
        curvature = (x * (weights * p * (1 - p))[:, None]).T @ x + np.diag(precision)
        step = np.linalg.solve(curvature, gradient)
        # A prior far from the data makes full steps overshoot; half steps always get nearer.
        while (better := loss(beta + step)) > value and np.abs(step).max() >= _SMALL_STEP:
            step /= 2
        beta, value = beta + step, better
        if np.abs(step).max() < _SMALL_STEP:
            break
    return beta
