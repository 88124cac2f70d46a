"""Gaps that may mean the same are offered to whoever looks at one of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.database import transaction
from bot.review.gap_store import NoSuchGapError, similar
from tests.support.gap_log import ask, opened


async def test_the_nearest_gaps_come_first(tmp_path: Path) -> None:
    """Gaps are ordered by how near they are; those that are far, merged, or made with another encoder are left out."""
    await ask(tmp_path, *((f"{number}: wording", number) for number in range(1, 7)))
    directions = {1: (1.0, 0.0), 2: (0.8, 0.6), 3: (1.0, 0.1), 4: (-1.0, 0.0), 5: (1.0, 0.0), 6: (1.0, 0.0)}
    with opened(tmp_path) as connection:
        with transaction(connection):
            for number, direction in directions.items():
                connection.execute(
                    "INSERT INTO gaps (id, opened, changed, encoder, centroid, merged_into) VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        number,
                        "2026-11-01T09:00:00.000Z",
                        "2026-11-01T09:00:00.000Z",
                        "other" if number == 5 else "e",
                        np.array(direction, "<f4").tobytes(),
                        1 if number == 6 else None,
                    ),
                )
                connection.execute(
                    "INSERT INTO gap_questions (question_id, gap, similarity, person, time) "
                    "SELECT id, ?, 1, person, time FROM questions WHERE question = ?",
                    (number, f"{number}: wording"),
                )
        assert similar(connection, 1) == [(3, "3: wording"), (2, "2: wording")]
        assert similar(connection, 1, limit=1) == [(3, "3: wording")]
        with pytest.raises(NoSuchGapError):
            similar(connection, 99)
