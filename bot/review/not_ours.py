"""Gaps that are not ours: they close when the refusal of their questions is published, and open when it is undone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from bot.review.acts import NotCovered
from bot.review.drafts import Draft
from bot.review.gap_store import NoSuchGapError, State, find, mark


def close(connection: sqlite3.Connection, drafts: Iterable[Draft], by: str) -> None:
    """Close the gaps whose questions some published drafts refuse; a gap that is closed already stays as it is."""
    _change(connection, drafts, State.OPEN, State.WILL_NOT_COVER, by)


def open_again(connection: sqlite3.Connection, drafts: Iterable[Draft], by: str) -> None:
    """Open the gaps whose questions some drafts refused, because their publication was undone."""
    _change(connection, drafts, State.WILL_NOT_COVER, State.OPEN, by)


def _change(connection: sqlite3.Connection, drafts: Iterable[Draft], before: State, after: State, by: str) -> None:
    for gap in sorted({each.gap for each in drafts if each.gap is not None and isinstance(each.act, NotCovered)}):
        try:
            if find(connection, gap).state is before:
                mark(connection, gap, after, by=by)
        except NoSuchGapError:  # everybody who asked has had it deleted
            continue
