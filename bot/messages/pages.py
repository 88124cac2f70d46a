"""The pages people browse: topics and their snippets, sources, a snippet to read, examples to tap."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TypeVar

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.locales import Texts
from bot.messages.answers import Rendered, single_snippet, snippet_html, source_line, sources_message
from bot.messages.buttons import Place, Rows, open_button, snippet_rows, topic_rows
from bot.messages.telegram_text import label, safe, topic_title
from index.knowledge.snippet import Snippet, Topic, snippet_key
from index.search.index import Index

_T = TypeVar("_T")

EXAMPLES = 4
_TOPICS_PER_PAGE = 20
_SNIPPETS_PER_PAGE = 8
_SOURCES_PER_PAGE = 10


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one version of the index, with links to one bot."""

    index: Index
    place: Place

    def how_to_ask(self, texts: Texts) -> Rendered:
        """Return how to use /ask."""
        examples = _example_questions(self.index, texts.language)
        return Rendered(texts("ask-usage", example=escape(examples[0][1])) if examples else texts("ask-usage-plain"))

    def topics_page(self, texts: Texts, page: int = 0) -> Rendered:
        """Return the list of topics."""
        shown, page, pages = _slice(self.index.topics, page, _TOPICS_PER_PAGE)
        lines = [texts("topics-title")]
        if pages > 1:
            lines.append(texts("topic-page", page=page + 1, pages=pages))
        for topic in shown:
            title = safe(topic_title(topic, texts.language), topic.id, 100)
            count = len(self.index.in_topic(topic.id, texts.language))
            lines.append(f"• {title} – {texts('topic-count', count=count)}")
        rows = topic_rows(shown, texts.language, "b")
        return Rendered("\n".join(lines), InlineKeyboardMarkup(rows + _turns(texts, "b:", page, pages)))

    def topic_page(self, topic: Topic, texts: Texts, page: int) -> Rendered:
        """Return a topic with its snippets to tap."""
        snippets = self.index.in_topic(topic.id, texts.language)
        shown, page, pages = _slice(snippets, page, _SNIPPETS_PER_PAGE)
        lines = [f"<b>{safe(topic_title(topic, texts.language), topic.id, 200)}</b>"]
        if description := topic.description.get(texts.language) or topic.description.get("en"):
            lines.append(safe(description, limit=1000))
        count = texts("topic-count", count=len(snippets))
        lines.append(
            f"<i>{count}, {texts('topic-page', page=page + 1, pages=pages)}</i>" if pages > 1 else f"<i>{count}</i>"
        )
        rows = [
            [InlineKeyboardButton(label(snippet.title, snippet.id), callback_data=f"r{snippet.key}:{page}")]
            for snippet in shown
        ]
        rows += _turns(texts, f"b{snippet_key(topic.id)}:", page, pages)
        return Rendered("\n".join(lines), InlineKeyboardMarkup([*rows, _all_topics(texts)]))

    def reading_page(self, snippet: Snippet, texts: Texts, page: int) -> Rendered:
        """Return a snippet with the way back to its page of the topic."""
        back = InlineKeyboardButton(texts("button-back"), callback_data=f"b{snippet_key(snippet.topic)}:{page}")
        rows = [*snippet_rows(snippet, texts, self.place), [back]]
        return Rendered(snippet_html(snippet, None, texts, self.place), InlineKeyboardMarkup(rows))

    def sources_page(self, texts: Texts, page: int) -> Rendered:
        """Return a page of the register of sources."""
        shown, page, pages = _slice(self.index.sources, page, _SOURCES_PER_PAGE)
        title = texts("sources-title") + (f" ({texts('topic-page', page=page + 1, pages=pages)})" if pages > 1 else "")
        rows = _turns(texts, "s", page, pages)
        return Rendered(
            "\n".join([title, *(f"• {source_line(source, texts)}" for source in shown)]),
            InlineKeyboardMarkup(rows) if rows else None,
        )

    def linked(self, payload: str, texts: Texts) -> Rendered | None:
        """Return what a deep link's payload points to; ``None`` for a plain start."""
        kind, _, key = payload.partition("_")
        if kind == "p" and key:
            snippet = self.index.by_key(key, texts.language)
            return single_snippet(snippet, texts, self.place) if snippet else Rendered(texts("link-gone"))
        if kind == "s" and key:
            snippet = self.index.by_key(key, texts.language)
            return sources_message(snippet, texts) if snippet else Rendered(texts("link-gone"))
        if kind == "t" and key:
            topic = self.topic(key)
            return self.topic_page(topic, texts, 0) if topic else Rendered(texts("link-gone"))
        return None

    def topic(self, key: str) -> Topic | None:
        """Return the topic of a key, if there is one."""
        return next((topic for topic in self.index.topics if snippet_key(topic.id) == key), None)

    def examples(self, texts: Texts) -> InlineKeyboardMarkup:
        """Return example questions and the way to the topics as buttons."""
        examples = _example_questions(self.index, texts.language)
        rows = [[open_button(question, snippet)] for snippet, question in examples]
        return InlineKeyboardMarkup([*rows, _all_topics(texts)])


def _example_questions(index: Index, language: str) -> list[tuple[Snippet, str]]:
    """Return an example question of a snippet from each of the first topics, in a language if there are any."""
    found: list[tuple[Snippet, str]] = []
    for topic in index.topics:
        for snippet in index.in_topic(topic.id, language):
            if question := next((question for question in snippet.questions if question.rstrip().endswith("?")), None):
                found.append((snippet, question))
                break
        if len(found) == EXAMPLES:
            break
    return found


def _slice(items: tuple[_T, ...], page: int, size: int) -> tuple[tuple[_T, ...], int, int]:
    """Return a page of the items, its number within bounds, and how many pages there are."""
    pages = max(1, math.ceil(len(items) / size))
    page = min(page, pages - 1)
    return items[page * size : (page + 1) * size], page, pages


def _all_topics(texts: Texts) -> list[InlineKeyboardButton]:
    """Return the row with the way to the topics."""
    return [InlineKeyboardButton(texts("button-topics"), callback_data="b")]


def _turns(texts: Texts, data: str, page: int, pages: int) -> Rows:
    """Return the row of buttons that turn the pages."""
    row = []
    if page > 0:
        row.append(InlineKeyboardButton(texts("button-less"), callback_data=f"{data}{page - 1}"))
    if page < pages - 1:
        row.append(InlineKeyboardButton(texts("button-more"), callback_data=f"{data}{page + 1}"))
    return [row] if row else []
