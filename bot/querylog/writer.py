"""The one thread that writes the log, in group commits, through bad times and broken files."""

from __future__ import annotations

import logging
import os
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.querylog.erasure import Salvaged, carry_over, salvage
from bot.querylog.statements import open_for_writing

logger = logging.getLogger(__name__)

_BATCH = 1000
_RETRY_SECONDS = (0.1, 10.0)
"""First and longest pause between attempts while the log cannot be written."""
_SYNC_SECONDS = 1.0
_GRACE_SECONDS = 2.0
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_SCHEMA,
}
_UNDONE = object()


@dataclass(eq=False, slots=True)
class Task:
    """Something to be done to the database, by the writer's thread."""

    run: Callable[[sqlite3.Connection], object]
    done: Callable[[object], None] | None = None
    """Receives the result once it is committed, or the exception for which it was given up."""
    kept: Callable[[], None] | None = None
    """Is told when the log cannot be written and the task waits in memory."""
    alone: bool = False
    """It manages its own transactions."""
    result: object = field(default=_UNDONE, init=False)


_NOTHING = Task(lambda connection: None)
"""Wakes the thread."""


class Writer:
    """A thread that commits tasks in the order given, everything that has queued up in one transaction.

    While the database cannot be written it keeps up to ``bound`` tasks (of more, the oldest are lost), tells
    ``on_trouble`` once, and tries again until it can. A file that is broken is moved aside and a new one begun.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_trouble: Callable[[str], None],
        prepare: Callable[[sqlite3.Connection], None],
        follow_up: Callable[[sqlite3.Connection], object],
        chores: Callable[[sqlite3.Connection], float],
        bound: int,
    ) -> None:
        self.path = path
        self.troubled = False
        """The log cannot be written at present."""
        self.occupied = False
        """A task or chore that takes long is being done; what is submitted now waits for it."""
        self._on_trouble = on_trouble
        self._prepare = prepare
        self._follow_up = follow_up
        self._chores = chores
        self._next_chores = 0.0
        self._queue: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._later: deque[Task] = deque(maxlen=bound)
        self._backlog: deque[Task] = deque()
        self._bound = bound
        self._failing_since = 0.0
        self._lost = 0
        self._reason: Exception | None = None
        self._salvaged: Salvaged | None = None
        self._connection: sqlite3.Connection | None = None
        self._inode: tuple[int, int] | None = None
        self._unsynced = False
        self._synced = 0.0
        self._thread = threading.Thread(target=self._work, name="query-log", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """How many tasks wait to be committed."""
        return self._queue.qsize() + len(self._later) + len(self._backlog)

    def submit(self, task: Task) -> None:
        """Queue a task; never blocks. One too many is lost, as when a disk hangs and nothing is taken off the queue."""
        if self._queue.qsize() < self._bound:
            self._queue.put(task)
            return
        self._lost += 1
        if task.kept:
            task.kept()

    def submit_later(self, task: Task) -> None:
        """Queue a task that need not be committed before a second has passed, nor wake the thread for itself alone."""
        self._later.append(task)
        # Appended first, asked then: the thread looks the other way round, so that no task waits unseen.
        if not self._unsynced:
            self._queue.put(_NOTHING)

    def do_chores_within(self, seconds: float) -> None:
        """Have the chores done sooner than they would be; for what runs on the thread."""
        self._next_chores = min(self._next_chores, time.monotonic() + seconds)

    def stop(self, timeout: float = 10.0) -> None:
        """Commit what is queued and end the thread; what cannot be committed is lost, and the program's log says so."""
        self._queue.put(None)
        self._thread.join(timeout)
        if lost := self.backlog + self._lost:
            reason = (
                "the disk does not answer"
                if self._thread.is_alive()
                else self._reason or f"memory keeps no more than {self._bound}"
            )
            logger.error("%d rows and changes could not be written to %s and are lost: %s.", lost, self.path, reason)

    def _work(self) -> None:
        pause = _RETRY_SECONDS[0]
        stopping = False
        while True:
            stopping = self._collect(pause if self._failing_since else self._leisure()) or stopping
            try:
                self._commit()
                self._recovered()
                pause = _RETRY_SECONDS[0]
                self._between(stopping)
            except (sqlite3.Error, OSError) as error:
                self._disconnect()
                if isinstance(error, sqlite3.Error) and _code(error) in _BROKEN and self._replace(error):
                    self._queue.put(Task(lambda connection: None))
                    continue  # also when stopping: what is queued goes into the new file
                self._keep(error)
                pause = min(pause * 2, _RETRY_SECONDS[1])
            if stopping:
                self._disconnect()
                return

    def _leisure(self) -> float:
        """Return for how many seconds there is nothing to do if nobody asks."""
        if self._later and not self._unsynced:
            return 0.0
        due = min(self._synced + _SYNC_SECONDS, self._next_chores) if self._unsynced else self._next_chores
        return max(0.0, due - time.monotonic())

    def _collect(self, seconds: float) -> bool:
        """Move what is queued to the backlog, waiting so long for something; return whether to stop."""
        deadline = time.monotonic() + seconds
        stopping = False
        wait = True
        while len(self._backlog) < self._bound + _BATCH:
            try:
                task = self._queue.get(block=wait, timeout=max(0.0, deadline - time.monotonic()) if wait else None)
            except queue.Empty:
                break
            if task is None:
                stopping = True
                break
            if task is not _NOTHING:
                self._backlog.append(task)
                if self._failing_since and task.kept:
                    task.kept()
            # While the log cannot be written nothing is gained by hurrying: the next attempt is at the deadline.
            wait = bool(self._failing_since) and time.monotonic() < deadline
            if not wait and self._queue.empty():
                break
        while self._later:
            self._backlog.append(self._later.popleft())
        while len(self._backlog) > self._bound:
            self._backlog.popleft()
            self._lost += 1
        return stopping

    def _commit(self) -> None:
        while self._backlog:
            connection = self._connected()
            batch = [self._backlog[0]]
            if not batch[0].alone:
                batch = []
                for task in self._backlog:
                    if task.alone or len(batch) == _BATCH:
                        break
                    batch.append(task)
            try:
                self._transact(connection, batch)
            except Exception as error:
                if isinstance(error, sqlite3.Error) and _code(error) in _UNAVAILABLE | _BROKEN:
                    raise
                for task in batch:
                    self._transact_one(connection, task)
            for _ in batch:
                self._backlog.popleft()
            for task in batch:
                if task.done:
                    task.done(task.result)

    def _transact(self, connection: sqlite3.Connection, batch: list[Task]) -> None:
        if batch[0].alone:
            with self._occupied():
                batch[0].result = batch[0].run(connection)
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            for task in batch:
                task.result = task.run(connection)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        self._unsynced = True

    def _transact_one(self, connection: sqlite3.Connection, task: Task) -> None:
        """Commit a task by itself, so that one that cannot be done does not take the others with it."""
        try:
            self._transact(connection, [task])
        except Exception as error:
            if isinstance(error, sqlite3.Error) and _code(error) in _UNAVAILABLE | _BROKEN:
                raise
            logger.exception("The query log cannot take a row; it is lost.")
            task.result = error

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and self._inode != _inode(self.path):
            # Somebody moved or deleted the file under us: what is written to it now would be lost with it.
            self._disconnect()
        if self._connection is None:
            connection = open_for_writing(self.path)
            try:
                if self._salvaged is not None:
                    carry_over(connection, self._salvaged)
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._inode = connection, _inode(self.path)
            self._salvaged = None
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def _between(self, stopping: bool) -> None:
        """Do what can wait until nobody waits: follow up new rows, sync to the disk, the chores that are due."""
        if self._connection is None or not self._queue.empty():
            return
        if self._unsynced and (stopping or time.monotonic() >= self._synced + _SYNC_SECONDS):
            self._synced = time.monotonic()
            self._follow_up(self._connection)
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            self._unsynced = False
        if time.monotonic() >= self._next_chores and not stopping:
            with self._occupied():
                self._next_chores = time.monotonic() + self._chores(self._connection)

    @contextmanager
    def _occupied(self) -> Iterator[None]:
        self.occupied = True
        try:
            yield
        finally:
            self.occupied = False

    def _keep(self, error: Exception) -> None:
        now = time.monotonic()
        self._reason = error
        self._failing_since = self._failing_since or now
        # Another program may hold the lock for a moment, as the review commands do: that is no trouble yet.
        grace = _GRACE_SECONDS if isinstance(error, sqlite3.Error) and _code(error) == sqlite3.SQLITE_BUSY else 0.0
        if not self.troubled and now >= self._failing_since + grace:
            self.troubled = True
            self._on_trouble(
                f"The query log {self.path} cannot be written ({error}). Questions are answered all the same; "
                f"up to {self._bound} rows are kept in memory and written as soon as it can be."
            )
        for task in self._backlog:
            if task.kept:
                task.kept()

    def _recovered(self) -> None:
        if self.troubled:
            lost = f"; {self._lost} were lost, for memory keeps no more than {self._bound}" if self._lost else ""
            logger.warning("The query log %s is written again%s.", self.path, lost)
            self._lost = 0
        self.troubled = False
        self._failing_since = 0.0
        self._reason = None

    def _replace(self, error: Exception) -> bool:
        """Move a broken database aside; return whether that worked."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        aside = self.path.with_name(f"{self.path.name}.broken-{stamp}")
        try:
            for suffix in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    Path(f"{self.path}{suffix}").rename(f"{aside}{suffix}")
        except OSError:
            return False
        self._salvaged = salvage(aside)
        opted_out = (
            "who opted out was carried over"
            if "opt_outs" in self._salvaged
            else "who had opted out cannot be read from it, and is recorded until they opt out again"
        )
        self._on_trouble(
            f"The query log {self.path} is broken ({error}). It was moved to {aside} and a new one begun; {opted_out}; "
            f"what can be saved of it: sqlite3 {aside} .recover"
        )
        return True


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, and done for every commit
    except OSError:
        return None
    return status.st_dev, status.st_ino
