"""The words of a block of HTML in a text, with its headings."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import NamedTuple

_UNREAD = frozenset({"script", "style", "template", "svg"})
_NEW_LINE = frozenset("br p div li tr ul ol table blockquote section article dl dt dd details".split())
_HEADING = re.compile(r"h[1-6]")
_SPACES = re.compile(r"[ \t]*\n\s*|[ \t]{2,}")
_UNCLOSED = re.compile(r"<!--(?!.*-->)[^\n]*", re.DOTALL)
"""The first line of a remark that nobody closed: what stands below it may be text."""
SUMMARY, END = 7, -1
"""The levels of a ``<summary>``, which is below all headings, and of what ends the part of the text below it."""


class Words(NamedTuple):
    """Some words of a block."""

    level: int
    """That of a heading, ``SUMMARY``, ``END``, or 0 for anything else."""
    text: str


class _Reader(HTMLParser):
    """Collects the words of a block, parted at headings."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Words] = []
        self._level, self._unread = 0, 0
        self._pieces: list[str] = []

    def finish(self) -> None:
        """End the words that are being collected."""
        text = _SPACES.sub(lambda gap: "\n" if "\n" in gap[0] else " ", "".join(self._pieces)).strip()
        if text:
            self.found.append(Words(self._level, " ".join(text.split()) if self._level else text))
        self._pieces, self._level = [], 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _UNREAD:
            self._unread += 1
        elif tag == "summary" or _HEADING.fullmatch(tag):
            self.finish()
            self._level = SUMMARY if tag == "summary" else int(tag[1])
        elif tag in ("td", "th") and self._pieces and not self._pieces[-1].endswith("\n"):
            self._pieces.append(" ")
        elif tag in _NEW_LINE:
            self._pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNREAD:
            self._unread = max(0, self._unread - 1)
        elif tag in ("summary", "details") or _HEADING.fullmatch(tag):
            self.finish()
            if tag == "details":
                self.found.append(Words(END, ""))
        elif tag in _NEW_LINE:
            self._pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self._pieces.append(data)


def html_words(html: str) -> list[Words]:
    """Return the words of a block of HTML in order, without tags, comments and programs."""
    reader = _Reader()
    reader.feed(_UNCLOSED.sub("", html))
    reader.close()
    reader.finish()
    return reader.found
