"""Who wants to be told when their question is answered: their chat, for as long as that takes, and nothing else."""

from __future__ import annotations

import logging
import sqlite3
import time

from sqlite_utils import Database, Migrations

from bot.database import DATABASE_ERRORS

logger = logging.getLogger(__name__)

REQUEST_SECONDS = 90 * 24 * 3600.0
"""How long a chat is kept at most."""

REQUEST_MIGRATIONS = Migrations("answer-requests")


@REQUEST_MIGRATIONS(name="0001_answer_requests")
def _answer_requests(database: Database) -> None:
    database.conn.execute(
        "CREATE TABLE answer_requests (entry TEXT PRIMARY KEY, chat INTEGER NOT NULL, time REAL NOT NULL) WITHOUT ROWID"
    )


class AnswerRequests:
    """The private chats to tell, by the entry of their question in the query log.

    An error of the database is logged and never raised: then nobody is told.

    Args:
        connection: A database to which ``REQUEST_MIGRATIONS`` were applied.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def add(self, entry: str, chat: int) -> bool:
        """Note that a chat wants to be told of a question; return whether that could be written."""
        return self._write("INSERT OR REPLACE INTO answer_requests VALUES (?, ?, ?)", entry, chat, time.time())

    async def claim(self, entry: str) -> bool:
        """Return whether nobody else tells of a question now; here nobody else can."""
        return True

    async def remove(self, entry: str) -> None:
        """Forget who wants to be told of a question."""
        self._write("DELETE FROM answer_requests WHERE entry = ?", entry)

    async def remove_chat(self, chat: int) -> None:
        """Forget everything that a chat wants to be told of."""
        self._write("DELETE FROM answer_requests WHERE chat = ?", chat)

    async def remove_old(self) -> None:
        """Forget what was asked for more than 90 days ago."""
        self._write("DELETE FROM answer_requests WHERE time < ?", time.time() - REQUEST_SECONDS)

    async def of_chat(self, chat: int) -> list[str]:
        """Return the entries that a chat wants to be told of, the oldest first."""
        return [entry for entry, other in await self.all() if other == chat]

    async def all(self) -> list[tuple[str, int]]:
        """Return every entry with the chat to tell, the oldest first."""
        try:
            return self._connection.execute("SELECT entry, chat FROM answer_requests ORDER BY time").fetchall()
        except DATABASE_ERRORS as error:
            logger.error("It could not be read who wants to be told of an answer: %s", error)
            return []

    def _write(self, statement: str, *values: object) -> bool:
        try:
            self._connection.execute(statement, values)
        except DATABASE_ERRORS as error:
            logger.error("Who wants to be told of an answer could not be written: %s", error)
            return False
        return True
