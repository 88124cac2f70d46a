"""Limits that hold for all processes together, by the server's clock."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.shared_server import SharedServer, key
from bot.telegram.quota import PERIOD, Verdict
from bot.telegram.rate_limiter import chat_limit, overall_burst
from bot.telegram.shared.state import Names

# The generic cell rate algorithm. Each call takes the next free place at once and is told how many microseconds away
# that is, so the order is the order of the calls, whichever process makes them.
_RESERVE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local next = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local after = next + interval
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000) + 1000)
return math.max(0, math.ceil(next - (burst - 1) * interval - now))
"""

# The times of the last questions, oldest first; the second key says that the person was told.
_ASK = """
local limit, at, period = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local oldest = redis.call('LINDEX', KEYS[1], -limit)
if not oldest or tonumber(oldest) <= at - period then
    redis.call('RPUSH', KEYS[1], ARGV[2])
    redis.call('LTRIM', KEYS[1], -limit, -1)
    redis.call('EXPIRE', KEYS[1], period * 2)
    redis.call('DEL', KEYS[2])
    return 'take'
end
return redis.call('SET', KEYS[2], '1', 'NX', 'EX', period * 2) and 'note' or 'drop'
"""


class SharedPace:
    """Telegram's limits for all processes together.

    Args:
        server: Where the limits are counted.
        names: Hides which chat a limit is for.
        per_second: How many messages a second in all; 0 for any number.
    """

    def __init__(self, server: SharedServer, names: Names, per_second: float) -> None:
        self._server = server
        self._names = names
        self._per_second = per_second
        self._reserve = server.script(_RESERVE)
        self._turns = _Turns()

    async def chat(self, chat: int) -> None:
        """Wait until a chat may get one more message."""
        burst, seconds = chat_limit(chat)
        await self._wait(key("pace", self._names.of("chat", chat)), seconds / burst, burst)

    async def overall(self, urgent: bool) -> None:
        """Wait until one more message may be sent at all; of this process's, what is urgent goes first."""
        if self._per_second:
            async with self._turns.turn(urgent):
                await self._wait(key("pace"), 1 / self._per_second, overall_burst(self._per_second))

    async def _wait(self, name: str, interval: float, burst: float) -> None:
        microseconds = await self._server.run(self._reserve, [name], round(interval * 1e6), burst)
        if microseconds:
            await asyncio.sleep(microseconds / 1e6)


class _Turns:
    """Lets one caller go at a time: first those that are urgent, then in the order in which they came."""

    def __init__(self) -> None:
        self._count = itertools.count()
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._taken = False

    @asynccontextmanager
    async def turn(self, urgent: bool) -> AsyncIterator[None]:
        """Hold the turn meanwhile."""
        if self._taken:
            mine = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (not urgent, next(self._count), mine))
            try:
                await mine
            except asyncio.CancelledError:
                if mine.done() and not mine.cancelled():
                    self._pass_on()
                raise
        self._taken = True
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            _, _, following = heapq.heappop(self._waiting)
            if not following.done():
                following.set_result(None)
                return
        self._taken = False


class SharedQuota:
    """A limit for each person over a sliding minute, whichever process they ask.

    Args:
        server: Where the questions are counted.
        names: Hides who asks.
        kind: What is counted.
        limit: Questions in a minute; 0 allows any number.
    """

    def __init__(self, server: SharedServer, names: Names, kind: str, limit: int) -> None:
        self._server = server
        self._names = names
        self._kind = kind
        self._limit = limit
        self._ask = server.script(_ASK)

    async def ask(self, person: int, at: float | None = None) -> Verdict:
        """Count one more question of a person, written at a moment, unless the quota is used up."""
        if not self._limit:
            return Verdict.TAKE
        name = key(self._kind, self._names.of("person", person))
        moment = time.time() if at is None else at
        verdict = await self._server.run(self._ask, [name, f"{name}:told"], self._limit, moment, int(PERIOD))
        return Verdict(verdict)
