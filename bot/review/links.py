"""Datasette plugin for the log's pages.

Ids and gaps become links, SQL gets the functions ``first_day`` and ``minute``, a search is never an error, and a file
of CSV is as safe for spreadsheets as that of ``log export``.
"""

from __future__ import annotations

import csv
import re
import sqlite3
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from urllib.parse import quote

from datasette import hookimpl
from datasette.utils import escape_fts
from markupsafe import Markup

from bot.review.options import short_time
from bot.review.records import defused

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

DATABASE = "queries"
"""Datasette's name for the log: the name of its file without suffix."""
_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_QUESTION_COLUMNS = ("id", "question_id", "edit_of", "follow_up_of")
_DAYS, _MOST_DAYS = 30, 90


# Only the column and the form decide where a link leads: nothing that people typed becomes an address.
@hookimpl  # type: ignore[untyped-decorator]
def render_cell(value: object, column: str, database: str) -> Markup | None:
    """Return a link to the page of a question, gap or passage, ``None`` for everything else."""
    if database != DATABASE:
        return None
    if column in _QUESTION_COLUMNS and isinstance(value, str) and _ULID.fullmatch(value):
        return Markup('<a href="/review/questions/{}"><small>{}</small></a>').format(value, value)
    if column == "gap" and isinstance(value, int):
        return Markup('<a href="/review/gaps/{}">{}</a>').format(value, value)
    if column == "snippet" and isinstance(value, str):
        return Markup('<a href="/review/passages/{}">{}</a>').format(quote(value), value)
    return None


@hookimpl(trylast=True)  # type: ignore[untyped-decorator]
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Give a connection the functions ``first_day`` and ``minute``, and a search that takes everything typed."""
    conn.create_function("first_day", 1, first_day, deterministic=True)
    conn.create_function("minute", 1, short_time, deterministic=True)
    # Datasette's own function of this name, which is registered before, makes nothing of a lone quotation mark, and
    # FTS5 takes nothing for a syntax error. An empty phrase finds no row.
    conn.create_function("escape_fts", 1, lambda text: escape_fts(text) or '""', deterministic=True)


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper() -> Callable[[Application], Application]:
    """Return what makes the server's CSV safe for spreadsheets."""
    return _with_safe_csv


def _with_safe_csv(application: Application) -> Application:
    """Return the application with every row of its CSV defused."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        is_csv = scope["type"] == "http" and scope["path"].endswith(".csv")

        async def send_safely(message: MutableMapping[str, Any]) -> None:
            if is_csv and message["type"] == "http.response.body" and message.get("body"):
                message = {**message, "body": _defused_rows(message["body"])}
            await send(message)

        await application(scope, receive, send_safely)

    return answer


def _defused_rows(body: bytes) -> bytes:
    """Return a piece of CSV, which is whole rows as Datasette sends it, with no cell that is a formula."""
    safe = StringIO()
    rows = csv.reader(StringIO(body.decode(), newline=""))
    csv.writer(safe).writerows([cell if _NUMBER.fullmatch(cell) else defused(cell) for cell in row] for row in rows)
    return safe.getvalue().encode()


def first_day(days: object) -> str:
    """Return the first of the last days, today (UTC) included; 30 days if no number is given, 90 at most."""
    number = int(str(days)) if str(days).isdecimal() else _DAYS
    return (datetime.now(UTC).date() - timedelta(days=max(1, min(number, _MOST_DAYS)) - 1)).isoformat()
