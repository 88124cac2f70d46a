"""When administrators were last told what was asked and not answered: at most once a day."""

from __future__ import annotations

import logging
import sqlite3

from sqlite_utils import Database, Migrations

from bot.database import DATABASE_ERRORS

logger = logging.getLogger(__name__)

DIGEST_SECONDS = 24 * 3600.0
"""How long there is no other digest."""

DIGEST_MIGRATIONS = Migrations("daily-digest")


@DIGEST_MIGRATIONS(name="0001_digests")
def _digests(database: Database) -> None:
    database.conn.execute("CREATE TABLE digests (until REAL NOT NULL)")


class Digests:
    """When the last digest was sent.

    An error of the database is logged and never raised: then no digest is sent.

    Args:
        connection: A database to which ``DIGEST_MIGRATIONS`` were applied.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def begin(self, now: float) -> float | None:
        """Note that a digest is sent now; return since when it tells.

        The first day begins with the first start: then there is none, as where less than a day has passed.
        """
        try:
            [(last,)] = self._connection.execute("SELECT max(until) FROM digests").fetchall()
            if last is not None and now - last < DIGEST_SECONDS:
                return None
            self._connection.execute("DELETE FROM digests")
            self._connection.execute("INSERT INTO digests VALUES (?)", (now,))
        except DATABASE_ERRORS as error:
            logger.warning("It cannot be noted when a daily digest was sent, so none is: %s", error)
            return None
        return None if last is None else float(last)
