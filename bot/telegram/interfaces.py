"""What the bot remembers, as its handlers see it: the same in one process on SQLite and in several that share a server.

The queue of updates is :class:`bot.telegram.update_queue.UpdateQueue`, the limits on sending are
:class:`bot.telegram.rate_limiter.Pace`, and the query log is :class:`bot.querylog.sink.LogSink`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.telegram.handlers.shown_quotes import ShownQuote
from bot.telegram.quota import Verdict
from bot.telegram.state import Given, Posted, QuoteShown


class State(Protocol):
    """Chosen languages, blocked chats, answers that may be edited, quotes that may be replied to, and votes."""

    async def know(self, person: int) -> None:
        """Learn what is remembered of a person before it is asked for."""

    def language(self, person: int) -> str | None:
        """Return the interface language a person chose, if they did; the person must be known."""

    async def choose_language(self, person: int, language: str | None) -> None:
        """Remember the interface language of a person, or (``None``) forget that they chose one."""

    async def block(self, chat: int) -> None:
        """Remember that nothing can be sent to a chat."""

    async def unblock(self, chat: int) -> None:
        """Remember that a chat can be written to again."""

    async def blocked(self, chat: int) -> bool:
        """Return whether a chat is known not to take messages."""

    async def remember_answer(self, question: Posted, text: str, message_id: int, entries: Sequence[str] = ()) -> None:
        """Remember which message answers a question, so that an edit of one changes the other."""

    async def answer_to(self, question: Posted, text: str) -> Given | None:
        """Return the answer given to a question, if it is remembered."""

    async def remember_quote(self, chat: int, message_id: int, quote: QuoteShown) -> None:
        """Remember what a message of the bot quotes, so that whoever replies to it can go on from there."""

    async def forget_quote(self, chat: int, message_id: int) -> None:
        """Forget what a message of the bot quoted before it was changed."""

    async def quote_in(self, chat: int, message_id: int) -> QuoteShown | None:
        """Return what a message of the bot quotes, if it is remembered."""

    async def vote_on(self, entry: str) -> int | None:
        """Return the last vote on an answer, if it is remembered."""

    async def remember_vote(self, entry: str, value: int) -> None:
        """Remember the last vote on an answer, so that the same vote again takes it back."""


class RequestsToHear(Protocol):
    """The private chats that want to be told of an answer, by the entry of their question in the query log."""

    async def add(self, entry: str, chat: int) -> bool:
        """Note that a chat wants to be told of a question; return whether that could be written."""

    async def claim(self, entry: str) -> bool:
        """Return whether this process is the one that tells of a question now."""

    async def remove(self, entry: str) -> None:
        """Forget who wants to be told of a question."""

    async def remove_chat(self, chat: int) -> None:
        """Forget everything that a chat wants to be told of."""

    async def remove_old(self) -> None:
        """Forget what was asked for more than 90 days ago."""

    async def of_chat(self, chat: int) -> list[str]:
        """Return the entries that a chat wants to be told of, the oldest first."""

    async def all(self) -> list[tuple[str, int]]:
        """Return every entry with the chat to tell, the oldest first."""


class ShownQuotes(Protocol):
    """The last two quotes that everybody was shown in every chat, for an hour."""

    async def last(self, chat: int, person: int, edited: int | None = None) -> ShownQuote | None:
        """Return the quote shown last; an edited message does not go on from its own answer."""

    async def show(self, chat: int, person: int, quote: ShownQuote) -> None:
        """Remember that a person was shown a quote."""

    async def forget(self, person: int) -> None:
        """Forget what a person asked and was shown."""


class Limit(Protocol):
    """How many questions one person may ask in a minute."""

    async def ask(self, person: int, at: float | None = None) -> Verdict:
        """Count one more question of a person, written at a moment, unless the quota is used up."""


class DigestTimes(Protocol):
    """When the last daily digest was sent."""

    async def begin(self, now: float) -> float | None:
        """Note that a digest is sent now; return since when it tells, ``None`` where none is due."""
