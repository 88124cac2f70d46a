"""The time by which rows grow old: what is deleted for its age cannot be had back, and a clock may be set wrong."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.querylog.entry import timestamp

_LEAP = timedelta(days=2)
"""How far the clock may be ahead of the time believed last and be believed at once."""
PROBATION = timedelta(days=7)
"""How long a program must have watched a clock that leapt further go on before it is believed after all."""


@dataclass(frozen=True, slots=True)
class Believed:
    """The time by which the log measures ages."""

    time: datetime
    leap: timedelta
    """How far the computer's clock is ahead of it; nothing where that clock is believed."""


def believed(connection: sqlite3.Connection, watched: timedelta) -> Believed:
    """Return the time that can be believed, and note it for the next time.

    The times of rows are no evidence: they come from the same clock. So the log keeps the time it believed last, which
    a running bot renews every hour, and doubts a clock that is far ahead of it.

    Args:
        watched: How much time has passed since this was called last, by a clock that nobody sets.
    """
    kept, doubted = connection.execute("SELECT believed, doubted_seconds FROM clock").fetchone()
    now, expected = datetime.now(UTC), datetime.fromisoformat(kept) + watched
    if now <= expected + _LEAP or (doubted is not None and timedelta(seconds=doubted) + watched >= PROBATION):
        # A clock that is behind is used, for it deletes less, but not kept, so that setting it right is no leap.
        connection.execute("UPDATE clock SET believed = max(believed, ?), doubted_seconds = NULL", (timestamp(now),))
        return Believed(now, timedelta())
    connection.execute(
        "UPDATE clock SET believed = ?, doubted_seconds = ?",
        (timestamp(expected), 0.0 if doubted is None else doubted + watched.total_seconds()),
    )
    return Believed(expected, now - expected)
