"""Questions that go on from the one before."""

from __future__ import annotations

import re
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from index.search.answer import Answer
from index.search.decision import Decision

FOLLOW_UP_SECONDS = 600
"""How long after a question another can go on from it."""
_LONGEST = 8
"""A question of more words than this stands alone."""
_CLEARLY = 0.15
"""How much more surely the combination must answer."""
_REMEMBERED = 10_000
_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class PreviousQuestion:
    """A question that was answered, for the one that may go on from it."""

    text: str
    entry: str
    at: float


class Conversations:
    """The last question of everybody in every chat, for ten minutes and at most 10,000 of them.

    Args:
        clock: the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: OrderedDict[tuple[int, int], PreviousQuestion] = OrderedDict()

    def last(self, chat: int, person: int) -> PreviousQuestion | None:
        """Return what this person asked in this chat within the last ten minutes."""
        asked = self._last.get((chat, person))
        return asked if asked and self._clock() - asked.at <= FOLLOW_UP_SECONDS else None

    def asked(self, chat: int, person: int, text: str, entry: str) -> None:
        """Remember a question; the one before it is forgotten."""
        self._last[chat, person] = PreviousQuestion(text, entry, self._clock())
        self._last.move_to_end((chat, person))
        if len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)

    def forget(self, person: int) -> None:
        """Forget what a person asked."""
        for key in [key for key in self._last if key[1] == person]:
            del self._last[key]


def leans_on_another(text: str) -> bool:
    """Return whether a question may not stand alone: it is short, and begins like a continuation or points back."""
    line = _plain(text)
    words = line.split()
    if not words or len(words) > _LONGEST:
        return False
    openings, pointers = _cues()
    if any(word in pointers for word in words):
        return True
    return any(line == opening or line.startswith(opening + " ") for opening in openings)


def asks_about_the_quote(text: str) -> bool:
    """Return whether a question holds nothing but who, when or from where: it is about the passage shown before."""
    words = _plain(text).split()
    _, pointers = _cues()
    core = frozenset(_phrases()["quote_words"])
    empty = core | pointers | frozenset(_phrases()["quote_fillers"])
    return 0 < len(words) <= _LONGEST and not core.isdisjoint(words) and empty.issuperset(words)


def answers_clearly_better(combined: Answer, alone: Answer) -> bool:
    """Return whether a question is better understood together with the one before it than alone."""
    if combined.decision is not Decision.ANSWER or alone.decision is Decision.ANSWER:
        return False
    return combined.confidence >= alone.confidence + _CLEARLY


def _plain(text: str) -> str:
    """Return a text as bare words: without case, marks and emoji."""
    return " ".join(_WORDS.findall(unicodedata.normalize("NFKC", text).casefold().replace("ё", "е").replace("’", "'")))


@cache
def _phrases() -> dict[str, list[str]]:
    loaded: dict[str, list[str]] = yaml.safe_load(files("bot.locales").joinpath("phrases.yaml").read_text("utf-8"))
    return {kind: [_plain(phrase) for phrase in phrases] for kind, phrases in loaded.items()}


@cache
def _cues() -> tuple[tuple[str, ...], frozenset[str]]:
    return tuple(_phrases()["follow_up_openings"]), frozenset(_phrases()["follow_up_words"])
