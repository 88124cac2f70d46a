"""The reviewers' database ``DATA/review.db``: the drafts, the last try and the publications."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.database import connect

if TYPE_CHECKING:
    from sqlite_utils import Migrations

REVIEW_FILE = "review.db"
"""Name of the database in the data folder."""
_WAIT_SECONDS = 10.0


@contextmanager
def review_db(data: Path, migrations: Migrations) -> Iterator[sqlite3.Connection]:
    """Open the reviewers' database of a data folder; each use opens it anew, so that threads share nothing.

    Rows are ``sqlite3.Row``.

    Raises:
        sqlite3.Error, OSError: It cannot be opened.
    """
    # The page that says that the disk is full must be readable then.
    path = data / REVIEW_FILE
    with closing(connect(path, [migrations], busy_seconds=_WAIT_SECONDS, write_ahead=False)) as connection:
        # What is recorded must outlive a power cut, for the files that change next do.
        connection.execute("PRAGMA synchronous = FULL")
        connection.row_factory = sqlite3.Row
        yield connection
