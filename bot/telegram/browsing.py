"""Reading without asking: /start with its deep links, topics and their passages, sources, about, language, help."""

from __future__ import annotations

import asyncio
import math
from functools import lru_cache
from html import escape
from typing import TypeVar

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Update, User
from telegram.ext import ContextTypes

from bot.answers import (
    Rendered,
    label,
    next_passage,
    pairs,
    passage,
    passage_rows,
    single_passage,
    source_line,
    topic_title,
)
from bot.buttons import Mark, open_mark, read_paging
from bot.locales import LANGUAGES, Texts
from bot.telegram.addressing import address_of
from bot.telegram.courier import Address
from bot.telegram.reactions import Reaction
from bot.telegram.services import Services
from index.search import Index
from index.snippets import Snippet, Topic, snippet_key

C = ContextTypes.DEFAULT_TYPE
_T = TypeVar("_T")

EXAMPLES = 4
_TOPICS_PER_PAGE = 20
_PASSAGES_PER_PAGE = 8
_SOURCES_PER_PAGE = 10


class Browsing:
    """The handlers of the commands that show what there is, and the pages behind their buttons."""

    def __init__(self, services: Services) -> None:
        self._services = services

    # ---- commands

    async def start(self, update: Update, context: C) -> None:
        """Greet with examples to tap, or show what a deep link points to."""
        message = update.message
        if message is None:
            return
        texts = self._services.texts(message.from_user)
        await self._reply(
            update, self._linked(context.args or [], texts) or Rendered(texts("start"), self._examples(texts)), texts
        )

    async def help(self, update: Update, context: C) -> None:
        """Tell how to ask."""
        texts = self._texts(update)
        await self._reply(
            update, Rendered(texts("help", username=self._services.place.username), self._examples(texts)), texts
        )

    async def topics(self, update: Update, context: C) -> None:
        """List the topics."""
        texts = self._texts(update)
        await self._reply(update, self.topics_page(texts), texts)

    async def sources(self, update: Update, context: C) -> None:
        """List the publications."""
        texts = self._texts(update)
        await self._reply(update, self.sources_page(texts, 0), texts)

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
                    message=single_passage(snippet, texts, self._services.place, mark.span(snippet)), below=True
                )
            return Reaction(texts("passage-gone"), alert=True)
        number = int(parts.get("page", 0))
        if kind == "sources":
            return Reaction(message=self.sources_page(texts, number))
        if kind == "read":
            if snippet := index.by_key(parts["key"], texts.language):
                return Reaction(message=self._read(snippet, texts, number))
            return Reaction(texts("passage-gone"), alert=True)
        if "key" not in parts:
            return Reaction(message=self.topics_page(texts, number))
        if topic := self._topic(parts["key"]):
            return Reaction(message=self.topic_page(topic, texts, number), below=kind == "topic")
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
        page = next_passage(snippet, mark.span(snippet), texts, self._services.place, paging)
        # The votes belong to the question and stay: all rows but the first, which is the passage's.
        before = getattr(query.message, "reply_markup", None)
        kept = before.inline_keyboard[1:] if before else ()
        rows = [*page.keyboard.inline_keyboard, *kept] if page.keyboard else list(kept)
        return Reaction(message=Rendered(page.html, InlineKeyboardMarkup(rows)))

    # ---- pages

    def talk(self, kind: str, texts: Texts) -> Rendered:
        """Return the reply to small talk."""
        return Rendered(texts(f"talk-{kind}"), self._examples(texts) if kind != "bye" else None)

    def how_to_ask(self, texts: Texts) -> Rendered:
        """Return how to use /ask."""
        examples = _example_questions(self._services.library.index, texts.language)
        return Rendered(texts("ask-usage", example=escape(examples[0][1])) if examples else texts("ask-usage-plain"))

    def topics_page(self, texts: Texts, page: int = 0) -> Rendered:
        """Return the list of topics."""
        index = self._services.library.index
        shown, page, pages = _slice(index.topics, page, _TOPICS_PER_PAGE)
        lines = [texts("topics-title")]
        if pages > 1:
            lines.append(texts("topic-page", page=page + 1, pages=pages))
        for topic in shown:
            count = len(index.in_topic(topic.id, texts.language))
            lines.append(
                f"• {escape(label(topic_title(topic, texts.language), topic.id, 100))} – "
                f"{texts('topic-count', count=count)}"
            )
        rows = pairs(
            InlineKeyboardButton(
                label(topic_title(topic, texts.language), topic.id, 30), callback_data=f"b{snippet_key(topic.id)}"
            )
            for topic in shown
        )
        return Rendered("\n".join(lines), InlineKeyboardMarkup(rows + _turns(texts, "b:", page, pages)))

    def topic_page(self, topic: Topic, texts: Texts, page: int) -> Rendered:
        """Return a topic with its passages to tap."""
        snippets = self._services.library.index.in_topic(topic.id, texts.language)
        shown, page, pages = _slice(snippets, page, _PASSAGES_PER_PAGE)
        key = snippet_key(topic.id)
        lines = [f"<b>{escape(label(topic_title(topic, texts.language), topic.id, 200))}</b>"]
        if description := topic.description.get(texts.language) or topic.description.get("en"):
            lines.append(escape(label(description, "", 1000)))
        count = texts("topic-count", count=len(snippets))
        lines.append(
            f"<i>{count}, {texts('topic-page', page=page + 1, pages=pages)}</i>" if pages > 1 else f"<i>{count}</i>"
        )
        rows = [
            [InlineKeyboardButton(label(snippet.title, snippet.id), callback_data=f"r{snippet.key}:{page}")]
            for snippet in shown
        ]
        rows += _turns(texts, f"b{key}:", page, pages)
        rows.append([InlineKeyboardButton(texts("button-topics"), callback_data="b")])
        return Rendered("\n".join(lines), InlineKeyboardMarkup(rows))

    def _read(self, snippet: Snippet, texts: Texts, page: int) -> Rendered:
        place = self._services.place
        back = InlineKeyboardButton(texts("button-back"), callback_data=f"b{snippet_key(snippet.topic)}:{page}")
        rows = [*passage_rows(snippet, texts, place), [back]]
        return Rendered(passage(snippet, None, texts, place), InlineKeyboardMarkup(rows))

    def sources_page(self, texts: Texts, page: int) -> Rendered:
        """Return a page of the register of publications."""
        shown, page, pages = _slice(self._services.library.index.sources, page, _SOURCES_PER_PAGE)
        title = texts("sources-title") + (f" ({texts('topic-page', page=page + 1, pages=pages)})" if pages > 1 else "")
        rows = _turns(texts, "s", page, pages)
        return Rendered(
            "\n".join([title, *(f"• {source_line(source, texts)}" for source in shown)]),
            InlineKeyboardMarkup(rows) if rows else None,
        )

    def _linked(self, args: list[str], texts: Texts) -> Rendered | None:
        """Return what a deep link's payload points to; ``None`` for a plain start."""
        payload = args[0] if args else ""
        kind, _, key = payload.partition("_")
        index = self._services.library.index
        if kind == "p" and key:
            snippet = index.by_key(key, texts.language)
            return single_passage(snippet, texts, self._services.place) if snippet else Rendered(texts("link-gone"))
        if kind == "t" and key:
            topic = self._topic(key)
            return self.topic_page(topic, texts, 0) if topic else Rendered(texts("link-gone"))
        return None

    def _topic(self, key: str) -> Topic | None:
        return next((topic for topic in self._services.library.index.topics if snippet_key(topic.id) == key), None)

    def _examples(self, texts: Texts) -> InlineKeyboardMarkup:
        rows = [
            [
                InlineKeyboardButton(
                    label(question, snippet.id), callback_data=open_mark(Mark(snippet.key, None), snippet.language)
                )
            ]
            for snippet, question in _example_questions(self._services.library.index, texts.language)
        ]
        rows.append([InlineKeyboardButton(texts("button-topics"), callback_data="b")])
        return InlineKeyboardMarkup(rows)

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


@lru_cache(maxsize=16)
def _example_questions(index: Index, language: str) -> tuple[tuple[Snippet, str], ...]:
    """Return an example question of a passage from each of the first topics, in a language if there are any."""
    found: list[tuple[Snippet, str]] = []
    for topic in index.topics:
        for snippet in index.in_topic(topic.id, language):
            if question := next((question for question in snippet.questions if question.rstrip().endswith("?")), None):
                found.append((snippet, question))
                break
        if len(found) == EXAMPLES:
            break
    return tuple(found)


def _slice(items: tuple[_T, ...], page: int, size: int) -> tuple[tuple[_T, ...], int, int]:
    """Return a page of the items, its number within bounds, and how many pages there are."""
    pages = max(1, math.ceil(len(items) / size))
    page = min(page, pages - 1)
    return items[page * size : (page + 1) * size], page, pages


def _turns(texts: Texts, data: str, page: int, pages: int) -> list[list[InlineKeyboardButton]]:
    """Return the row of buttons that turn the pages."""
    row = []
    if page > 0:
        row.append(InlineKeyboardButton(texts("button-less"), callback_data=f"{data}{page - 1}"))
    if page < pages - 1:
        row.append(InlineKeyboardButton(texts("button-more"), callback_data=f"{data}{page + 1}"))
    return [row] if row else []
