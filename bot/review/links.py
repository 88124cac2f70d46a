"""Links between the log's pages in Datasette: a question's id leads to its replay, a gap's number to its questions."""

from __future__ import annotations

import re

from datasette import hookimpl
from markupsafe import Markup

from bot.review.datasette_pages import DATABASE

_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_QUESTION_COLUMNS = ("id", "question_id", "edit_of", "follow_up_of")


# By column and form alone: what people typed must never become a link, whatever it looks like.
@hookimpl  # type: ignore[untyped-decorator]
def render_cell(value: object, column: str, database: str) -> Markup | None:
    """Return a link for an id or a gap's number, ``None`` for all else."""
    if database != DATABASE:
        return None
    if column in _QUESTION_COLUMNS and isinstance(value, str) and _ULID.fullmatch(value):
        return Markup('<a href="/{}/replay?id={}">{}</a>').format(DATABASE, value, value)
    if column == "gap" and isinstance(value, int):
        return Markup('<a href="/{}/gap?gap={}">{}</a>').format(DATABASE, value, value)
    return None
