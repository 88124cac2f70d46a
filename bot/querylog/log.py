"""The query log as the rest of the program sees it: what is recorded, and people's rights over it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from ulid import ULID

from bot.database import DATABASE_ERRORS, log_problem, open_for_reading
from bot.querylog import erasure, statements
from bot.querylog.anonymity import Pseudonyms
from bot.querylog.entry import Delivery, Entry, new_id, row_of, timestamp
from bot.querylog.sink import Forgotten, QueryLogError
from bot.querylog.statements import Recorded
from bot.querylog.writer import NotWrittenError, Writer

__all__ = ["Delivery", "Entry", "Forgotten", "OptOuts", "QueryLog", "QueryLogError"]

logger = logging.getLogger(__name__)
_T = TypeVar("_T")

_LONG_PATIENCE = 60.0
"""Seconds a person's request about their own data waits at most."""
_DELETED_AN_HOUR = 1000
"""How many old rows are deleted in an hour at most: a clock that is set wrong must not empty the log."""
_HOUR = 3600.0
_ERASE_AGAIN = 60.0
"""Seconds until an erasure that other programs prevented is tried again."""


class OptOuts(Protocol):
    """Where it is kept who opted out of being recorded, apart from the log and under the log's pseudonyms."""

    def opt_outs(self) -> set[str]:
        """Return everybody who opted out."""

    def set_opt_out(self, person: str, out: bool) -> None:
        """Remember that a person opted out, or no longer does."""


class QueryLog:
    """The log of one process. Its methods are called from the event loop; none of them blocks it.

    Nothing here raises because the log cannot be written, except the requests of people about their own data, who must
    be told.

    Args:
        path: The SQLite file; it and its folder are made where they are missing.
        key_file: The secret from which pseudonyms are made; keep it apart from copies of the log. It is made too.
        opt_outs: Where it is kept who opted out. The log keeps a copy, so that either file is enough to know.
        retention_days: Rows older than this are deleted, up to 1,000 an hour; 0 keeps them for ever.
        enabled: ``False`` writes nothing, yet people can still see and delete what was written before.
        on_problem: Is told once, in a sentence for the operator, whenever the log stops being writable or is broken.
        on_deleted: Is called with the log, on its thread, after questions may have been deleted: whoever else keeps
            something of them deletes it then. What it raises has it called again.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own, given by its name
        self,
        path: Path,
        *,
        key_file: Path,
        opt_outs: OptOuts | None = None,
        retention_days: int = 180,
        enabled: bool = True,
        on_problem: Callable[[str], None] = log_problem,
        on_deleted: Callable[[sqlite3.Connection], None] = lambda _: None,
    ) -> None:
        self.path = path
        self.enabled = enabled
        self._key_file = key_file
        self._state = opt_outs
        self._retention_days = retention_days
        self._on_problem = on_problem
        self._on_deleted = on_deleted
        self._loop = asyncio.get_running_loop()
        self._pseudonyms: Pseudonyms | None = None
        self._opted_out: set[str] = opt_outs.opt_outs() if opt_outs else set()
        self._erasing: list[asyncio.Future[None]] = []
        self._wake = asyncio.Event()
        self._next_deletion = 0.0
        self._deleted_most = False
        self._writer: Writer | None = None
        used = enabled or path.exists()
        try:
            self._pseudonyms = Pseudonyms.open(key_file) if used or opt_outs else Pseudonyms.passing()
        except (OSError, ValueError) as error:
            on_problem(
                f"The pseudonym key {key_file} cannot be used ({error}). Without it the bot cannot tell who opted out, "
                "so it records nothing. It tries the key again at the next start."
            )
        if used:
            self._writer = Writer(path, prepare=self._prepare, on_problem=self._report)
            self._upkeep = self._loop.create_task(self._maintain(self._writer))

    async def record(self, entry: Entry) -> str:
        """Write one question; return its id once the row is committed (or, if that cannot be done now, kept in memory).

        People who opted out, and a log that is switched off or has no key, get an id too, but nothing is written under
        it.
        """
        made = new_id()
        if self._writer and self.enabled and not (entry.person is not None and await self.opted_out(entry.person)):
            with suppress(NotWrittenError):
                await self._writer.write(partial(self._insert, entry=entry, entry_id=made))
        return str(made)

    def delivered(self, entry_id: str, outcome: Delivery) -> None:
        """Note what became of the answer, within about a second; returns at once."""
        if self._writer and self.enabled:
            self._writer.put(partial(statements.set_delivery, entry_id=entry_id, outcome=outcome, moment=timestamp()))

    async def vote(self, entry_id: str, person: int, value: int) -> bool:
        """Set (+1, -1) or take back (0) the asker's vote; return ``False`` if somebody else asked."""
        return await self._judge(person, partial(statements.vote, entry_id=entry_id, value=value))

    async def request(self, entry_id: str, person: int) -> bool:
        """Note that the asker wishes an answer to be added; return ``False`` if somebody else asked."""
        return await self._judge(person, partial(statements.request, entry_id=entry_id))

    async def opt_out(self, person: int, out: bool) -> None:
        """Stop (or resume) writing what a person asks; what was written stays until they have it forgotten.

        Raises:
            QueryLogError: The log cannot be written now, and will hold the wish as soon as it can; or there is no key,
                and nothing is recorded of anybody.
        """
        name = self._name(person)
        change = self._opted_out.add if out else self._opted_out.discard
        change(name)
        if self._state:
            self._state.set_opt_out(name, out)

        # It changes the set once more: if the log was opened since, what it said then was read.
        await self.commit(partial(self.set_opt_out, person=name, out=out), None)

    def set_opt_out(self, connection: sqlite3.Connection, person: str, out: bool) -> None:
        """Note, as a part of a change, that a person opted out under their pseudonym, or no longer does."""
        statements.set_opt_out(connection, person, out)
        (self._opted_out.add if out else self._opted_out.discard)(person)

    async def opted_out(self, person: int) -> bool:
        """Return whether nothing is written of what this person asks."""
        return self._pseudonyms is not None and self._pseudonyms.person(person) in self._opted_out

    async def export_person(self, person: int, waiting: Sequence[str] = ()) -> bytes:
        """Return what the log holds of a person as a JSON document (UTF-8); it says how many old rows it leaves out.

        Args:
            person: Their Telegram id.
            waiting: Entries of which they will be told when they are answered.

        Raises:
            QueryLogError: The log cannot be read now, or their rows not be found.
        """
        return await self.commit(partial(statements.export_person, person=self._name(person), waiting=waiting), b"{}")

    async def forget_person(self, person: int) -> Forgotten:
        """Delete everything a person asked; its last traces in the files are overwritten right after that.

        Raises:
            QueryLogError: It is not done yet, and will be as soon as the log can be written; or there is no key to find
                their rows by.
        """
        name = self._name(person)

        def write(connection: sqlite3.Connection) -> int:
            deleted = erasure.forget(connection, name)
            # Rewriting a long log takes longer than anybody should wait for a reply. The log notes that it is not
            # finished, so it will be, whether or not somebody waits, by the next process if need be.
            self._loop.call_soon_threadsafe(self._wake.set)
            return deleted

        deleted = await self.commit(write, 0)
        return Forgotten(deleted, self.erasing())

    def erasing(self) -> asyncio.Future[None]:
        """Return what is done when no trace is left of the people whose rows were deleted until now."""
        erased: asyncio.Future[None] = self._loop.create_future()
        if self._writer:
            self._erasing.append(erased)
            self._wake.set()
        else:
            erased.set_result(None)
        return erased

    async def recorded(self, entries: Sequence[str]) -> dict[str, Recorded]:
        """Return those of some questions that the log still holds, by their ids.

        Raises:
            QueryLogError: The log cannot be read now.
        """

        def read() -> dict[str, Recorded]:
            with closing(open_for_reading(self.path)) as connection:
                return statements.recorded(connection, entries)

        try:
            return await asyncio.to_thread(read)
        except DATABASE_ERRORS as error:
            raise QueryLogError(f"The query log cannot be read now: {error}.") from None

    @property
    def here(self) -> bool:
        """Whether the file lies on this machine: it always does."""
        return True

    @property
    def backlog(self) -> int:
        """How many rows and changes wait in memory to be written."""
        return self._writer.backlog if self._writer else 0

    async def close(self) -> None:
        """Write what is queued and close the database; the program's log says what could not be written."""
        if self._writer:
            writer, self._writer = self._writer, None
            self._upkeep.cancel()
            await writer.stop(self._erase)

    def _name(self, person: int) -> str:
        if self._pseudonyms is None:
            raise QueryLogError("The pseudonym key cannot be used, so nobody's rows can be found until it is repaired.")
        return self._pseudonyms.person(person)

    async def _judge(self, person: int, change: Callable[..., bool]) -> bool:
        if self._writer is None or not self.enabled or self._pseudonyms is None or await self.opted_out(person):
            return True
        try:
            return await self._writer.write(partial(change, person=self._pseudonyms.person(person)))
        except NotWrittenError:
            return True

    async def commit(self, change: Callable[[sqlite3.Connection], _T], without_log: _T) -> _T:
        """Make a change, and return its result once it is committed; ``without_log`` where nothing is written.

        Raises:
            QueryLogError: The log cannot be written now; the change is kept until it can.
        """
        if self._writer is None:
            return without_log
        try:
            return await self._writer.write(change, patience=_LONG_PATIENCE)
        except NotWrittenError:
            raise QueryLogError("The log cannot be written now; this will be done as soon as it can.") from None

    async def _maintain(self, writer: Writer) -> None:
        """Delete old rows once an hour, and finish erasures whenever there are some."""
        while True:
            self._wake.clear()
            waiting, self._erasing = self._erasing, []
            try:
                finished = await writer.run(self._do_upkeep)
            except (sqlite3.Error, OSError) as error:
                logger.info("Old or forgotten rows cannot be deleted from the query log now: %s", error)
                finished = False
            if finished:
                for erased in waiting:
                    if not erased.done():
                        erased.set_result(None)
            else:
                self._erasing += waiting
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _HOUR if finished else _ERASE_AGAIN)

    # What follows runs on the writer's thread.

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Bring the log's copy of the opt-outs and the known ones together; the file may be a new one."""
        if self._pseudonyms is None:
            # A folder that could not be used at the start may hold the key as well as the log.
            with suppress(OSError, ValueError):
                self._pseudonyms = Pseudonyms.open(self._key_file)
        known = statements.opt_outs(connection)
        for person in self._opted_out - known:
            statements.set_opt_out(connection, person, True)
        self._opted_out |= known

    def _insert(self, connection: sqlite3.Connection, entry: Entry, entry_id: ULID) -> None:
        """Write a row, unless it cannot be told whose it is or they have opted out since they asked."""
        if self._pseudonyms:
            row = row_of(entry, entry_id, self._pseudonyms)
            if row["person"] not in self._opted_out:
                statements.insert(connection, row)

    def _do_upkeep(self, connection: sqlite3.Connection) -> bool:
        """Keep the retention window; return whether everybody who was forgotten is erased."""
        if self._retention_days and time.monotonic() >= self._next_deletion:
            oldest_kept = datetime.now(UTC) - timedelta(days=self._retention_days)
            deleted = statements.delete_before(connection, oldest_kept, limit=_DELETED_AN_HOUR)
            self._next_deletion = time.monotonic() + _HOUR
            if deleted == _DELETED_AN_HOUR and not self._deleted_most:
                self._report(
                    f"The query log held at least {deleted} rows older than {self._retention_days} days, the most that "
                    "are deleted in an hour. If the computer's clock is wrong, set it: rows that are deleted are lost."
                )
            self._deleted_most = deleted == _DELETED_AN_HOUR
        finished = self._erase(connection)
        self._on_deleted(connection)
        return finished

    def _erase(self, connection: sqlite3.Connection) -> bool:
        if erasure.unfinished_erasures(connection):
            for failure in erasure.finish_erasures(connection, self.path):
                self._report(failure)
        return not erasure.unfinished_erasures(connection)

    def _report(self, text: str) -> None:
        try:
            self._loop.call_soon_threadsafe(self._on_problem, text)
        except RuntimeError:  # the loop is closed
            self._on_problem(text)
