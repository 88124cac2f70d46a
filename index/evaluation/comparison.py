"""Compare how two versions did on the questions that both were asked, apart from where their thresholds lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb, inf

from index.evaluation.evaluator import Evaluation, Outcome
from index.version.manifest import EvaluationSummary, Result

CHANCE = 0.01
"""A loss is clear when chance alone would cause it, or a greater one, less often than this."""
LEAST_EFFECT = 0.01
"""A loss matters when it is at least this share of the questions asked."""
_SNIPPETS_EMPTIED = 2
"""From so many snippets on that no longer hold what answers, the change is no single edit."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One measure in which the new version is clearly worse than the live one."""

    metric: str
    language: str | None
    asked: int
    lost: tuple[Outcome, ...]
    won: int
    chance: float

    @property
    def reason(self) -> str:
        """How much was lost, and how certain it is that this is no chance."""
        net = (len(self.lost) - self.won) / self.asked
        equal = " at an equal rate of false answers" if self.metric == "answered" else ""
        return (
            f"{len(self.lost)} of {self.asked} questions lost{equal}, {self.won} won since the live version: "
            f"{net:.1%} fewer (p = {self.chance:.4f})"
        )


def losses(evaluation: Evaluation, live: EvaluationSummary) -> Iterator[Loss]:
    """Yield the measures that are clearly worse, over all questions and in each language.

    Both versions answer as many questions that have no answer when ``answered`` is compared: a threshold that moves
    changes many answers at once, which says nothing about the passages.
    """
    known = [outcome for outcome in evaluation.outcomes if outcome.question.key in live.results]
    languages = sorted({outcome.language for outcome in known})
    now_answered = {
        outcome.question.key
        for language in languages
        for outcome in _answered_alike([each for each in known if each.language == language], live)
    }
    for language in (None, *languages):
        asked = [each for each in known if language in (None, each.language) and each.question.answerable]
        for metric, most in (("recall_at_1", 1), ("recall_at_3", 3)):
            before = [_within(live.results[each.question.key].rank, most) for each in asked]
            yield from _loss(metric, language, asked, before, [_within(each.rank, most) for each in asked])
        before = [_answered_rightly(live.results[each.question.key]) for each in asked]
        now = [each.rank == 1 and each.question.key in now_answered for each in asked]
        yield from _loss("answered", language, asked, before, now)


def emptied(evaluation: Evaluation, live: EvaluationSummary) -> dict[str, list[Outcome]]:
    """Return the questions whose snippet held the stated part of the answer in the live version, and does not now."""
    found: dict[str, list[Outcome]] = {}
    for outcome in evaluation.outcomes:
        before = live.results.get(outcome.question.key)
        if before and before.holds and outcome.holds is False:
            found.setdefault(outcome.question.answers[0], []).append(outcome)
    return found


def is_no_single_edit(found: dict[str, list[Outcome]]) -> bool:
    """Tell whether more snippets than one edit changes have lost what answers."""
    return len(found) >= _SNIPPETS_EMPTIED


def mcnemar(lost: int, gained: int) -> float:
    """Return how probable it is to lose this many or more of the questions that changed, if both were equally likely.

    The exact one-sided form of McNemar's test for paired proportions (McNemar, Psychometrika 12, 1947).
    """
    changed = lost + gained
    return float(sum(comb(changed, k) for k in range(lost, changed + 1)) / 2**changed)


def _loss(
    metric: str, language: str | None, asked: Sequence[Outcome], before: Sequence[bool], now: Sequence[bool]
) -> Iterator[Loss]:
    changes = list(zip(asked, before, now, strict=True))
    lost = tuple(outcome for outcome, was, still in changes if was and not still)
    won = sum(still and not was for _, was, still in changes)
    chance = mcnemar(len(lost), won)
    if chance < CHANCE and len(lost) - won >= LEAST_EFFECT * len(asked):
        yield Loss(metric, language, len(asked), lost, won, chance)


def _within(rank: int | None, most: int) -> bool:
    return rank is not None and rank <= most


def _answered_rightly(result: Result) -> bool:
    return result.rank == 1 and result.answered


def _answered_alike(outcomes: Sequence[Outcome], live: EvaluationSummary) -> list[Outcome]:
    """Return what the new version answers with the lowest threshold that gives no more false answers than the live one.

    Where neither version gives a false answer, nothing tells their thresholds apart, and the new version's own counts.
    """
    strangers = sorted((each.answer.confidence for each in outcomes if not each.question.answerable), reverse=True)
    false_before = sum(live.results[each.question.key].answered for each in outcomes if not each.question.answerable)
    false_now = sum(each.answered for each in outcomes if not each.question.answerable)
    if false_now == false_before:
        return [each for each in outcomes if each.answered]
    # The first confidence that may not be reached any more: that of the next question without an answer.
    bound = strangers[false_before] if false_before < len(strangers) else -inf
    return [each for each in outcomes if each.answer.confidence > bound]
