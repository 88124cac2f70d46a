"""What only administrators may do: /status, /reload, /stats. To everybody else these commands do not exist."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable
from datetime import timedelta
from html import escape

from telegram import Update
from telegram.ext import ContextTypes

from bot.locales import Texts
from bot.messages.answers import Rendered, clip
from bot.review.html_report import png
from bot.review.queries import read_stats
from bot.telegram.context import Services
from bot.telegram.handlers.addressing import address_of
from bot.telegram.live_index import Swap

C = ContextTypes.DEFAULT_TYPE


class Admin:
    """The handlers of the administrators' commands.

    Args:
        waiting: returns how many updates wait besides the one being worked on.
    """

    def __init__(self, services: Services, waiting: Callable[[], int]) -> None:
        self._services = services
        self._waiting = waiting

    async def status(self, update: Update, context: C) -> None:
        """Tell how the bot is doing."""
        services, index, texts = self._services, self._services.library.index, self._texts(update)
        html = texts(
            "admin-status",
            version=escape(index.version),
            built=escape(str(index.manifest.built)[:16].replace("T", " ")),
            passages=index.manifest.counts["snippets"],
            uptime=str(timedelta(seconds=int(time.monotonic() - services.tally.started))),
            answered=services.tally.answered,
            waiting=self._waiting(),
            failures=services.failures.count,
            memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        )
        await self._reply(update, html, texts)

    async def reload(self, update: Update, context: C) -> None:
        """Take the index published last into use."""
        texts, library = self._texts(update), self._services.library
        swap = await library.refresh(again=True)
        name = {Swap.SAME: "admin-reload-same", Swap.DONE: "admin-reload-done", Swap.REFUSED: "admin-reload-failed"}[
            swap
        ]
        reason = {"reason": escape(clip(library.refusal, 1000))} if swap is Swap.REFUSED else {}
        await self._reply(update, texts(name, version=escape(library.index.version), **reason), texts)

    async def stats(self, update: Update, context: C) -> None:
        """Tell what was asked of late."""
        texts = self._texts(update)
        stats = await asyncio.to_thread(read_stats, self._services.log.path)
        await self._reply(
            update, f"<pre>{escape(clip(str(stats), 3500))}</pre>" if stats else texts("admin-stats-empty"), texts
        )
        if update.message and stats and (picture := await asyncio.to_thread(png, stats)):
            await self._services.courier.send_picture(address_of(update.message), picture)

    def _texts(self, update: Update) -> Texts:
        return self._services.texts(update.effective_user)

    async def _reply(self, update: Update, html: str, texts: Texts) -> None:
        if update.message:
            await self._services.courier.send(address_of(update.message), Rendered(html), texts)
