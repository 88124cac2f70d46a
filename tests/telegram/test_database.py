"""The bot's own database on a disk that flips bits, is full, or loses its power."""

from __future__ import annotations

import logging
import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.telegram.state import MEMORY_SCHEMA, Memory, Posted, open_database
from bot.telegram.update_queue import INBOX_SCHEMA, Inbox

SCHEMAS = (INBOX_SCHEMA, MEMORY_SCHEMA)
UPDATES = [
    {"update_id": number, "message": {"message_id": number, "chat": {"id": 7}, "text": f"question {number} " * 9}}
    for number in range(1, 41)
]


def use(path: Path, number: int) -> list[dict[str, Any]]:
    """Do with a database all that the bot does; return what it took up from earlier."""
    with closing(open_database(path, *SCHEMAS)) as connection:
        inbox, memory = Inbox(connection), Memory(connection)
        left = inbox.left()
        for person in range(1, 3):
            memory.language(person)
            memory.choose_language(person + 1, "kk")
            memory.block(person)
        for asked in range(1, 3):
            memory.answer_to(Posted(7, asked, 1), "text")
            memory.remember_answer(Posted(7, asked + 1, 1), "text", asked, "entry")
        new = {"update_id": number}
        taken = inbox.take([UPDATES[4], new])
        assert new in taken
        for mark in (inbox.begin, inbox.sending, inbox.not_sent, inbox.done):
            mark(number)
        for each in left:
            inbox.done(int(each.raw["update_id"]))
        return [each.raw for each in left]


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A database with everything in it, and a copy of it from before its last writes were moved into the main file."""
    path = tmp_path / "used" / "telegram.db"
    path.parent.mkdir()
    with closing(open_database(path, *SCHEMAS)) as connection:
        inbox, memory = Inbox(connection), Memory(connection)
        for person in range(1, 30):
            memory.choose_language(person, "ru")
            memory.block(person)
            memory.remember_answer(Posted(7, person, 1), "text", person, f"entry{person}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        inbox.take(UPDATES)
        shutil.copytree(path.parent, tmp_path / "open")
    return path


def damages(size: int) -> Iterator[Callable[[bytearray], None]]:
    """Single bits anywhere, a third of them where SQLite keeps what the file is; and files that end too early."""
    chance = random.Random(20)
    for turn in range(100):
        place, bit = chance.randrange(size if turn % 3 else min(size, 4096)), chance.randrange(8)

        def flip(data: bytearray, place: int = place, bit: int = bit) -> None:
            data[place] ^= 1 << bit

        yield flip
    for end in (chance.randrange(size) for _ in range(20)):

        def cut(data: bytearray, end: int = end) -> None:
            del data[end:]

        yield cut


@pytest.mark.parametrize("file", ["used/telegram.db", "open/telegram.db", "open/telegram.db-wal"])
def test_damage_anywhere_stops_no_start_and_changes_no_question(
    file: str, used: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever bit flips, nothing raises; a question is taken up as it was written, or not at all."""
    caplog.set_level(logging.CRITICAL)
    whole = tmp_path / file
    kept = []
    for number, damage in enumerate(damages(whole.stat().st_size)):
        folder = tmp_path / f"copy{number}"
        shutil.copytree(whole.parent, folder)
        # The index of the log is made anew by whoever opens it first, as after a kill.
        (folder / "telegram.db-shm").unlink(missing_ok=True)
        data = bytearray(whole.read_bytes())
        damage(data)
        (folder / whole.name).write_bytes(data)
        left = use(folder / "telegram.db", 500)
        assert all(raw in UPDATES for raw in left)
        kept.append(len(left))
        assert all(raw in UPDATES for raw in use(folder / "telegram.db", 501))
        shutil.rmtree(folder)
    assert max(kept) == len(UPDATES)


def test_what_a_check_finds_broken_is_moved_aside_and_told(used: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that SQLite opens without a word and whose pages are garbage inside is not worked with."""
    data = bytearray(used.read_bytes())
    data[4096 * 2 :] = bytes(byte ^ 0x55 for byte in data[4096 * 2 :])
    used.write_bytes(data)
    with closing(open_database(used, *SCHEMAS)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    (aside,) = used.parent.glob("telegram.db.broken-*")
    assert aside.read_bytes() == data
    assert str(used) in caplog.text
    assert aside.name in caplog.text


def test_a_damaged_update_is_left_out_and_told_once(used: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A changed letter could send an answer to somebody else; the others are taken up, and the next start is quiet."""
    with closing(sqlite3.connect(used)) as connection, connection:
        connection.execute(
            "UPDATE updates SET payload = replace(CAST(payload AS TEXT), '\"id\":7', '\"id\":8') WHERE update_id = 3"
        )
    for _ in range(2):
        with closing(open_database(used, *SCHEMAS)) as database:
            assert [left.raw for left in Inbox(database).left()] == [raw for raw in UPDATES if raw["update_id"] != 3]
    assert caplog.text.count("1 received messages are damaged") == 1


def test_what_cannot_be_read_is_not_known(caplog: pytest.LogCaptureFixture) -> None:
    """A database that breaks while the bot runs costs what it remembered, and no answer."""
    connection = open_database(Path(":memory:"), *SCHEMAS)
    memory = Memory(connection, alone=False)
    memory.choose_language(1, "ru")
    memory.remember_answer(Posted(1, 2, 3), "text", 4, "entry")
    connection.execute("UPDATE languages SET language = CAST(x'ff' AS TEXT)")
    connection.execute("DROP TABLE answers")
    assert memory.language(1) is None
    assert memory.answer_to(Posted(1, 2, 3), "text") is None
    assert caplog.text.count("could not be read") == 2
    connection.close()


def test_the_database_is_private_from_the_first_moment(tmp_path: Path) -> None:
    """Texts stand in the files beside it first; one that an earlier version left open to others is closed."""
    before = os.umask(0o022)
    try:
        for _ in range(2):
            with closing(open_database(tmp_path / "telegram.db", *SCHEMAS)) as connection:
                Inbox(connection).take(UPDATES[:1])
                modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
                assert modes == dict.fromkeys(("telegram.db", "telegram.db-wal", "telegram.db-shm"), 0o600)
            (tmp_path / "telegram.db").chmod(0o644)
    finally:
        os.umask(before)


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
