"""The first page: where everything is."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from datasette import Response

from bot.review.drafts import Drafts
from bot.review.review_db import REVIEW_FILE
from bot.review.web.frame import Routes, page, review_of

_FIGURES = """SELECT
    (SELECT count(*) FROM gaps WHERE state = 'open') AS gaps,
    (SELECT count(*) FROM questions WHERE time >= date('now', '-6 days')) AS week,
    date('now', '-6 days') AS since"""


async def home(datasette: Any, request: Any) -> Response:
    """Show the ways into the log, with the figures that say where to begin."""
    review = review_of(datasette)

    def figures(connection: sqlite3.Connection) -> dict[str, Any]:
        return dict(connection.execute(_FIGURES).fetchone())

    waiting = await asyncio.to_thread(_waiting, review.settings.data_dir) if review.writable else 0
    return await page(datasette, request, "home.html", figures=await review.read(figures), waiting=waiting)


def _waiting(data: Path) -> int:
    """Return how many drafts there are; looking makes no file."""
    return len(Drafts(data).all()) if (data / REVIEW_FILE).exists() else 0


ROUTES: Routes = [(r"^/$", home)]
