"""Estimate the probability that the best snippet answers the question, and decide what follows from it.

The probability is a logistic model of a few figures, the *evidence*.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.search.lexical_index import QueryTerms
from index.search.scoring import Ranking
from index.search.wanted import Wanted


class Decision(StrEnum):
    """What to do with the snippets that were found."""

    ANSWER = "answer"
    """Quote the best snippet."""
    CLOSEST = "closest"
    """Show the nearest snippets and say that they may not answer."""
    NONE = "none"
    """Say that the knowledge holds no answer."""


class Evidence(NamedTuple):
    """What the probability is computed from."""

    score: float
    """Score of the best snippet."""
    margin: float
    """How far it is above the score of the next snippet."""
    lead: float
    """How far it is above the mean score of the next five."""
    sentence_stems: float
    """Coverage of the question's stems by the best sentence of that translation."""
    stems: float
    """Coverage of the question's stems by the whole translation."""
    unknown: float
    """Share of the question's stems, by weight, that the corpus does not know."""
    missing_numbers: float
    """Share of the question's numbers that the best translation does not hold."""
    length: float
    """Logarithm of the number of words; a short question says less of what it wants."""
    unmet: float
    """1 where the question asks for a kind of thing that the best snippet does not have, else 0."""

    @classmethod
    def of(cls, terms: QueryTerms, ranking: Ranking, missing_numbers: float, unmet: Collection[Wanted]) -> Evidence:
        """Return the evidence for a question with these terms and this ranking.

        Args:
            terms: The terms of the question.
            ranking: What was found.
            missing_numbers: Share of the question's numbers that the best translation does not hold.
            unmet: The kinds of things asked for that the best snippet does not have.
        """
        best, others = float(ranking.scores[0]), ranking.scores[1:_LEAD_OVER]
        features = ranking.features.of(int(ranking.positions[0]))
        return cls(
            score=best,
            margin=best - float(others[0]) if len(others) else best,
            lead=best - float(others.mean()) if len(others) else best,
            sentence_stems=features["sentence_stems"],
            stems=features["stems"],
            unknown=terms.asked.unknown,
            missing_numbers=missing_numbers,
            length=math.log1p(terms.length),
            unmet=float(bool(unmet)),
        )


EVIDENCE = Evidence._fields
_LEAD_OVER = 6
_RARE, _ALL = 0.5, 0.999
_LIKELY_FROM, _LIKELY_MARGIN = 0.7, 0.05
"""How much of the way from ``closest`` to ``answer`` the confidence has come, and how far the first hit leads, where it
probably answers. It did in 83 of 100 cases among example questions left out of the index, and in 60 with half as many
near misses added."""
_NEAR_SHARE, _NEAR_SCORE, _NEAR_UNKNOWN = 0.2, 0.3, 0.5
"""Least share of ``closest``, least score and most unknown words of a question near the first hit. Of the refused
questions, this holds for 90 in 100 example questions left out of the index, 70 near misses and 7 off-topic lines."""

# Fitted by logistic regression to three kinds of questions: public questions asked of an index with their passage, the
# same questions asked of an index without it, and off-topic lines.
PRIOR = (-7.0, 5.5, 7.37, 3.6, 2.14, 0.13, -1.37, -0.5, 0.57, 0.0)
"""Intercept and coefficients, held near zero: on public sets outside the fit they tell answers better than the free
optimum. Folders with too few questions of their own use them as they are; the fit to others starts here."""
_SPREAD = (1.0, 0.194, 0.128, 0.141, 0.247, 0.346, 0.281, 0.232, 0.444, 0.3)
"""Standard deviation of each piece of evidence among the public questions; 1 for the intercept."""
_PRIOR_STRENGTH = 20.0
"""How strongly the fit holds on to the prior: the precision of a coefficient whose evidence has a deviation of 1. The
near misses made of a folder's own questions resemble the answerable ones closely. With a weaker hold, the fit would
adapt to them and no longer recognise off-topic questions."""
_SENSE = (0, 1, 1, 0, 1, 1, -1, -1, 0, -1)
"""The sign that each coefficient may have in the fit to a folder; 0 is either. The lead repeats score and margin, so it
may correct them in both directions."""

_SMALL_STEP = 1e-8

ALL_LANGUAGES = "all"
"""Key of the calibration for questions in a language that has none of its own."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What each mistake costs, on any common scale."""

    wrong_answer: float = 1.2
    """An answer with a snippet that does not answer."""
    near_miss_answered: float = 1.2
    """The same for a question on a subject of the knowledge that no snippet answers."""
    withheld: float = 1.0
    """A right answer that is only shown as perhaps answering."""

    @property
    def threshold(self) -> float:
        """Least probability of a right answer at which answering costs less on average (Elkan, 2001)."""
        return round(self.wrong_answer / (self.wrong_answer + self.withheld), 6)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model of "the best snippet answers", and two thresholds."""

    coefficients: tuple[float, ...] = PRIOR
    answer: float = Costs().threshold
    """Least probability at which the best snippet is quoted as the answer; it follows from ``costs``."""
    closest: float = 0.2
    """Least probability at which the nearest snippets are shown at all."""
    costs: Costs = Costs()
    questions: Mapping[str, int] = field(default_factory=dict)
    """How many questions of each kind it was fitted on: ``own``, ``near_miss`` and ``off_topic``."""
    expected: Mapping[str, float] = field(default_factory=dict)
    """Rates on questions held out of the fit: the share of ``near_miss`` and of ``off_topic`` questions that get
    ``answer``, and the mean of both as ``false_answers``; ``right_first`` and ``withheld`` of the answerable questions;
    ``off_topic_shown`` for off-topic questions that get anything but ``none``."""

    def confidence(self, evidence: Sequence[float]) -> float:
        """Return the probability, 0 to 1: the logistic function of the weighted evidence."""
        logit = self.coefficients[0] + sum(c * e for c, e in zip(self.coefficients[1:], evidence, strict=True))
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, logit))))

    def decide(self, confidence: float) -> Decision:
        """Return what to do at ``confidence``."""
        if confidence >= self.answer:
            return Decision.ANSWER
        return Decision.CLOSEST if confidence >= self.closest else Decision.NONE

    def is_likely(self, confidence: float, evidence: Evidence) -> bool:
        """Tell whether the best snippet probably answers where the confidence does not suffice for an answer."""
        enough = self.closest + _LIKELY_FROM * (self.answer - self.closest)
        return confidence >= enough and evidence.margin >= _LIKELY_MARGIN and not evidence.unmet

    def is_near(self, confidence: float, evidence: Evidence) -> bool:
        """Tell whether the question may be about what the knowledge is about, whatever the decision."""
        return (
            confidence >= _NEAR_SHARE * self.closest
            and evidence.score >= _NEAR_SCORE
            and evidence.unknown <= _NEAR_UNKNOWN
        )


def is_certainly_relevant(terms: QueryTerms, ranking: Ranking) -> bool:
    """Tell whether one sentence or title of the best translation holds every word of the question, one of them rare.

    A lone acronym, name or number resembles no snippet, yet whoever asks for one wants the snippet that contains it.
    """
    covered = ranking.features.of(int(ranking.positions[0]))["sentence_stems"]
    return terms.asked.rarity >= _RARE and covered >= _ALL


def fit(
    evidence: NDArray[np.float64], answered: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, ...]:
    """Return the coefficients of a logistic regression with a Gaussian prior around ``PRIOR``.

    A coefficient with the wrong sign (see ``_SENSE``) becomes zero, and the others are fitted again without it. The
    precision of the prior grows with the square of each evidence's deviation, so that the units do not matter.

    Args:
        evidence: One row of evidence for each question, shape (questions, len(EVIDENCE)).
        answered: 1 where the best snippet answers, else 0.
        weights: How much each question counts.
    """
    x = np.column_stack([np.ones(len(evidence)), evidence])
    prior, beta, precision = np.array(PRIOR), np.zeros(len(PRIOR)), _PRIOR_STRENGTH * np.square(_SPREAD)
    free = np.ones(len(beta), np.bool_)
    while True:
        beta[free] = _fit(x[:, free], answered, weights, prior[free], precision[free])
        beta[~free] = 0.0
        wrong_sign = beta * _SENSE < 0
        if not wrong_sign.any():
            return tuple(float(round(value, 6)) for value in beta)
        free &= ~wrong_sign


def _fit(
    x: NDArray[np.float64],
    answered: NDArray[np.float64],
    weights: NDArray[np.float64],
    prior: NDArray[np.float64],
    precision: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the most probable coefficients of the columns of ``x`` (maximum a posteriori), by Newton's method."""

    def loss(beta: NDArray[np.float64]) -> float:
        margins = np.where(answered > 0, 1.0, -1.0) * (x @ beta)
        return float(weights @ np.logaddexp(0, -margins) + precision @ (beta - prior) ** 2 / 2)

    beta, value = prior.copy(), loss(prior)
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -40, 40)))
        gradient = x.T @ (weights * (answered - p)) - precision * (beta - prior)
        curvature = (x * (weights * p * (1 - p))[:, None]).T @ x + np.diag(precision)
        step = np.linalg.solve(curvature, gradient)
        # Full steps overshoot when the prior is far from the data; a shorter step always improves.
        while (better := loss(beta + step)) > value and np.abs(step).max() >= _SMALL_STEP:
            step /= 2
        beta, value = beta + step, better
        if np.abs(step).max() < _SMALL_STEP:
            break
    return beta
