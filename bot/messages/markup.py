"""A part of a text with what is set off in it, as Telegram's HTML.

Telegram takes only what nests: bold, italics and strikethrough may lie in each other and in links, and code may lie in
none of them and hold none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from bot.messages.telegram_text import visible
from index.knowledge.snippet import Mark, MarkKind, Span

_LONGEST_URL = 1000
"""As HTML, like that of a source."""
_URL = re.compile(r"https?://[^\s/?#@:<>\"]+\.[^\s/?#@:<>\"]+(:\d+)?([/?#][^\s<>\"]*)?", re.IGNORECASE)
_TAGS = {
    MarkKind.LINK: "a",
    MarkKind.BOLD: "b",
    MarkKind.ITALIC: "i",
    MarkKind.STRIKETHROUGH: "s",
    MarkKind.CODE: "code",
    MarkKind.PRE: "pre",
}
"""Tags by what they stand for, the outermost first."""
_ORDER = list(_TAGS)
_ALONE = (MarkKind.PRE, MarkKind.CODE)


def formatted(text: str, marks: Sequence[Mark], start: int, end: int, bold_span: Span | None) -> str:
    """Return ``text[start:end]`` as HTML that Telegram takes.

    Args:
        text: A text as its reader sees it.
        marks: What is set off in it.
        start: Where the part begins.
        end: Where it ends.
        bold_span: What of the text is in bold besides, such as the sentence that answers.
    """
    wanted = [mark for mark in marks if mark.start < mark.end and (mark.kind is not MarkKind.LINK or _leads(mark.url))]
    if bold_span:
        wanted.append(Mark(*bold_span, MarkKind.BOLD))
    shown = [mark for mark in wanted if visible(text[max(mark.start, start) : min(mark.end, end)])]
    places = {start, end, *(place for mark in shown for place in (mark.start, mark.end) if start < place < end)}
    pieces: list[str] = []
    opened: list[Mark] = []
    for first, last in pairwise(sorted(places)):
        here = list(_nested([mark for mark in shown if mark.start <= first and mark.end >= last]))
        kept = next((n for n, pair in enumerate(zip(opened, here, strict=False)) if pair[0] != pair[1]), None)
        kept = min(len(opened), len(here)) if kept is None else kept
        pieces += (_closing(mark) for mark in reversed(opened[kept:]))
        pieces += (_opening(mark) for mark in here[kept:])
        pieces.append(escape(text[first:last], quote=False))
        opened = here
    pieces += (_closing(mark) for mark in reversed(opened))
    return "".join(pieces)


def _nested(marks: Sequence[Mark]) -> Iterator[Mark]:
    """Yield the marks of a piece that Telegram lets lie in each other, the outermost first, each kind once."""
    kinds: dict[MarkKind, Mark] = {}
    for mark in marks:
        kinds.setdefault(mark.kind, mark)
    for alone in _ALONE:
        if alone in kinds and MarkKind.LINK not in kinds:
            yield kinds[alone]
            return
    yield from (kinds[kind] for kind in _ORDER if kind in kinds and kind not in _ALONE)


def _leads(url: str) -> bool:
    return bool(_URL.fullmatch(url)) and len(escape(url)) <= _LONGEST_URL


def _opening(mark: Mark) -> str:
    return f'<a href="{escape(mark.url)}">' if mark.kind is MarkKind.LINK else f"<{_TAGS[mark.kind]}>"


def _closing(mark: Mark) -> str:
    return f"</{_TAGS[mark.kind]}>"
