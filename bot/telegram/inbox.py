"""What Telegram has delivered and is not answered yet, on disk, so that a kill loses nothing.

Telegram forgets an update when the next ones are asked for or its webhook call is answered. Before that happens the
update is written here, and it is struck off when its answer is sent. What a killed process leaves behind is taken up by
the next.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.telegram.claims import Claims

logger = logging.getLogger(__name__)

Raw = dict[str, Any]
"""An update as it came, parsed from JSON."""

REMEMBERED_SECONDS = 48 * 3600
"""How long the number of an answered update is kept; Telegram delivers none that is older than a day."""
SUSPECT, ATTEMPTS = 2, 4
"""After so many attempts by processes that ended over it an update is worked on while no other suspect is, so that
only the one that ends processes goes on being counted; and after so many it is given up."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS updates (
  update_id INTEGER NOT NULL,
  digest BLOB NOT NULL,
  received REAL NOT NULL,
  begun INTEGER NOT NULL DEFAULT 0,
  sending INTEGER NOT NULL DEFAULT 0,
  payload TEXT,
  PRIMARY KEY (update_id, digest)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS updates_waiting ON updates (update_id) WHERE payload IS NOT NULL;
"""


@dataclass(frozen=True, slots=True)
class Left:
    """An update that an earlier process received and did not finish."""

    raw: Raw
    begun: int
    """How many processes that took it up again have begun with it and not finished."""
    sending: bool
    """An answer was on its way: perhaps it arrived."""


class Inbox:
    """Received updates in a SQLite database. Used from one thread; each write is a commit of some 20 microseconds.

    A database that cannot be written never stops the bot: updates then live in memory only, and that is logged.

    Args:
        claims: where replicas agree on who answers an update; needless for one that is alone.
    """

    def __init__(self, connection: sqlite3.Connection, claims: Claims | None = None) -> None:
        self._connection = connection
        self._claims = claims
        self._digests: dict[int, bytes] = {}
        self._troubled = False
        self._taken = 0
        connection.executescript(_SCHEMA)

    def take(self, updates: Sequence[Raw]) -> list[Raw]:
        """Write new updates down in one transaction; return those that were not received before, in order."""
        fresh = []
        if len(updates) > 1:
            self._write("BEGIN IMMEDIATE", ())
        for raw in updates:
            payload = json.dumps(raw, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
            # A number alone is not enough: Telegram starts again at random after a quiet week.
            digest = hashlib.blake2b(payload.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            number = int(raw["update_id"])
            if self._digests.get(number) == digest:
                continue
            if self._insert(number, digest, payload):
                fresh.append(raw)
                self._digests[number] = digest
        self._commit()
        self._taken += len(fresh)
        if self._taken >= 1000:
            self._taken = 0
            self._write(
                "DELETE FROM updates WHERE payload IS NULL AND received < ?", (time.time() - REMEMBERED_SECONDS,)
            )
        return [raw for raw in fresh if self._mine(int(raw["update_id"]))]

    def begin(self, update_id: int) -> None:
        """Count one more attempt at an update that an earlier process left."""
        self._write("UPDATE updates SET begun = begun + 1 WHERE update_id = ? AND payload IS NOT NULL", (update_id,))

    def sending(self, update_id: int) -> None:
        """Note that an answer is on its way from now on."""
        self._write("UPDATE updates SET sending = 1 WHERE update_id = ? AND payload IS NOT NULL", (update_id,))

    def not_sent(self, update_id: int) -> None:
        """Note that the answer did certainly not arrive."""
        self._write("UPDATE updates SET sending = 0 WHERE update_id = ? AND payload IS NOT NULL", (update_id,))

    def done(self, update_id: int) -> None:
        """Strike an update off; its text is erased, its number stays for a while so that it is not taken again."""
        self._digests.pop(update_id, None)
        self._write("UPDATE updates SET payload = NULL WHERE update_id = ? AND payload IS NOT NULL", (update_id,))

    def left(self) -> list[Left]:
        """Return what earlier processes left, in the order received."""
        rows = self._connection.execute(
            "SELECT payload, begun, sending, update_id, digest FROM updates WHERE payload IS NOT NULL ORDER BY 4"
        ).fetchall()
        self._digests.update({row[3]: row[4] for row in rows})
        return [
            Left(json.loads(payload), begun, bool(sending))
            for payload, begun, sending, number, _ in rows
            if self._mine(number)
        ]

    def _mine(self, update_id: int) -> bool:
        """Return whether this replica is to answer an update; if another is, strike it off."""
        if self._claims is None or self._claims.claim(update_id, self._digests[update_id]):
            return True
        self.done(update_id)
        return False

    def _insert(self, number: int, digest: bytes, payload: str) -> bool:
        try:
            cursor = self._connection.execute(
                "INSERT INTO updates (update_id, digest, received, payload) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (number, digest, time.time(), payload),
            )
        except (sqlite3.Error, UnicodeEncodeError) as error:
            self._trouble(error)
            return True
        return cursor.rowcount > 0

    def _write(self, statement: str, values: Iterable[object]) -> None:
        try:
            self._connection.execute(statement, tuple(values))
            self._troubled = False
        except sqlite3.Error as error:
            self._trouble(error)

    def _commit(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")
                self._troubled = False
        except sqlite3.Error as error:
            self._trouble(error)
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _trouble(self, error: Exception) -> None:
        if not self._troubled:
            logger.error(
                "Received messages cannot be written down (%s): those not answered when the bot stops are lost.", error
            )
        self._troubled = True
