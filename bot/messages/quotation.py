"""A snippet's text as a blockquote: the part that fits, its answering sentence in bold, quoted words in italics."""

from __future__ import annotations

import re

from bot.messages.markup import formatted
from bot.messages.telegram_text import GRAPHEME, fitting, units, visible
from index.knowledge.snippet import Mark, MarkKind, Snippet, Span

LONG_QUOTE = 600
"""From so many UTF-16 code units on a quote is folded until it is tapped."""

_MOST_BYTES = 20_000
"""Telegram takes 32 KiB before parsing; a text full of long links is quoted without its formatting."""
_OPENING = '“„«"'
# A straight mark opens before a word and closes behind one: that of inches, which follows a digit, does neither.
_QUOTED = re.compile(
    r"“[^“”\n]+”|„[^„“”\n]+[“”]|«(?:[^«»\n]|«[^«»\n]+»)+»|(?<![\w\"])\"(?=[^\s\"])[^\"\n]+(?<=[^\s\"])\"(?![\w\"])"
)


def extract(snippet: Snippet, highlight: Span | None, limit: int) -> Span:
    """Return the span of the snippet's text to quote: all of it if it fits, else a part with the highlighted sentence.

    The part begins with the text if the sentence is still reached, else with the sentence. It ends with a sentence
    where it can. Both ends lie between graphemes; a grapheme longer than ``limit`` leaves an empty span.
    """
    text = snippet.text
    if units(text) <= limit:
        return (0, len(text))
    start = 0
    if highlight and units(text[: highlight[1]]) > limit:
        start = next(m.start() for m in GRAPHEME.finditer(text) if m.end() > highlight[0])
    end = fitting(text, start, limit)
    required = highlight[1] if highlight else start + 1
    whole = [stop for _, stop in snippet.sentences if required <= stop <= end]
    return (start, whole[-1] if whole else end)


def quote(snippet: Snippet, highlight: Span | None, limit: int) -> tuple[str, bool]:
    """Return the blockquote of a snippet, and whether it is shortened.

    Args:
        snippet: What is quoted.
        highlight: The sentence in bold, unless it is all that is quoted.
        limit: Most UTF-16 code units of the quote.
    """
    start, end = extract(snippet, highlight, limit)
    text = snippet.text[start:end]
    shortened = end - start < len(snippet.text)
    if not visible(text):
        return "", shortened
    bold = None
    if highlight:
        first, last = max(highlight[0], start), min(highlight[1], end)
        if 0 < last - first < len(text) and visible(snippet.text[first:last]):
            bold = (first, last)
    italics = [Mark(*span, MarkKind.ITALIC) for span in quoted_words(snippet.text)]
    inner = formatted(snippet.text, [*snippet.marks, *italics], start, end, bold)
    if len(inner.encode()) > _MOST_BYTES:
        inner = formatted(snippet.text, italics, start, end, bold)
    tag = "blockquote expandable" if units(text) > LONG_QUOTE else "blockquote"
    return f"<{tag}>{inner}</blockquote>", shortened


def quoted_words(text: str) -> list[Span]:
    """Return the spans of words in quotation marks that open and close on one line, with their marks."""
    # Most texts have no marks; looking for these first takes a tenth of the time.
    if not any(mark in text for mark in _OPENING):
        return []
    return [match.span() for match in _QUOTED.finditer(text)]
