"""Gaps that may mean the same as another one, for reviewers to merge."""

from __future__ import annotations

import sqlite3

import numpy as np

from bot.review.gap_store.membership import gap_row

_COMPARED = 3000
"""So many gaps, the newest first, are compared; their vectors are read from the disk each time."""
_LEAST = 0.35
"""Least cosine of two gaps that may mean the same. Gaps that are nearer than a grouping's threshold are one already."""


def similar(connection: sqlite3.Connection, number: int, *, limit: int = 5) -> list[tuple[int, str]]:
    """Return other gaps that may mean the same, the nearest first: their numbers, and a typical question of each.

    Raises:
        NoSuchGapError: There is no gap with this number.
    """
    own = gap_row(connection, number)
    if own["centroid"] is None:
        return []
    rows = connection.execute(
        "SELECT id, centroid FROM gaps WHERE encoder = ? AND length(centroid) = ? AND id <> ? AND merged_into IS NULL "
        "ORDER BY id DESC LIMIT ?",
        (own["encoder"], len(own["centroid"]), own["id"], _COMPARED),
    ).fetchall()
    if not rows:
        return []
    vectors = np.stack([np.frombuffer(row["centroid"], "<f4") for row in rows])
    vector = np.frombuffer(own["centroid"], "<f4")
    cosines = vectors @ vector / np.maximum(np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector), 1e-9)
    nearest = [int(rows[at]["id"]) for at in np.argsort(-cosines)[:limit] if cosines[at] >= _LEAST]
    typical = (
        "SELECT question FROM gap_members AS m JOIN questions AS q ON q.id = m.question_id "
        "WHERE gap = ? ORDER BY similarity DESC, m.time DESC LIMIT 1"
    )
    found = ((gap, connection.execute(typical, (gap,)).fetchone()) for gap in nearest)
    return [(gap, row["question"]) for gap, row in found if row]
