"""What the rest of the program asks of a query log, wherever its rows are written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.querylog.entry import Delivery, Entry
from bot.querylog.statements import Recorded
from index.errors import UserFacingError


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted of a person."""

    questions: int
    erased: asyncio.Future[None]
    """Done when no copy of their text is left in the log, its search index, its write-ahead log and its backups."""


class QueryLogError(UserFacingError):
    """Something asked of the query log could not be done now; the text says what becomes of it."""


class LogSink(Protocol):
    """Takes what is recorded, and people's requests about it. No method blocks the event loop.

    Nothing here raises because the log cannot be written, except the requests of people about their own data, who must
    be told.
    """

    @property
    def path(self) -> Path:
        """The SQLite file."""

    @property
    def here(self) -> bool:
        """Whether the file lies on this machine, and not on another one that writes it."""

    @property
    def backlog(self) -> int:
        """How many rows and changes wait to be written."""

    async def record(self, entry: Entry) -> str:
        """Take one question; return its id once the row is safe. Of people who opted out nothing is kept under it."""

    def delivered(self, entry_id: str, outcome: Delivery) -> None:
        """Note what became of the answer; returns at once."""

    async def vote(self, entry_id: str, person: int, value: int) -> bool:
        """Set (+1, -1) or take back (0) the asker's vote; return ``False`` if somebody else asked."""

    async def request(self, entry_id: str, person: int) -> bool:
        """Note that the asker wishes an answer to be added; return ``False`` if somebody else asked."""

    async def opt_out(self, person: int, out: bool) -> None:
        """Stop (or resume) recording what a person asks; what was recorded stays until they have it forgotten.

        Raises:
            QueryLogError: The log does not hold the wish yet.
        """

    async def opted_out(self, person: int) -> bool:
        """Return whether nothing is recorded of what this person asks."""

    async def export_person(self, person: int, waiting: Sequence[str] = ()) -> bytes:
        """Return what the log holds of a person as a JSON document (UTF-8); it says how many old rows it leaves out.

        Args:
            person: Their Telegram id.
            waiting: Entries of which they will be told when they are answered.

        Raises:
            QueryLogError: The log cannot be read now, or their rows not be found.
        """

    async def forget_person(self, person: int) -> Forgotten:
        """Delete everything a person asked; its last traces in the files are overwritten right after that.

        Raises:
            QueryLogError: It is not done yet, and will be as soon as the log can be written; or their rows cannot be
                found.
        """

    async def recorded(self, entries: Sequence[str]) -> dict[str, Recorded]:
        """Return those of some questions that the log still holds, by their ids.

        Raises:
            QueryLogError: The log cannot be read now.
        """

    async def close(self) -> None:
        """Hand over what is queued, and let go of the log."""
