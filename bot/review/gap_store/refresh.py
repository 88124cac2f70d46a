"""All that is due with new questions or a new version of the index."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from bot.database import transaction
from bot.review.gap_store.closing import Closed, close_answered
from bot.review.gap_store.index_notes import note_index
from bot.review.gap_store.update import update
from bot.review.queries import moment

if TYPE_CHECKING:
    from index import Index

_GROUPED = "90d"


def refresh(connection: sqlite3.Connection, index: Index, *, since: str | None = None) -> Closed:
    """Record the index, put new questions into gaps, and close the gaps whose questions it answers.

    Args:
        connection: The log, open for writing.
        index: The live version.
        since: Only questions asked from this moment on, as the log writes it; by default those of the last 90 days.
    """
    from bot.review.signatures import Signatures

    manifest = index.manifest
    snippets = {name: (each.title, each.topic) for name in index.snippets if (each := index.snippet(name))}
    with transaction(connection):
        note_index(connection, index.version, manifest.encoder_key, manifest.built, snippets)
    update(connection, Signatures(index), since=since or moment(_GROUPED))
    return close_answered(connection, index)
