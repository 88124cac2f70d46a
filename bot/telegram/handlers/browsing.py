"""Reading without asking: /start with its deep links, topics, sources, about, language, help."""

from __future__ import annotations

import asyncio
from html import escape

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update

from bot.locales import language_name
from bot.messages.answers import Rendered
from bot.telegram.context import BotContext
from index.search.index import Index


async def start(update: Update, context: BotContext) -> None:
    """Greet with examples to tap, or show what a deep link points to."""
    texts, pages = context.texts(), context.services.pages
    linked = pages.linked(context.args[0] if context.args else "", texts)
    await context.show(linked or Rendered(texts("start"), pages.examples(texts)))


async def help(update: Update, context: BotContext) -> None:
    """Tell how to ask."""
    texts, services = context.texts(), context.services
    await context.show(Rendered(texts("help", username=services.place.username), services.pages.examples(texts)))


async def topics(update: Update, context: BotContext) -> None:
    """List the topics."""
    await context.show(context.services.pages.topics_page(context.texts()))


async def sources(update: Update, context: BotContext) -> None:
    """List the publications."""
    await context.show(context.services.pages.sources_page(context.texts(), 0))


async def about(update: Update, context: BotContext) -> None:
    """Tell version, dates and counts."""
    texts, index = context.texts(), context.services.live_index.index
    html = texts(
        "about",
        passages=index.manifest.counts["snippets"],
        topics=len(index.topics),
        sources=len(index.sources),
        languages=", ".join(escape(language_name(language)) for language in index.languages),
        built=escape(str(index.manifest.built)[:16].replace("T", " ")),
        version=escape(index.version),
    )
    if newest := await asyncio.to_thread(_newest_date, index):
        html += "\n" + texts("about-newest", date=escape(texts.date(newest)))
    await context.show(Rendered(html))


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


def _newest_date(index: Index) -> str | None:
    """Return the latest date at which a snippet is said to hold."""
    dates = [
        snippet.as_of for translations in index.snippets.values() for snippet in translations.values() if snippet.as_of
    ]
    return max(dates, default=None)
