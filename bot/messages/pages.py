"""The pages people browse: topics and their passages, publications, a passage read, examples to tap."""

from __future__ import annotations

import math
from functools import lru_cache
from html import escape
from typing import TypeVar

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.locales import Texts
from bot.messages.answers import Rendered, label, pairs, passage, passage_rows, single_passage, source_line, topic_title
from bot.messages.buttons import Mark, open_mark
from bot.telegram.context import Services
from index.knowledge.snippet import Snippet, Topic, snippet_key
from index.search.index import Index

_T = TypeVar("_T")

EXAMPLES = 4
_TOPICS_PER_PAGE = 20
_PASSAGES_PER_PAGE = 8
_SOURCES_PER_PAGE = 10


class Pages:
    """Makes the pages from the index in use."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def talk(self, kind: str, texts: Texts) -> Rendered:
        """Return the reply to small talk."""
        return Rendered(texts(f"talk-{kind}"), self.examples(texts) if kind != "bye" else None)

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

    def reading_page(self, snippet: Snippet, texts: Texts, page: int) -> Rendered:
        """Return a passage with the way back to its page of the topic."""
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

    def linked(self, payload: str, texts: Texts) -> Rendered | None:
        """Return what a deep link's payload points to; ``None`` for a plain start."""
        kind, _, key = payload.partition("_")
        index = self._services.library.index
        if kind == "p" and key:
            snippet = index.by_key(key, texts.language)
            return single_passage(snippet, texts, self._services.place) if snippet else Rendered(texts("link-gone"))
        if kind == "t" and key:
            topic = self.topic(key)
            return self.topic_page(topic, texts, 0) if topic else Rendered(texts("link-gone"))
        return None

    def topic(self, key: str) -> Topic | None:
        """Return the topic of a key, if there is one."""
        return next((topic for topic in self._services.library.index.topics if snippet_key(topic.id) == key), None)

    def examples(self, texts: Texts) -> InlineKeyboardMarkup:
        """Return example questions and the way to the topics as buttons."""
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
