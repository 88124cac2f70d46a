"""The one thread that writes the log, also while the disk is full, the file locked, or the file broken."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from bot.database import damaged, move_aside, open_database, passing, primary_code, transaction
from bot.querylog.schema import MIGRATIONS

logger = logging.getLogger(__name__)
_T = TypeVar("_T")

_BOUND = 10_000
"""How many changes wait in memory at most."""
_PATIENCE = 1.0
"""Seconds an answer waits for its row at most; a disk that hangs must not silence the bot."""
_SHORT_PATIENCE = 0.05
"""The same while the thread does something that takes long."""
_SYNC_SECONDS = 0.5
"""How long what nobody waits for is left queued, and what could not be written."""
_GRACE_SECONDS = 1.5
"""How long another program may hold the lock, as the review commands do, before that is a problem."""
_STOP_SECONDS = 10.0


class NotWrittenError(Exception):
    """A change could not be committed in time; it stays in memory and is written as soon as the log can be."""


@dataclass(eq=False, slots=True)
class _Change(Generic[_T]):
    run: Callable[[sqlite3.Connection], _T]
    committed: bool = False
    result: _T | None = None


class Writer:
    """A thread that commits changes in the order given, each in a transaction of its own.

    While the database cannot be written, up to 10,000 changes are kept in memory (of more, the oldest are lost). The
    operator is told once, and the writer tries again until it can. A broken file is moved aside and a new one begun.

    Args:
        path: The log.
        prepare: Is called with each newly opened connection, on the thread.
        on_problem: Is told, on the thread, what the operator should know.
    """

    def __init__(
        self, path: Path, *, prepare: Callable[[sqlite3.Connection], None], on_problem: Callable[[str], None]
    ) -> None:
        self.path = path
        self._prepare = prepare
        self._on_problem = on_problem
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="query-log")
        self._pending: deque[_Change[Any]] = deque()
        self._lost = 0
        self._failing_since = 0.0
        self._told = False
        self._reason: Exception | None = None
        self._occupied = False
        """The thread does something that takes long, or the disk hangs."""
        self._connection: sqlite3.Connection | None = None
        self._inode: tuple[int, int] | None = None
        self._queued = asyncio.Event()
        self._upkeep = self._loop.create_task(self._write_queued())
        self.put(lambda connection: None)
        self._thread.submit(self._flush)

    @property
    def backlog(self) -> int:
        """How many changes wait to be committed."""
        return len(self._pending)

    def put(self, run: Callable[[sqlite3.Connection], _T]) -> _Change[_T]:
        """Queue a change that nobody waits for; it is committed within about a second."""
        change = _Change(run)
        if len(self._pending) >= _BOUND:
            with suppress(IndexError):  # the thread was faster
                self._pending.popleft()
                self._lost += 1
        self._pending.append(change)
        self._queued.set()
        return change

    async def write(self, run: Callable[[sqlite3.Connection], _T], *, patience: float | None = None) -> _T:
        """Queue a change and return its result once it is committed.

        Args:
            run: Changes the database; it is called within a transaction.
            patience: How many seconds to wait at most; by default as long as an answer may wait. Nobody waits while the
                log cannot be written.

        Raises:
            NotWrittenError: That takes longer, or the database refuses this change.
        """
        change = self.put(run)
        if not self._failing_since:
            if patience is None:
                patience = _SHORT_PATIENCE if self._occupied else _PATIENCE
            flushed = self._loop.run_in_executor(self._thread, self._flush)
            done, _ = await asyncio.wait({flushed}, timeout=patience)
            self._occupied = self._occupied or not done
        if not change.committed:
            raise NotWrittenError
        return cast("_T", change.result)

    async def run(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do something that takes long and manages its own transactions; return its result.

        Raises:
            sqlite3.Error, OSError: It could not be done; it is not tried again.
        """
        return await self._loop.run_in_executor(self._thread, self._occupy, work)

    async def stop(self, last: Callable[[sqlite3.Connection], object]) -> None:
        """Commit what is queued, do one thing more and close the database.

        What cannot be committed is lost, and the program's log says how much that is.
        """
        self._upkeep.cancel()
        finished = self._loop.run_in_executor(self._thread, self._finish, last)
        _, running = await asyncio.wait({finished}, timeout=_STOP_SECONDS)
        if running and self._connection:
            with suppress(sqlite3.Error):  # it has just been closed
                self._connection.interrupt()
            await asyncio.wait(running, timeout=_STOP_SECONDS)
        self._thread.shutdown(wait=False, cancel_futures=True)
        if lost := self.backlog + self._lost:
            reason = self._reason or ("the disk does not answer" if running else f"memory keeps no more than {_BOUND}")
            logger.error("%d rows and changes are lost; they could not be written to %s: %s.", lost, self.path, reason)

    async def _write_queued(self) -> None:
        """Have the thread write what nobody waits for, try again what could not be written, and sync the file."""
        while True:
            await self._queued.wait()
            await asyncio.sleep(_SYNC_SECONDS)
            self._queued.clear()
            await self._loop.run_in_executor(self._thread, self._flush_and_sync)
            if self._pending:
                self._queued.set()

    # From here on everything runs on the thread.

    def _flush(self, again: bool = False) -> None:
        """Commit what is pending, in order; keep the rest if the log cannot be written now.

        Args:
            again: Try also if the log could not be written the last time.
        """
        while again or not self._failing_since:
            try:
                change = self._pending.popleft()
            except IndexError:
                self._recovered()
                return
            try:
                self._commit(change)
            except Exception as error:
                if not passing(error):
                    logger.exception("The query log cannot take a row; it is lost.")
                    continue
                self._pending.appendleft(change)
                self._keep(error)
                return

    def _commit(self, change: _Change[Any]) -> None:
        """Commit one change; if the file turns out to be broken, into a new one."""
        try:
            self._transact(change)
        except sqlite3.Error as error:
            if not damaged(error):
                raise
            self._move_aside(error)
            self._transact(change)

    def _transact(self, change: _Change[Any]) -> None:
        connection = self._connected()
        with transaction(connection):
            result = change.run(connection)
        change.result, change.committed = result, True

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and self._inode != _inode(self.path):
            # Somebody moved or deleted the file; what is written to it now would be lost with it.
            self._disconnect()
        if self._connection is None:
            connection = open_database(self.path, [MIGRATIONS], on_problem=self._on_problem)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._inode = connection, _inode(self.path)
        return self._connection

    def _move_aside(self, error: sqlite3.Error) -> None:
        self._disconnect()
        move_aside(self.path, error, self._on_problem)

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def _flush_and_sync(self) -> None:
        self._flush(again=True)
        if self._connection is not None:
            with suppress(sqlite3.Error):  # the next commit meets it again
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _occupy(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        self._occupied = True
        try:
            return work(self._connected())
        except sqlite3.Error as error:
            if damaged(error):
                self._move_aside(error)
            raise
        finally:
            self._occupied = False
            self._flush()

    def _finish(self, last: Callable[[sqlite3.Connection], object]) -> None:
        self._flush(again=True)
        try:
            if not self._pending:
                last(self._connected())
        except (sqlite3.Error, OSError) as error:
            logger.warning("The query log %s was closed before everything was done: %s", self.path, error)
        self._disconnect()

    def _keep(self, error: Exception) -> None:
        """Note that the log cannot be written, and tell the operator if that is new."""
        self._disconnect()
        now = time.monotonic()
        self._reason = error
        self._failing_since = self._failing_since or now
        grace = _GRACE_SECONDS if primary_code(error) == sqlite3.SQLITE_BUSY else 0.0
        if not self._told and now >= self._failing_since + grace:
            self._told = True
            self._on_problem(
                f"The query log {self.path} cannot be written ({error}). The bot answers all the same. "
                f"Up to {_BOUND} rows are kept in memory and written as soon as possible."
            )

    def _recovered(self) -> None:
        if self._told:
            lost = f"; {self._lost} rows were lost, for memory keeps no more than {_BOUND}" if self._lost else ""
            logger.warning("The query log %s is written again%s.", self.path, lost)
            self._lost = 0
        self._told = self._occupied = False
        self._failing_since = 0.0
        self._reason = None


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, and done for every commit
    except OSError:
        return None
    return status.st_dev, status.st_ino
