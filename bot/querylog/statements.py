"""Statements that record questions and what people do with them; whoever calls them opens the transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from bot.querylog.entry import Delivery, Row, timestamp

COLUMNS = tuple(
    "id time question asked language surface decision confidence margin snippet topic candidates index_version "
    "latency_ms truncated person chat edit_of follow_up_of reason differences".split()
)
"""What is stored of a question when it is recorded."""
DELIVERY_COLUMNS = ("delivery", "delivered_at")
"""What is added once it is known what became of the answer."""
EXPORTED_ROWS = 5_000
"""How many rows of each kind a person's own copy of their data holds; Telegram delivers no file above 50 MB."""
_EXPORTED_BYTES = 16_000_000
_INSERT = (
    f"INSERT INTO questions ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) ON CONFLICT (id) DO NOTHING"
)
_values = itemgetter(*COLUMNS)


def insert(connection: sqlite3.Connection, row: Row) -> None:
    """Write one question; a row that is there already is left alone."""
    written = connection.execute(_INSERT, _values(row))
    if row["vector"] is not None and written.rowcount:
        connection.execute("INSERT INTO vectors (seq, vector) VALUES (?, ?)", (written.lastrowid, row["vector"]))


def set_delivery(connection: sqlite3.Connection, entry_id: str, outcome: Delivery, moment: str) -> None:
    """Note what became of an answer."""
    connection.execute(
        "UPDATE questions SET delivery = ?, delivered_at = ? WHERE id = ?", (str(outcome), moment, entry_id)
    )


def vote(connection: sqlite3.Connection, entry_id: str, person: str, value: int) -> bool:
    """Set, change or (0) take back the asker's vote; return ``False`` if somebody else asked."""
    asker = _asker(connection, entry_id)
    if asker == (person,):
        connection.execute(
            "INSERT INTO votes (question_id, person, value, time) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET value = excluded.value, time = excluded.time",
            (entry_id, person, (value > 0) - (value < 0), timestamp()),
        )
    return asker in (None, (person,))


def request(connection: sqlite3.Connection, entry_id: str, person: str) -> bool:
    """Note that the asker wishes an answer to be added; return ``False`` if somebody else asked."""
    asker = _asker(connection, entry_id)
    if asker == (person,):
        connection.execute(
            "INSERT OR IGNORE INTO requests (question_id, person, time) VALUES (?, ?, ?)",
            (entry_id, person, timestamp()),
        )
    return asker in (None, (person,))


def _asker(connection: sqlite3.Connection, entry_id: str) -> tuple[str | None] | None:
    """Return who asked a question; ``None`` where the log does not hold it."""
    row: tuple[str | None] | None = connection.execute(
        "SELECT person FROM questions WHERE id = ?", (entry_id,)
    ).fetchone()
    return row


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the log holds of one question, for asking it again."""

    typed: str
    asked: str
    """What was looked up: a follow-up together with the question before it."""
    language: str
    shown: frozenset[str]
    """The content hashes of what the person was shown."""


def recorded(connection: sqlite3.Connection, entries: Iterable[str]) -> dict[str, Recorded]:
    """Return those of the questions that the log still holds, by their ids."""
    found = {}
    for entry in entries:
        row = connection.execute(
            "SELECT question, coalesce(asked, question), language, candidates FROM questions WHERE id = ?", (entry,)
        ).fetchone()
        if row is not None:
            shown = frozenset(each["hash"] for each in json.loads(row[3]) if each["shown"])
            found[entry] = Recorded(row[0], row[1], row[2], shown)
    return found


def set_opt_out(connection: sqlite3.Connection, person: str, out: bool) -> None:
    """Note whether a person's questions may be written."""
    if out:
        connection.execute("INSERT OR IGNORE INTO opt_outs (person, time) VALUES (?, ?)", (person, timestamp()))
    else:
        connection.execute("DELETE FROM opt_outs WHERE person = ?", (person,))


def opt_outs(connection: sqlite3.Connection) -> set[str]:
    """Return everybody whose questions must not be written."""
    return {row[0] for row in connection.execute("SELECT person FROM opt_outs")}


def export_person(connection: sqlite3.Connection, person: str, waiting: Sequence[str] = ()) -> bytes:
    """Return what the log holds of a person as JSON (UTF-8), the newest first, and how much was left out as too old.

    It is put together row by row, for the rows of somebody who asks all day would fill the memory.

    Args:
        connection: The log.
        person: Their pseudonym.
        waiting: Entries of which they will be told when they are answered.
    """
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    document = bytearray(f'{{"person": {json.dumps(person)}'.encode())
    left_out = {}
    for table in ("questions", "votes", "requests", "opt_outs"):
        document += f',\n"{table}": ['.encode()
        [(count,)] = cursor.execute(f"SELECT count(*) FROM {table} WHERE person = ?", (person,)).fetchall()
        begun, written = len(document), 0
        for row in cursor.execute(
            f"SELECT * FROM {table} WHERE person = ? ORDER BY time DESC LIMIT ?", (person, EXPORTED_ROWS)
        ):
            fields = dict(row)
            fields.pop("seq", None)
            if "candidates" in fields:
                fields["candidates"] = json.loads(fields["candidates"])
            text = json.dumps(fields, ensure_ascii=False, indent=2).encode()
            if len(document) - begun + len(text) > _EXPORTED_BYTES:
                break
            document += (b",\n" if written else b"\n") + text
            written += 1
        document += b"]"
        left_out[table] = count - written
    document += f',\n"told_when_answered": {json.dumps(list(waiting))}'.encode()
    document += f',\n"older_left_out": {json.dumps(left_out)}}}\n'.encode()
    return bytes(document)


def delete_before(connection: sqlite3.Connection, moment: datetime, *, limit: int) -> int:
    """Delete up to ``limit`` questions older than a moment, the oldest first; return how many there were."""
    return connection.execute(
        "DELETE FROM questions WHERE seq IN (SELECT seq FROM questions WHERE time < ? ORDER BY time LIMIT ?)",
        (timestamp(moment), limit),
    ).rowcount
