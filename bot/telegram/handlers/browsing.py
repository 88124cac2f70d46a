"""Reading without asking: /start with its deep links, topics and their passages, sources, about, language, help."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from html import escape

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Update, User
from telegram.ext import ContextTypes

from bot.locales import LANGUAGES, Texts
from bot.messages.answers import (
    Rendered,
    next_snippet,
    single_snippet,
)
from bot.messages.buttons import Mark, read_paging
from bot.messages.pages import Pages
from bot.telegram.context import Services
from bot.telegram.handlers.addressing import Address, address_of
from bot.telegram.handlers.reactions import Reaction
from index.search.index import Index

C = ContextTypes.DEFAULT_TYPE


class Browsing:
    """The handlers of the commands that show what there is, and of the buttons under what they show."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def _pages(self) -> Pages:
        return self._services.pages

    # ---- commands

    async def start(self, update: Update, context: C) -> None:
        """Greet with examples to tap, or show what a deep link points to."""
        message = update.message
        if message is None:
            return
        texts = self._services.texts(message.from_user)
        linked = self._pages.linked(context.args[0] if context.args else "", texts)
        await self._reply(update, linked or Rendered(texts("start"), self._pages.examples(texts)), texts)

    async def help(self, update: Update, context: C) -> None:
        """Tell how to ask."""
        texts = self._texts(update)
        await self._reply(
            update, Rendered(texts("help", username=self._services.place.username), self._pages.examples(texts)), texts
        )

    async def topics(self, update: Update, context: C) -> None:
        """List the topics."""
        texts = self._texts(update)
        await self._reply(update, self._pages.topics_page(texts), texts)

    async def sources(self, update: Update, context: C) -> None:
        """List the publications."""
        texts = self._texts(update)
        await self._reply(update, self._pages.sources_page(texts, 0), texts)

    async def about(self, update: Update, context: C) -> None:
        """Tell version, dates and counts."""
        texts, index = self._texts(update), self._services.library.index
        html = texts(
            "about",
            passages=index.manifest.counts["snippets"],
            topics=len(index.topics),
            sources=len(index.sources),
            languages=", ".join(LANGUAGES.get(language, escape(language)) for language in index.languages),
            built=escape(str(index.manifest.built)[:16].replace("T", " ")),
            version=escape(index.version),
        )
        if newest := await asyncio.to_thread(_newest_date, index):
            html += "\n" + texts("about-newest", date=escape(texts.date(newest)))
        await self._reply(update, Rendered(html), texts)

    async def language(self, update: Update, context: C) -> None:
        """Offer the interface languages."""
        texts = self._texts(update)
        rows = [[InlineKeyboardButton(name, callback_data=f"l{code}")] for code, name in LANGUAGES.items()]
        rows.append([InlineKeyboardButton(texts("language-auto"), callback_data="lauto")])
        await self._reply(update, Rendered(texts("language-title"), InlineKeyboardMarkup(rows)), texts)

    async def unknown(self, update: Update, context: C) -> None:
        """Point to /help; in groups only if the command was meant for this bot."""
        message = update.message
        if message and (
            message.chat.type == "private" or f"@{self._services.me.username}".lower() in (message.text or "").lower()
        ):
            texts = self._texts(update)
            await self._reply(update, Rendered(texts("unknown-command")), texts)

    # ---- presses

    def react(self, kind: str, parts: dict[str, str], query: CallbackQuery) -> Reaction:
        """Return what a button of these pages does."""
        texts = self._services.texts(query.from_user)
        index = self._services.library.index
        if kind == "language":
            return self._choose_language(query.from_user, parts["code"])
        if kind == "next":
            return self._next(query, parts, texts)
        if kind == "passage":
            mark = Mark.read(parts["mark"])
            if snippet := index.by_key(mark.key, parts["language"]):
                return Reaction(
                    message=single_snippet(snippet, texts, self._services.place, mark.span(snippet)), below=True
                )
            return Reaction(texts("passage-gone"), alert=True)
        number = int(parts.get("page", 0))
        if kind == "sources":
            return Reaction(message=self._pages.sources_page(texts, number))
        if kind == "read":
            if snippet := index.by_key(parts["key"], texts.language):
                return Reaction(message=self._pages.reading_page(snippet, texts, number))
            return Reaction(texts("passage-gone"), alert=True)
        if "key" not in parts:
            return Reaction(message=self._pages.topics_page(texts, number))
        if topic := self._pages.topic(parts["key"]):
            return Reaction(message=self._pages.topic_page(topic, texts, number), below=kind == "topic")
        return Reaction(texts("topic-gone"), alert=True)

    def _choose_language(self, person: User, code: str) -> Reaction:
        if code != "auto" and code not in LANGUAGES:
            return Reaction(self._services.texts(person)("button-stale"))
        self._services.memory.choose_language(person.id, None if code == "auto" else code)
        done = self._services.texts(person)("language-set-auto" if code == "auto" else "language-set")
        return Reaction(done, Rendered(done))

    def _next(self, query: CallbackQuery, parts: dict[str, str], texts: Texts) -> Reaction:
        paging = read_paging(parts)
        if paging is None:
            return Reaction(texts("button-stale"))
        mark = paging.marks[paging.at]
        snippet = self._services.library.index.by_key(mark.key, paging.language)
        if snippet is None:
            return Reaction(texts("passage-gone"), alert=True)
        page = next_snippet(snippet, mark.span(snippet), texts, self._services.place, paging)
        # The votes belong to the question and stay: all rows but the first, which is the passage's.
        before = getattr(query.message, "reply_markup", None)
        kept = before.inline_keyboard[1:] if before else ()
        rows = [*page.keyboard.inline_keyboard, *kept] if page.keyboard else list(kept)
        return Reaction(message=Rendered(page.html, InlineKeyboardMarkup(rows)))

    # ---- sending

    def _texts(self, update: Update) -> Texts:
        person: User | None = update.effective_user
        return self._services.texts(person)

    async def _reply(self, update: Update, rendered: Rendered, texts: Texts) -> None:
        message = update.message
        if message:
            to = address_of(message)
            if message.chat.type == "private":
                to = Address(to.chat, None, to.thread)
            await self._services.courier.send(to, rendered, texts)


@lru_cache(maxsize=2)
def _newest_date(index: Index) -> str | None:
    """Return the latest date at which a passage is said to hold."""
    return max(
        (
            snippet.as_of
            for translations in index.snippets.values()
            for snippet in translations.values()
            if snippet.as_of
        ),
        default=None,
    )
