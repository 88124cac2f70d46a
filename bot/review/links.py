"""Datasette plugin for the log's pages: ids and gaps become links, and SQL gets the function ``first_day``."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime, timedelta

from datasette import hookimpl
from markupsafe import Markup

DATABASE = "queries"
"""Datasette's name for the log: the name of its file without suffix."""
_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_QUESTION_COLUMNS = ("id", "question_id", "edit_of", "follow_up_of")
_DAYS, _MOST_DAYS = 30, 90


# Only the column and the form decide: nothing that people typed becomes a link.
@hookimpl  # type: ignore[untyped-decorator]
def render_cell(value: object, column: str, database: str) -> Markup | None:
    """Return a link for an id or the number of a gap, ``None`` for everything else."""
    if database != DATABASE:
        return None
    if column in _QUESTION_COLUMNS and isinstance(value, str) and _ULID.fullmatch(value):
        return Markup('<a href="/{}/replay?id={}">{}</a>').format(DATABASE, value, value)
    if column == "gap" and isinstance(value, int):
        return Markup('<a href="/{}/gap?gap={}">{}</a>').format(DATABASE, value, value)
    return None


@hookimpl  # type: ignore[untyped-decorator]
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Give a connection the SQL function ``first_day``."""
    conn.create_function("first_day", 1, first_day, deterministic=True)


def first_day(days: object) -> str:
    """Return the first of the last days, today (UTC) included; 30 days if no number is given, 90 at most."""
    number = int(str(days)) if str(days).isdecimal() else _DAYS
    return (datetime.now(UTC).date() - timedelta(days=max(1, min(number, _MOST_DAYS)) - 1)).isoformat()
