"""The command /start: a greeting, or what its deep link carries."""

from __future__ import annotations

from telegram import Update

from bot.messages.deep_links import asked_by
from bot.telegram.context import BotContext
from bot.telegram.handlers import browsing, questions


async def start(update: Update, context: BotContext) -> None:
    """Answer the question that a deep link carries; else greet, or show the page that it points to."""
    if words := asked_by(context.args[0] if context.args else ""):
        await questions.typed_elsewhere(words, update, context)
    else:
        await browsing.start(update, context)
