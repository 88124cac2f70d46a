"""Received updates at the shared server: one stream for each lane of chats, handled by the process that has the lane.

A webhook call is answered when its update is in the stream of its chat's lane. The process that has the lane reads the
stream in order, and deletes an entry when the update is finished. Another process that takes the lane over begins with
the first entry left, as a single bot does with what it finds on its disk after a start.

There is no consumer group: its reads change what the server knows of a stream, so a process that lost its lane without
knowing could draw updates out of the order. Here a read changes nothing, and every change is fenced by the lease.
"""

from __future__ import annotations

import asyncio
import json
import logging
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from telegram import Bot, Update

from bot.shared_server import AwayError, SharedServer, key, place
from bot.telegram.shared.leases import BEAT_SECONDS, LANES, OWNERS, Leases
from bot.telegram.update_queue import REMEMBERED_SECONDS, NotTakenError, Progress, UpdateQueue

logger = logging.getLogger(__name__)

_BLOCK = 2**20
"""Numbers of updates whose receipt is noted in one bitmap, a bit each. It is kept for two days after the last of them;
Telegram counts on from the last number, or at random after a quiet week."""

_IDLE_SECONDS = 0.05
_LEAVE_SECONDS = 1.0

# KEYS: the bitmap, the stream, the streams of all lanes. ARGV: the update's bit, the bound, the update, how
# many seconds its receipt is remembered.
_TAKE = """
if redis.call('GETBIT', KEYS[1], ARGV[1]) == 1 then return 0 end
local waiting = 0
for i = 3, #KEYS do waiting = waiting + redis.call('XLEN', KEYS[i]) end
if waiting >= tonumber(ARGV[2]) then return -1 end
redis.call('SETBIT', KEYS[1], ARGV[1], 1)
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('XADD', KEYS[2], '*', 'update', ARGV[3])
return 1
"""

# KEYS: owners, the lane's stream, its marks. ARGV: lane, token, what to note, the update's number, its entry.
_NOTE = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
local sending, attempts = ARGV[4] .. ':sending', ARGV[4] .. ':attempts'
if ARGV[3] == 'sending' then
    redis.call('HSET', KEYS[3], sending, 1)
elseif ARGV[3] == 'not sent' then
    redis.call('HDEL', KEYS[3], sending)
elseif ARGV[3] == 'attempt' then
    redis.call('HINCRBY', KEYS[3], attempts, 1)
else
    redis.call('XDEL', KEYS[2], ARGV[5])
    redis.call('HDEL', KEYS[3], sending, attempts)
end
return 1
"""

# KEYS: the lane's marks. ARGV: updates that a process was handling when it lost the lane, and that did not end it.
_TAKE_BACK = """
for _, number in ipairs(ARGV) do
    if redis.call('HEXISTS', KEYS[1], number .. ':attempts') == 1 then
        redis.call('HINCRBY', KEYS[1], number .. ':attempts', -1)
    end
end
"""

# KEYS: the lane's stream, its marks. The reply: the last entry, the marks.
_LEFT = """
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
return {newest[1] and newest[1][1] or '0-0', redis.call('HGETALL', KEYS[2])}
"""


@dataclass(slots=True)
class _Lane:
    """A lane that this process has."""

    number: int
    token: str
    last_left: str
    """The last entry that was there when the lane was taken; up to it, everything was left by an earlier process."""
    marks: dict[str, int]
    read: str = "0-0"
    """The last entry that was read."""
    leaving: bool = False
    """Another process shall have it as soon as nothing of it is unfinished here."""
    entries: dict[int, str] = field(default_factory=dict)
    """The entries of unfinished updates, by the numbers of the updates."""
    attempted: set[int] = field(default_factory=set)
    """Those of which this process counted an attempt."""


class SharedQueue(UpdateQueue):
    """The queue of one process among several.

    Args:
        server: Where the updates are kept.
        bound: How many updates may be unfinished in all processes before no more are taken from Telegram.
    """

    def __init__(self, server: SharedServer, bound: int) -> None:
        super().__init__(bound)
        self._server = server
        self._leases = Leases(server)
        self._take = server.script(_TAKE)
        self._note = server.script(_NOTE)
        self._left = server.script(_LEFT, apart=True)
        self._take_back = server.script(_TAKE_BACK, apart=True)
        self._lanes: dict[int, _Lane] = {}
        self._places: dict[int, _Lane] = {}
        self._retired = False
        self._closed = False
        self._tasks: list[asyncio.Task[None]] = []
        self._taking_back: set[asyncio.Task[Any]] = set()

    @property
    def crowded(self) -> bool:
        """Never; the server tells, whenever an update is put, whether too many are unfinished in all processes."""
        return False

    async def put(self, item: object) -> None:
        """Keep an update at the server. One received before is left out.

        Raises:
            NotTakenError: The server is away, or too many updates are unfinished; Telegram must deliver it again.
        """
        if not isinstance(item, Update):
            await super().put(item)
            return
        try:
            text = item.to_json()
        except (TypeError, ValueError):
            # The library fails so on a known field in an unexpected place; Telegram would deliver it again and again.
            logger.exception("Update %s cannot be kept and is left out.", item.update_id)
            return
        block, bit = divmod(item.update_id, _BLOCK)
        keys = [key("received", block), _stream(_lane_of(item)), *map(_stream, range(LANES))]
        arguments: list[int | str] = [bit, self._bound, text, REMEMBERED_SECONDS]
        try:
            taken = await self._server.once(lambda: self._take(keys=keys, args=arguments))
        except AwayError as error:
            raise NotTakenError("the shared server is away") from error
        if taken < 0:
            raise NotTakenError("too many updates are unfinished")

    async def resume(self, bot: Bot) -> int:
        """Begin to handle the updates of this process's share of lanes; how many there are is not known yet."""
        self._tasks = [
            asyncio.create_task(self._repeat(self._keep_lanes)),
            asyncio.create_task(self._repeat(partial(self._read, bot))),
        ]
        return 0

    async def count_attempt(self, update_id: int) -> None:
        """Count one more attempt at an update that an earlier process left."""
        await self._insist("attempt", update_id)
        if lane := self._places.get(update_id):
            lane.attempted.add(update_id)

    async def mark_sending(self, update_id: int) -> None:
        """Note that an answer is on its way from now on."""
        await self._insist("sending", update_id)

    async def mark_not_sent(self, update_id: int) -> None:
        """Note that the answer certainly did not arrive."""
        await self._change("not sent", update_id)

    async def mark_done(self, update_id: int) -> None:
        """Erase a finished update; its number stays for a while so that it is not taken again."""
        if await self._change("done", update_id) and (lane := self._places.pop(update_id, None)):
            lane.entries.pop(update_id, None)
            lane.attempted.discard(update_id)
            self._drop(update_id)

    async def waiting(self) -> int:
        """Return how many updates are unfinished in all processes."""
        counts = await asyncio.gather(*(self._server.command("XLEN", _stream(lane)) for lane in range(LANES)))
        return sum(counts)

    async def retire(self) -> None:
        """Begin with no more updates than those in this process."""
        self._retired = True

    async def drain(self, seconds: float) -> int:
        """Wait until nothing is unfinished: here, or anywhere where this process has not retired."""
        try:
            async with asyncio.timeout(seconds):
                while self._progress or (not self._retired and await self.waiting()):
                    await asyncio.sleep(0.01)
        except TimeoutError:
            pass
        return self.unfinished

    async def close(self) -> None:
        """Give up the lanes; what is unfinished is another process's to resume."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                await self._leases.leave([(lane.number, lane.token) for lane in self._lanes.values()])
        except TimeoutError:
            logger.warning("The shared server is away, so this process's chats wait until its leases end.")

    async def _insist(self, what: str, update_id: int) -> None:
        """Note something without which the update must not be handled further.

        Raises:
            asyncio.CancelledError: Another process has taken the update over, so its handling ends here.
        """
        if not await self._change(what, update_id):
            raise asyncio.CancelledError

    async def _change(self, what: str, update_id: int) -> bool:
        """Note something of an update; return whether its lane still is this process's."""
        if (lane := self._places.get(update_id)) is None:
            return False
        keys = [OWNERS, _stream(lane.number), _marks(lane.number)]
        arguments = (lane.number, lane.token, what, update_id, lane.entries.get(update_id, ""))
        changed = bool(await self._server.run(self._note, keys, *arguments))
        if not changed:
            self._lose(lane)
        return changed

    async def _repeat(self, step: Callable[[], Awaitable[None]]) -> None:
        while not self._closed:
            try:
                await step()
            except Exception:
                logger.exception("The lanes of chats cannot be served; trying again.")
                await asyncio.sleep(BEAT_SECONDS)

    async def _keep_lanes(self) -> None:
        """Renew this process's leases, take its share of lanes, and leave what is too much."""
        held = {lane.number: lane.token for lane in self._lanes.values()}
        now = await self._leases.beat(held, ending=self._retired)
        for lane in list(self._lanes.values()):
            if now.get(lane.number) != lane.token:
                self._lose(lane)
        for number, token in now.items():
            if number not in self._lanes:
                await self._begin(number, token)
        await self._leave_surplus()
        await asyncio.sleep(BEAT_SECONDS)

    async def _begin(self, number: int, token: str) -> None:
        """Take a lane over. The token is the newest already, so nobody else changes its marks any more."""
        last, marks = await self._server.run(self._left, [_stream(number), _marks(number)])
        counts = {name: int(count) for name, count in zip(marks[::2], marks[1::2], strict=True)}
        self._lanes[number] = _Lane(number, token, last, counts)

    async def _leave_surplus(self) -> None:
        staying = [lane for lane in self._lanes.values() if not lane.leaving]
        for lane in sorted(staying, key=lambda lane: len(lane.entries))[: max(0, len(staying) - self._leases.share)]:
            lane.leaving = True
        for lane in [lane for lane in self._lanes.values() if lane.leaving and not lane.entries]:
            del self._lanes[lane.number]
            await self._leases.release(lane.number, lane.token)

    def _lose(self, lane: _Lane) -> None:
        """Let go of a lane that another process has taken; the handling of its updates ends here."""
        if self._lanes.get(lane.number) is not lane:
            return
        del self._lanes[lane.number]
        logger.warning("Another process has taken over lane %s with %s updates.", lane.number, len(lane.entries))
        for update_id in lane.entries:
            del self._places[update_id]
            if (progress := self._progress.get(update_id)) and progress.handling:
                progress.handling.cancel()
            self._drop(update_id)
        if lane.attempted:
            # This process lives, so they did not end it.
            taking_back = self._server.run(self._take_back, [_marks(lane.number)], *lane.attempted)
            task = asyncio.get_running_loop().create_task(taking_back)
            self._taking_back.add(task)
            task.add_done_callback(self._taking_back.discard)

    async def _read(self, bot: Bot) -> None:
        """Queue the updates of this process's lanes that have come."""
        lanes = {_stream(lane.number): lane for lane in self._lanes.values() if not lane.leaving}
        room = self._bound - self.unfinished
        if self._retired or not lanes or room <= 0:
            await asyncio.sleep(_IDLE_SECONDS)
            return
        read = {stream: lane.read for stream, lane in lanes.items()}
        found = await self._server.read(read, max(1, room // len(lanes)))
        for stream, entries in found.items():
            lane = lanes[stream]
            for entry, fields in entries:
                # Another process may have the lane by now, or shall have it.
                if self._lanes.get(lane.number) is lane and not lane.leaving and not self._retired:
                    lane.read = entry
                    await self._queue_entry(lane, entry, fields["update"], bot)

    async def _queue_entry(self, lane: _Lane, entry: str, text: str, bot: Bot) -> None:
        raw = json.loads(text)
        number = int(raw["update_id"])
        lane.entries[number] = entry
        self._places[number] = lane
        try:
            update = Update.de_json(raw, bot)
        except Exception:
            logger.exception("Update %s was received before and cannot be read.", number)
            await self.mark_done(number)
            return
        resumed = place(entry) <= place(lane.last_left)
        attempts, sending = lane.marks.get(f"{number}:attempts", 0), f"{number}:sending" in lane.marks
        self._progress[number] = Progress(number, resumed, attempts, sending)
        await super().put(update)


def _lane_of(update: Update) -> int:
    """Return the lane of an update: all of a chat go into one, and so does what a person does in their private chat."""
    whose = update.effective_chat or update.effective_user
    return zlib.crc32(str(whose.id if whose else 0).encode()) % LANES


def _stream(lane: int) -> str:
    return key("updates", lane)


def _marks(lane: int) -> str:
    return key("updates", lane, "marks")
