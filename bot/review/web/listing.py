"""What lists of the log share: pages of rows, titles for ids, and the languages to choose from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

_MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is shown; the first page is 1."""

    number: int
    rows: int
    """So many rows make a page."""
    asked: tuple[tuple[str, str], ...]
    """What else is in the address."""

    @classmethod
    def asked_for(cls, request: Any, rows: int) -> Self:
        """Return the page that a request asks for."""
        given = parse_qsl(request.query_string)
        number = dict(given).get("page", "")
        known = int(number) if number.isdecimal() and len(number) < 6 else 1
        others = tuple((name, value) for name, value in given if name not in ("page", "before"))
        return cls(max(1, min(known, _MOST_PAGES)), rows, others)

    @property
    def offset(self) -> int:
        """So many rows come before it."""
        return (self.number - 1) * self.rows

    def link(self, **changed: object) -> str:
        """Return the query of this list's address with some values changed; ``None`` takes one out."""
        values = {**dict(self.asked), **changed}
        return "?" + urlencode({name: value for name, value in values.items() if value is not None})


def languages_asked(connection: sqlite3.Connection) -> list[str]:
    """Return the codes of the languages in which unanswered questions were asked, the most frequent first."""
    rows = connection.execute(
        "SELECT language FROM gap_questions WHERE language > '' GROUP BY 1 ORDER BY count(*) DESC"
    )
    return [language for (language,) in rows]


def passage_titles(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, str]:
    """Return the titles of passages by id, as the log knows them; unknown ids are left out."""
    rows = connection.execute(
        "SELECT id, title FROM snippets WHERE id IN (SELECT value FROM json_each(?))", (json.dumps([*{*ids}]),)
    )
    return {row["id"]: row["title"] for row in rows}
