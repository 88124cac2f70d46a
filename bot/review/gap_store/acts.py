"""What reviewers decide about gaps. Each change names who made it, and no later grouping takes it back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from bot.database import transaction
from bot.querylog.entry import timestamp
from bot.review.gap_store.gap import CannotMoveError, State
from bot.review.gap_store.membership import add_wordings, gap_row, new_gap, place, wordings_of


def mark(connection: sqlite3.Connection, number: int, state: State, note: str | None = None, by: str = "") -> None:
    """Set a gap's state.

    A gap that closed by itself and is opened again stays open until other passages answer it than did then.

    Args:
        connection: The log, open for writing.
        number: The gap.
        state: Its new state.
        note: Why; without one, the former note stays.
        by: Name of the reviewer.

    Raises:
        NoSuchGapError: There is no gap with this number.
    """
    with transaction(connection):
        gap = gap_row(connection, number)["id"]
        connection.execute(
            "UPDATE gaps SET state = ?, note = coalesce(?, note), changed = ?, changed_by = ?, answered_by = NULL "
            "WHERE id = ?",
            (str(state), note, timestamp(), by or None, gap),
        )


def merge(connection: sqlite3.Connection, into: int, other: int, by: str) -> None:
    """Put all questions of ``other`` into ``into``; the other number leads there from then on.

    The gap keeps its state, but one that was answered is open again where the other one is.

    Raises:
        NoSuchGapError: There is no gap with one of these numbers.
        CannotMoveError: Both are the same gap.
    """
    with transaction(connection):
        target, source = gap_row(connection, into), gap_row(connection, other)
        if target["id"] == source["id"]:
            raise CannotMoveError(f"Gaps {into} and {other} are one gap already; give the numbers of two gaps.")
        _take(connection, source["id"], target, source, by)


def split(connection: sqlite3.Connection, gap: int, question_ids: Sequence[str], by: str) -> int:
    """Make a new gap of some questions of a gap; return its number. It has the state and the note of the former.

    All questions of the same wording go with them.

    Raises:
        NoSuchGapError: There is no gap with this number.
        CannotMoveError: A question is not in the gap, or none would be left in it.
    """
    with transaction(connection):
        add_wordings(connection)
        source = gap_row(connection, gap)
        chosen = _chosen(connection, question_ids)
        if strangers := [each for each, (where, _) in chosen.items() if where != source["id"]]:
            raise CannotMoveError(f"{', '.join(strangers)}: not in gap {gap}; `log gaps {gap}` lists its questions.")
        wordings = set(chosen.values())
        [(held,)] = connection.execute(
            "SELECT count(DISTINCT wording) FROM gap_questions WHERE gap = ?", (source["id"],)
        ).fetchall()
        if len(wordings) == held:
            raise CannotMoveError(f"Nothing would be left in gap {gap}; leave at least one wording out.")
        now = timestamp()
        number = new_gap(connection, source, now, by)
        place(connection, wordings, number, by)
        _changed(connection, source["id"], now, by)
    return number


def move(connection: sqlite3.Connection, question_ids: Sequence[str], to: int, by: str) -> None:
    """Put questions of any gaps into another gap. All questions of the same wording go with them.

    A gap that was answered is open again when it takes a question of an open gap.

    Raises:
        NoSuchGapError: There is no gap with this number.
        CannotMoveError: A question is in no gap.
    """
    with transaction(connection):
        add_wordings(connection)
        target = gap_row(connection, to)
        wordings: dict[int, set[tuple[int, int]]] = {}
        for gap, wording in _chosen(connection, question_ids).values():
            if gap != target["id"]:
                wordings.setdefault(gap, set()).add((gap, wording))
        for gap, own in wordings.items():
            source = gap_row(connection, gap)
            place(connection, own, target["id"], by)
            _settle(connection, target["id"], source, by)


def _take(connection: sqlite3.Connection, gap: int, target: sqlite3.Row, source: sqlite3.Row, by: str) -> None:
    """Put everything in a gap into another one."""
    add_wordings(connection)
    held = connection.execute("SELECT DISTINCT gap, wording FROM gap_questions WHERE gap = ?", (gap,)).fetchall()
    place(connection, [tuple(row) for row in held], target["id"], by)
    # A gap whose questions were all deleted held nothing to place.
    connection.execute(
        "UPDATE gaps SET merged_into = :to WHERE id = :gap OR merged_into = :gap", {"to": target["id"], "gap": gap}
    )
    _settle(connection, target["id"], source, by)


def _settle(connection: sqlite3.Connection, gap: int, source: sqlite3.Row, by: str) -> None:
    """Note who changed the gaps, and open one that was answered and has taken questions of an open one."""
    now = timestamp()
    if source["state"] == State.OPEN:
        connection.execute(
            "UPDATE gaps SET state = 'open', answered_by = NULL WHERE id = ? AND state = 'answered'", (gap,)
        )
    # Its questions may have been asked of different versions.
    connection.execute("UPDATE gaps SET checked = NULL WHERE id = ? AND checked IS NOT ?", (gap, source["checked"]))
    _changed(connection, gap, now, by)
    _changed(connection, source["id"], now, by)


def _changed(connection: sqlite3.Connection, gap: int, now: str, by: str) -> None:
    connection.execute("UPDATE gaps SET changed = ?, changed_by = ? WHERE id = ?", (now, by or None, gap))


def _chosen(connection: sqlite3.Connection, question_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return the gap and the wording of each question.

    Raises:
        CannotMoveError: There are none, or one is in no gap.
    """
    chosen = {each: found[0] for each in question_ids if (found := wordings_of(connection, [each]))}
    if missing := [each for each in question_ids if each not in chosen]:
        raise CannotMoveError(f"{', '.join(missing)}: in no gap; `log gaps GAP` lists the questions of a gap.")
    if not chosen:
        raise CannotMoveError("Give the id of at least one question.")
    return chosen
