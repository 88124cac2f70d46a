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
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bot.database import DATABASE_ERRORS, passing

logger = logging.getLogger(__name__)

Raw = dict[str, Any]
"""An update as it came, parsed from JSON."""

REMEMBERED_SECONDS = 48 * 3600
"""How long the number of an answered update is kept; Telegram delivers none that is older than a day."""
SUSPECT, ATTEMPTS = 2, 4
"""After so many attempts by processes that ended over it an update is worked on while no other suspect is, so that
only the one that ends processes goes on being counted; and after so many it is given up."""

INBOX_SCHEMA = """
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

_INSERT = "INSERT INTO updates (update_id, digest, received, payload) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_BEGUN = "UPDATE updates SET begun = begun + 1 WHERE update_id = ? AND payload IS NOT NULL"
_SENDING = "UPDATE updates SET sending = 1 WHERE update_id = ? AND payload IS NOT NULL"
_NOT_SENT = "UPDATE updates SET sending = 0 WHERE update_id = ? AND payload IS NOT NULL"
_DONE = "UPDATE updates SET payload = NULL WHERE update_id = ? AND payload IS NOT NULL"
_UNREADABLE = "UPDATE updates SET payload = NULL WHERE update_id IS ? AND digest IS ?"
_DURABLE = frozenset({_INSERT, _SENDING})
"""What must also survive a power cut. A lost ``_DONE`` does no harm: with ``_SENDING`` kept the answer is repeated as
such."""
_AT_ONCE, _OWED = 1000, 100_000
"""For how many updates what is owed is written in one transaction, and for how many it is remembered at most."""
_Owed = tuple[str, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Left:
    """An update that an earlier process received and did not finish."""

    raw: Raw
    begun: int
    """How many processes that took it up again have begun with it and not finished."""
    sending: bool
    """An answer was on its way: perhaps it arrived."""


class Inbox:
    """Received updates in a SQLite database. Used from one thread; what is received and what is about to be sent is
    flushed to the disk, which takes some milliseconds, the rest some 20 microseconds.

    A database that cannot be written never stops the bot: what should be in it is kept in memory until it can, and that
    is logged. What is damaged in it is left out, and that is logged too.

    Args:
        connection: a database with the table of ``INBOX_SCHEMA``.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._digests: dict[int, bytes] = {}
        self._owed: dict[int, tuple[_Owed, ...]] = {}
        self._troubled = False
        self._taken = 0

    def take(self, updates: Sequence[Raw]) -> list[Raw]:
        """Write new updates down in one transaction; return those that were not received before, in order."""
        fresh = []
        for raw in updates:
            payload = _payload(raw)
            # A number alone is not enough: Telegram starts again at random after a quiet week.
            number, digest = int(raw["update_id"]), _digest(payload)
            if self._digests.get(number) == digest or self._known(number, digest):
                continue
            fresh.append(raw)
            self._digests[number] = digest
            self._owe(number, (_INSERT, (number, digest, time.time(), payload)))
        self.settle()
        self._tidy(len(fresh))
        return fresh

    def begin(self, update_id: int) -> None:
        """Count one more attempt at an update that an earlier process left."""
        self._mark(update_id, _BEGUN)

    def sending(self, update_id: int) -> None:
        """Note that an answer is on its way from now on."""
        self._mark(update_id, _SENDING)

    def not_sent(self, update_id: int) -> None:
        """Note that the answer did certainly not arrive."""
        self._mark(update_id, _NOT_SENT)

    def done(self, update_id: int) -> None:
        """Strike an update off; its text is erased, its number stays for a while so that it is not taken again."""
        self._digests.pop(update_id, None)
        # Whatever else is owed of it does not matter any more.
        self._owed.pop(update_id, None)
        self._mark(update_id, _DONE)

    def left(self) -> list[Left]:
        """Return what earlier processes left, in the order received; what cannot be read is struck off."""
        found, unreadable = [], 0
        for number, digest, payload, begun, sending in self._waiting():
            raw = _parse(payload, number, digest)
            if raw is None:
                unreadable += 1
                self._owe(number, (_UNREADABLE, (number, digest)))
                continue
            self._digests[number] = digest
            found.append(Left(raw, begun if isinstance(begun, int) else 0, bool(sending)))
        if unreadable:
            logger.error("%s received messages are damaged on the disk and cannot be answered.", unreadable)
            self.settle()
        return found

    def settle(self) -> None:
        """Write what is owed, as far as that works."""
        # While nothing works, a single update is enough to see whether it does again.
        if self._troubled and not self._pay(1):
            return
        self._pay(_AT_ONCE)

    def _known(self, number: int, digest: bytes) -> bool:
        query = "SELECT 1 FROM updates WHERE update_id = ? AND digest = ?"
        try:
            return self._connection.execute(query, (number, digest)).fetchone() is not None
        except DATABASE_ERRORS as error:
            self._trouble(error)
            return False

    def _waiting(self) -> list[Any]:
        # As bytes, for text that is not UTF-8 could not be fetched; and by no index, which may be damaged as well.
        query = (
            "SELECT update_id, digest, CAST(payload AS BLOB), begun, sending FROM updates NOT INDEXED "
            "WHERE payload IS NOT NULL ORDER BY update_id"
        )
        rows = []
        try:
            # One by one, so that what comes before an error is kept.
            for row in self._connection.execute(query):
                rows.append(row)
        except DATABASE_ERRORS as error:
            logger.error("Not all messages that were received before can be read: %s", error)
        return rows

    def _mark(self, update_id: int, statement: str) -> None:
        self._owe(update_id, (statement, (update_id,)))
        self.settle()

    def _owe(self, number: int, what: _Owed) -> None:
        # Put last, so that it is paid first: what is newest is about to happen.
        self._owed[number] = (*self._owed.pop(number, ()), what)
        if len(self._owed) > _OWED:
            del self._owed[next(iter(self._owed))]

    def _pay(self, most: int) -> bool:
        """Write what is owed of so many updates in one transaction; return whether that worked."""
        if not self._owed:
            return True
        paid = dict(islice(reversed(self._owed.items()), most))
        number, durable = 0, any(what in _DURABLE for owed in paid.values() for what, _ in owed)
        try:
            if durable:
                self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("BEGIN IMMEDIATE")
            for number in paid:
                for statement, values in paid[number]:
                    self._connection.execute(statement, values)
            self._connection.execute("COMMIT")
        except DATABASE_ERRORS as error:
            self._trouble(error)
            self._roll_back()
            if not passing(error):
                # It would fail for ever, and the others with it.
                self._owed.pop(number, None)
            return False
        finally:
            if durable:
                self._be_quick()
        for number in paid:
            del self._owed[number]
        self._troubled = False
        return True

    def _roll_back(self) -> None:
        with suppress(*DATABASE_ERRORS):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _be_quick(self) -> None:
        with suppress(*DATABASE_ERRORS):
            self._connection.execute("PRAGMA synchronous = NORMAL")

    def _tidy(self, taken: int) -> None:
        self._taken += taken
        if self._taken < _AT_ONCE:
            return
        self._taken = 0
        try:
            self._connection.execute(
                "DELETE FROM updates WHERE payload IS NULL AND received < ?", (time.time() - REMEMBERED_SECONDS,)
            )
        except DATABASE_ERRORS as error:
            self._trouble(error)

    def _trouble(self, error: Exception) -> None:
        if not self._troubled:
            logger.error(
                "Received messages cannot be written down (%s): those not answered when the bot stops are lost.", error
            )
        self._troubled = True


def _payload(raw: Raw) -> bytes:
    text = json.dumps(raw, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode("utf-8", "surrogatepass")


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=8).digest()


def _parse(payload: bytes, number: object, digest: object) -> Raw | None:
    """Return the update that was written down; ``None`` if it is not that any more, in whatever bit."""
    if _digest(payload) != digest:
        return None
    raw: Raw = json.loads(payload.decode("utf-8", "surrogatepass"))
    return raw if raw["update_id"] == number else None
