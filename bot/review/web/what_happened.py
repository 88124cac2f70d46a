"""What reviewers and the program did: with a gap, and with a passage that waits to be published."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.review.drafts import Drafts, DraftState
from bot.review.drafts import Event as DraftEvent
from bot.review.gap_store import State
from bot.review.publishing.titles import passage, title

_STATES = {
    State.OPEN: "Opened again",
    State.ANSWERED: "Marked as answered",
    State.WILL_NOT_COVER: "Marked as not to be covered",
}
_DRAFTS = {DraftState.DRAFT: "Saved", DraftState.PUBLISHED: "Published", DraftState.REMOVED: "Removed"}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""

    time: str
    """As the log writes it."""
    text: str
    author: str
    """Empty where the program did it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A draft that is not published."""

    title: str
    author: str
    time: str


def of_gap(connection: sqlite3.Connection, gap: int) -> list[Event]:
    """Return how the state, the note and the questions of a gap were changed, the newest first."""
    events: list[Event] = []
    state, note = State.OPEN, None
    for row in connection.execute("SELECT * FROM gap_history WHERE gap = ? ORDER BY id", (gap,)):
        text = ("Split off another gap" if row["author"] else "") if row["made"] else _change(row, state, note)
        if text:
            events.append(Event(row["time"], text, row["author"] or ""))
        state, note = State(row["state"]), row["note"]
    return events[::-1]


def of_drafts(events: Iterable[DraftEvent], titles: Mapping[str, str]) -> list[Event]:
    """Return what became of drafts, in the same order; passages are named by their titles."""
    return [Event(each.time, _draft(each, titles), each.author) for each in events]


def newest_first(events: Iterable[Event]) -> list[Event]:
    """Return events in the order in which they are read."""
    return sorted(events, key=lambda each: each.time, reverse=True)


def waiting(data: Path, snippet: str, titles: Mapping[str, str]) -> list[Waiting]:
    """Return the drafts of all reviewers that are about a passage, the oldest first."""
    about = (each for each in Drafts(data).all() if passage(each.act) == snippet)
    return [Waiting(title(each.act, titles), each.author, each.time) for each in about]


def _change(row: sqlite3.Row, state: State, note: str | None) -> str:
    if row["state"] != state:
        if row["answered_by"]:
            return "Closed by itself: a published version answers it"
        return _STATES[State(row["state"])] + (f": {row['note']}" if row["note"] and row["note"] != note else "")
    if row["note"] != note:
        return f"Note: {row['note']}" if row["note"] else "Note removed"
    return "Questions put in or taken out"


def _draft(event: DraftEvent, titles: Mapping[str, str]) -> str:
    done = _DRAFTS[event.state]
    if event.state is DraftState.DRAFT and event.time != event.draft.time:
        done = "Undone, a draft again"
    return f"{done}: {title(event.draft.act, titles)}"
