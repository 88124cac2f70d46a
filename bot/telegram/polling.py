"""Updates by long polling, through python-telegram-bot's ``Updater``."""

from __future__ import annotations

import asyncio
import time

from bot.telegram.context import ALLOWED_UPDATES, App

_POLL_SECONDS = 25
_STALE_SECONDS, _FULL_SECONDS = 120.0, 900.0
"""After so long without a poll, polling counts as dead. The second holds while the queue is full, which an outage of
Telegram can cause; a restart then loses nothing."""


class Polling:
    """Receives by python-telegram-bot's ``Updater``."""

    name = "polling"
    pending = None

    def __init__(self, application: App) -> None:
        self._polls = application.bot.polls
        self._queue = application.bot_data.queue
        self._updater = application.updater

    def listen(self) -> None:
        """Nothing to open: the bot asks Telegram."""

    async def run(self) -> None:
        """Poll until stopped.

        Raises:
            ReceivingError: another program polls with the same token, or Telegram rejects it.
        """
        if self._updater is None:
            return
        await self._updater.start_polling(
            timeout=_POLL_SECONDS,
            allowed_updates=ALLOWED_UPDATES,
            bootstrap_retries=-1,
        )
        raise await asyncio.shield(self._polls.stopped_by)

    def age(self) -> float:
        """Return the seconds since Telegram last answered a poll."""
        return time.monotonic() - self._polls.answered

    async def problem(self) -> str:
        """Return in one line why nothing is received; nothing while polls come round."""
        age, full = time.monotonic() - self._polls.asked, self._queue.crowded
        if age <= (_FULL_SECONDS if full else _STALE_SECONDS):
            return ""
        return f"polling {'waits for room in the queue' if full else 'has not come round'} for {age:.0f} s"

    async def close(self) -> None:
        """Confirm to Telegram what is on disk, and stop."""
        if self._updater and self._updater.running:
            self._polls.stopping = True
            await self._updater.stop()
