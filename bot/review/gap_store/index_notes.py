"""What the log knows of the index."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping


def note_index(
    connection: sqlite3.Connection, version: str, encoder: str, built: str, snippets: Mapping[str, tuple[str, str]]
) -> None:
    """Record an index version with its encoder's key, and its snippets in place of those of an earlier version.

    ``snippets`` holds the title and the topic of each by its id. The caller has begun a transaction.
    """
    connection.execute(
        "INSERT OR REPLACE INTO index_versions VALUES (?, ?, ?, ?)", (version, encoder, built, len(snippets))
    )
    connection.execute("DELETE FROM snippets")
    connection.executemany(
        "INSERT INTO snippets VALUES (?, ?, ?)", [(name, *about) for name, about in snippets.items()]
    )
