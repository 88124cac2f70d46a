"""A snippet's text as a blockquote: the part that fits, its answering sentence in bold, quoted words in italics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from bot.messages.telegram_text import GRAPHEME, fitting, units, visible
from index.knowledge.snippet import Snippet, Span

LONG_QUOTE = 600
"""From so many UTF-16 code units on a quote is folded until it is tapped."""

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
    quoted = quoted_words(snippet.text)
    first, last = (max(highlight[0], start), min(highlight[1], end)) if highlight else (start, start)
    if 0 < last - first < len(text) and visible(snippet.text[first:last]):
        spans = ((start, first), (first, last), (last, end))
        before, bold, after = (_with_italics(snippet.text, span, quoted) for span in spans)
        inner = f"{before}<b>{bold}</b>{after}"
    else:
        inner = _with_italics(snippet.text, (start, end), quoted)
    tag = "blockquote expandable" if units(text) > LONG_QUOTE else "blockquote"
    return f"<{tag}>{inner}</blockquote>", shortened


def quoted_words(text: str) -> list[Span]:
    """Return the spans of words in quotation marks that open and close on one line, with their marks."""
    # Most texts have no marks; looking for these first takes a tenth of the time.
    if not any(mark in text for mark in _OPENING):
        return []
    return [match.span() for match in _QUOTED.finditer(text)]


def _with_italics(text: str, span: Span, quoted: list[Span]) -> str:
    """Return a part of a text as HTML, with what of the quoted words lies in it in italics."""
    return "".join(_pieces(text, span, quoted))


def _pieces(text: str, span: Span, quoted: list[Span]) -> Iterator[str]:
    at, end = span
    for first, last in quoted:
        first, last = max(first, at), min(last, end)
        if first < last and visible(text[first:last]):
            yield escape(text[at:first], quote=False)
            yield f"<i>{escape(text[first:last], quote=False)}</i>"
            at = last
    yield escape(text[at:end], quote=False)
