"""The typing indicator, shown only when an answer is not immediate."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot.telegram.handlers.addressing import Address

logger = logging.getLogger(__name__)

_AFTER = 0.7
_LASTS = 5.0
_TIMES = 4
_AT_ONCE = 20
"""In how many chats: when many wait, saying so to each would only make them wait longer."""


class Typing:
    """Shows people that an answer is under way."""

    def __init__(self, bot: ExtBot[Any]) -> None:
        self._bot = bot
        self._shown_in = 0

    @asynccontextmanager
    async def __call__(self, to: Address) -> AsyncIterator[None]:
        """Show that the bot is typing, once what happens within this takes longer than a moment."""
        loop = asyncio.get_running_loop()
        tasks: list[asyncio.Task[None]] = []
        timer = loop.call_later(_AFTER, lambda: tasks.append(loop.create_task(self._keep(to))))
        try:
            yield
        finally:
            timer.cancel()
            for task in tasks:
                task.cancel()

    async def _keep(self, to: Address) -> None:
        if self._shown_in >= _AT_ONCE:
            return
        self._shown_in += 1
        try:
            await self._show(to)
        finally:
            self._shown_in -= 1

    async def _show(self, to: Address) -> None:
        for _ in range(_TIMES):
            try:
                await self._bot.send_chat_action(to.chat, "typing", message_thread_id=to.thread)
            except TelegramError as error:
                logger.debug("Typing could not be shown: %s", error)
            await asyncio.sleep(_LASTS)
