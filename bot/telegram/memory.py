"""What the bot remembers between restarts: languages people chose, who blocked it, and which message answers which.

Chats, people and messages stand in it under keyed hashes, never with their Telegram numbers.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 7 * 24 * 3600
"""How long the bot knows its answer to a question; people can edit theirs for 48 hours."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS secret (key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS languages (person BLOB PRIMARY KEY, language TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocked (chat BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
  question BLOB PRIMARY KEY, message_id INTEGER NOT NULL, entry TEXT NOT NULL, text BLOB NOT NULL, time REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_time ON answers (time);
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


def open_database(path: Path) -> sqlite3.Connection:
    """Open the bot's own database; a broken one is moved aside, one that cannot be opened is replaced by memory."""
    for _ in range(2):
        try:
            return _connect(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                logger.error(
                    "%s cannot be opened (%s): what the bot should remember is lost when it stops.", path, error
                )
                break
            aside = path.with_name(f"{path.name}.broken-{datetime.now(UTC):%Y%m%dT%H%M%S}")
            logger.error("%s is broken (%s); it is moved to %s and a new one begun.", path, error, aside.name)
            for suffix in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    Path(f"{path}{suffix}").replace(f"{aside}{suffix}")
    return _connect(Path(":memory:"))


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=1.0)
    try:
        # Erased texts must not stay readable in free pages.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA quick_check").fetchall()
        connection.executescript(_SCHEMA)
        if str(path) != ":memory:":
            path.chmod(0o600)
    except BaseException:
        connection.close()
        raise
    return connection


class Memory:
    """The remembered things in a SQLite database; a database that cannot be written is logged and otherwise ignored.

    Args:
        alone: no other process writes to the database.
    """

    def __init__(self, connection: sqlite3.Connection, *, alone: bool = True) -> None:
        self._connection = connection
        self._alone = alone
        key = os.urandom(32)
        # In one statement, so that of two replicas that start together both take the same key.
        self._write("INSERT INTO secret (key) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM secret)", key)
        row = connection.execute("SELECT key FROM secret").fetchone()
        self._key: bytes = row[0] if row else key
        self._languages: dict[int, str | None] = {}
        self._kept = 0
        self._blocked = {row[0] for row in connection.execute("SELECT chat FROM blocked")}

    def language(self, person: int) -> str | None:
        """Return the interface language a person chose, if they did."""
        if person not in self._languages or not self._alone:
            if len(self._languages) > 10_000:
                self._languages.clear()
            row = self._connection.execute(
                "SELECT language FROM languages WHERE person = ?", (self._hash("person", person),)
            ).fetchone()
            self._languages[person] = row[0] if row else None
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
        row = self._connection.execute(
            "SELECT message_id, entry, text FROM answers WHERE question = ?", (self._hash("message", *question),)
        ).fetchone()
        return Given(row[0], row[1], row[2] == self._hash("text", text)) if row else None

    def _hash(self, *parts: object) -> bytes:
        return hashlib.blake2b(
            "\0".join(map(str, parts)).encode("utf-8", "surrogatepass"), key=self._key, digest_size=16
        ).digest()

    def _write(self, statement: str, *values: object) -> None:
        try:
            self._connection.execute(statement, values)
        except sqlite3.Error as error:
            logger.error("Something the bot should remember could not be written: %s", error)
