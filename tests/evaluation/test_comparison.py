"""Two versions are compared apart from where their thresholds lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from index.evaluation.comparison import emptied, is_no_single_edit, losses
from index.evaluation.evaluation_set import NEAR_MISS, Question
from index.evaluation.evaluator import Evaluation, Outcome
from index.search.answer import Answer
from index.search.decision import Decision
from index.version.manifest import EvaluationSummary, Result

Row = tuple[int | None, float, bool]
"""Place of the right snippet, confidence, and whether it was answered."""


def outcome(number: int, row: Row, *, answerable: bool = True, holds: bool | None = None) -> Outcome:
    """Return what came of one question."""
    rank, confidence, answered = row
    answers, kind = ((f"topic/{number}",), "full") if answerable else ((), NEAR_MISS)
    answer = Answer(
        question=f"q{number}",
        understood=f"q{number}",
        read_as=f"q{number}",
        language="en",
        decision=Decision.ANSWER if answered else Decision.CLOSEST,
        confidence=confidence,
        hits=(),
        index_version="v",
        ms=1.0,
        truncated=False,
        vector=cast("Any", None),
    )
    return Outcome(Question(f"q{number}", answers, "en", kind), "en", answer, rank, None, holds)


def compare(before: Sequence[Row], now: Sequence[Row], strangers: Sequence[tuple[Row, Row]] = ()) -> list[str]:
    """Return the measures that are clearly worse."""
    new = [outcome(number, row) for number, row in enumerate(now)]
    old = [outcome(number, row) for number, row in enumerate(before)]
    new += [outcome(1000 + number, row, answerable=False) for number, (_, row) in enumerate(strangers)]
    old += [outcome(1000 + number, row, answerable=False) for number, (row, _) in enumerate(strangers)]
    live = Evaluation("live", tuple(old), ()).summary()
    return [loss.metric for loss in losses(Evaluation("new", tuple(new), ()), live) if loss.language is None]


def test_questions_that_find_another_snippet_are_a_loss() -> None:
    """Seven of forty that are lost, and none won, are no chance."""
    before: list[Row] = [(1, 0.9, True)] * 40
    assert compare(before, [(2, 0.9, False)] * 7 + before[7:]) == ["recall_at_1", "answered"]
    assert compare(before, [(2, 0.9, False)] * 6 + before[6:]) == []


def test_a_threshold_that_moved_is_no_loss() -> None:
    """Everything is withheld by a stricter threshold, and so is what had no answer: the order is the same."""
    before: list[Row] = [(1, 0.7, True)] * 30
    now: list[Row] = [(1, 0.7, False)] * 30
    assert compare(before, now, [((None, 0.6, True), (None, 0.6, False))]) == []


def test_answers_that_cost_more_false_ones_are_a_loss() -> None:
    """At an equal rate of false answers, what a looser threshold still answers no longer counts."""
    before: list[Row] = [(1, 0.9, True)] * 30
    now: list[Row] = [(1, 0.4, True)] * 30
    assert compare(before, now, [((None, 0.5, False), (None, 0.5, True))]) == ["answered"]


def test_a_significant_loss_of_little_effect_is_none() -> None:
    """Seven of a thousand are certain, and too few to matter."""
    before: list[Row] = [(1, 0.9, True)] * 1000
    assert compare(before, [(2, 0.9, False)] * 7 + before[7:]) == []


@pytest.mark.parametrize(("snippets", "many"), [(1, False), (2, True)])
def test_snippets_that_lost_what_answers_are_counted(snippets: int, many: bool) -> None:
    """One may have been reworded; of two, somebody has mixed up the files."""
    row: Row = (1, 0.9, True)
    new = [outcome(number, row, holds=number >= snippets) for number in range(5)]
    live = EvaluationSummary(
        metrics={},
        languages={},
        kinds={},
        stale=0,
        results={each.question.key: Result(*row, holds=True) for each in new},
    )
    found = emptied(Evaluation("new", tuple(new), ()), live)
    assert len(found) == snippets
    assert is_no_single_edit(found) is many
