"""Once a day, administrators are told what was asked and not answered."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime

from telegram.error import TelegramError

from bot.database import DATABASE_ERRORS
from bot.locales import FALLBACK
from bot.messages.hearing import digest_message
from bot.querylog.entry import timestamp
from bot.review.daily import unanswered_since
from bot.telegram.context import Services
from bot.telegram.sending import Address

logger = logging.getLogger(__name__)


async def send_digest(services: Services) -> None:
    """Send the digest if a day has passed since the last; days without an unanswered question are passed over."""
    if not services.settings.admins or not services.settings.log or not services.log.here:
        return  # another machine has the log, and tells
    # Noted first: at most one a day, even if sending fails half way.
    since = await services.digests.begin(time.time())
    if since is None:
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
        await services.state.know(admin)
        texts = services.live_index.locales.texts(services.state.language(admin), FALLBACK)
        try:
            message = digest_message(unanswered, texts, services.settings.review_url)
            await services.sender.send(Address(admin), message, texts)
        except TelegramError as error:
            logger.warning("An administrator did not get the daily digest: %s", error)
