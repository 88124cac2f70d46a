"""Which of several replicas answers an update that Telegram delivered to more than one of them."""

from __future__ import annotations

import logging
import os
import sqlite3
import time

from bot.telegram.state import DATABASE_ERRORS

logger = logging.getLogger(__name__)

_KEPT_SECONDS = 48 * 3600
_OFTEN = 1000
OWN_SCHEMA = "CREATE TABLE IF NOT EXISTS replica (name BLOB NOT NULL);"
SHARED_SCHEMA = """
CREATE TABLE IF NOT EXISTS claims (
  update_id INTEGER NOT NULL,
  digest BLOB NOT NULL,
  owner BLOB NOT NULL,
  time REAL NOT NULL,
  PRIMARY KEY (update_id, digest)
) WITHOUT ROWID;
"""


class Claims:
    """Claims on updates in a database that all replicas on this machine can write; the first one holds.

    A replica writes an update into its own inbox before it claims it, so that whoever holds the claim has the update,
    also after a kill. A database that cannot be written lets everybody answer: rather twice than not at all.

    Args:
        shared: the common database, with the table of ``SHARED_SCHEMA``.
        own: this replica's database, which keeps its name in the table of ``OWN_SCHEMA``.
    """

    def __init__(self, shared: sqlite3.Connection, own: sqlite3.Connection) -> None:
        self._shared = shared
        self._made = 0
        self._name = os.urandom(16)
        try:
            own.execute("INSERT INTO replica (name) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM replica)", (self._name,))
            self._name = own.execute("SELECT name FROM replica").fetchone()[0]
        except DATABASE_ERRORS as error:
            logger.error("The name of this replica cannot be kept (%s): after a restart it has another.", error)

    def claim(self, update_id: int, digest: bytes) -> bool:
        """Claim an update; return whether this replica holds it, now or since before."""
        try:
            written = self._shared.execute(
                "INSERT INTO claims VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (update_id, digest, self._name, time.time()),
            )
            if written.rowcount:
                self._tidy()
                return True
            row = self._shared.execute(
                "SELECT owner FROM claims WHERE update_id = ? AND digest = ?", (update_id, digest)
            ).fetchone()
        except DATABASE_ERRORS as error:
            logger.error("Update %s cannot be claimed (%s): another replica may answer it too.", update_id, error)
            return True
        return row is None or bool(row[0] == self._name)

    def _tidy(self) -> None:
        self._made += 1
        if self._made % _OFTEN == 1:
            self._shared.execute("DELETE FROM claims WHERE time < ?", (time.time() - _KEPT_SECONDS,))
