"""Which process handles which lane of chats.

A lane belongs to one process at a time. The process renews its leases every second; a lane whose lease has ended is
taken by another. Every change of a lane at the server names the token under which the lane was taken, and the server
refuses a token that is not the newest one. So a process that was held up, and does not know yet that it lost a lane,
can change nothing of it. Reading a lane changes nothing either.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Collection

from bot.shared_server import SharedServer, key

logger = logging.getLogger(__name__)

LANES = 16
"""How many lanes there are: as many processes can share the work at most. It must be the same for all."""
LEASE_SECONDS = 6.0
"""How long a lane stays with a process that does not renew its lease."""
BEAT_SECONDS = 1.0
"""How often leases are renewed."""

# KEYS: owners (lane -> token), ends (lane -> milliseconds), members (process -> milliseconds), count of tokens.
# ARGV: process, lease in milliseconds, number of lanes, whether the process is ending, number of overdue lanes seen at
# the last beat, those lanes, then each lane that the process holds with its token. The reply: the fair share; the lanes
# held or taken with their tokens; "overdue"; the lanes of others whose lease has ended.
_BEAT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local me, lease, lanes, count = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[5])
if ARGV[4] == '1' then redis.call('ZREM', KEYS[3], me) else redis.call('ZADD', KEYS[3], now, me) end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - lease)
local share = ARGV[4] == '1' and 0 or math.ceil(lanes / redis.call('ZCARD', KEYS[3]))
local reply, held, seen, mine = {share}, 0, {}, {}
for i = 6, 5 + count do seen[ARGV[i]] = true end
for i = 6 + count, #ARGV, 2 do
    if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
        redis.call('HSET', KEYS[2], ARGV[i], now + lease)
        table.insert(reply, ARGV[i])
        table.insert(reply, ARGV[i + 1])
        mine[ARGV[i]] = true
        held = held + 1
    end
end
local overdue = {}
for number = 0, lanes - 1 do
    local lane = tostring(number)
    local ends = redis.call('HGET', KEYS[2], lane)
    if not mine[lane] and (not ends or tonumber(ends) < now) then
        if held < share and (not ends or seen[lane]) then
            local token = me .. ':' .. redis.call('INCR', KEYS[4])
            redis.call('HSET', KEYS[1], lane, token)
            redis.call('HSET', KEYS[2], lane, now + lease)
            table.insert(reply, lane)
            table.insert(reply, token)
            held = held + 1
        elseif ends then
            table.insert(overdue, lane)
        end
    end
end
table.insert(reply, 'overdue')
for _, lane in ipairs(overdue) do table.insert(reply, lane) end
return reply
"""

# KEYS: owners, ends. ARGV: lane, token.
_RELEASE = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return 1
"""

OWNERS = key("lanes", "owners")
_ENDS, _MEMBERS, _TOKENS = key("lanes", "ends"), key("lanes", "members"), key("lanes", "tokens")


class Leases:
    """The lanes of one process.

    After the server was away, the leases of all have ended. Whoever still has the newest token keeps the lane; others
    take a lane only if its lease had ended at their beat before as well.

    Args:
        server: Where the leases are kept.
    """

    def __init__(self, server: SharedServer) -> None:
        self.process = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self.share = LANES
        """How many lanes one process should hold, so that all hold as many."""
        self._server = server
        self._beat = server.script(_BEAT, apart=True)
        self._release = server.script(_RELEASE, apart=True)
        self._overdue: list[str] = []

    async def beat(self, held: dict[int, str], *, ending: bool = False) -> dict[int, str]:
        """Renew the leases of the lanes held under these tokens, and take free ones; return what is held now.

        Args:
            held: The lanes with their tokens.
            ending: Take none, and leave the whole work to others.
        """
        own = [part for lane, token in held.items() for part in (lane, token)]
        keys = [OWNERS, _ENDS, _MEMBERS, _TOKENS]
        arguments = (self.process, round(LEASE_SECONDS * 1000), LANES, int(ending), len(self._overdue))
        share, *reply = await self._server.run(self._beat, keys, *arguments, *self._overdue, *own)
        self.share = int(share)
        cut = reply.index("overdue")
        self._overdue = reply[cut + 1 :]
        return {int(reply[at]): reply[at + 1] for at in range(0, cut, 2)}

    async def release(self, lane: int, token: str) -> None:
        """Give a lane to whoever wants it."""
        await self._server.run(self._release, [OWNERS, _ENDS], lane, token)

    async def leave(self, held: Collection[tuple[int, str]]) -> None:
        """Give up lanes and the share in the work."""
        for lane, token in held:
            await self.release(lane, token)
        await self._server.command("ZREM", _MEMBERS, self.process)
