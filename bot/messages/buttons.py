"""Buttons, and the callback data behind them: at most 64 bytes that outlive restarts and versions of the index.

Callback data comes back from the network and may be forged. So :func:`parse` refuses everything that does not have
exactly one of the forms below.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import quote

import numpy as np
from telegram import InlineKeyboardButton

from bot.locales import Texts
from bot.messages.telegram_text import label, source_url
from index.knowledge.snippet import Snippet, Span, snippet_key
from index.search.answer import Hit

LIMIT = 64
"""The longest callback data that Telegram accepts, in bytes."""
_MARKS = 4
"""So many snippets of an answer fit into the data of one button."""

Rows = list[list[InlineKeyboardButton]]

_KEY = r"[A-Za-z0-9_-]{11}"
_UNMARKED = "-"
_MARK = rf"{_KEY}[0-9a-z-]"
_LANGUAGE = r"[a-z]{2,3}"
# The language of the texts around the buttons, so that whoever presses one does not change it. Messages that were sent
# before this was written lack it.
_INTERFACE = rf"(?:\.(?P<interface>{_LANGUAGE}))?"
_PAGE = rf"(?P<page>\d{{1,4}}){_INTERFACE}"
_PATTERNS = {
    "next": re.compile(rf"n(?P<at>[0-4])(?P<language>{_LANGUAGE}){_INTERFACE}(?P<marks>(?:{_MARK}){{1,5}})"),
    "passage": re.compile(rf"p(?P<mark>{_MARK})(?P<language>{_LANGUAGE}){_INTERFACE}"),
    "passage_sources": re.compile(rf"o(?P<key>{_KEY})(?P<language>{_LANGUAGE}){_INTERFACE}"),
    "topic": re.compile(rf"t(?P<key>{_KEY})?"),
    "browse": re.compile(rf"b(?P<key>{_KEY})?(?::{_PAGE})?"),
    "read": re.compile(rf"r(?P<key>{_KEY}):{_PAGE}"),
    "sources": re.compile(rf"s{_PAGE}"),
    "example": re.compile(rf"q(?P<key>{_KEY})"),
    "language": re.compile(r"l(?P<code>[a-z]{2,3}|auto)"),
    "vote": re.compile(r"v(?P<value>[+-])(?P<entry>[A-Za-z0-9]{1,26}):(?P<asker>[0-9a-z]{1,13})"),
    "add": re.compile(r"a(?P<entry>[A-Za-z0-9]{1,26}):(?P<asker>[0-9a-z]{1,13})"),
    "tell": re.compile(r"h(?P<entry>[A-Za-z0-9]{1,26}):(?P<asker>[0-9a-z]{1,13})"),
    "stop": re.compile(r"h-"),
    "mine": re.compile(r"m(?P<what>forget|keep|out|in)"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where links lead: the bot's username, and whether it has inline mode."""

    username: str
    inline: bool = True

    def snippet_link(self, key: str) -> str:
        """Return the deep link to a snippet."""
        return f"https://t.me/{self.username}?start=p_{key}"

    def sources_link(self, key: str) -> str:
        """Return the deep link to all sources of a snippet."""
        return f"https://t.me/{self.username}?start=s_{key}"

    def topic_link(self, topic_id: str) -> str:
        """Return the deep link to a topic."""
        return f"https://t.me/{self.username}?start=t_{snippet_key(topic_id)}"


@dataclass(frozen=True, slots=True)
class AnswerRef:
    """What a vote on an answer needs: the log's id of the question, and who asked."""

    entry: str
    person: int

    def __str__(self) -> str:
        return f"{self.entry}:{_base36(self.person)}"


@dataclass(frozen=True, slots=True)
class Mark:
    """A snippet by its key, and which of its sentences answers."""

    key: str
    sentence: int | None

    @classmethod
    def of(cls, hit: Hit) -> Self:
        """Return the mark of a hit."""
        spans = hit.snippet.sentences
        return cls(hit.snippet.key, spans.index(hit.highlight) if hit.highlight in spans else None)

    @classmethod
    def read(cls, written: str) -> Self:
        """Return the mark written by :meth:`__str__`."""
        return cls(written[:11], None if written[11] == _UNMARKED else int(written[11], 36))

    def __str__(self) -> str:
        if self.sentence is None or self.sentence >= 36:
            return self.key + _UNMARKED
        return self.key + _base36(self.sentence)

    def span(self, snippet: Snippet) -> Span | None:
        """Return the sentence's span, if the snippet still has so many."""
        if self.sentence is None or self.sentence >= len(snippet.sentences):
            return None
        return snippet.sentences[self.sentence]


@dataclass(frozen=True, slots=True)
class Paging:
    """The snippets of an answer, and which of them the reader sees."""

    marks: tuple[Mark, ...]
    language: str
    interface: str | None
    """The language of the texts around them; ``None`` behind buttons that are older than this."""
    at: int = 0

    @classmethod
    def over(cls, hits: Sequence[Hit], language: str, interface: str) -> Self:
        """Return the paging over the first hits of an answer; four of them fit into a button."""
        return cls(tuple(Mark.of(hit) for hit in hits[:_MARKS]), language, interface)

    def next(self) -> Self:
        """Return the paging at the next snippet; after the last comes the first."""
        return replace(self, at=(self.at + 1) % len(self.marks))

    def __str__(self) -> str:
        languages = _languages(self.language, self.interface)
        return f"n{self.at % _MARKS}{languages}{''.join(map(str, self.marks[:_MARKS]))}"


def parse(data: str | None) -> tuple[str, dict[str, str]] | None:
    """Return the kind of button and what its data holds, or ``None`` for data that this bot has not written."""
    if data and len(data) <= LIMIT:
        for kind, pattern in _PATTERNS.items():
            if match := pattern.fullmatch(data):
                return kind, {name: value for name, value in match.groupdict().items() if value is not None}
    return None


def read_paging(parts: dict[str, str]) -> Paging | None:
    """Return the paging behind a button of the kind ``next``, or ``None`` if it points nowhere."""
    written = parts["marks"]
    marks = tuple(Mark.read(written[at : at + 12]) for at in range(0, len(written), 12))
    at = int(parts["at"])
    return Paging(marks, parts["language"], parts.get("interface"), at) if at < len(marks) else None


def person_of(parts: dict[str, str]) -> int:
    """Return who asked, by the data behind a vote or a wish."""
    return int(parts["asker"], 36)


def snippet_rows(snippet: Snippet, texts: Texts, place: Place, paging: Paging | None = None) -> Rows:
    """Return the buttons under a snippet: the next one of the answer, its source, and sharing it."""
    row = []
    if paging and len(paging.marks) > 1:
        row.append(InlineKeyboardButton(texts("button-next"), callback_data=str(paging.next())))
    if len(snippet.sources) > 1:
        data = f"o{snippet.key}{_languages(snippet.language, texts.language)}"
        row.append(InlineKeyboardButton(texts("button-source"), callback_data=data))
    elif url := source_url(snippet.sources[0]) if snippet.sources else None:
        row.append(InlineKeyboardButton(texts("button-source"), url=url))
    if place.inline:
        row.append(InlineKeyboardButton(texts("button-share"), switch_inline_query=f"p_{snippet.key}"))
    else:
        link = quote(place.snippet_link(snippet.key), safe="")
        row.append(InlineKeyboardButton(texts("button-share"), url=f"https://t.me/share/url?url={link}"))
    return [row]


def vote_buttons(ref: AnswerRef, number: str = "") -> list[InlineKeyboardButton]:
    """Return 👍 and 👎 for an answer; ``number`` tells which of several."""
    return [InlineKeyboardButton(f"{number}{vote}", callback_data=f"v{sign}{ref}") for vote, sign in ("👍+", "👎-")]


def add_button(
    ref: AnswerRef, texts: Texts, number: str = "", name: str = "button-ask-editors"
) -> InlineKeyboardButton:
    """Return the button with which the asker tells the editors that an answer is missing.

    Args:
        ref: The question.
        texts: The reader's texts.
        number: Which of several questions it is.
        name: The text that it shows.
    """
    return InlineKeyboardButton(number + texts(name), callback_data=f"a{ref}")


def topics_button(texts: Texts, topics: int) -> InlineKeyboardButton:
    """Return the button that shows the topics in a new message; a single one holds all there is."""
    return InlineKeyboardButton(texts("button-topics" if topics > 1 else "button-everything"), callback_data="t")


def open_button(
    text: str, snippet: Snippet, mark: Mark | None = None, interface: str | None = None
) -> InlineKeyboardButton:
    """Return the button that shows a snippet in a new message.

    Args:
        text: What the button says.
        snippet: The snippet.
        mark: The sentence to be in bold.
        interface: The language of the texts around the snippet; otherwise that of whoever presses the button.
    """
    data = f"p{mark or Mark(snippet.key, None)}{_languages(snippet.language, interface)}"
    return InlineKeyboardButton(label(text, snippet.id), callback_data=data)


def _languages(snippet: str, interface: str | None) -> str:
    """Return the languages of a snippet and of the texts around it as they stand in callback data."""
    code = snippet if re.fullmatch(_LANGUAGE, snippet) else "en"
    return f"{code}.{interface}" if interface and re.fullmatch(_LANGUAGE, interface) else code


def _base36(number: int) -> str:
    return np.base_repr(number, 36).lower()
