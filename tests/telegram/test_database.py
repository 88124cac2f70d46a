"""The received updates in a database that is full or loses its power."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.telegram.update_queue import INBOX_SCHEMA, Inbox

UPDATES = [
    {"update_id": number, "message": {"message_id": number, "chat": {"id": 7}, "text": f"question {number} " * 9}}
    for number in range(1, 41)
]


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """Open a database with the table of received updates."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(f"PRAGMA journal_mode = WAL; {schema}")
    return connection


class Watched(sqlite3.Connection):
    """A connection that notes how sure each of its commits is: 1 survives a kill, 2 a power cut."""

    sure: list[int]

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        if sql == "COMMIT":
            self.sure.append(int(super().execute("PRAGMA synchronous").fetchone()[0]))
        return super().execute(sql, parameters)


def test_what_is_received_or_about_to_be_sent_survives_a_power_cut(tmp_path: Path) -> None:
    """Both are flushed to the disk before anybody relies on them; the end of an update is not waited for."""
    with closing(sqlite3.connect(tmp_path / "telegram.db", isolation_level=None, factory=Watched)) as connection:
        connection.sure = []
        connection.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {INBOX_SCHEMA}")
        inbox = Inbox(connection)
        inbox.take(UPDATES)
        inbox.sending(1)
        inbox.done(1)
        assert connection.sure == [2, 2, 1]


def fill(connection: sqlite3.Connection, full: bool) -> None:
    """Let a database have no page more than it has, as if the disk were full, or let it grow again."""
    pages = connection.execute("PRAGMA page_count").fetchone()[0] if full else 2**30
    connection.execute(f"PRAGMA max_page_count = {pages}")


def test_marks_that_a_full_disk_refuses_are_written_when_there_is_room(tmp_path: Path) -> None:
    """After a restart nothing answered is answered again, and what was being sent and what came meanwhile is known."""
    path = tmp_path / "telegram.db"
    with closing(open_database(path, INBOX_SCHEMA)) as connection:
        inbox = Inbox(connection)
        inbox.take(UPDATES[:3])
        connection.execute("PRAGMA query_only = ON")
        inbox.sending(1)
        inbox.sending(2)
        inbox.done(1)
        inbox.take(UPDATES[3:6])
        inbox.done(4)
        connection.execute("PRAGMA query_only = OFF")
        inbox.take(UPDATES[6:7])
    with closing(open_database(path, INBOX_SCHEMA)) as connection:
        left = Inbox(connection).left()
    assert [(each.raw["update_id"], each.sending) for each in left] == [
        (2, True), (3, False), (5, False), (6, False), (7, False),
    ]  # fmt: skip


def test_a_batch_that_a_full_disk_refuses_in_the_middle_is_written_when_there_is_room(tmp_path: Path) -> None:
    """Nothing of it is half there: all is handed on, and all is on the disk as soon as it fits."""
    path = tmp_path / "telegram.db"
    with closing(open_database(path, INBOX_SCHEMA)) as connection:
        inbox = Inbox(connection)
        fill(connection, full=True)
        assert inbox.take(UPDATES) == UPDATES
        assert connection.execute("SELECT count(*) FROM updates").fetchone() == (0,)
        fill(connection, full=False)
        inbox.settle()
    with closing(open_database(path, INBOX_SCHEMA)) as connection:
        assert [each.raw for each in Inbox(connection).left()] == UPDATES


def test_a_mark_that_can_never_be_written_holds_up_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where one update's row is damaged, the others' are written all the same, and the trouble is told once."""
    path = tmp_path / "telegram.db"
    with closing(open_database(path, INBOX_SCHEMA)) as connection:
        connection.executescript(
            "CREATE TRIGGER broken BEFORE UPDATE ON updates WHEN old.update_id = 2 BEGIN SELECT json('no json'); END;"
        )
        inbox = Inbox(connection)
        inbox.take(UPDATES[:3])
        for number in (1, 2, 3):
            inbox.done(number)
        assert [each.raw["update_id"] for each in inbox.left()] == [2]
    assert caplog.text.count("cannot be written down") == 1
