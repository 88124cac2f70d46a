"""How the bot's SQLite files are opened: private, and whatever state the disk or the file is in."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from bot.database import connect, open_database, open_for_reading, passing, transaction

NOTES = Migrations("notes")


@NOTES(name="0001_notes")
def _notes(database: Database) -> None:
    database.conn.execute("CREATE TABLE notes (text TEXT)")


def texts(connection: sqlite3.Connection) -> list[str]:
    """Return what is noted."""
    return [row[0] for row in connection.execute("SELECT text FROM notes")]


def test_what_is_written_is_there_after_reopening(tmp_path: Path) -> None:
    """The folder, the file and its tables are made once; a reader can change nothing."""
    path = tmp_path / "new" / "notes.db"
    for _ in range(2):
        with closing(open_database(path, [NOTES])) as connection, transaction(connection):
            connection.execute("INSERT INTO notes VALUES ('kept')")
    with closing(open_for_reading(path)) as connection:
        assert texts(connection) == ["kept", "kept"]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM notes")


def test_an_error_undoes_the_whole_transaction(tmp_path: Path) -> None:
    """Of a transaction that fails nothing is written, and the next one works."""
    with closing(open_database(tmp_path / "notes.db", [NOTES])) as connection:
        with pytest.raises(RuntimeError), transaction(connection):
            connection.execute("INSERT INTO notes VALUES ('half')")
            raise RuntimeError
        with transaction(connection):
            connection.execute("INSERT INTO notes VALUES ('whole')")
        assert texts(connection) == ["whole"]


def test_the_files_are_private_from_the_first_moment(tmp_path: Path) -> None:
    """Nobody but their owner may read the file and those beside it, in which texts stand first."""
    before = os.umask(0o022)
    try:
        with closing(open_database(tmp_path / "notes.db", [NOTES])) as connection:
            connection.execute("INSERT INTO notes VALUES ('private')")
            modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("notes.db", "notes.db-wal", "notes.db-shm"), 0o600)


def test_deleted_text_is_overwritten(tmp_path: Path) -> None:
    """What was deleted is in no byte of the closed file."""
    with closing(open_database(tmp_path / "notes.db", [NOTES])) as connection:
        connection.execute("INSERT INTO notes VALUES ('zyzzyva')")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("DELETE FROM notes")
    assert b"zyzzyva" not in (tmp_path / "notes.db").read_bytes()


@pytest.mark.faults
@pytest.mark.parametrize("content", [b"not a database" * 1000, b"SQLite format 3\0" + b"\xa5" * 8176])
def test_a_broken_file_is_moved_aside_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    """A new file is begun, the old one is kept under a name that the log line tells."""
    path = tmp_path / "notes.db"
    path.write_bytes(content)
    with closing(open_database(path, [NOTES])) as connection:
        assert texts(connection) == []
    (aside,) = tmp_path.glob("notes.db.broken-*")
    assert aside.read_bytes() == content
    assert len(caplog.records) == 1
    assert str(path) in caplog.text
    assert str(aside) in caplog.text


@pytest.mark.faults
def test_a_file_that_cannot_be_opened_is_replaced_by_memory(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where the folder cannot be used memory does, and the operator is told; without that wish it is an error."""
    (tmp_path / "data").write_text("in the way")
    with closing(open_database(tmp_path / "data" / "notes.db", [NOTES], memory_fallback=True)) as connection:
        connection.execute("INSERT INTO notes VALUES ('until the end')")
        assert texts(connection) == ["until the end"]
    assert "cannot be opened" in caplog.text
    with pytest.raises(OSError, match="data") as raised:
        open_database(tmp_path / "data" / "notes.db", [NOTES])
    assert passing(raised.value)


@pytest.mark.faults
def test_a_lock_is_no_damage(tmp_path: Path) -> None:
    """A file that another program holds is left where it is."""
    path = tmp_path / "notes.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("CREATE TABLE held (x)")
        with pytest.raises(sqlite3.OperationalError, match="locked") as raised:
            open_database(path, [NOTES])
    assert passing(raised.value)
    assert list(tmp_path.glob("*.broken-*")) == []


def test_two_programs_may_make_the_same_file(tmp_path: Path) -> None:
    """Where both find no tables, one makes them and the other finds them made."""
    problems: list[Exception] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        try:
            connect(tmp_path / "notes.db", [NOTES], busy_seconds=20).close()
        except sqlite3.Error as error:
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
