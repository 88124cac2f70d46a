"""The query log of a bot that is several processes: rows and requests go through a stream to the one that collects.

Who opted out stands in a set at the shared server, and a row is refused in the same step that looks there. So opting
out holds for every process at once.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import secrets
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from bot.querylog.anonymity import Pseudonyms
from bot.querylog.entry import Delivery, Entry, Row, new_id, row_of, timestamp
from bot.querylog.sink import Forgotten, QueryLogError
from bot.querylog.statements import Recorded
from bot.shared_server import SharedServer, SharedServerError, key

logger = logging.getLogger(__name__)

STREAM, OPTED_OUT, COLLECTOR = key("log"), key("opted-out"), key("collector")
BOUND = 200_000
"""How many entries wait for the collector at most. Of more, rows, votes and wishes are left out; people's requests
about their data are not."""
_HANDLED_SECONDS = 3600
"""How long the row of a question is known, if another process handles it once more."""
_REPLY_SECONDS = 10.0
"""How long a person waits for what the collector says."""
_ERASED_SECONDS = 600.0
"""How long it is waited for word that no trace of a person is left."""
_LOOK_SECONDS, _LOOK_AGAIN_SECONDS = 0.05, 1.0

# KEYS: the stream, who opted out, the row of a question (or none). ARGV: the bound (0 for none), the person (empty for
# nobody), the kind, the data, where to reply, the row's id, for how many seconds it is known. The reply: 1 where the
# entry was added, 0 where the person opted out, -1 where the stream is full; the length of the stream; the row's id.
_ADD = """
local length = redis.call('XLEN', KEYS[1])
local earlier = KEYS[3] and redis.call('GET', KEYS[3])
if earlier then return {1, length, earlier} end
if ARGV[3] ~= 'forget' and ARGV[3] ~= 'opt out' and ARGV[2] ~= '' and
    redis.call('SISMEMBER', KEYS[2], ARGV[2]) == 1 then return {0, length, ARGV[6]} end
if ARGV[1] ~= '0' and length >= tonumber(ARGV[1]) then return {-1, length, ARGV[6]} end
redis.call('XADD', KEYS[1], '*', 'kind', ARGV[3], 'person', ARGV[2], 'data', ARGV[4], 'reply', ARGV[5])
if KEYS[3] then redis.call('SET', KEYS[3], ARGV[6], 'EX', ARGV[7]) end
if ARGV[3] == 'opt out' then redis.call(ARGV[4] == 'true' and 'SADD' or 'SREM', KEYS[2], ARGV[2]) end
return {1, length + 1, ARGV[6]}
"""

# KEYS: the stream. ARGV: the person, the entry to begin with. The reply: how many questions were deleted, and the entry
# to go on with, if there are more. No request is deleted.
_DELETE = """
local deleted, last = 0, false
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[2], '+', 'COUNT', 500)) do
    last = entry[1]
    local kind, person = entry[2][2], entry[2][4]
    if person == ARGV[1] and (kind == 'row' or kind == 'vote' or kind == 'request') then
        redis.call('XDEL', KEYS[1], last)
        if kind == 'row' then deleted = deleted + 1 end
    end
end
return {deleted, last or ''}
"""


async def open_pseudonyms(server: SharedServer, file: Path) -> Pseudonyms:
    """Read the key of the pseudonyms, or make it where no process has one yet.

    Raises:
        SharedServerError: The file cannot be used, or holds another key than that of the other processes.
    """
    try:
        pseudonyms = Pseudonyms.open(file)
    except (OSError, ValueError) as error:
        raise SharedServerError(f"The pseudonym key {file} cannot be used ({error}).") from None
    await server.check_pseudonym_key(pseudonyms.person(0), file)
    return pseudonyms


class StreamedLog:
    """The log as one of several processes sees it; a :class:`bot.querylog.sink.LogSink`.

    Args:
        server: Holds the stream.
        pseudonyms: The names of people and chats.
        path: Where the log lies if the process that collects runs on this machine.
        enabled: ``False`` writes nothing, yet people can still see and delete what was written before.
        on_problem: Is told, in a sentence for the operator, that the stream is full.
    """

    def __init__(
        self,
        server: SharedServer,
        pseudonyms: Pseudonyms,
        path: Path,
        *,
        enabled: bool,
        on_problem: Callable[[str], None],
    ) -> None:
        self.path = path
        self._server = server
        self._pseudonyms = pseudonyms
        self._enabled = enabled
        self._on_problem = on_problem
        self._add_script = server.script(_ADD)
        self._delete_script = server.script(_DELETE)
        self._tasks: set[asyncio.Task[object]] = set()
        self._length = 0
        self._full = False

    @property
    def here(self) -> bool:
        """Whether the file lies on this machine, where the process that collects then runs."""
        return self.path.exists()

    @property
    def backlog(self) -> int:
        """How many entries waited for the collector when one was added last."""
        return self._length

    async def record(self, entry: Entry) -> str:
        """Send one question on its way; return its id once the server has it."""
        made = new_id()
        if self._enabled:
            row = row_of(entry, made, self._pseudonyms)
            return await self._add("row", str(row["person"] or ""), packed(row), bound=BOUND, asked_in=entry.asked_in)
        return str(made)

    def delivered(self, entry_id: str, outcome: Delivery) -> None:
        """Note what became of the answer; returns at once."""
        if self._enabled:
            self._begin(self._add("delivered", "", [entry_id, str(outcome), timestamp()], bound=BOUND))

    async def vote(self, entry_id: str, person: int, value: int) -> bool:
        """Set (+1, -1) or take back (0) a vote; whether it is the asker's is looked at when it is written."""
        if self._enabled:
            await self._add("vote", self._pseudonyms.person(person), [entry_id, value], bound=BOUND)
        return True

    async def request(self, entry_id: str, person: int) -> bool:
        """Note the wish for an answer; whether it is the asker's is looked at when it is written."""
        if self._enabled:
            await self._add("request", self._pseudonyms.person(person), [entry_id], bound=BOUND)
        return True

    async def opt_out(self, person: int, out: bool) -> None:
        """Stop (or resume) recording what a person asks, at every process from now on."""
        await self._add("opt out", self._pseudonyms.person(person), out)

    async def opted_out(self, person: int) -> bool:
        """Return whether nothing is recorded of what this person asks."""
        return bool(await self._server.command("SISMEMBER", OPTED_OUT, self._pseudonyms.person(person)))

    async def export_person(self, person: int, waiting: Sequence[str] = ()) -> bytes:
        """Return what the log holds of a person as a JSON document (UTF-8); it says how many old rows it leaves out.

        Raises:
            QueryLogError: The collector does not answer now.
        """
        return (await self._asked("export", self._pseudonyms.person(person), list(waiting))).encode()

    async def forget_person(self, person: int) -> Forgotten:
        """Delete everything a person asked: first what waits in the stream, then what the log holds.

        Raises:
            QueryLogError: The log is not changed yet, and will be when the collector runs.
        """
        name = self._pseudonyms.person(person)
        deleted, begin = 0, "-"
        while begin:
            some, last = await self._server.run(self._delete_script, [STREAM], name, begin)
            deleted += int(some)
            begin = f"({last}" if last else ""
        reply = key("reply", secrets.token_hex(8))
        await self._add("forget", name, None, reply=reply)
        deleted += int(await self._reply(reply))
        erased: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._begin(self._wait_erased(f"{reply}:erased", erased))
        return Forgotten(deleted, erased)

    async def recorded(self, entries: Sequence[str]) -> dict[str, Recorded]:
        """Return those of some questions that the log still holds, by their ids.

        Raises:
            QueryLogError: The collector does not answer now.
        """
        found = json.loads(await self._asked("recorded", "", list(entries)))
        return {entry: Recorded(**fields | {"shown": frozenset(fields["shown"])}) for entry, fields in found.items()}

    async def close(self) -> None:
        """Hand over what is on its way."""
        if self._tasks:
            _, running = await asyncio.wait(self._tasks, timeout=_LOOK_AGAIN_SECONDS)
            for task in running:
                task.cancel()

    def _begin(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _add(  # noqa: PLR0913 - what an entry is made of
        self, kind: str, person: str, data: Any, *, reply: str = "", bound: int = 0, asked_in: str = ""
    ) -> str:
        """Put an entry into the stream; return the id of the row, which is an earlier one where it is written again."""
        keys = [STREAM, OPTED_OUT, *([key("row", asked_in)] if asked_in else [])]
        row = data["id"] if kind == "row" else ""
        arguments = (bound, person, kind, json.dumps(data), reply, row, _HANDLED_SECONDS)
        added, length, row = await self._server.run(self._add_script, keys, *arguments)
        self._length = int(length)
        if added < 0 and not self._full:
            self._on_problem(
                f"{BOUND} rows wait for 'partnership-bot log collect', and no more are kept: start it. "
                "The bot answers all the same."
            )
        self._full = added < 0
        return str(row)

    async def _asked(self, kind: str, person: str, data: object) -> str:
        reply = key("reply", secrets.token_hex(8))
        if not await self._server.command("EXISTS", COLLECTOR):
            raise QueryLogError("The log cannot be read now: 'partnership-bot log collect' is not running.")
        await self._add(kind, person, data, reply=reply)
        return await self._reply(reply)

    async def _reply(self, name: str) -> str:
        """Wait for what the collector says."""
        waited = 0.0
        while waited < _REPLY_SECONDS:
            if answer := await self._server.command("GET", name):
                await self._server.command("DEL", name)
                return str(answer)
            if not waited and not await self._server.command("EXISTS", COLLECTOR):
                break
            await asyncio.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS
        raise QueryLogError("The log cannot be reached now; this will be done as soon as it can.")

    async def _wait_erased(self, name: str, erased: asyncio.Future[None]) -> None:
        pause, waited = _LOOK_SECONDS, 0.0
        while not await self._server.command("EXISTS", name):
            if waited > _ERASED_SECONDS:
                # The collector was stopped on the way. Its next one erases, and cannot tell.
                erased.cancel()
                return
            await asyncio.sleep(pause)
            waited += pause
            pause = min(2 * pause, _LOOK_AGAIN_SECONDS)
        if not erased.done():
            erased.set_result(None)


def packed(row: Row) -> dict[str, object]:
    """Return a row as JSON can hold it."""
    vector = row["vector"]
    return {**row, "vector": base64.b85encode(vector).decode() if isinstance(vector, bytes) else None}


def unpacked(row: dict[str, Any]) -> Row:
    """Return the row that was packed."""
    return {**row, "vector": base64.b85decode(row["vector"]) if row["vector"] else None}
