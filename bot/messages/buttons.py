"""What stands behind a button: at most 64 bytes that mean the same after a restart and in every version of the index.

Callback data comes back from the network and may be forged, so :func:`parse` takes nothing on trust: what does not have
exactly the form of one of the presses below is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase, digits
from typing import Self

from telegram import InlineKeyboardButton

from bot.locales import Texts
from index.knowledge.snippet import Snippet, Span, snippet_key
from index.search.answer import Hit

LIMIT = 64
"""What Telegram takes as callback data, in bytes."""

_KEY = r"[A-Za-z0-9_-]{11}"
_ORDINALS = digits + ascii_lowercase
_UNMARKED = "-"
_MARK = rf"{_KEY}[0-9a-z-]"
_LANGUAGE = r"[a-z]{2,3}"
_PATTERNS = {
    "next": re.compile(rf"n(?P<at>[0-4])(?P<language>{_LANGUAGE})(?P<marks>(?:{_MARK}){{1,5}})"),
    "passage": re.compile(rf"p(?P<mark>{_MARK})(?P<language>{_LANGUAGE})"),
    "topic": re.compile(rf"t(?P<key>{_KEY})"),
    "browse": re.compile(rf"b(?P<key>{_KEY})?(?::(?P<page>\d{{1,4}}))?"),
    "read": re.compile(rf"r(?P<key>{_KEY}):(?P<page>\d{{1,4}})"),
    "sources": re.compile(r"s(?P<page>\d{1,4})"),
    "language": re.compile(r"l(?P<code>[a-z]{2}|auto)"),
    "vote": re.compile(r"v(?P<value>[+-])(?P<entry>[A-Za-z0-9]{1,26}):(?P<asker>[0-9a-z]{1,13})"),
    "add": re.compile(r"a(?P<entry>[A-Za-z0-9]{1,26}):(?P<asker>[0-9a-z]{1,13})"),
    "mine": re.compile(r"m(?P<what>forget|keep|out|in)"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where links lead: the bot's username, and whether it has inline mode."""

    username: str
    inline: bool = True

    def passage_link(self, key: str) -> str:
        """Return the deep link to a passage."""
        return f"https://t.me/{self.username}?start=p_{key}"

    def topic_link(self, topic_id: str) -> str:
        """Return the deep link to a topic."""
        return f"https://t.me/{self.username}?start=t_{snippet_key(topic_id)}"


@dataclass(frozen=True, slots=True)
class Asked:
    """The log's id of a question, and who asked: what a vote needs."""

    entry: str
    person: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A passage by its key, and which of its sentences answers."""

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
        at = _ORDINALS.find(written[11])
        return cls(written[:11], at if at >= 0 else None)

    def __str__(self) -> str:
        return self.key + (
            _ORDINALS[self.sentence] if self.sentence is not None and self.sentence < len(_ORDINALS) else _UNMARKED
        )

    def span(self, snippet: Snippet) -> Span | None:
        """Return the sentence's span, if the snippet still has so many."""
        return (
            snippet.sentences[self.sentence]
            if self.sentence is not None and self.sentence < len(snippet.sentences)
            else None
        )


@dataclass(frozen=True, slots=True)
class Paging:
    """The passages of an answer, and at which one the reader is."""

    marks: tuple[Mark, ...]
    language: str
    at: int = 0

    @classmethod
    def over(cls, hits: Sequence[Hit], language: str) -> Self:
        """Return the paging over the first hits of an answer; five of them fit into a button."""
        return cls(tuple(Mark.of(hit) for hit in hits[:5]), language if re.fullmatch(_LANGUAGE, language) else "en")

    def next(self) -> Self:
        """Return the paging at the next passage; after the last comes the first."""
        return type(self)(self.marks, self.language, (self.at + 1) % len(self.marks))

    def __str__(self) -> str:
        data = f"n{self.at}{self.language}{''.join(map(str, self.marks))}"
        return (
            data
            if len(data) <= LIMIT
            else str(type(self)(self.marks[:-1], self.language, self.at % (len(self.marks) - 1)))
        )


def parse(data: str | None) -> tuple[str, dict[str, str]] | None:
    """Return the kind of press and its parts, or ``None`` for anything this bot has not written itself."""
    if data and len(data) <= LIMIT:
        for kind, pattern in _PATTERNS.items():
            if match := pattern.fullmatch(data):
                return kind, {name: value for name, value in match.groupdict().items() if value is not None}
    return None


def read_paging(parts: dict[str, str]) -> Paging | None:
    """Return the paging behind a press on "next", or ``None`` if it points nowhere."""
    written = parts["marks"]
    marks = tuple(Mark.read(written[at : at + 12]) for at in range(0, len(written), 12))
    at = int(parts["at"])
    return Paging(marks, parts["language"], at) if at < len(marks) else None


def paging_button(paging: Paging, texts: Texts) -> InlineKeyboardButton:
    """Return the button that leads to a passage of the answer."""
    return InlineKeyboardButton(texts("button-next"), callback_data=str(paging))


def share_button(key: str, texts: Texts, place: Place) -> InlineKeyboardButton:
    """Return the button that puts a passage into a chat of the reader's choice."""
    if place.inline:
        return InlineKeyboardButton(texts("button-share"), switch_inline_query=f"p_{key}")
    return InlineKeyboardButton(
        texts("button-share"), url=f"https://t.me/share/url?url=https%3A%2F%2Ft.me%2F{place.username}%3Fstart%3Dp_{key}"
    )


def vote_buttons(asked: Asked) -> list[InlineKeyboardButton]:
    """Return 👍 and 👎 for an answer."""
    who = f"{asked.entry}:{_base36(asked.person)}"
    return [InlineKeyboardButton("👍", callback_data=f"v+{who}"), InlineKeyboardButton("👎", callback_data=f"v-{who}")]


def add_button(asked: Asked, texts: Texts) -> InlineKeyboardButton:
    """Return the button with which the asker wishes for an answer."""
    return InlineKeyboardButton(texts("button-add"), callback_data=f"a{asked.entry}:{_base36(asked.person)}")


def open_passage(hit: Hit, language: str) -> str:
    """Return the data that opens the passage of a hit."""
    return open_mark(Mark.of(hit), language)


def open_mark(mark: Mark, language: str) -> str:
    """Return the data that opens a passage."""
    return f"p{mark}{language if re.fullmatch(_LANGUAGE, language) else 'en'}"


def open_topic(topic_id: str) -> str:
    """Return the data that opens a topic in a new message."""
    return f"t{snippet_key(topic_id)}"


def person_of(parts: dict[str, str]) -> int:
    """Return who asked, by the data behind a vote or a wish."""
    return int(parts["asker"], 36)


def _base36(number: int) -> str:
    written = ""
    while number:
        number, rest = divmod(number, 36)
        written = _ORDINALS[rest] + written
    return written or "0"
