"""Telegram's limits on sending: about one message a second in a private chat, twenty a minute in a group, 30 a second.

See https://core.telegram.org/bots/faq. python-telegram-bot's ``AIORateLimiter`` knows groups. It lacks a limit for
private chats and an order of urgency under the common limit, and one refused call makes all others wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

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
_CHATS = 500


@dataclass(frozen=True, slots=True)
class Departure:
    """How one call leaves: the ``rate_limit_args`` of a bot method."""

    urgent: bool = False
    """Goes before calls that are not urgent when the common limit makes calls wait."""
    before: Callable[[], None] | None = None
    """Called right before the call is made, when no limit holds it any more."""


class ChatRateLimiter(AIORateLimiter):
    """Keeps the limits for each chat and for all chats together.

    Args:
        per_second: how many messages a second in all; 0 for any number.
    """

    def __init__(self, per_second: float) -> None:
        # The common limit is applied below, behind the limit of the chat.
        super().__init__(overall_max_rate=0, group_max_rate=GROUP_BURST, group_time_period=GROUP_SECONDS)
        self._overall: AsyncLimiter | None = None
        if per_second:
            burst = max(1.0, per_second * _OVERALL_SECONDS)
            self._overall = AsyncLimiter(burst, burst / per_second)
        self._private: dict[int, AsyncLimiter] = {}

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
        common = self._overall if chat is not None else None

        async def depart(*call_args: Any, **call_kwargs: Any) -> Result:
            while True:
                if common:
                    # The limiter serves the smaller of two waiting amounts first.
                    await common.acquire(0.999 if departure.urgent else 1)
                if departure.before:
                    departure.before()
                try:
                    return await callback(*call_args, **call_kwargs)
                except RetryAfter as refusal:
                    # Here, for the parent class would make every other chat wait too.
                    logger.info("Telegram asks to wait %s s before the call is made again.", wait_seconds(refusal))
                    await asyncio.sleep(wait_seconds(refusal))

        if isinstance(chat, int) and chat > 0:
            await self._private_limiter(chat).acquire()
        return await super().process_request(depart, args, kwargs, endpoint, data, None)

    def _private_limiter(self, chat: int) -> AsyncLimiter:
        if chat not in self._private:
            if len(self._private) >= _CHATS:
                self._private = {
                    other: limiter
                    for other, limiter in self._private.items()
                    if not limiter.has_capacity(PRIVATE_BURST)
                }
            self._private[chat] = AsyncLimiter(PRIVATE_BURST, PRIVATE_BURST)
        return self._private[chat]


def wait_seconds(refusal: RetryAfter) -> float:
    """Return how long Telegram asks to wait."""
    wait = refusal.retry_after
    return float(wait if isinstance(wait, int | float) else wait.total_seconds())
