"""Reading without asking: /start with its deep links, topics, sources, about, language, help."""

from __future__ import annotations

import asyncio

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update

from bot.messages.answers import Rendered
from bot.telegram.context import BotContext
from bot.telegram.handlers import privacy
from bot.telegram.handlers.quote_questions import note_linked
from index.search.index import Index


async def start(update: Update, context: BotContext) -> None:
    """Greet with examples to tap, or show what a deep link points to; in a group, tell how to ask there."""
    texts, services = context.texts(), context.services
    payload = context.args[0] if context.args else ""
    if payload == privacy.LINK:
        await privacy.privacy(update, context)
    elif linked := services.pages.linked(payload, texts):
        sent = await context.show(linked)
        if update.message:
            await note_linked(payload, update.message.chat.id, sent, context)
    elif _private(update):
        await context.show(services.pages.welcome(texts))
    else:
        await context.show(services.pages.group_note(texts, recorded=services.settings.log))


async def help(update: Update, context: BotContext) -> None:
    """Tell how to ask."""
    services = context.services
    languages = services.live_index.locales.languages
    await context.show(services.pages.help(context.texts(), languages, buttons=_private(update)))


async def topics(update: Update, context: BotContext) -> None:
    """List the topics."""
    await context.show(context.services.pages.topics_page(context.texts()))


async def sources(update: Update, context: BotContext) -> None:
    """List the publications."""
    await context.show(context.services.pages.sources_page(context.texts(), 0))


async def about(update: Update, context: BotContext) -> None:
    """Tell what the bot is, who runs it, counts and dates."""
    pages = context.services.pages
    newest = await asyncio.to_thread(_newest_date, pages.index)
    await context.show(pages.about(context.texts(), newest))


async def language(update: Update, context: BotContext) -> None:
    """Offer the interface languages."""
    texts, languages = context.texts(), context.services.live_index.locales.languages
    rows = [[InlineKeyboardButton(name, callback_data=f"l{code}")] for code, name in languages.items()]
    rows.append([InlineKeyboardButton(texts("language-auto"), callback_data="lauto")])
    await context.show(Rendered(texts("language-title"), InlineKeyboardMarkup(rows)))


async def unknown(update: Update, context: BotContext) -> None:
    """Point to /help; in groups only if the command was meant for this bot."""
    message = update.message
    mention = f"@{context.services.me.username}".lower()
    if message and (message.chat.type == "private" or mention in (message.text or "").lower()):
        await context.show(Rendered(context.texts()("unknown-command")))


def _private(update: Update) -> bool:
    return update.effective_chat is not None and update.effective_chat.type == "private"


def _newest_date(index: Index) -> str | None:
    """Return the latest date at which a snippet is said to hold."""
    dates = [
        snippet.as_of for translations in index.snippets.values() for snippet in translations.values() if snippet.as_of
    ]
    return max(dates, default=None)
