"""What only administrators may do: /status, /reload, /stats. To everybody else these commands do not exist."""

from __future__ import annotations

import asyncio
import resource
import time
from datetime import timedelta
from html import escape

from telegram import Update

from bot.messages.telegram_text import clip
from bot.review.browse import png
from bot.review.queries import read_stats
from bot.telegram.context import BotContext
from bot.telegram.live_index import Swap
from bot.telegram.sending import address_of


async def status(update: Update, context: BotContext) -> None:
    """Tell how the bot is doing."""
    services, index = context.services, context.services.live_index.index
    html = context.texts()(
        "admin-status",
        version=escape(index.version),
        built=escape(str(index.manifest.built)[:16].replace("T", " ")),
        passages=index.manifest.counts["snippets"],
        uptime=str(timedelta(seconds=int(time.monotonic() - services.metrics.started))),
        answered=services.metrics.answers,
        waiting=services.queue.unfinished - 1,
        failures=services.metrics.failures,
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )
    await context.reply(html)


async def reload(update: Update, context: BotContext) -> None:
    """Take the index published last into use."""
    live_index = context.services.live_index
    swap = await live_index.refresh(again=True)
    name = {Swap.SAME: "admin-reload-same", Swap.DONE: "admin-reload-done", Swap.REFUSED: "admin-reload-failed"}[swap]
    reason = {"reason": escape(clip(live_index.refusal, 1000))} if swap is Swap.REFUSED else {}
    await context.reply(context.texts()(name, version=escape(live_index.index.version), **reason))


async def stats(update: Update, context: BotContext) -> None:
    """Tell what was asked of late."""
    figures = await asyncio.to_thread(read_stats, context.services.log.path)
    if figures is None:
        await context.reply(context.texts()("admin-stats-empty"))
        return
    await context.reply(f"<pre>{escape(clip(str(figures), 3500))}</pre>")
    if update.message and (picture := await asyncio.to_thread(png, figures)):
        await context.services.sender.send_picture(address_of(update.message), picture)
