"""While the server runs, new questions are put into gaps, and gaps that a new version answers are closed."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from bot.querylog.schema import open_log
from bot.review.gap_store import refresh
from index.errors import UserFacingError

if TYPE_CHECKING:
    from bot.review.web.index_on_demand import IndexOnDemand
    from index import Index

logger = logging.getLogger(__name__)

_EVERY = 300.0
"""Seconds between two looks for new questions."""


class Upkeep:
    """Looks for new questions when somebody opens the inbox, at most every few minutes, and never keeps them waiting.

    Args:
        log: The query log.
        index: The live version.
    """

    def __init__(self, log: Path, index: IndexOnDemand) -> None:
        self._log, self._index = log, index
        self._next = 0.0
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look for new questions, if it is time again."""
        if self._running is None and time.monotonic() >= self._next:
            self._running = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        try:
            await self._index.run(self._refresh)
        except (UserFacingError, sqlite3.Error, OSError) as error:
            logger.warning("New questions were not put into gaps: %s", error)
        finally:
            self._running, self._next = None, time.monotonic() + _EVERY

    def _refresh(self, index: Index) -> None:
        with closing(open_log(self._log)) as connection:
            refresh(connection, index)
