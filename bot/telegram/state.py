"""What the bot remembers between restarts.

These are the languages people chose, who blocked the bot, who opted out of being recorded, which message answers
which question, and which of the bot's messages quotes what. Chats, people and messages stand in it under keyed
hashes, never with their Telegram numbers.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlite_utils import Database, Migrations

from bot.database import DATABASE_ERRORS

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 7 * 24 * 3600
"""How long the bot knows its answer to a question; people can edit theirs for 48 hours."""
_KEY_BYTES = 32
_REMEMBERED = 10_000

STATE_MIGRATIONS = Migrations("bot-state")


@STATE_MIGRATIONS(name="0001_state")
def _state(database: Database) -> None:
    for statement in (
        "CREATE TABLE IF NOT EXISTS secret (key BLOB NOT NULL)",
        "CREATE TABLE IF NOT EXISTS languages (person BLOB PRIMARY KEY, language TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS blocked (chat BLOB PRIMARY KEY) WITHOUT ROWID",
        # Under the pseudonyms of the query log, which leaves these people out.
        "CREATE TABLE IF NOT EXISTS opt_outs (person TEXT PRIMARY KEY) WITHOUT ROWID",
        """CREATE TABLE IF NOT EXISTS answers (
            question BLOB PRIMARY KEY, message_id INTEGER NOT NULL, entry TEXT NOT NULL, text BLOB NOT NULL,
            time REAL NOT NULL
        ) WITHOUT ROWID""",
        "CREATE INDEX IF NOT EXISTS answers_time ON answers (time)",
    ):
        database.conn.execute(statement)


@STATE_MIGRATIONS(name="0002_quotes")
def _quotes(database: Database) -> None:
    for statement in (
        """CREATE TABLE IF NOT EXISTS quotes (
            message BLOB PRIMARY KEY, snippet TEXT NOT NULL, language TEXT NOT NULL, sentence INTEGER, entry TEXT,
            time REAL NOT NULL
        ) WITHOUT ROWID""",
        "CREATE INDEX IF NOT EXISTS quotes_time ON quotes (time)",
    ):
        database.conn.execute(statement)


class Posted(NamedTuple):
    """A message by its chat, its id there, and when it was posted (seconds since 1970)."""

    chat: int
    message_id: int
    date: int


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was sent: its message, its entries in the log, and whether it answers this very text."""

    message_id: int
    entries: tuple[str, ...]
    """One for each question of the message."""
    same_text: bool


class QuoteShown(NamedTuple):
    """What a message of the bot quotes: a snippet by its key, which sentence it points out, and the log's entry."""

    key: str
    language: str
    sentence: int | None
    entry: str | None


class BotState:
    """The remembered things in a SQLite database.

    An error of the database is logged and never raised. What cannot be written is remembered, as far as this class
    keeps it in memory, until the bot stops; what cannot be read is not known.

    Args:
        connection: A database to which ``STATE_MIGRATIONS`` were applied.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        key = os.urandom(_KEY_BYTES)
        self._write("INSERT INTO secret (key) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM secret)", key)
        kept = self._row("SELECT key FROM secret")
        self._key: bytes = kept[0] if kept else key
        self._languages: dict[int, str | None] = {}
        self._votes: OrderedDict[str, int] = OrderedDict()
        self._blocked = {row[0] for row in self._rows("SELECT chat FROM blocked")}

    async def know(self, person: int) -> None:
        """Learn what is remembered of a person before it is asked for; here it is always at hand."""

    def language(self, person: int) -> str | None:
        """Return the interface language a person chose, if they did."""
        if person not in self._languages:
            if len(self._languages) > _REMEMBERED:
                self._languages.clear()
            row = self._row("SELECT language FROM languages WHERE person = ?", self._hash("person", person))
            self._languages[person] = row[0] if row else None
        return self._languages[person]

    async def choose_language(self, person: int, language: str | None) -> None:
        """Remember the interface language of a person, or (``None``) forget that they chose one."""
        self._languages[person] = language
        if language is None:
            self._write("DELETE FROM languages WHERE person = ?", self._hash("person", person))
        else:
            self._write("INSERT OR REPLACE INTO languages VALUES (?, ?)", self._hash("person", person), language)

    async def block(self, chat: int) -> None:
        """Remember that nothing can be sent to a chat."""
        if (name := self._hash("chat", chat)) not in self._blocked:
            self._blocked.add(name)
            self._write("INSERT OR IGNORE INTO blocked (chat) VALUES (?)", name)

    async def unblock(self, chat: int) -> None:
        """Remember that a chat can be written to again."""
        if self._blocked and (name := self._hash("chat", chat)) in self._blocked:
            self._blocked.discard(name)
            self._write("DELETE FROM blocked WHERE chat = ?", name)

    async def blocked(self, chat: int) -> bool:
        """Return whether a chat is known not to take messages."""
        return bool(self._blocked) and self._hash("chat", chat) in self._blocked

    def opt_outs(self) -> set[str]:
        """Return the pseudonyms of everybody who opted out of being recorded."""
        return {row[0] for row in self._rows("SELECT person FROM opt_outs")}

    def set_opt_out(self, person: str, out: bool) -> None:
        """Remember that a person, by their pseudonym, opted out of being recorded, or no longer does."""
        if out:
            self._write("INSERT OR IGNORE INTO opt_outs (person) VALUES (?)", person)
        else:
            self._write("DELETE FROM opt_outs WHERE person = ?", person)

    async def remember_answer(self, question: Posted, text: str, message_id: int, entries: Sequence[str] = ()) -> None:
        """Remember which message answers a question, so that an edit of one changes the other."""
        now = time.time()
        self._write("DELETE FROM answers WHERE time < ?", now - ANSWER_SECONDS)
        row = (self._hash("message", *question), message_id, " ".join(entries), self._hash("text", text), now)
        self._write("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", *row)

    async def answer_to(self, question: Posted, text: str) -> Given | None:
        """Return the answer given to a question, if it is remembered."""
        row = self._row(
            "SELECT message_id, entry, text FROM answers WHERE question = ?", self._hash("message", *question)
        )
        return Given(row[0], tuple(row[1].split()), row[2] == self._hash("text", text)) if row else None

    async def remember_quote(self, chat: int, message_id: int, quote: QuoteShown) -> None:
        """Remember what a message of the bot quotes, so that whoever replies to it can go on from there."""
        now = time.time()
        self._write("DELETE FROM quotes WHERE time < ?", now - ANSWER_SECONDS)
        self._write(
            "INSERT OR REPLACE INTO quotes VALUES (?, ?, ?, ?, ?, ?)",
            self._hash("quote", chat, message_id),
            *quote,
            now,
        )

    async def forget_quote(self, chat: int, message_id: int) -> None:
        """Forget what a message of the bot quoted before it was changed."""
        self._write("DELETE FROM quotes WHERE message = ?", self._hash("quote", chat, message_id))

    async def quote_in(self, chat: int, message_id: int) -> QuoteShown | None:
        """Return what a message of the bot quotes, if it is remembered."""
        row = self._row(
            "SELECT snippet, language, sentence, entry FROM quotes WHERE message = ?",
            self._hash("quote", chat, message_id),
        )
        return QuoteShown(*row) if row else None

    async def vote_on(self, entry: str) -> int | None:
        """Return the last vote on an answer, if one was given since the start."""
        return self._votes.get(entry)

    async def remember_vote(self, entry: str, value: int) -> None:
        """Remember the last vote on an answer, so that the same vote again takes it back."""
        self._votes[entry] = value
        self._votes.move_to_end(entry)
        if len(self._votes) > _REMEMBERED:
            self._votes.popitem(last=False)

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
