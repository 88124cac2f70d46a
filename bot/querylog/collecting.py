"""Writes the one query log of a bot that is several processes, from the stream that they share.

What is done is noted in the log itself, in the transaction that does it. So an entry is done once, whenever the
collector or the server is stopped or killed, and an entry is deleted from the stream only after that.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TypeVar

from sqlite_utils import Database, Migrations

from bot.querylog import erasure, statements
from bot.querylog.entry import Delivery
from bot.querylog.log import QueryLog
from bot.querylog.sink import QueryLogError
from bot.querylog.streamed import COLLECTOR, OPTED_OUT, STREAM, unpacked
from bot.shared_server import Entry, SharedServer, SharedServerError, place

logger = logging.getLogger(__name__)
_T = TypeVar("_T")

_BATCH = 200
_LEASE_SECONDS = 10
_LEAVE_SECONDS = 1.0
_KEPT_SECONDS = 600
"""How long a reply waits to be fetched."""
_PAUSE_SECONDS = 0.5
_GATHER_SECONDS = 0.2
"""How long entries gather before the next are written: a transaction costs as much for one as for many. Whoever asks
for their data waits that much longer at most."""

POSITION_MIGRATIONS = Migrations("collector")


@POSITION_MIGRATIONS(name="0001_position")
def _position(database: Database) -> None:
    database.conn.execute("CREATE TABLE collected (entry TEXT NOT NULL, stream TEXT NOT NULL)")


# KEYS: the stream, who opted out. ARGV: how many waiting entries are looked at, who opted out according to the log. The
# reply: who did according to either; nothing where more entries wait, or one that says otherwise.
_SHARE = """
local waiting = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[1] + 1)
if #waiting > tonumber(ARGV[1]) then return false end
for _, entry in ipairs(waiting) do if entry[2][2] == 'opt out' then return false end end
for i = 2, #ARGV do redis.call('SADD', KEYS[2], ARGV[i]) end
return redis.call('SMEMBERS', KEYS[2])
"""


@dataclass(slots=True)
class _Done:
    """What became of some entries of the stream."""

    replies: dict[str, bytes] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    """Where to say that no trace of a person is left."""


class Collector:
    """Takes the entries of the stream in order.

    Args:
        server: Holds the stream.
        log: The log that they are written to.
    """

    def __init__(self, server: SharedServer, log: QueryLog) -> None:
        self._server = server
        self._log = log
        self._share = server.script(_SHARE)
        self._name = secrets.token_hex(8)
        self._stream = ""
        self._read = "0-0"
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Collect until stopped.

        Raises:
            SharedServerError: Another collector runs.
        """
        await self._share_opt_outs()
        logger.info("Collecting the query log %s.", self._log.path)
        while True:
            await self._hold()
            if await self.step() < _BATCH:
                await asyncio.sleep(_GATHER_SECONDS)

    async def step(self) -> int:
        """Write the entries that wait, up to 200; return how many there were."""
        # Places in it are told from those in another stream, of a server that lost everything or was replaced.
        self._stream = self._stream or await self._server.agree("log-stream", self._name)
        found = await self._server.read({STREAM: self._read}, _BATCH)
        if not (entries := found.get(STREAM, [])):
            return 0
        done = _Done()
        await self._insist(partial(_write, self._log, entries, self._stream, done))
        self._read = entries[-1][0]
        await self._server.command("XDEL", STREAM, *(entry for entry, _ in entries))
        for name, answer in done.replies.items():
            await self._server.command("SET", name, answer, "EX", _KEPT_SECONDS)
        if done.forgotten:
            task = asyncio.create_task(self._tell_erased(sorted(done.forgotten)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(entries)

    async def release(self) -> None:
        """Let another collector take over; while the server is away, that has to wait until the lease ends."""
        for task in self._tasks:
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_SECONDS):
                if await self._server.command("GET", COLLECTOR) == self._name:
                    await self._server.command("DEL", COLLECTOR)

    async def _hold(self) -> None:
        taken = await self._server.command("SET", COLLECTOR, self._name, "NX", "EX", _LEASE_SECONDS)
        if taken:
            return
        if await self._server.command("GET", COLLECTOR) != self._name:
            raise SharedServerError(
                f"Another 'partnership-bot log collect' runs at {self._server.address}; stop it, or wait "
                f"{_LEASE_SECONDS} s if it was killed."
            )
        await self._server.command("EXPIRE", COLLECTOR, _LEASE_SECONDS)

    async def _insist(self, change: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Make a change of the log, as often as it takes; done twice it must change nothing more."""
        while True:
            try:
                return await self._log.commit(change, None)
            except QueryLogError:
                await asyncio.sleep(_PAUSE_SECONDS)
                while self._log.backlog:
                    await self._hold()
                    await asyncio.sleep(_PAUSE_SECONDS)

    async def _share_opt_outs(self) -> None:
        """Write what waits, and bring the log's opt-outs and the server's together; either may have been lost."""
        shared: list[str] | None = None
        while shared is None:
            await self._hold()
            await self.step()
            known = await self._insist(statements.opt_outs) or set[str]()
            shared = await self._server.run(self._share, [STREAM, OPTED_OUT], _BATCH, *known)

        def write(connection: sqlite3.Connection) -> None:
            for person in shared:
                self._log.set_opt_out(connection, person, True)

        await self._insist(write)

    async def _tell_erased(self, names: list[str]) -> None:
        await self._log.erasing()
        for name in names:
            await self._server.command("SET", name, 1, "EX", _KEPT_SECONDS)


def _write(log: QueryLog, entries: list[Entry], stream: str, done: _Done, connection: sqlite3.Connection) -> None:
    """Write entries in one transaction, except those that were written before; note what became of them."""
    database = Database(connection, execute_plugins=False)
    POSITION_MIGRATIONS.apply(database)
    row = connection.execute("SELECT entry FROM collected WHERE stream = ?", (stream,)).fetchone()
    position = place(row[0]) if row else (0, 0)
    for entry, fields in entries:
        if place(entry) > position:
            try:
                _write_one(log, fields, connection, done)
            except (KeyError, TypeError, ValueError, sqlite3.IntegrityError, sqlite3.ProgrammingError):
                # Another version of the program wrote it. It may be a question, so nothing of it is shown.
                logger.error("Entry %s of the shared log cannot be written and is left out.", entry)
    connection.execute("DELETE FROM collected")
    connection.execute("INSERT INTO collected VALUES (?, ?)", (entries[-1][0], stream))


def _write_one(log: QueryLog, fields: dict[str, str], connection: sqlite3.Connection, done: _Done) -> None:
    kind, person, data, reply = fields["kind"], fields["person"], json.loads(fields["data"]), fields["reply"]
    if kind == "row":
        statements.insert(connection, unpacked(data))
    elif kind == "delivered":
        entry_id, outcome, moment = data
        statements.set_delivery(connection, entry_id, Delivery(outcome), moment)
    elif kind == "vote":
        statements.vote(connection, data[0], person, data[1])
    elif kind == "request":
        statements.request(connection, data[0], person)
    elif kind == "opt out":
        log.set_opt_out(connection, person, data)
    elif kind == "forget":
        done.replies[reply] = str(erasure.forget(connection, person)).encode()
        done.forgotten.add(f"{reply}:erased")
    elif kind == "export":
        done.replies[reply] = statements.export_person(connection, person, data)
    elif kind == "recorded":
        found = statements.recorded(connection, data)
        known = {entry: asdict(each) | {"shown": sorted(each.shown)} for entry, each in found.items()}
        done.replies[reply] = json.dumps(known).encode()
    else:
        raise ValueError(kind)
