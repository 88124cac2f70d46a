"""What the bot remembers between restarts: languages people chose, who blocked it, and which message answers which.

Chats, people and messages stand in it under keyed hashes, never with their Telegram numbers.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 7 * 24 * 3600
"""How long the bot knows its answer to a question; people can edit theirs for 48 hours."""

MEMORY_SCHEMA = """
CREATE TABLE IF NOT EXISTS secret (key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS languages (person BLOB PRIMARY KEY, language TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocked (chat BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
  question BLOB PRIMARY KEY, message_id INTEGER NOT NULL, entry TEXT NOT NULL, text BLOB NOT NULL, time REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_time ON answers (time);
"""

DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What using a database may raise; the second where SQLite's own message quotes text of a damaged file."""
_KEY_BYTES = 32
_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL,
    }
)  # fmt: skip
"""What SQLite says of a disk, of rights and of other programs, not of what is in the file."""
_LAYOUT = """
SELECT t.name, c.name, c.type, c."notnull", c.pk FROM sqlite_master AS t, pragma_table_info(t.name) AS c
WHERE t.type = 'table'
"""


class Posted(NamedTuple):
    """A message by its chat, its id there, and when it was posted (seconds since 1970)."""

    chat: int
    message_id: int
    date: int


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was sent: its message, its entry in the log, and whether it answers this very text."""

    message_id: int
    entry: str
    same_text: bool


def open_database(path: Path, *schemas: str) -> sqlite3.Connection:
    """Open one of the bot's own databases, with the tables that these statements make where they are missing.

    A damaged one is moved aside and a new one begun; one that cannot be opened is replaced by memory.
    """
    for _ in range(2):
        try:
            return _connect(path, schemas)
        except (*DATABASE_ERRORS, OSError) as error:
            if not damaged(error):
                logger.error(
                    "%s cannot be opened (%s): what the bot should remember is lost when it stops.", path, error
                )
                break
            aside = path.with_name(f"{path.name}.broken-{datetime.now(UTC):%Y%m%dT%H%M%S}")
            logger.error("%s is broken (%s); it is moved to %s and a new one begun.", path, error, aside.name)
            # What cannot be moved is found broken once more, and then memory takes its place.
            for suffix in ("", "-wal", "-shm"):
                with suppress(OSError):
                    Path(f"{path}{suffix}").replace(f"{aside}{suffix}")
    return _connect(Path(":memory:"), schemas)


def damaged(error: Exception) -> bool:
    """Return whether an error tells of what is in a database, so that it will not pass."""
    # An error that is Python's own, such as text that is not UTF-8, has no code of SQLite's.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return isinstance(error, DATABASE_ERRORS) and code & 0xFF not in _PASSING


def _connect(path: Path, schemas: Sequence[str]) -> sqlite3.Connection:
    if str(path) != ":memory:":
        _keep_private(path)
    connection = sqlite3.connect(path, isolation_level=None, timeout=1.0)
    try:
        # Erased texts must not stay readable in free pages.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        for schema in schemas:
            connection.executescript(schema)
        _check_layout(connection, schemas)
    except BaseException:
        connection.close()
        raise
    return connection


def _keep_private(path: Path) -> None:
    """Make the file, if need be, for the bot alone; SQLite gives the files beside it the same mode."""
    # One that is there is not opened: closing it would let go of the locks that this process holds on it.
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with suppress(OSError):
        path.chmod(0o600)


def _check_layout(connection: sqlite3.Connection, schemas: Sequence[str]) -> None:
    """Raise DatabaseError if a table has not the columns that it should: its definition can be damaged too."""
    with closing(sqlite3.connect(":memory:")) as model:
        for schema in schemas:
            model.executescript(schema)
        wanted = set(model.execute(_LAYOUT))
    if missing := wanted - set(connection.execute(_LAYOUT)):
        raise sqlite3.DatabaseError(f"table {min(missing)[0]} is not what it should be")


class Memory:
    """The remembered things in a SQLite database.

    A database that cannot be written is logged and otherwise ignored; what cannot be read from it is not known.

    Args:
        connection: a database with the tables of ``MEMORY_SCHEMA``.
        alone: no other process writes to the database.
    """

    def __init__(self, connection: sqlite3.Connection, *, alone: bool = True) -> None:
        self._connection = connection
        self._alone = alone
        key = os.urandom(_KEY_BYTES)
        self._write("DELETE FROM secret WHERE typeof(key) <> 'blob' OR length(key) <> ?", _KEY_BYTES)
        # In one statement, so that of two replicas that start together both take the same key.
        self._write("INSERT INTO secret (key) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM secret)", key)
        kept = self._row("SELECT key FROM secret WHERE typeof(key) = 'blob' AND length(key) = ?", _KEY_BYTES)
        self._key: bytes = kept[0] if kept else key
        self._languages: dict[int, str | None] = {}
        self._kept = 0
        self._blocked = {row[0] for row in self._rows("SELECT chat FROM blocked")}

    def language(self, person: int) -> str | None:
        """Return the interface language a person chose, if they did."""
        if person not in self._languages or not self._alone:
            if len(self._languages) > 10_000:
                self._languages.clear()
            row = self._row("SELECT language FROM languages WHERE person = ?", self._hash("person", person))
            self._languages[person] = row[0] if row and isinstance(row[0], str) else None
        return self._languages[person]

    def choose_language(self, person: int, language: str | None) -> None:
        """Remember the interface language of a person, or (``None``) forget that they chose one."""
        self._languages[person] = language
        if language is None:
            self._write("DELETE FROM languages WHERE person = ?", self._hash("person", person))
        else:
            self._write(
                "INSERT OR REPLACE INTO languages (person, language) VALUES (?, ?)",
                self._hash("person", person),
                language,
            )

    def block(self, chat: int) -> None:
        """Remember that nothing can be sent to a chat."""
        if (name := self._hash("chat", chat)) not in self._blocked:
            self._blocked.add(name)
            self._write("INSERT OR IGNORE INTO blocked (chat) VALUES (?)", name)

    def unblock(self, chat: int) -> None:
        """Remember that a chat can be written to again."""
        if self._blocked and (name := self._hash("chat", chat)) in self._blocked:
            self._blocked.discard(name)
            self._write("DELETE FROM blocked WHERE chat = ?", name)

    def blocked(self, chat: int) -> bool:
        """Return whether a chat is known not to take messages."""
        return bool(self._blocked) and self._hash("chat", chat) in self._blocked

    def remember_answer(self, question: Posted, text: str, message_id: int, entry: str) -> None:
        """Remember which message answers a question, so that an edit of one changes the other."""
        self._kept += 1
        if self._kept % 1000 == 1:
            self._write("DELETE FROM answers WHERE time < ?", time.time() - ANSWER_SECONDS)
        self._write(
            "INSERT OR REPLACE INTO answers (question, message_id, entry, text, time) VALUES (?, ?, ?, ?, ?)",
            self._hash("message", *question), message_id, entry, self._hash("text", text), time.time(),
        )  # fmt: skip

    def answer_to(self, question: Posted, text: str) -> Given | None:
        """Return the answer given to a question, if it is remembered."""
        row = self._row(
            "SELECT message_id, entry, text FROM answers WHERE question = ?", self._hash("message", *question)
        )
        if row is None or not isinstance(row[0], int) or not isinstance(row[1], str):
            return None
        return Given(row[0], row[1], row[2] == self._hash("text", text))

    def _hash(self, *parts: object) -> bytes:
        return hashlib.blake2b(
            "\0".join(map(str, parts)).encode("utf-8", "surrogatepass"), key=self._key, digest_size=16
        ).digest()

    def _row(self, query: str, *values: object) -> Any:
        return next(iter(self._rows(query, *values)), None)

    def _rows(self, query: str, *values: object) -> list[Any]:
        try:
            return self._connection.execute(query, values).fetchall()
        except DATABASE_ERRORS as error:
            logger.error("Something the bot remembers could not be read: %s", error)
            return []

    def _write(self, statement: str, *values: object) -> None:
        try:
            self._connection.execute(statement, values)
        except DATABASE_ERRORS as error:
            logger.error("Something the bot should remember could not be written: %s", error)
