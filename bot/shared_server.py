"""The Valkey or Redis server that several bots share: how it is reached, and how calls wait while it is away.

Nothing imports this module unless ``BOT_REDIS_URL`` is set. One database of the server belongs to one bot.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from index.errors import UserFacingError

try:
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import (
        AuthenticationError,
        AuthorizationError,
        ConnectionError,
        NoScriptError,
        OutOfMemoryError,
        ReadOnlyError,
        RedisError,
        ResponseError,
        TimeoutError,
    )
except ImportError:
    raise UserFacingError("BOT_REDIS_URL needs the extra 'cluster': pip install 'partnership-bot[cluster]'.") from None

if TYPE_CHECKING:
    from redis.commands.core import AsyncScript

logger = logging.getLogger(__name__)
_T = TypeVar("_T")

Entry = tuple[str, dict[str, str]]
"""An entry of a stream: its id and its fields."""
BLOCK_SECONDS = 0.5
"""How long a call that waits for news waits at most."""
_CONNECTIONS = 32
_CONNECT_SECONDS, _ANSWER_SECONDS = 2.0, 5.0
_PAUSE_SECONDS = 0.2
_PREFIX = "bot"
_AWAY = (ConnectionError, TimeoutError, OSError, OutOfMemoryError, ReadOnlyError, NoScriptError)
_DISK_FULL = "MISCONF"


class SharedServerError(UserFacingError):
    """The shared server cannot be used; the text says why and what to do."""


class AwayError(Exception):
    """The server does not answer now, or takes nothing; that passes."""


class SharedServer:
    """The connection of one process to the server.

    Args:
        url: The server's address, as ``redis://host:6379/0``.
    """

    def __init__(self, url: str) -> None:
        self.client = self._connect(url)
        self._room = asyncio.Semaphore(_CONNECTIONS)
        self._apart = self._connect(url)
        """For calls that wait for news, and for those that must not wait behind the calls of all chats."""
        parts = urlsplit(url)
        self.address = f"{parts.hostname}:{parts.port or 6379}{parts.path}"
        """The server without its password."""
        self._away_since = 0.0

    @classmethod
    async def open(cls, url: str) -> SharedServer:
        """Reach the server.

        Raises:
            SharedServerError: The address is wrong, or nobody answers there.
        """
        try:
            server = cls(url)
        except ValueError:
            # What the library says of it could be a part of the password.
            raise SharedServerError(
                "BOT_REDIS_URL must be like redis://host:6379/0 or rediss://user:password@host:6379/0; in a password, "
                "characters other than letters and digits are written as %XX."
            ) from None
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await cast("Awaitable[Any]", server.client.ping())
        except (RedisError, OSError) as error:
            await server.close()
            raise SharedServerError(
                f"BOT_REDIS_URL: the server {server.address} cannot be used ({_reason(error)}). "
                "Start it or correct the address."
            ) from None
        return server

    @staticmethod
    def _connect(url: str) -> Redis:
        connected: Redis = Redis.from_url(
            url,
            protocol=2,
            decode_responses=True,
            socket_connect_timeout=_CONNECT_SECONDS,
            # The library would wait with asyncio.wait_for, which before Python 3.12 can miss that a task is cancelled.
            socket_timeout=None,
            # A connection that the server closed while it lay idle is replaced at once.
            retry=Retry(NoBackoff(), 1),
        )
        return connected

    def script(self, text: str, *, apart: bool = False) -> AsyncScript:
        """Return a script that the server runs as one step.

        Args:
            text: Its Lua.
            apart: It must not wait behind the calls of all chats.
        """
        return (self._apart if apart else self.client).register_script(text)

    @property
    def away(self) -> float:
        """For how many seconds the server has not answered."""
        return time.monotonic() - self._away_since if self._away_since else 0.0

    async def once(self, call: Callable[[], Awaitable[_T]], *, apart: bool = False) -> _T:
        """Make a call; it must do no harm when it is made twice, for a lost connection is tried again at once.

        Args:
            call: What is done.
            apart: It has connections of its own.

        Raises:
            AwayError: It failed and may work later.
        """
        try:
            async with nullcontext() if apart else self._room, asyncio.timeout(_ANSWER_SECONDS):
                result = await call()
        except (AuthenticationError, AuthorizationError):
            raise
        except (*_AWAY, ResponseError) as error:
            if not isinstance(error, _AWAY) and _DISK_FULL not in str(error):
                raise
            self._note_away(error)
            raise AwayError from error
        self._note_back()
        return result

    async def patiently(self, call: Callable[[], Awaitable[_T]], *, apart: bool = False) -> _T:
        """Make a call as often as it takes; it must do no harm when it is made twice."""
        while True:
            try:
                return await self.once(call, apart=apart)
            except AwayError:
                await asyncio.sleep(_PAUSE_SECONDS)

    def _note_away(self, error: Exception) -> None:
        if not self._away_since:
            self._away_since = time.monotonic()
            logger.error(
                "The shared server %s does not answer (%s); the bot waits for it.", self.address, _reason(error)
            )

    def _note_back(self) -> None:
        if self._away_since:
            logger.warning("The shared server %s answers again, after %.1f s.", self.address, self.away)
            self._away_since = 0.0

    async def run(self, script: AsyncScript, keys: list[str], *arguments: Any) -> Any:
        """Run a script, as often as it takes."""
        apart = script.registered_client is self._apart
        return await self.patiently(lambda: script(keys=keys, args=list(arguments)), apart=apart)

    async def command(self, *words: Any) -> Any:
        """Execute one command, as often as it takes."""
        execute: Any = self.client.execute_command
        return await self.patiently(lambda: execute(*words))

    async def read(self, streams: Mapping[str, str], count: int) -> dict[str, list[Entry]]:
        """Return entries of streams behind the given ones, up to a count of each; wait for one for a moment."""
        reading: Any = self._apart.xread
        found = await self.patiently(
            lambda: reading(dict(streams), count=count, block=round(1000 * BLOCK_SECONDS)), apart=True
        )
        return {name: list(entries) for name, entries in found or ()}

    async def agree(self, name: str, value: str) -> str:
        """Keep a value that is the same for all processes; return what the first of them kept."""
        await self.command("SET", key(name), value, "NX")
        return str(await self.command("GET", key(name)))

    async def check_pseudonym_key(self, fingerprint: str, file: object) -> None:
        """See to it that all machines make the same pseudonyms.

        Raises:
            SharedServerError: Another machine has another key.
        """
        if not hmac.compare_digest(await self.agree("pseudonym-key", fingerprint), fingerprint):
            raise SharedServerError(
                f"{file} is not the pseudonym key that the other processes at {self.address} use: "
                "copy theirs to this machine, for people's rows are found by it."
            )

    async def close(self) -> None:
        """Let go of all connections."""
        for client in (self.client, self._apart):
            await client.aclose()
            await client.connection_pool.disconnect()


def _reason(error: Exception) -> str:
    return str(error) or f"nothing in {_ANSWER_SECONDS:.0f} s"


def key(*parts: object) -> str:
    """Return the name under which something is kept at the server."""
    return ":".join((_PREFIX, *map(str, parts)))


def place(entry: str) -> tuple[int, int]:
    """Return where an entry stands in its stream, by its id."""
    milliseconds, _, number = entry.partition("-")
    return int(milliseconds), int(number)
