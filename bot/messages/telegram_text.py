"""Text as Telegram measures and shows it: UTF-16 code units, whole graphemes, invisible characters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from html import escape, unescape

import regex

from index.knowledge.snippet import Snippet, Source, Topic

GRAPHEME = regex.compile(r"\X")
LABEL_UNITS = 60
"""The longest text of a button, in UTF-16 code units."""
_LONGEST_URL = 1000
"""As HTML. A message names up to nine sources, and has 32 KiB before parsing."""
_BLANKS = re.compile(r"[^\S\u00a0\u202f]+")
_TAG = re.compile(r"<[^>]*>")
_URL = re.compile(r"https?://[^\s/?#@:]+\.[^\s/?#@:]+(:\d+)?([/?#]\S*)?")
# Telegram refuses or drops a message, title or bold sentence that holds these alone.
_INVISIBLE = (
    "\\s\\x00-\\x1f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u205f-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffc\U000e0000-\U000e0fff"
)
_VISIBLE = re.compile(f"[^{_INVISIBLE}]")
# Telegram removes these from what it is sent.
_REMOVED = str.maketrans(dict.fromkeys((13, *range(8232, 8239), 819, 831, 778)))


def units(text: str) -> int:
    """Return the length of a text in UTF-16 code units, by which Telegram counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def parsed_units(html: str) -> int:
    """Return the length of HTML after parsing, in UTF-16 code units."""
    return units(unescape(_TAG.sub("", html)) if "<" in html or "&" in html else html)


def visible(text: str) -> bool:
    """Return whether Telegram shows anything of a text."""
    return _VISIBLE.search(text) is not None


def fitting(text: str, start: int, limit: int) -> int:
    """Return the end of the graphemes from ``start`` on that fit into ``limit`` UTF-16 code units."""
    end, used = start, 0
    for grapheme in GRAPHEME.finditer(text, start):
        used += units(grapheme[0])
        if used > limit:
            break
        end = grapheme.end()
    return end


def clip(text: str, limit: int, mark: str = "…") -> str:
    """Return the text if it fits into ``limit`` UTF-16 code units, else whole graphemes of it and ``mark``."""
    if units(text) <= limit:
        return text
    return text[: fitting(text, 0, limit - units(mark))].rstrip() + mark


def label(text: str, otherwise: str, limit: int = LABEL_UNITS) -> str:
    """Return a text on one line, clipped to fit a button by default; ``otherwise`` if nothing of it would show.

    Fixed spaces stay: they keep a number and its unit on one line of a phone.
    """
    line = _BLANKS.sub(" ", text.translate(_REMOVED)).strip()
    return clip(line, limit) if visible(line) else clip(otherwise, limit)


def safe(text: str, otherwise: str = "", limit: int = 256) -> str:
    """Return a short text as :func:`label` does, escaped for HTML."""
    return escape(label(text, otherwise, limit))


def names_in_list(snippets: Sequence[Snippet]) -> list[str]:
    """Return how a list names its snippets: each by its title, and by its text, too, where several have that title.

    Paragraphs of a plain text have its name for a title, each the same.
    """
    times = Counter(snippet.title for snippet in snippets)
    return [each.title if times[each.title] == 1 else f"{each.title}: {each.text}" for each in snippets]


def topic_title(topic: Topic, language: str) -> str:
    """Return the topic's title in a language, else in English, else in any, else its id."""
    return topic.title.get(language) or topic.title.get("en") or next(iter(topic.title.values()), topic.id)


def source_url(source: Source) -> str | None:
    """Return the source's address if Telegram accepts it as a link."""
    url = (source.url or "").strip()
    return url if _URL.fullmatch(url) and len(escape(url)) <= _LONGEST_URL else None
