"""The words of a block of HTML in a text, with its headings."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import NamedTuple

TITLED = frozenset(
    "accordion accordionitem admonition alert box callout card collapse details dropdown expand expandable faq faqitem"
    " notice panel step tab tabitem toggle".split()
)
"""Elements of MDX and shortcodes of Hugo that a title may be given to."""
TITLED_BY_FIRST = frozenset({"accordion", "collapse", "details", "expand", "tab", "toggle"})
"""Shortcodes whose title may be the first thing that is given, without a name."""

_UNREAD = frozenset({"script", "style", "template", "svg"})
_NEW_LINE = frozenset("br p div li tr ul ol table blockquote section article dl dt dd details".split())
_HEADING = re.compile(r"h[1-6]")
_SPACES = re.compile(r"[ \t]*\n\s*|[ \t]{2,}")
_UNCLOSED = re.compile(r"<!--(?!.*-->)[^\n]*", re.DOTALL)
"""The first line of a remark that nobody closed: what stands below it may be text."""
SUMMARY, TITLE, ROWS, END = 7, 8, 9, -1
"""The levels of a ``<summary>``, which is below all headings, of a title in an attribute, of the rows of a table, one a
line, and of what ends the part of the text below a summary or title."""


class Words(NamedTuple):
    """Some words of a block."""

    level: int
    """That of a heading, ``SUMMARY``, ``TITLE``, ``ROWS``, ``END``, or 0 for anything else."""
    text: str


class _Reader(HTMLParser):
    """Collects the words of a block, parted at headings and tables."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Words] = []
        self._level, self._unread = 0, 0
        self._pieces: list[str] = []
        self._rows: list[list[list[str]]] | None = None
        """The cells of a table, each as its pieces of text."""

    def finish(self) -> None:
        """End the words that are being collected."""
        text = _SPACES.sub(lambda gap: "\n" if "\n" in gap[0] else " ", "".join(self._pieces)).strip()
        if text:
            self.found.append(Words(self._level, " ".join(text.split()) if self._level else text))
        self._pieces, self._level = [], 0

    def finish_table(self) -> None:
        """End the rows that are being collected."""
        rows = [[" ".join("".join(cell).split()) for cell in row] for row in self._rows or ()]
        lines = [" | ".join(cell or " " for cell in row).rstrip(" |") for row in rows if any(row)]
        if lines:
            self.found.append(Words(ROWS, "\n".join(lines)))
        self._rows = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNREAD:
            self._unread += 1
        elif tag == "table":
            self.finish()
            self._rows = self._rows or []
        elif self._rows is not None and tag in ("tr", "td", "th"):
            if tag == "tr" or not self._rows:
                self._rows.append([])
            if tag != "tr":
                self._rows[-1].append([])
        elif tag == "summary" or _HEADING.fullmatch(tag):
            self.finish()
            self._level = SUMMARY if tag == "summary" else int(tag[1])
        elif tag in TITLED and (title := dict(attrs).get("title") or dict(attrs).get("label")):
            self.finish()
            self.found.append(Words(TITLE, title))
        elif tag in _NEW_LINE:
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNREAD:
            self._unread = max(0, self._unread - 1)
        elif tag == "table":
            self.finish_table()
        elif tag in TITLED or tag == "summary" or _HEADING.fullmatch(tag):
            self.finish()
            if tag in TITLED:
                self.found.append(Words(END, ""))
        elif tag in _NEW_LINE:
            self.handle_data("\n")

    def handle_data(self, data: str) -> None:
        if self._unread:
            return
        if self._rows is None:
            self._pieces.append(data)
        elif self._rows and self._rows[-1]:
            self._rows[-1][-1].append(data)
        elif data.strip():
            self.found.append(Words(0, " ".join(data.split())))  # the caption


def html_words(html: str) -> list[Words]:
    """Return the words of a block of HTML in order, without tags, comments and programs."""
    reader = _Reader()
    reader.feed(_UNCLOSED.sub("", html))
    reader.close()
    reader.finish_table()
    reader.finish()
    return reader.found
