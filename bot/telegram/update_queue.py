"""Received updates: kept safe before Telegram may forget them, and until they are answered.

python-telegram-bot's ``Updater`` awaits ``put`` for every update before it confirms the update to Telegram, and the
webhook awaits it before it answers. So a queue whose ``put`` writes the update to SQLite loses nothing when the process
is killed. ``put`` also waits while too many updates are unfinished, so the rest stays at Telegram.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import time
from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from sqlite_utils import Database, Migrations
from telegram import Bot, Update

from bot.database import DATABASE_ERRORS, transaction

logger = logging.getLogger(__name__)

REMEMBERED_SECONDS = 48 * 3600
"""How long the number of a finished update is kept. Telegram delivers no update that is older than a day."""
ATTEMPTS = 4
"""How many processes an update may end before it is given up."""

UPDATE_MIGRATIONS = Migrations("updates")


@UPDATE_MIGRATIONS(name="0001_updates")
def create_updates(database: Database) -> None:
    """Create the table of received updates; ``payload`` is empty once an update is finished."""
    database.execute(
        "CREATE TABLE updates (update_id INTEGER PRIMARY KEY, received REAL NOT NULL, "
        "attempts INTEGER NOT NULL DEFAULT 0, sending INTEGER NOT NULL DEFAULT 0, payload TEXT)"
    )
    database.execute("CREATE INDEX updates_unfinished ON updates (update_id) WHERE payload IS NOT NULL")


_INSERT = "INSERT OR REPLACE INTO updates (update_id, received, payload) VALUES (?, ?, ?)"
_ATTEMPT = "UPDATE updates SET attempts = attempts + 1 WHERE update_id = ?"
_SENDING = "UPDATE updates SET sending = 1 WHERE update_id = ?"
_NOT_SENT = "UPDATE updates SET sending = 0 WHERE update_id = ?"
_DONE = "UPDATE updates SET payload = NULL WHERE update_id = ?"
_FORGET = "DELETE FROM updates WHERE payload IS NULL AND received < ?"
_DURABLE = frozenset({_INSERT, _SENDING})
"""Statements that must survive a power cut. A lost ``_DONE`` only repeats an answer, and ``_SENDING`` marks it."""
_FORGET_EVERY = 1000
_UNWRITTEN = 100_000


@dataclass(slots=True)
class Progress:
    """How far the handling of one update has come."""

    update_id: int
    resumed: bool = False
    """An earlier process received the update and did not finish it."""
    attempts: int = 0
    """How many processes resumed the update and ended before it was finished."""
    perhaps_answered: bool = False
    """An answer was on its way when the earlier process ended."""
    answered: bool = False
    """An answer was sent by this process."""
    busy: bool = False
    """So many updates are unfinished that the answer takes seconds."""
    turned_away: bool = False
    """Too many updates of the same chat are unfinished."""
    received: float = field(default_factory=time.monotonic)
    handling: asyncio.Task[None] | None = None
    """The task that handles the update, or waits for its turn."""

    @property
    def given_up(self) -> bool:
        """Whether the update ended so many processes that it is not handled again."""
        return self.attempts >= ATTEMPTS


class NotTakenError(Exception):
    """An update cannot be kept now, so Telegram must deliver it again."""


class UpdateQueue(asyncio.Queue[object], ABC):
    """The application's queue of updates, each kept outside the process until it is finished.

    Args:
        bound: how many updates may be unfinished before no more are taken from Telegram.
    """

    def __init__(self, bound: int) -> None:
        super().__init__()
        self._bound = bound
        self._progress: dict[int, Progress] = {}
        self._changed = asyncio.Event()

    @property
    def unfinished(self) -> int:
        """How many updates wait in this process or are being handled."""
        return len(self._progress)

    @property
    def crowded(self) -> bool:
        """Whether no more updates are taken from Telegram."""
        return self.unfinished >= self._bound

    def progress(self, update_id: int) -> Progress | None:
        """Return how far an unfinished update has come."""
        return self._progress.get(update_id)

    @abstractmethod
    async def resume(self, bot: Bot) -> int:
        """Queue what an earlier process received and did not finish; return how many updates that are."""

    @abstractmethod
    async def count_attempt(self, update_id: int) -> None:
        """Count one more attempt at an update that an earlier process left."""

    @abstractmethod
    async def mark_sending(self, update_id: int) -> None:
        """Note that an answer is on its way from now on."""

    @abstractmethod
    async def mark_not_sent(self, update_id: int) -> None:
        """Note that the answer certainly did not arrive."""

    @abstractmethod
    async def mark_done(self, update_id: int) -> None:
        """Erase a finished update; its number stays for a while so that it is not taken again."""

    async def retire(self) -> None:
        """Begin with no more updates than those in this process."""

    async def drain(self, seconds: float) -> int:
        """Wait until nothing is unfinished, at most so long; return how many updates are left."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._progress:
                    self._changed.clear()
                    await self._changed.wait()
        return self.unfinished

    async def close(self) -> None:
        """Let go of what only this process holds."""

    def _drop(self, update_id: int) -> None:
        self._progress.pop(update_id, None)
        self._changed.set()


class DurableQueue(UpdateQueue):
    """The queue of one process on its own disk.

    If the database cannot be written, the queue goes on in memory, logs that once, and writes later. ``put`` waits
    while too many updates are unfinished.

    Args:
        connection: a database with ``UPDATE_MIGRATIONS`` applied, in autocommit mode.
        bound: how many updates may be unfinished before ``put`` waits.
    """

    def __init__(self, connection: sqlite3.Connection, bound: int) -> None:
        super().__init__(bound)
        self._connection = connection
        self._unwritten: deque[tuple[str, tuple[object, ...]]] = deque(maxlen=_UNWRITTEN)
        self._failing = False
        self._taken = 0

    async def put(self, item: object) -> None:
        """Write an update to the disk and queue it; wait for room first. An update received before is left out."""
        if not isinstance(item, Update):
            await super().put(item)
            return
        while self.crowded:
            self._changed.clear()
            await self._changed.wait()
        number = item.update_id
        if number in self._progress or self._finished_before(number):
            return
        self._progress[number] = Progress(number)
        try:
            self._write(_INSERT, number, time.time(), item.to_json())
        except (TypeError, ValueError):
            # An error here would end the polling. The library fails so on a known field in an unexpected place.
            logger.exception("Update %s cannot be written to the disk.", number)
        self._forget_old()
        await super().put(item)

    async def resume(self, bot: Bot) -> int:
        """Queue what an earlier process received and did not finish; return how many updates that are."""
        for number, payload, attempts, sending in self._left():
            try:
                update = Update.de_json(json.loads(payload), bot)
            except Exception:
                logger.exception("Update %s was received before and cannot be read.", number)
                self._write(_DONE, number)
                continue
            self._progress[number] = Progress(number, True, attempts, bool(sending))
            self.put_nowait(update)
        return self.unfinished

    async def count_attempt(self, update_id: int) -> None:
        """Count one more attempt at an update that an earlier process left."""
        self._write(_ATTEMPT, update_id)

    async def mark_sending(self, update_id: int) -> None:
        """Note that an answer is on its way from now on."""
        self._write(_SENDING, update_id)

    async def mark_not_sent(self, update_id: int) -> None:
        """Note that the answer certainly did not arrive."""
        self._write(_NOT_SENT, update_id)

    async def mark_done(self, update_id: int) -> None:
        """Erase a finished update; its number stays for a while so that it is not taken again."""
        self._drop(update_id)
        self._write(_DONE, update_id)

    async def close(self) -> None:
        """Write what could not be written before, as far as that works now."""
        self._flush()

    def _finished_before(self, number: int) -> bool:
        query = "SELECT 1 FROM updates WHERE update_id = ? AND received > ?"
        try:
            # Telegram restarts its numbers at random after a quiet week, so an old number proves nothing.
            return bool(self._connection.execute(query, (number, time.time() - REMEMBERED_SECONDS)).fetchone())
        except DATABASE_ERRORS as error:
            self._report(error)
            return False

    def _left(self) -> list[tuple[int, str, int, int]]:
        query = "SELECT update_id, payload, attempts, sending FROM updates WHERE payload IS NOT NULL ORDER BY update_id"
        try:
            return self._connection.execute(query).fetchall()
        except DATABASE_ERRORS as error:
            self._report(error)
            return []

    def _forget_old(self) -> None:
        self._taken += 1
        if self._taken % _FORGET_EVERY == 0:
            self._write(_FORGET, time.time() - REMEMBERED_SECONDS)

    def _write(self, statement: str, *values: object) -> None:
        self._unwritten.append((statement, values))
        self._flush()

    def _flush(self) -> None:
        """Write what is not written yet."""
        # A full disk fails only at the end of a transaction, so one statement tells whether it still is full.
        if self._failing and not self._write_first(1):
            return
        if self._write_first(len(self._unwritten)):
            self._failing = False

    def _write_first(self, count: int) -> bool:
        """Write the oldest statements in one transaction; return whether that worked."""
        statements = list(islice(self._unwritten, count))
        durable = any(statement in _DURABLE for statement, _ in statements)
        try:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            with transaction(self._connection):
                for statement, values in statements:
                    self._connection.execute(statement, values)
        except DATABASE_ERRORS as error:
            self._report(error)
            return False
        for _ in statements:
            self._unwritten.popleft()
        return True

    def _report(self, error: Exception) -> None:
        if not self._failing:
            logger.error(
                "Received messages cannot be written to the disk (%s). Those not answered when the bot stops are lost.",
                error,
            )
        self._failing = True
