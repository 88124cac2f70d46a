"""Passages as people see them in Telegram, for the pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup

from bot.locales import Locales
from bot.messages.answers import snippet_html
from bot.messages.buttons import Place
from bot.querylog.entry import content_hash
from bot.review.web.frame import Review
from index.errors import UserFacingError

if TYPE_CHECKING:
    from index import Index, Snippet
    from index.knowledge.snippet import Span

_AFTER_BLOCK = re.compile(r"(</(?:blockquote|pre)>)\n")


@dataclass(frozen=True, slots=True)
class Quote:
    """A passage in one language as it stands in the live version of the index."""

    id: str
    language: str
    title: str
    html: Markup
    """The message that Telegram shows."""
    hash: str
    """Hash of its title and text, by which the log knows what was shown."""


@dataclass(frozen=True, slots=True)
class _Here(Place):
    """Links under a quote lead to the passage's page instead of the bot."""

    passage: str = ""

    def sources_link(self, key: str) -> str:
        """Return the address of the passage's sources."""
        return f"{passage_path(self.passage)}#sources"


def passage_path(snippet_id: str) -> str:
    """Return the path of a passage's page."""
    return f"/review/passages/{quote(snippet_id)}"


def quoted(snippet: Snippet, index: Index, highlight: Span | None = None) -> Quote:
    """Return a snippet as a quote; ``highlight`` is the sentence that answers."""
    return quoted_in(snippet, Locales(index.profile, index.languages), highlight)


def quoted_in(snippet: Snippet, locales: Locales, highlight: Span | None = None) -> Quote:
    """Return a snippet as a quote, with the labels of a bot that may not be live yet."""
    place = _Here("", passage=snippet.id)
    message = snippet_html(snippet, highlight, locales.texts(snippet.language), place)
    # A browser begins a new line after a block by itself. Everything that editors wrote is escaped.
    html = Markup(_AFTER_BLOCK.sub(r"\1", message))  # noqa: S704
    return Quote(snippet.id, snippet.language, snippet.title, html, content_hash(snippet))


@dataclass(frozen=True, slots=True)
class Quotes:
    """The quotes of some passages, or why there are none."""

    found: Mapping[tuple[str, str], Quote]
    """By id and language."""
    problem: str = ""
    """Why the index cannot be read; empty where it can."""

    def of(self, snippet: str, language: str) -> Quote | None:
        """Return the quote of a passage in a language; ``None`` if the live version has none."""
        return self.found.get((snippet, language))


async def quotes_of(review: Review, wanted: Iterable[tuple[str, str]]) -> Quotes:
    """Return the quotes of passages given as ids and languages."""
    pairs = dict.fromkeys(wanted)
    if not pairs:
        return Quotes({})

    def collected(index: Index) -> dict[tuple[str, str], Quote]:
        found = {}
        for snippet_id, language in pairs:
            snippet = index.snippet(snippet_id, language)
            if snippet is not None:
                found[snippet_id, language] = quoted(snippet, index)
        return found

    try:
        return Quotes(await review.index.run(collected))
    except UserFacingError as error:
        return Quotes({}, str(error))
