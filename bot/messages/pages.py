"""The pages people browse: topics and their snippets, a snippet to read, sources; and the way to them.

Pages take one another's place: topics, a topic, a snippet to read, and back. A button elsewhere opens the topics in a
new message, so that nothing is lost under it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.locales import Texts
from bot.messages.answers import Frame, Rendered, snippet_html, source_line, sources_message
from bot.messages.buttons import Place, Rows, snippet_rows, topics_button
from bot.messages.examples import example_button, example_questions
from bot.messages.introduction import (
    about,
    group_note,
    help_text,
    how_to_ask,
    named_topics,
    welcome,
    what_it_answers,
)
from bot.messages.several_answers import reply_message
from bot.messages.telegram_text import label, names_in_list, safe, topic_title, units
from index.knowledge.snippet import Snippet, Topic, snippet_key
from index.search.answer import Reply
from index.search.index import Index

_T = TypeVar("_T")

_TOPICS_PER_PAGE = 5
_SNIPPETS_PER_PAGE = 4
"""With two buttons to turn the page and the way back these are seven."""
_SOURCES_PER_PAGE = 10
_BUTTON_UNITS = 60
_DESCRIPTION_UNITS = 120


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one version of the index, with links to one bot."""

    index: Index
    place: Place

    def welcome(self, texts: Texts) -> Rendered:
        """Return what people read first in a private chat, with examples to tap."""
        examples = bool(example_questions(self.index, texts.language))
        topics = named_topics(self.index, texts.language)
        return Rendered(welcome(self.index.manifest, topics, texts, examples=examples), self.examples(texts))

    def group_note(self, texts: Texts, *, recorded: bool) -> Rendered:
        """Return what a group reads when the bot is added; ``recorded`` tells whether questions are."""
        topics = named_topics(self.index, texts.language)
        return Rendered(group_note(self.index.manifest, topics, texts, self.place.username, recorded=recorded))

    def help(self, texts: Texts, languages: dict[str, str], *, buttons: bool) -> Rendered:
        """Return how to ask; ``languages`` are those of buttons and notes, ``buttons`` adds examples to tap."""
        html = help_text(self.index.manifest, texts, self.place, languages)
        return Rendered(html, self.examples(texts) if buttons else None)

    def about(self, texts: Texts, newest: str | None) -> Rendered:
        """Return what the bot is; ``newest`` is the latest date in its answers."""
        return Rendered(about(self.index.manifest, texts, newest))

    def how_to_ask(self, texts: Texts) -> Rendered:
        """Return how to use /ask."""
        return Rendered(how_to_ask(texts, next(iter(example_questions(self.index, texts.language)), None)))

    def reply(
        self, reply: Reply, frames: Sequence[Frame], *, follow_up: bool = False, captioned: bool = False
    ) -> Rendered:
        """Return the message for a reply, like ``reply_message``, with what the bot has instead of an answer."""
        if any(answer.not_covered for answer in reply.answers):
            texts = frames[0].texts
            covers = what_it_answers(self.index.manifest.profile, named_topics(self.index, texts.language), texts)
            frames = [replace(frame, covers=covers) for frame in frames]
        return reply_message(reply, frames, self.topics(), follow_up=follow_up, captioned=captioned)

    def topics(self) -> tuple[Topic, ...]:
        """Return the topics to browse; snippets that lie in no folder make one more, without a title of its own."""
        return (*self.index.topics, *([Topic("", {})] if self.index.snippets.in_topic("") else []))

    def topics_page(self, texts: Texts, page: int = 0) -> Rendered:
        """Return the list of topics; where there is only one, that one."""
        topics = self.topics()
        if len(topics) == 1:
            return self.topic_page(topics[0], texts, page)
        shown, page, pages = _slice(topics, page, _TOPICS_PER_PAGE)
        lines = [_headed(texts("topics-title"), texts, page, pages)]
        for topic in shown:
            count = texts("topic-count", count=len(self.index.snippets.in_topic(topic.id)))
            lines.append(f"\n<b>{safe(self._title(topic, texts))}</b> · {count}")
            if description := topic.description.get(texts.language):
                lines.append(safe(_shortened(description, _DESCRIPTION_UNITS), limit=_DESCRIPTION_UNITS))
        rows = [[_button(self._title(topic, texts), f"b{snippet_key(topic.id)}:0", texts)] for topic in shown]
        return Rendered("\n".join(lines), InlineKeyboardMarkup(rows + _turns(texts, "b:", page, pages)))

    def topic_page(self, topic: Topic, texts: Texts, page: int) -> Rendered:
        """Return a topic with its snippets to tap, and the way back to the topics."""
        ids = self.index.snippets.in_topic(topic.id)
        shown, page, pages = _slice(ids, page, _SNIPPETS_PER_PAGE)
        lines = [_headed(f"<b>{safe(self._title(topic, texts))}</b>", texts, page, pages)]
        if description := topic.description.get(texts.language) or topic.description.get("en"):
            lines.append(safe(description, limit=400))
        found = list(filter(None, (self.index.snippet(snippet_id, texts.language) for snippet_id in shown)))
        named = zip(found, names_in_list(found), strict=True)
        rows = [[_button(name, f"r{snippet.key}:{page}", texts)] for snippet, name in named]
        rows += _turns(texts, f"b{snippet_key(topic.id)}:", page, pages)
        topics = self.topics()
        if len(topics) > 1:
            place = _page_of(topics, [each.id for each in topics].index(topic.id), _TOPICS_PER_PAGE)
            rows.append([_button(texts("button-topics"), f"b:{place}", texts)])
        return Rendered("\n".join(lines), InlineKeyboardMarkup(rows))

    def reading_page(self, snippet: Snippet, texts: Texts, page: int | None = None) -> Rendered:
        """Return a snippet with the way back to its topic: to ``page`` of it, by default to the one it stands on."""
        if page is None:
            ids = self.index.snippets.in_topic(snippet.topic)
            page = _page_of(ids, ids.index(snippet.id), _SNIPPETS_PER_PAGE)
        topic = next((each for each in self.topics() if each.id == snippet.topic), Topic(snippet.topic, {}))
        back = _button(f"◀ {self._title(topic, texts)}", f"b{snippet_key(snippet.topic)}:{page}", texts)
        rows = [*snippet_rows(snippet, texts, self.place), [back]]
        html = snippet_html(snippet, None, texts.within(snippet.language), self.place)
        return Rendered(html, InlineKeyboardMarkup(rows))

    def sources_page(self, texts: Texts, page: int) -> Rendered:
        """Return a page of the register of sources."""
        if not self.index.sources:
            return Rendered(texts("sources-none"))
        shown, page, pages = _slice(self.index.sources, page, _SOURCES_PER_PAGE)
        rows = _turns(texts, "s", page, pages)
        lines = [_headed(texts("sources-title"), texts, page, pages)]
        lines += [f"• {source_line(source, texts)}" for source in shown]
        return Rendered("\n".join(lines), InlineKeyboardMarkup(rows) if rows else None)

    def linked(self, payload: str, texts: Texts) -> Rendered | None:
        """Return what a deep link's payload points to; ``None`` for a plain start."""
        kind, _, key = payload.partition("_")
        if kind == "p" and key:
            snippet = self.index.by_key(key, texts.language)
            return self.reading_page(snippet, texts) if snippet else Rendered(texts("link-gone"))
        if kind == "s" and key:
            snippet = self.index.by_key(key, texts.language)
            return sources_message(snippet, texts) if snippet else Rendered(texts("link-gone"))
        if kind == "t" and key:
            topic = self.topic(key)
            return self.topic_page(topic, texts, 0) if topic else Rendered(texts("link-gone"))
        return None

    def topic(self, key: str) -> Topic | None:
        """Return the topic of a key, if there is one."""
        return next((topic for topic in self.topics() if snippet_key(topic.id) == key), None)

    def examples(self, texts: Texts) -> InlineKeyboardMarkup:
        """Return example questions and the way to the topics as buttons."""
        rows = [[example_button(question)] for question in example_questions(self.index, texts.language)]
        return InlineKeyboardMarkup([*rows, [self.topics_button(texts)]])

    def _title(self, topic: Topic, texts: Texts) -> str:
        """Return the title of a topic on one line, in words even where it has none."""
        untitled = texts("topic-other" if self.index.topics else "topic-only")
        return label(topic_title(topic, texts.language), topic.id or untitled, 200)

    def topics_button(self, texts: Texts) -> InlineKeyboardButton:
        """Return the button that opens the topics in a new message."""
        return topics_button(texts, len(self.topics()))


def _slice(items: Sequence[_T], page: int, size: int) -> tuple[Sequence[_T], int, int]:
    """Return a page of the items, its number within bounds, and how many pages there are, all about equally long."""
    pages = max(1, math.ceil(len(items) / size))
    even, page = _even(items, size), min(page, pages - 1)
    return items[page * even : (page + 1) * even], page, pages


def _page_of(items: Sequence[_T], position: int, size: int) -> int:
    """Return on which page of the items one stands."""
    return position // _even(items, size)


def _even(items: Sequence[_T], size: int) -> int:
    """Return how many items a page has if all are about equally long and none has more than ``size``."""
    return max(1, math.ceil(len(items) / max(1, math.ceil(len(items) / size))))


def _headed(title: str, texts: Texts, page: int, pages: int) -> str:
    """Return the first line of a page: its title, and its number where there are several."""
    return f"{title} · {texts('page-number', page=page + 1, pages=pages)}" if pages > 1 else title


def _shortened(text: str, limit: int) -> str:
    """Return a text of at most ``limit`` UTF-16 code units: longer ones end behind a word, with an ellipsis."""
    if units(text) <= limit:
        return text
    cut = label(text, "", limit)
    head, _, _ = cut.rpartition(" ")
    return f"{head.rstrip(' ,;:–—-')}…" if 2 * len(head) > len(cut) else cut


def _button(text: str, data: str, texts: Texts) -> InlineKeyboardButton:
    """Return a button that turns a page, in the language of this one: in a group others may press it, too."""
    return InlineKeyboardButton(
        _shortened(label(text, "…", 4 * _BUTTON_UNITS), _BUTTON_UNITS), callback_data=f"{data}.{texts.language}"
    )


def _turns(texts: Texts, data: str, page: int, pages: int) -> Rows:
    """Return the row of buttons that turn the pages."""
    row = []
    if page > 0:
        row.append(_button(texts("button-less"), f"{data}{page - 1}", texts))
    if page < pages - 1:
        row.append(_button(texts("button-more"), f"{data}{page + 1}", texts))
    return [row] if row else []
