"""Which quotes people were shown: what a follow-up goes on from."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from index.knowledge.snippet import Snippet, Span
from index.search.index import Index

BASE_SECONDS = 3600
"""How long after a quote a message can go on from it without replying to it."""
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class ShownQuote:
    """A quote that a message of the bot shows."""

    snippet: str
    """The id of the snippet."""
    language: str
    told: frozenset[int] = frozenset()
    """The sentences, by number, that were pointed out as answers."""
    question: str = ""
    """The question it answers, as it was looked up; empty where none is known."""
    entry: str | None = None
    """The entry of that question in the log."""
    shown: tuple[str, ...] = ()
    """The snippets that were shown about this question, in order."""
    posted: int | None = None
    """The message that asked."""
    at: float = 0.0

    @classmethod
    def of(cls, snippet: Snippet, highlight: Span | None, question: str = "", entry: str | None = None) -> ShownQuote:
        """Return the quote of a snippet with a sentence in bold."""
        told = frozenset(number for number, span in enumerate(snippet.sentences) if span == highlight)
        return cls(snippet.id, snippet.language, told, question, entry, (snippet.id,))

    def telling(self, snippet: Snippet, span: Span) -> ShownQuote:
        """Return the same quote after another of its sentences was pointed out."""
        told = frozenset(number for number, own in enumerate(snippet.sentences) if own == span)
        return replace(self, told=self.told | told)

    def followed_by(self, other: ShownQuote) -> ShownQuote:
        """Return the quote of one more snippet as one about the same question."""
        shown = (*self.shown, other.snippet)
        return replace(self, snippet=other.snippet, language=other.language, told=other.told, shown=shown)

    def translation(self, index: Index) -> Snippet | None:
        """Return the snippet as it was shown; ``None`` where it is gone."""
        return index.snippet(self.snippet, self.language)

    @property
    def sentence(self) -> int | None:
        """The sentence that a message points out, if it is one."""
        return min(self.told, default=None)


def current(quotes: Sequence[ShownQuote], now: float, edited: int | None) -> ShownQuote | None:
    """Return the quote that a message goes on from, of those shown last; an edited one not from its own answer."""
    return next((each for each in quotes if each.at >= now - BASE_SECONDS and each.posted != (edited or -1)), None)


def following(quotes: Sequence[ShownQuote], quote: ShownQuote) -> tuple[ShownQuote, ...]:
    """Return the last two quotes after one more was shown; another answer to the same message replaces the last."""
    again = bool(quotes) and quote.posted is not None and quotes[0].posted == quote.posted
    return (quote, *quotes[again : again + 1])


class Conversations:
    """The last two quotes that everybody was shown in every chat, for an hour and at most 10,000 people.

    Args:
        clock: the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: OrderedDict[tuple[int, int], tuple[ShownQuote, ...]] = OrderedDict()

    async def last(self, chat: int, person: int, edited: int | None = None) -> ShownQuote | None:
        """Return the quote that a person was shown last in a chat, within the last hour.

        Args:
            chat: The chat.
            person: The person.
            edited: A message that was edited; it does not go on from its own answer.
        """
        return current(self._last.get((chat, person), ()), self._clock(), edited)

    async def show(self, chat: int, person: int, quote: ShownQuote) -> None:
        """Remember that a person was shown a quote."""
        self._last[chat, person] = following(self._last.get((chat, person), ()), replace(quote, at=self._clock()))
        self._last.move_to_end((chat, person))
        if len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)

    async def forget(self, person: int) -> None:
        """Forget what a person asked and was shown."""
        for key in [key for key in self._last if key[1] == person]:
            del self._last[key]
