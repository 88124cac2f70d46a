"""The probability that the best passage answers the question, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


EVIDENCE = ("score", "margin", "late_interaction", "stems", "unknown")
"""What the probability is computed from: the best score, its lead over the next snippet, MaxSim and stem coverage of the
best record, and the share of the question's stems that the corpus has nowhere."""

PRIOR = (-9.6, 13.0, 2.5, 1.5, 1.5, -1.0)
"""Intercept and coefficients from public data; what a folder's own questions teach is added to these."""

_PRIOR_STRENGTH = 4.0
"""How strongly the fit holds on to the prior: the precision of each coefficient, in units of questions."""

TARGET_FALSE_ANSWERS = 0.05
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
    questions: Mapping[str, int] | None = None
    """How many questions of each kind it was fitted on."""
    expected: Mapping[str, float] | None = None
    """Rates expected from cross-validation: ``false_answers``, ``withheld`` and ``off_topic_shown``."""

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


def fit(evidence: NDArray[np.float64], answered: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the coefficients of a logistic regression held to ``PRIOR`` by a Gaussian, by Newton's method.

    ``evidence`` has shape (questions, len(EVIDENCE)), ``answered`` is 1 where the best passage answers, ``weights``
    says what each question counts.
    """
    x = np.column_stack([np.ones(len(evidence)), evidence])
    prior = np.array(PRIOR)
    beta = prior.copy()
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -40, 40)))
        gradient = x.T @ (weights * (answered - p)) - _PRIOR_STRENGTH * (beta - prior)
        curvature = (x * (weights * p * (1 - p))[:, None]).T @ x + _PRIOR_STRENGTH * np.eye(len(beta))
        step = np.linalg.solve(curvature, gradient)
        beta += step
        if np.abs(step).max() < 1e-8:
            break
    return tuple(float(round(value, 6)) for value in beta)
