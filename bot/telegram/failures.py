"""Failures: logged with a number that the user is shown, told to administrators at most once an hour per kind."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterable
from contextvars import Context
from html import escape

from bot.locales import FALLBACK, texts_for
from bot.messages.answers import Rendered, clip
from bot.telegram.handlers.addressing import Address
from bot.telegram.sending import Sender
from bot.telegram.state import BotState

logger = logging.getLogger(__name__)

QUIET_SECONDS = 3600.0
"""How long administrators are not told of a kind of failure again."""


class Failures:
    """Where failures are reported.

    Args:
        admins: the Telegram ids to tell.
        clock: the time in seconds.
    """

    def __init__(
        self, courier: Sender, memory: BotState, admins: Iterable[int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._courier = courier
        self._memory = memory
        self._admins = tuple(admins)
        self._clock = clock
        self._told: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.count = 0
        """How many there were since the start."""

    def report(self, error: BaseException, doing: str) -> str:
        """Log an unexpected exception with its traceback; return the number under which it is logged."""
        number = secrets.token_hex(4)
        self.count += 1
        logger.error("Failure %s while %s", number, doing, exc_info=error)
        self._tell(type(error).__name__, doing, number)
        return number

    def trouble(self, kind: str, text: str) -> None:
        """Log something an operator should know of, and tell the administrators."""
        number = secrets.token_hex(4)
        self.count += 1
        logger.error("Failure %s: %s: %s", number, kind, text)
        self._tell(kind, text, number)

    def _tell(self, kind: str, text: str, number: str) -> None:
        now = self._clock()
        if not self._admins or now - self._told.get(kind, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        self._told[kind] = now
        # In a context of its own: what administrators are told is no answer to the message being worked on.
        task = asyncio.get_running_loop().create_task(self._notify(kind, text, number), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self, kind: str, text: str, number: str) -> None:
        for admin in self._admins:
            texts = texts_for(self._memory.language(admin), FALLBACK)
            notice = texts("admin-failure", kind=escape(clip(kind, 100)), text=escape(clip(text, 500)), id=number)
            try:
                await self._courier.send(Address(admin), Rendered(notice), texts)
            except Exception as error:
                logger.warning("An administrator could not be told of failure %s: %s", number, error)
