"""Reviewers merge, split and move what was grouped, and no later grouping takes that back."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bot.review.gap_store import CannotMoveError, Gap, NoSuchGapError, State, find, mark, merge, move, ranked, split
from tests.support.gap_log import EVERY, ask, opened, regroup


def texts(gap: Gap) -> set[str]:
    """Return the wordings of a gap."""
    return {wording.text for wording in gap.asked}


def gap_with(connection: sqlite3.Connection, text: str) -> Gap:
    """Return the gap that has a wording."""
    [found] = [gap for gap in ranked(connection, EVERY) if text in texts(gap)]
    return found


async def test_merged_gaps_are_one(tmp_path: Path) -> None:
    """The number given first stays and keeps who merged them; the other one leads there, and new questions follow."""
    await ask(tmp_path, ("price: how much?", 1), ("cost: how much is it?", 2))
    with opened(tmp_path) as connection:
        regroup(connection)
        price, cost = gap_with(connection, "price: how much?"), gap_with(connection, "cost: how much is it?")
        merge(connection, price.id, cost.id, "Aigerim")
        merged = find(connection, cost.id)
        assert (merged.id, merged.people, merged.changed_by) == (price.id, 2, "Aigerim")
    await ask(tmp_path, ("cost: how much is it", 3), ("price: How much", 4))
    with opened(tmp_path) as connection:
        regroup(connection)
        assert find(connection, price.id).people == 4
        assert len(ranked(connection, EVERY)) == 1


async def test_a_number_leads_on_through_two_merges(tmp_path: Path) -> None:
    """Whoever kept the first number finds the questions in the last gap."""
    await ask(tmp_path, ("a: 1", 1), ("b: 2", 2), ("c: 3", 3))
    with opened(tmp_path) as connection:
        regroup(connection)
        a, b, c = (gap_with(connection, text).id for text in ("a: 1", "b: 2", "c: 3"))
        merge(connection, b, a, "x")
        merge(connection, c, b, "x")
        assert find(connection, a).id == find(connection, b).id == c


async def test_merging_opens_what_was_answered(tmp_path: Path) -> None:
    """An answered gap that takes an open one is open; one that will not be covered stays so."""
    await ask(tmp_path, ("a: 1", 1), ("b: 2", 2), ("c: 3", 3))
    with opened(tmp_path) as connection:
        regroup(connection)
        a, b, c = (gap_with(connection, text).id for text in ("a: 1", "b: 2", "c: 3"))
        mark(connection, a, State.ANSWERED, by="x")
        merge(connection, a, b, "x")
        assert find(connection, a).state == State.OPEN
        mark(connection, c, State.WILL_NOT_COVER, by="x")
        merge(connection, c, a, "x")
        assert find(connection, a).state == State.WILL_NOT_COVER


async def test_a_split_stays_split(tmp_path: Path) -> None:
    """All questions of the wording go, the new gap has a number of its own, and the wording asked again lands in it."""
    first, *_ = await ask(tmp_path, ("price: how much?", 1), ("price: How much", 2), ("price: what does it cost", 3))
    with opened(tmp_path) as connection:
        regroup(connection)
        [price] = ranked(connection)
        number = split(connection, price.id, [first], "Aigerim")
        assert number != price.id
        assert (find(connection, number).people, find(connection, number).changed_by) == (2, "Aigerim")
        assert texts(find(connection, price.id)) == {"price: what does it cost"}
    await ask(tmp_path, ("price: how much", 4))
    with opened(tmp_path) as connection:
        regroup(connection)
        assert find(connection, number).people == 3


async def test_moved_questions_stay_where_they_were_put(tmp_path: Path) -> None:
    """A question moved to another gap is followed by those of its wording, though their meaning is the former gap's."""
    moved, _, _ = await ask(tmp_path, ("price: how much?", 1), ("price: what does it cost", 2), ("visa: where?", 3))
    with opened(tmp_path) as connection:
        regroup(connection)
        price, visa = gap_with(connection, "price: how much?").id, gap_with(connection, "visa: where?").id
        move(connection, [moved], visa, "Aigerim")
        assert texts(find(connection, visa)) == {"visa: where?", "price: how much?"}
    await ask(tmp_path, ("price: HOW much", 5))
    with opened(tmp_path) as connection:
        regroup(connection)
        assert (find(connection, visa).people, find(connection, price).people) == (3, 1)


async def test_a_gap_that_was_emptied_leads_on(tmp_path: Path) -> None:
    """The number of a gap of which the last question was moved leads to where it went."""
    moved, _ = await ask(tmp_path, ("price: how much?", 1), ("visa: where?", 3))
    with opened(tmp_path) as connection:
        regroup(connection)
        price, visa = gap_with(connection, "price: how much?").id, gap_with(connection, "visa: where?").id
        move(connection, [moved], visa, "x")
        assert find(connection, price).id == visa


async def test_what_cannot_be_changed_is_said_and_leaves_everything(tmp_path: Path) -> None:
    """A gap with itself, all of a gap, a question of another gap and numbers nobody has are one clear line each."""
    one, other = await ask(tmp_path, ("price: how much?", 1), ("visa: where?", 3))
    with opened(tmp_path) as connection:
        regroup(connection)
        price, visa = gap_with(connection, "price: how much?").id, gap_with(connection, "visa: where?").id
        before = ranked(connection, EVERY)
        with pytest.raises(CannotMoveError, match="two gaps"):
            merge(connection, price, price, "x")
        with pytest.raises(CannotMoveError, match="Nothing would be left"):
            split(connection, price, [one], "x")
        with pytest.raises(CannotMoveError, match="not in gap"):
            split(connection, price, [other], "x")
        with pytest.raises(CannotMoveError, match="at least one"):
            split(connection, price, [], "x")
        with pytest.raises(CannotMoveError, match="in no gap"):
            move(connection, ["0" * 26], visa, "x")
        for act in (lambda: merge(connection, price, 99, "x"), lambda: move(connection, [one], 99, "x")):
            with pytest.raises(NoSuchGapError):
                act()
        after = ranked(connection, EVERY)
    assert [(gap.id, texts(gap)) for gap in after] == [(gap.id, texts(gap)) for gap in before]
