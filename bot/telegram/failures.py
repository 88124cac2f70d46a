"""Failures: logged with a number that the person is shown, and told to administrators at most once an hour per kind."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterable
from html import escape

from bot.locales import FALLBACK, texts_for
from bot.messages.answers import Rendered
from bot.messages.telegram_text import clip
from bot.telegram.interfaces import State
from bot.telegram.metrics import Metrics
from bot.telegram.sending import Address, Sender

logger = logging.getLogger(__name__)

QUIET_SECONDS = 3600.0
"""How long administrators are not told of a kind of failure again."""


class Failures:
    """Where failures are reported.

    Args:
        sender: sends the notices.
        state: knows the administrators' languages.
        metrics: count the failures.
        admins: the Telegram ids of the administrators.
        clock: the time in seconds.
    """

    def __init__(
        self,
        sender: Sender,
        state: State,
        metrics: Metrics,
        admins: Iterable[int],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sender = sender
        self._state = state
        self._metrics = metrics
        self._admins = tuple(admins)
        self._clock = clock
        self._told: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def report(self, error: BaseException, doing: str) -> str:
        """Log an unexpected exception with its traceback; return the number under which it is logged."""
        number = self._number()
        logger.error("Failure %s while %s", number, doing, exc_info=error)
        self._notify_once(type(error).__name__, doing, number)
        return number

    def problem(self, kind: str, text: str) -> None:
        """Log something an operator should know of, and tell the administrators."""
        number = self._number()
        logger.error("Failure %s: %s: %s", number, kind, text)
        self._notify_once(kind, text, number)

    def _number(self) -> str:
        self._metrics.failure()
        return secrets.token_hex(4)

    def _notify_once(self, kind: str, text: str, number: str) -> None:
        now = self._clock()
        if not self._admins or now - self._told.get(kind, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        self._told[kind] = now
        task = asyncio.get_running_loop().create_task(self._notify(kind, text, number))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self, kind: str, text: str, number: str) -> None:
        for admin in self._admins:
            await self._state.know(admin)
            texts = texts_for(self._state.language(admin), FALLBACK)
            notice = texts("admin-failure", kind=escape(clip(kind, 100)), text=escape(clip(text, 500)), id=number)
            try:
                await self._sender.send(Address(admin), Rendered(notice), texts)
            except Exception as error:
                logger.warning("An administrator could not be told of failure %s: %s", number, error)
