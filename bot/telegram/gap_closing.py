"""After each publication the bot asks the questions of open gaps again, slowly, while it answers people."""

from __future__ import annotations

import asyncio
import logging
from threading import Event

from bot.database import DATABASE_ERRORS
from bot.review.daily import close_gaps
from bot.telegram.context import Services

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 5.0
_REST = 3.0
"""So many times as long as a question took, the processor is left to those who wait for an answer."""


async def keep_closing(services: Services) -> None:
    """Close the gaps that each published version answers; begin anew with the next version."""
    done = ""
    while True:
        try:
            if (version := services.live_index.index.version) != done and await _close(services, version):
                done = version
        except Exception as error:  # the next publication must be looked at all the same
            services.failures.report(error, "closing gaps that are answered")
        await asyncio.sleep(_LOOK_SECONDS)


async def _close(services: Services, version: str) -> bool:
    """Return whether nothing is left to do for a version."""
    if not services.settings.log or not services.log.here:
        return True  # where another machine has the log, `log gaps` and the review pages there close gaps
    ended = Event()

    def pause(seconds: float) -> bool:
        return ended.wait(_REST * seconds) or services.live_index.index.version != version

    try:
        return await asyncio.to_thread(close_gaps, services.log.path, services.live_index.index, pause)
    except DATABASE_ERRORS as error:
        logger.warning("Gaps that are answered now stay open until somebody lists them: the query log: %s", error)
        return True
    finally:
        ended.set()  # the thread does not outlive the bot
