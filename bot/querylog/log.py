"""The query log as the rest of the program sees it: what is recorded, and people's rights over it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ulid import ULID

from bot.querylog import clock, erasure, statements
from bot.querylog.entry import Delivery, Entry, new_id, row_of, timestamp
from bot.querylog.pseudonyms import Pseudonyms
from bot.querylog.writer import Task, Writer
from bot.review import chart
from bot.review.queries import Stats, stats
from index.errors import UserFacingError

__all__ = ["Delivery", "Entry", "Forgotten", "QueryLog", "QueryLogError", "Stats"]

logger = logging.getLogger(__name__)
_T = TypeVar("_T")
_Settled = tuple[asyncio.Future[object], object]

_PATIENCE = 1.0
"""Seconds an answer waits for its row at most; a disk that hangs must not silence the bot."""
_LONG_PATIENCE = 60.0
"""Seconds a person's request about their own data waits at most."""
_BOUND = 10_000
_REMEMBERED = 10_000
_SHORT_PATIENCE = 0.05
"""The same while the log is busy with something that takes long."""
_CHORES_EVERY = 3600.0
_SCRUB_AGAIN = 60.0
_DELETED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted of a person."""

    questions: int
    erased: asyncio.Future[None]
    """Done when no copy of their text is left in the log, its search index, its write-ahead log and its backups."""


class QueryLogError(UserFacingError):
    """Something asked of the query log could not be done now; the text says what becomes of it."""


def _log_trouble(text: str) -> None:
    logger.error("%s", text)


class QueryLog:
    """The log of one process. Its methods may be called from the event loop; none of them blocks it.

    Nothing here raises because the log cannot be written, except the requests of people about their own data, who must
    be told.
    """

    def __init__(
        self,
        path: Path,
        pseudonyms: Pseudonyms | None,
        *,
        key_file: Path,
        enabled: bool,
        retention_days: int,
        on_trouble: Callable[[str], None],
    ) -> None:
        self.path = path
        self.enabled = enabled
        self._pseudonyms = pseudonyms
        self._key_file = key_file
        self._retention_days = retention_days
        self._on_trouble = on_trouble
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opted_out: set[str] = set()
        self._askers: OrderedDict[str, str | None] = OrderedDict()
        self._settled: deque[_Settled] = deque()
        self._erasing: list[asyncio.Future[None]] = []
        self._watched = time.monotonic()
        self._clock_doubted = False
        self._writer: Writer | None = None
        if enabled or path.exists():
            self._writer = Writer(
                path,
                on_trouble=self._trouble,
                prepare=self._prepare,
                follow_up=_take_up,
                chores=self._chores,
                bound=_BOUND,
            )
            self._writer.submit(Task(lambda connection: None))

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        key_file: Path,
        retention_days: int = 180,
        enabled: bool = True,
        on_trouble: Callable[[str], None] = _log_trouble,
    ) -> QueryLog:
        """Open the log at ``path``, making it and the pseudonyms' key where there are none.

        Args:
            path: The SQLite file; its folder is made too.
            key_file: The secret from which pseudonyms are made; keep it apart from copies of the log.
            retention_days: Rows older than this are deleted, checked once an hour; 0 keeps them for ever.
            enabled: ``False`` writes nothing, yet people can still see and delete what was written before.
            on_trouble: Is told once, in a sentence for the operator, whenever the log stops being writable or is found
            broken.
                It is called on the event loop last seen recording, else on the log's own thread.
        """
        pseudonyms: Pseudonyms | None = None
        try:
            pseudonyms = Pseudonyms.open(key_file) if enabled or path.exists() else Pseudonyms.passing()
        except (OSError, ValueError) as error:
            on_trouble(
                f"The pseudonym key {key_file} cannot be used ({error}). Without it nobody can tell who opted out, "
                "so nothing is recorded until it can be used, which is tried again at the next start."
            )
        return cls(
            path, pseudonyms, key_file=key_file, enabled=enabled, retention_days=retention_days, on_trouble=on_trouble
        )

    async def record(self, entry: Entry) -> str:
        """Write one question; return its id once the row is committed (or, if that cannot be done now, kept in memory).

        People who opted out, and a log that is switched off or has no key, get an id too, but nothing is written under
        it.
        """
        made = new_id()
        entry_id = str(made)
        if not self.enabled or self._writer is None:
            return entry_id
        if self._pseudonyms:
            person = None if entry.person is None else self._pseudonyms.person(entry.person)
            if person in self._opted_out:
                return entry_id
            self._askers[entry_id] = person
            if len(self._askers) > _REMEMBERED:
                self._askers.popitem(last=False)
        patience = _SHORT_PATIENCE if self._writer.occupied else _PATIENCE
        await self._do(partial(self._insert, entry=entry, entry_id=made), None, patience=patience)
        return entry_id

    def delivered(self, entry_id: str, outcome: Delivery) -> None:
        """Note what became of the answer, within about a second; returns at once."""
        if self._writer and self.enabled:
            self._writer.submit_later(
                Task(partial(statements.set_delivery, entry_id=entry_id, outcome=outcome, moment=timestamp()))
            )

    async def vote(self, entry_id: str, person: int, value: int) -> bool:
        """Set (+1, -1) or take back (0) the asker's vote; ``False`` if somebody else asked."""
        return await self._judge(entry_id, person, partial(statements.vote, value=value))

    async def request(self, entry_id: str, person: int) -> bool:
        """Note that the asker wishes an answer to be added; ``False`` if somebody else asked."""
        return await self._judge(entry_id, person, statements.request)

    async def opt_out(self, person: int, out: bool) -> None:
        """Stop (or resume) writing what a person asks; what was written stays until they have it forgotten.

        Raises:
            QueryLogError: the wish holds until the program ends, but could not be written down yet; or there is no key,
            and nothing is recorded of anybody.
        """
        name = self._name(person)
        change = self._opted_out.add if out else self._opted_out.discard
        change(name)

        def write(connection: sqlite3.Connection) -> None:
            statements.set_opt_out(connection, name, out)
            # Once more: if the log was opened since, what it said then was read.
            change(name)

        await self._insist(write)

    async def opted_out(self, person: int) -> bool:
        """Return whether nothing is written of what this person asks."""
        return self._pseudonyms is not None and self._pseudonyms.person(person) in self._opted_out

    async def export_person(self, person: int) -> bytes:
        """Return what the log holds of a person as a JSON document (UTF-8); it says how many old rows it leaves out.

        Raises:
            QueryLogError: the log cannot be read now, or their rows not be found.
        """
        name = self._name(person)
        return await self._insist(
            lambda connection: _reading(self.path, partial(statements.export_person, person=name)), b"{}"
        )

    async def forget_person(self, person: int) -> Forgotten:
        """Delete everything a person asked; its last traces in the files are overwritten right after that.

        Raises:
            QueryLogError: it is not done yet, and will be as soon as the log can be written; or there is no key to find
            their rows by.
        """
        name = self._name(person)
        erased = asyncio.get_running_loop().create_future()
        if self._writer is None:
            erased.set_result(None)
            return Forgotten(0, erased)
        try:
            deleted = await self._insist(lambda connection: statements.forget(connection, name), 0)
            self._erasing.append(erased)
        finally:
            # Rewriting a long log takes longer than anybody should wait for a reply. The log says that it is owed, so
            # it is finished whether or not somebody waits, by the next process if need be.
            self._writer.submit(Task(self._settle, alone=True))
        return Forgotten(deleted, erased)

    async def stats(self, days: int = 30) -> Stats | None:
        """Return the figures of the last days, or ``None`` where there is no log to be read."""
        return await asyncio.to_thread(self._read, partial(stats, days=days))

    async def stats_chart(self, days: int = 30) -> bytes | None:
        """Return the same figures as a picture (PNG), or ``None`` where they cannot be had or drawn."""
        figures = await self.stats(days)
        return await asyncio.to_thread(chart.png, figures) if figures else None

    @property
    def backlog(self) -> int:
        """How many rows and changes wait in memory to be written."""
        return self._writer.backlog if self._writer else 0

    async def close(self) -> None:
        """Write what is queued and close the database; of what cannot be written, the program's log tells."""
        if self._writer:
            await asyncio.to_thread(self._writer.stop)
            self._writer = None

    def _read(self, read: Callable[[sqlite3.Connection], _T]) -> _T | None:
        try:
            return _reading(self.path, read)
        except sqlite3.Error as error:
            logger.info("The query log cannot be read: %s", error)
            return None

    def _insert(self, connection: sqlite3.Connection, entry: Entry, entry_id: ULID) -> None:
        """Write a row, unless it cannot be told whose it is or they have opted out since they asked."""
        if self._pseudonyms:
            row = row_of(entry, entry_id, self._pseudonyms)
            if row["person"] not in self._opted_out:
                statements.insert(connection, row)

    def _name(self, person: int) -> str:
        if self._pseudonyms is None:
            raise QueryLogError("The pseudonym key cannot be used, so nobody's rows can be found until it is repaired.")
        return self._pseudonyms.person(person)

    async def _judge(self, entry_id: str, person: int, change: Callable[..., bool]) -> bool:
        if self._pseudonyms is None:
            return True
        name = self._pseudonyms.person(person)
        asker = self._askers.get(entry_id, name)
        if asker != name:
            return False
        if not self.enabled or name in self._opted_out:
            return True
        change = partial(change, entry_id=entry_id, person=name, days=self._retention_days)
        return bool(await self._do(change, True, patience=_PATIENCE))

    async def _insist(
        self, run: Callable[[sqlite3.Connection], _T], otherwise: _T | None = None, *, alone: bool = False
    ) -> _T:
        outcome = (
            await self._do(run, QueryLogError, patience=_LONG_PATIENCE, alone=alone) if self._writer else otherwise
        )
        if outcome is QueryLogError:
            raise QueryLogError("The log cannot be written at the moment; this will be done as soon as it can.")
        return outcome  # type: ignore[return-value]

    async def _do(
        self, run: Callable[[sqlite3.Connection], object], otherwise: object, *, patience: float, alone: bool = False
    ) -> object:
        """Have the writer do something; return its result, or ``otherwise`` if that is not to be had soon."""
        if self._writer is None:
            return otherwise
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._settled = loop, deque()
        future: asyncio.Future[object] = loop.create_future()
        settled = self._settled

        def from_thread(value: object) -> None:
            # What shares a commit shares the waking of the loop, which costs more than all the rest of this.
            settled.append((future, value))
            if len(settled) == 1:
                with suppress(RuntimeError):  # the loop is closed: nobody waits
                    loop.call_soon_threadsafe(_hand_over, settled)

        self._writer.submit(Task(run, done=from_thread, kept=partial(from_thread, otherwise), alone=alone))
        timer = loop.call_later(patience, _settle_future, future, otherwise)
        try:
            return await future
        finally:
            timer.cancel()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if self._pseudonyms is None:
            # A folder that could not be used at the start may hold the key as well as the log.
            with suppress(OSError, ValueError):
                self._pseudonyms = Pseudonyms.open(self._key_file)
        known = statements.opt_outs(connection)
        # The file may be a new one, begun because the last was broken or deleted.
        for person in self._opted_out - known:
            statements.set_opt_out(connection, person, True)
        self._opted_out |= known

    def _settle(self, connection: sqlite3.Connection) -> None:
        for failure in erasure.settle(connection, self.path):
            self._trouble(failure)
        if statements.scrubs_owed(connection):
            if self._writer:
                self._writer.do_chores_within(_SCRUB_AGAIN)
        elif self._loop:
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                self._loop.call_soon_threadsafe(self._all_erased)

    def _all_erased(self) -> None:
        while self._erasing:
            _settle_future(self._erasing.pop(), None)

    def _chores(self, connection: sqlite3.Connection) -> float:
        """Keep the retention window and finish what is owed; return the seconds until the next time."""
        if statements.scrubs_owed(connection):
            self._settle(connection)
            return _SCRUB_AGAIN
        if self._retention_days and self._delete_old(connection) == _DELETED_AT_ONCE:
            return 0.0
        return _CHORES_EVERY

    def _delete_old(self, connection: sqlite3.Connection) -> int:
        """Delete rows older than the retention window; return how many there were."""
        now = time.monotonic()
        with statements.transaction(connection):
            believed = clock.believed(connection, timedelta(seconds=now - self._watched))
            oldest_kept = believed.time - timedelta(days=self._retention_days)
            deleted = statements.delete_before(connection, oldest_kept, limit=_DELETED_AT_ONCE)
        self._watched = now
        if believed.leap and not self._clock_doubted:
            logger.warning(
                "The clock is %d days ahead of the time the query log knew last, so no row is deleted by it until it "
                "has gone on for %d days: if it is wrong, set it; if the bot was switched off, nothing need be done.",
                believed.leap.days,
                clock.PROBATION.days,
            )
        self._clock_doubted = bool(believed.leap)
        return deleted

    def _trouble(self, text: str) -> None:
        try:
            if self._loop is None:
                raise RuntimeError
            self._loop.call_soon_threadsafe(self._on_trouble, text)
        except RuntimeError:  # no loop yet, or none any more
            self._on_trouble(text)


def _hand_over(settled: deque[_Settled]) -> None:
    """Give those who wait what the writer has done for them."""
    while settled:
        _settle_future(*settled.popleft())


def _settle_future(future: asyncio.Future[Any], value: object) -> None:
    if not future.done():
        future.set_result(value)


def _take_up(connection: sqlite3.Connection) -> None:
    with statements.transaction(connection):
        statements.take_up(connection)


def _reading(path: Path, read: Callable[[sqlite3.Connection], _T]) -> _T:
    connection = statements.open_for_reading(path)
    try:
        return read(connection)
    finally:
        connection.close()
