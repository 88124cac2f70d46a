"""The first page: where everything is."""

from __future__ import annotations

import sqlite3
from typing import Any

from datasette import Response

from bot.review.web.frame import Routes, page, review_of

_FIGURES = """SELECT
    (SELECT count(*) FROM gaps WHERE state = 'open') AS gaps,
    (SELECT count(*) FROM questions WHERE time >= date('now', '-6 days')) AS week"""


async def home(datasette: Any, request: Any) -> Response:
    """Show the ways into the log, with the figures that say where to begin."""

    def figures(connection: sqlite3.Connection) -> dict[str, int]:
        return dict(connection.execute(_FIGURES).fetchone())

    return await page(datasette, request, "home.html", figures=await review_of(datasette).read(figures))


ROUTES: Routes = [(r"^/$", home)]
