"""A text in the form in which facts are looked for in it, prepared once for all that look."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from index.text.terms import fold

_LETTERS = re.compile(r"[^\W\d_]+")
BEGINNING = 3


class FoldedText(NamedTuple):
    """A folded text, and what tells quickly whether to look closer."""

    text: str
    beginnings: frozenset[str]
    """The first ``BEGINNING`` letters of each word."""
    has_digits: bool
    original: str

    def may_hold(self, beginnings: frozenset[str]) -> bool:
        """Tell whether a word begins with one of ``beginnings``."""
        return not self.beginnings.isdisjoint(beginnings)

    def words(self, start: int, end: int) -> str:
        """Return the words at a place in the folded text, as they were written where that is known."""
        text = self.original if len(self.original) == len(self.text) else self.text
        return text[start:end].strip()


@lru_cache(maxsize=1024)
def folded(text: str) -> FoldedText:
    """Return ``text`` folded."""
    form = fold(text)
    beginnings = frozenset([word[:BEGINNING] for word in _LETTERS.findall(form)])
    return FoldedText(form, beginnings, any(map(str.isdecimal, form)), text)


def beginnings_of(words: str) -> frozenset[str]:
    """Return the beginnings of folded words that are separated by white space."""
    return frozenset(word[:BEGINNING] for word in words.split())


def overlaps(start: int, end: int, taken: Iterable[tuple[int, int]]) -> bool:
    """Tell whether the place from ``start`` to before ``end`` shares a character with one of those ``taken``."""
    return any(start < until and begin < end for begin, until in taken)
