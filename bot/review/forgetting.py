"""What reviewers took over from questions goes from their drafts when the questions are deleted from the log."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from ulid import ULID

from bot.review.drafts import Drafts
from bot.review.review_db import REVIEW_FILE

_TIME_DIGITS = 10
"""The beginning of an entry id, which tells when it was made."""


def forget_in_drafts(connection: sqlite3.Connection, data: Path) -> None:
    """Take the wordings of deleted questions out of the drafts that are not published.

    Args:
        connection: The log.
        data: The data folder.

    Raises:
        sqlite3.Error, OSError: The drafts cannot be changed now.
    """
    if (data / REVIEW_FILE).exists():
        Drafts(data).forget_questions(partial(_deleted, connection))


def _deleted(connection: sqlite3.Connection, ids: Iterable[str]) -> set[str]:
    """Return the ids of questions that the log once held. One that took the place of a broken log knows no others."""
    [(begun,)] = connection.execute("SELECT min(applied_at) FROM _sqlite_migrations").fetchall()
    # The first question was asked before it was written.
    first = str(ULID.from_datetime(datetime.fromisoformat(begun) - timedelta(minutes=1)))[:_TIME_DIGITS]
    asked = {each for each in ids if each[:_TIME_DIGITS] >= first}
    found = connection.execute(
        "SELECT id FROM questions WHERE id IN (SELECT value FROM json_each(?))", (json.dumps([*asked]),)
    )
    return asked - {number for (number,) in found}
