"""Gaps whose questions a published version answers close by themselves, whoever built it."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.database import transaction
from bot.querylog.entry import content_hash, timestamp
from bot.review.gap_store.gap import State
from bot.review.gap_store.membership import add_wordings, gap_row, new_gap, place
from bot.review.gap_store.turn import turn

if TYPE_CHECKING:
    from index import Index

Pause = Callable[[float], bool]
"""Is called after each wording with the seconds that it took, and returns whether to stop."""

# A question that was answered and yet lies in a gap was voted down or asked to be added.
_WORDINGS = """
    SELECT wording, coalesce(q.asked, q.question) AS text, q.language, count(*) AS questions,
        count(DISTINCT coalesce(q.person, q.id)) AS people, max(q.seq),
        json_group_array(CASE q.decision WHEN 'answer' THEN q.candidates ->> '$[0].hash' END) AS given,
        json_group_array(m.answered_with) AS refused
    FROM gap_members AS m JOIN questions AS q ON q.id = m.question_id WHERE gap = ? GROUP BY wording"""


@dataclass(frozen=True, slots=True)
class Closed:
    """What became of gaps when their questions were asked anew."""

    gaps: tuple[int, ...] = ()
    """The gaps that closed, those made of the answered part of another included."""
    still_open: tuple[int, ...] = ()
    """The open gaps of which a part was answered and split off, or that were split off themselves."""
    wordings: int = 0
    """How many wordings were asked."""
    finished: bool = True
    """Whether all of them were; not where it was stopped, or another program is asking them."""


def close_answered(
    connection: sqlite3.Connection, index: Index, pause: Pause | None = None, *, only: Iterable[int] | None = None
) -> Closed:
    """Ask the wordings of open gaps anew, once per index version, and close the gaps that are answered now.

    A wording is answered where the decision is ``answer``; where it was answered before, though not well, only by
    another passage or another text than then. Where only some wordings of a gap are answered, the part that more people
    asked keeps the number, and the other becomes a gap of its own.

    Each gap is finished in one short transaction, so whoever is interrupted goes on where it stopped, and nobody who
    writes the log waits for answers. Wordings are asked one by one: the encoder would give others vectors in a batch.

    Args:
        connection: The log, open for writing.
        index: The published version.
        pause: Called after each wording, so that others get the processor; where it says so, no more are asked.
        only: The gaps to look at now, even if another program is going through all of them; by default all.
    """
    if only is not None:
        return _close_all(connection, index, pause or _never, [*only])
    with turn(connection) as own:
        return _close_all(connection, index, pause or _never) if own else Closed(finished=False)


def _never(_: float) -> bool:
    return False


def _close_all(connection: sqlite3.Connection, index: Index, pause: Pause, only: list[int] | None = None) -> Closed:
    chosen = None if only is None else json.dumps(only)
    with transaction(connection):
        add_wordings(connection)
    unchecked = connection.execute(
        "SELECT id FROM gaps WHERE state = 'open' AND merged_into IS NULL AND checked IS NOT ? "
        "AND (? IS NULL OR id IN (SELECT value FROM json_each(?))) ORDER BY id",
        (index.version, chosen, chosen),
    ).fetchall()
    closed: list[int] = []
    left: list[int] = []
    asked = 0
    for (gap,) in unchecked:
        rows = connection.execute(_WORDINGS, (gap,)).fetchall()
        answers: dict[int, str] = {}
        for row in rows:
            began = time.perf_counter()
            if with_ := _answered_with(row, index):
                answers[row["wording"]] = with_
            asked += 1
            if pause(time.perf_counter() - began):
                return Closed(tuple(closed), tuple(left), asked, finished=False)
        with transaction(connection):
            # The questions were asked without a lock: somebody may have changed the gap meanwhile.
            if _is_as_it_was(connection, gap, rows):
                parts = _close(connection, gap, rows, answers, index.version)
                closed += parts[0]
                left += parts[1]
    return Closed(tuple(closed), tuple(left), asked)


def _answered_with(row: sqlite3.Row, index: Index) -> str | None:
    """Return the hash of the passage that answers a wording now; ``None`` where none does, or only as before."""
    answer = index.answer(row["text"], row["language"])
    if answer.decision != "answer":
        return None
    found = content_hash(answer.hits[0].snippet)
    before = (*json.loads(row["given"]), *json.loads(row["refused"]))
    return None if found in before else found


def _is_as_it_was(connection: sqlite3.Connection, gap: int, rows: Iterable[sqlite3.Row]) -> bool:
    own = connection.execute(
        "SELECT 1 FROM gaps WHERE id = ? AND state = ? AND merged_into IS NULL", (gap, str(State.OPEN))
    ).fetchone()
    held = connection.execute("SELECT DISTINCT wording FROM gap_members WHERE gap = ?", (gap,)).fetchall()
    return own is not None and {row["wording"] for row in rows} == {wording for (wording,) in held}


def _close(
    connection: sqlite3.Connection, gap: int, rows: list[sqlite3.Row], answers: dict[int, str], version: str
) -> tuple[list[int], list[int]]:
    """Close a gap or a part of it; return the numbers of what is closed, and of what is left of a part."""
    connection.execute("UPDATE gaps SET checked = ? WHERE id = ?", (version, gap))
    if not answers:
        return [], []
    connection.executemany(
        "UPDATE gap_questions SET answered_with = ? WHERE gap = ? AND wording = ?",
        [(found, gap, wording) for wording, found in answers.items()],
    )
    now, former = timestamp(), gap_row(connection, gap)
    others = [row["wording"] for row in rows if row["wording"] not in answers]
    answered, still_open = gap, None
    if others:
        part = new_gap(connection, former, now, None)
        if _weight(rows, answers) >= _weight(rows, others):
            still_open = part
            place(connection, [(gap, wording) for wording in others], part, None)
        else:
            answered, still_open = part, gap
            place(connection, [(gap, wording) for wording in answers], part, None)
    connection.execute(
        "UPDATE gaps SET state = 'answered', answered_by = ?, changed = ?, changed_by = NULL WHERE id = ?",
        (version, now, answered),
    )
    return [answered], [still_open] if still_open else []


def _weight(rows: Iterable[sqlite3.Row], wordings: Iterable[int]) -> tuple[int, int]:
    """Return how many people asked some of the wordings, counted for each, and how often."""
    chosen = set(wordings)
    own = [row for row in rows if row["wording"] in chosen]
    return sum(row["people"] for row in own), sum(row["questions"] for row in own)


def open_again(connection: sqlite3.Connection, version: str, by: str) -> None:
    """Open the gaps that closed because a version answered them: it was taken back."""
    with transaction(connection):
        own = "state = 'answered' AND answered_by = ?"
        connection.execute(
            f"UPDATE gap_questions SET answered_with = NULL WHERE gap IN (SELECT id FROM gaps WHERE {own})", (version,)
        )
        connection.execute(
            "UPDATE gaps SET state = 'open', answered_by = NULL, checked = NULL, changed = ?, changed_by = ? "
            f"WHERE {own}",
            (timestamp(), by, version),
        )
