"""Once a day, administrators are told what was asked and not answered."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from datetime import UTC, datetime

from sqlite_utils import Database, Migrations
from telegram.error import TelegramError

from bot.database import DATABASE_ERRORS
from bot.locales import FALLBACK
from bot.messages.hearing import digest_message
from bot.querylog.entry import timestamp
from bot.review.daily import unanswered_since
from bot.telegram.context import Services
from bot.telegram.sending import Address

logger = logging.getLogger(__name__)

_DAY = 24 * 3600.0

DIGEST_MIGRATIONS = Migrations("daily-digest")


@DIGEST_MIGRATIONS(name="0001_digests")
def _digests(database: Database) -> None:
    database.conn.execute("CREATE TABLE digests (until REAL NOT NULL)")


async def send_digest(services: Services) -> None:
    """Send the digest if a day has passed since the last; days without an unanswered question are passed over."""
    if not services.settings.admins or not services.settings.log:
        return
    now = time.time()
    since = _last(services.database)
    if since is not None and now - since < _DAY:
        return
    # Noted first: at most one a day, even if sending fails half way. The first day begins with the first start.
    if not _note(services.database, now) or since is None:
        return
    index = services.live_index.index
    try:
        begin = timestamp(datetime.fromtimestamp(since, UTC))
        unanswered = await asyncio.to_thread(unanswered_since, services.log.path, index, begin)
    except DATABASE_ERRORS as error:
        logger.warning("The daily digest cannot be made, because the query log cannot be read: %s", error)
        return
    if not unanswered.questions:
        return
    for admin in services.settings.admins:
        texts = services.live_index.locales.texts(services.state.language(admin), FALLBACK)
        try:
            message = digest_message(unanswered, texts, services.settings.review_url)
            await services.sender.send(Address(admin), message, texts)
        except TelegramError as error:
            logger.warning("An administrator did not get the daily digest: %s", error)


def _last(database: sqlite3.Connection) -> float | None:
    try:
        row = database.execute("SELECT max(until) FROM digests").fetchone()
    except DATABASE_ERRORS as error:
        logger.warning("It cannot be read when the last daily digest was sent: %s", error)
        return time.time()
    return float(row[0]) if row and row[0] is not None else None


def _note(database: sqlite3.Connection, now: float) -> bool:
    try:
        database.execute("DELETE FROM digests")
        database.execute("INSERT INTO digests VALUES (?)", (now,))
    except DATABASE_ERRORS as error:
        logger.warning("It cannot be written that a daily digest was sent, so none is: %s", error)
        return False
    return True
