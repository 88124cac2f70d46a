"""The values that travel through the whole program: sources, topics and snippets."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

Span = tuple[int, int]
"""Start and end of a part of a text, in Python characters: ``text[start:end]``."""


BETWEEN_HEADINGS = " – "
"""What parts the headings above a passage in its title."""


class MarkKind(StrEnum):
    """How a part of a text is set off."""

    BOLD = "bold"
    ITALIC = "italic"
    STRIKETHROUGH = "strikethrough"
    CODE = "code"
    PRE = "pre"
    """A block of code."""
    LINK = "link"


class Mark(NamedTuple):
    """How ``text[start:end]`` is set off."""

    start: int
    end: int
    kind: MarkKind
    url: str = ""
    """Where a link leads: an http or https address."""


@dataclass(frozen=True, slots=True)
class Source:
    """A publication that a snippet relies on: an entry of ``sources.yaml``."""

    id: str
    publisher: str
    title: str
    date: str | None = None
    """ISO 8601 date of publication, perhaps without day or month; ``None`` where it is not known."""
    url: str | None = None
    description: Mapping[str, str] = field(default_factory=dict)
    """What the source is, by language code."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A group of snippets: a folder of the knowledge and its entry in ``topics.yaml``."""

    id: str
    title: Mapping[str, str]
    description: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A curated passage in one language: one translation of a snippet. The program quotes ``text`` and nothing else.

    ``text`` is what a reader of the file sees: its words without the signs of Markdown, which ``marks`` hold.
    """

    id: str
    """Path below the knowledge folder without suffixes, the same for all translations."""
    language: str
    topic: str
    title: str
    text: str
    sentences: tuple[Span, ...]
    """Spans of the sentences, in order. Only white space lies between them."""
    speakers: tuple[str, ...] = ()
    as_of: str | None = None
    """ISO 8601 date, perhaps without day or month, at which the text held."""
    valid_until: str | None = None
    sources: tuple[Source, ...] = ()
    questions: tuple[str, ...] = ()
    """Ways people ask for this snippet; indexed, never shown as an answer."""
    does_not_answer: tuple[str, ...] = ()
    """Questions on the same subject that the text does not answer; indexed to recognise others like them."""
    see_also: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    """What is set off in the text, ordered by start; a mark that lies in another one comes after it."""

    @property
    def speaker(self) -> str | None:
        """The speakers as one line, or ``None`` where nobody is quoted."""
        return ", ".join(self.speakers) or None

    @property
    def chosen_questions(self) -> tuple[str, ...]:
        """The example questions that a curator chose; those of a text without sources are its headings."""
        return self.questions if self.sources else ()

    @property
    def content_hash(self) -> str:
        """Thirty-two hexadecimal digits that change with anything that is embedded or quoted."""
        spans = (f"{start}:{end}" for start, end in self.sentences)
        marks = (":".join(map(str, mark)) for mark in self.marks)
        content = (self.language, self.title, self.text, *spans, *self.questions, "", *self.does_not_answer, *marks)
        return hashlib.sha256("\0".join(content).encode()).hexdigest()[:32]

    @property
    def key(self) -> str:
        """A short name of the id for places with little room, the same in every version (11 of ``A–Za–z0–9_-``)."""
        return snippet_key(self.id)


def snippet_key(snippet_id: str) -> str:
    """Return 64 bits of the id's SHA-256 in URL-safe base64 without padding."""
    return urlsafe_b64encode(hashlib.sha256(snippet_id.encode()).digest()[:8]).decode().rstrip("=")
