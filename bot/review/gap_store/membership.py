"""Which question lies in which gap. A wording stays together: whoever asks it again lands where it lies."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from bot.review.gap_store.gap import NoSuchGapError
from index.evaluation.evaluation_set import normal
from index.text.terms import term_hash


def wording_key(text: str) -> int:
    """Return the number that stands for a wording; it does not depend on case, punctuation and spacing."""
    return term_hash(normal(text))


def add_wordings(connection: sqlite3.Connection) -> None:
    """Note the wording, the language and the reason of members that were stored before these were kept."""
    connection.create_function("wording_key", 1, wording_key, deterministic=True)
    connection.execute(
        """UPDATE gap_questions SET (wording, language, reason) = (
                SELECT wording_key(coalesce(q.asked, q.question)), q.language, reasons.reason
                FROM questions AS q JOIN reasons USING (id) WHERE q.id = question_id
            ) WHERE wording IS NULL"""
    )


def gap_row(connection: sqlite3.Connection, number: int) -> sqlite3.Row:
    """Return the row of a gap; the number of a merged gap leads to the one it was merged into.

    Raises:
        NoSuchGapError: There is no gap with this number.
    """
    found = connection.execute(
        "SELECT * FROM gaps WHERE id = (SELECT coalesce(merged_into, id) FROM gaps WHERE id = ?)", (number,)
    ).fetchone()
    if found is None:
        raise NoSuchGapError(number)
    row: sqlite3.Row = found
    return row


def new_gap(connection: sqlite3.Connection, like: sqlite3.Row, now: str, by: str | None) -> int:
    """Make a gap without questions, with the state, the note and the checked version of another; return its number."""
    made = connection.execute(
        "INSERT INTO gaps (state, note, opened, changed, encoder, changed_by, checked, answered_by) "
        "VALUES (?, ?, ?, ?, '', ?, ?, ?)",
        (like["state"], like["note"], like["opened"], now, by, like["checked"], like["answered_by"]),
    )
    return int(made.lastrowid or 0)


def place(connection: sqlite3.Connection, wordings: Iterable[tuple[int, int]], to: int, by: str | None) -> None:
    """Put wordings, each given as its gap and its number, into another gap.

    The gap they leave, if nothing is left in it, leads to the other one from then on. What is near to either gap is
    worked out again when new questions come.
    """
    sources = set()
    for gap, wording in wordings:
        connection.execute(
            "UPDATE gap_questions SET gap = ?, placed_by = coalesce(?, placed_by) WHERE gap = ? AND wording = ?",
            (to, by, gap, wording),
        )
        sources.add(gap)
    for gap in sources:
        connection.execute("UPDATE gaps SET centroid = NULL WHERE id = ?", (gap,))
        connection.execute(
            "UPDATE gaps SET merged_into = :to WHERE (id = :gap OR merged_into = :gap) "
            "AND NOT EXISTS (SELECT 1 FROM gap_questions WHERE gap = :gap)",
            {"to": to, "gap": gap},
        )
    connection.execute(
        "UPDATE gaps SET centroid = NULL, opened = "
        "(SELECT min(time) FROM gap_questions WHERE gap = :to) WHERE id = :to",
        {"to": to},
    )


def wordings_of(connection: sqlite3.Connection, question_ids: Sequence[str]) -> list[tuple[int, int]]:
    """Return the gap and the wording of each question that lies in a gap, every wording once."""
    found: dict[tuple[int, int], None] = {}
    for each in question_ids:
        for row in connection.execute("SELECT gap, wording FROM gap_questions WHERE question_id = ?", (each,)):
            found[row[0], row[1]] = None
    return list(found)
