"""Telegram's limits on sending: about one message a second in a private chat, twenty a minute in a group, 30 a second.

See https://core.telegram.org/bots/faq. python-telegram-bot's ``AIORateLimiter`` knows groups. It lacks a limit for
private chats and an order of urgency under the common limit, and one refused call makes all others wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from aiolimiter import AsyncLimiter
from telegram.error import RetryAfter
from telegram.ext import AIORateLimiter

logger = logging.getLogger(__name__)

Result = bool | dict[str, Any] | list[dict[str, Any]]

PRIVATE_BURST = 4
"""How many messages a private chat gets at once; then one a second."""
GROUP_BURST, GROUP_SECONDS = 10, 60.0
"""A burst of ten and ten more a minute stay within Telegram's twenty in any minute."""
_OVERALL_SECONDS = 2 / 3
"""How many seconds' worth of messages may go out at once. The rest is leeway for what the network bunches."""
_CHATS = 1000


@dataclass(frozen=True, slots=True)
class Departure:
    """How one call leaves: the ``rate_limit_args`` of a bot method."""

    urgent: bool = False
    """Goes before calls that are not urgent when the common limit makes calls wait."""
    before: Callable[[], Awaitable[None]] | None = None
    """Awaited right before the call is made, when no limit holds it any more."""


class Pace(Protocol):
    """Keeps calls waiting until Telegram's limits allow them."""

    async def chat(self, chat: int) -> None:
        """Wait until a chat may get one more message."""

    async def overall(self, urgent: bool) -> None:
        """Wait until one more message may be sent at all; what is urgent goes first."""


class LocalPace:
    """The limits of a bot that is one process.

    Args:
        per_second: how many messages a second in all; 0 for any number.
    """

    def __init__(self, per_second: float) -> None:
        self._overall: AsyncLimiter | None = None
        if per_second:
            burst = overall_burst(per_second)
            self._overall = AsyncLimiter(burst, burst / per_second)
        self._chats: dict[int, AsyncLimiter] = {}

    async def chat(self, chat: int) -> None:
        """Wait until a chat may get one more message."""
        if chat not in self._chats:
            if len(self._chats) >= _CHATS:
                self._chats = {
                    other: limiter
                    for other, limiter in self._chats.items()
                    if not limiter.has_capacity(limiter.max_rate)
                }
            self._chats[chat] = AsyncLimiter(*chat_limit(chat))
        await self._chats[chat].acquire()

    async def overall(self, urgent: bool) -> None:
        """Wait until one more message may be sent at all."""
        if self._overall:
            # The limiter serves the smaller of two waiting amounts first.
            await self._overall.acquire(0.999 if urgent else 1)


def chat_limit(chat: int) -> tuple[int, float]:
    """Return how many messages a chat gets at once, and in how many seconds as many more."""
    return (PRIVATE_BURST, PRIVATE_BURST) if chat > 0 else (GROUP_BURST, GROUP_SECONDS)


def overall_burst(per_second: float) -> float:
    """Return how many messages may go out at once."""
    return max(1.0, per_second * _OVERALL_SECONDS)


class ChatRateLimiter(AIORateLimiter):
    """Makes calls at the pace that the limits allow.

    Args:
        pace: the limits for each chat and for all chats together.
    """

    def __init__(self, pace: Pace) -> None:
        super().__init__(overall_max_rate=0, group_max_rate=0)
        self._pace = pace

    async def process_request(  # noqa: PLR0913 - the signature is the framework's
        self,
        callback: Callable[..., Coroutine[Any, Any, Result]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: Departure | int | None,
    ) -> Result:
        """Make a call when the limits allow it."""
        departure = rate_limit_args if isinstance(rate_limit_args, Departure) else Departure()
        chat = data.get("chat_id")

        async def depart(*call_args: Any, **call_kwargs: Any) -> Result:
            while True:
                if chat is not None:
                    await self._pace.overall(departure.urgent)
                if departure.before:
                    await departure.before()
                try:
                    return await callback(*call_args, **call_kwargs)
                except RetryAfter as refusal:
                    # Here, for the parent class would make every other chat wait too.
                    logger.info("Telegram asks to wait %s s before the call is made again.", wait_seconds(refusal))
                    await asyncio.sleep(wait_seconds(refusal))

        if isinstance(chat, int):
            await self._pace.chat(chat)
        return await super().process_request(depart, args, kwargs, endpoint, data, None)


def wait_seconds(refusal: RetryAfter) -> float:
    """Return how long Telegram asks to wait."""
    wait = refusal.retry_after
    return float(wait if isinstance(wait, int | float) else wait.total_seconds())
