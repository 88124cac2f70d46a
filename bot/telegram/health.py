"""Whether the bot is well and ready: what ``/healthz`` and ``/readyz`` tell, and what systemd's watchdog is fed on.

Well means that updates are being received and the index answers a probe, not that a process exists.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from bot.probe import probe
from bot.telegram.service import Service
from bot.telegram.webhook import Polling, Webhook

_PROBE_SECONDS = 5.0


class Health:
    """The state of one process from its start to its end."""

    def __init__(self) -> None:
        self.service: Service | None = None
        self._receiver: Polling | Webhook | None = None
        self._stopping = False
        # Behind a full queue of questions the probe would come too late.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="probe")

    def begin(self, service: Service, receiver: Polling | Webhook) -> None:
        """Note that Telegram knows the bot, the index is open and updates are received from now on."""
        self.service, self._receiver = service, receiver

    def stop(self) -> None:
        """Note that nothing more is received; what was is still being answered."""
        self._stopping = True

    @property
    def polling_age(self) -> float | None:
        """Seconds since Telegram last answered a poll; ``None`` where the bot does not poll."""
        return time.monotonic() - self._receiver.returned if isinstance(self._receiver, Polling) else None

    @property
    def webhook_pending(self) -> int | None:
        """Updates that waited at Telegram when it was asked last; ``None`` where the bot polls."""
        return self._receiver.pending if isinstance(self._receiver, Webhook) else None

    async def trouble(self) -> str:
        """Return in one line why the bot is not well; nothing if it is."""
        if self.service is None or self._receiver is None:
            return "starting: Telegram has not been reached yet"
        if not self._stopping and (trouble := await self._receiver.trouble()):
            return trouble
        try:
            probing = asyncio.get_running_loop().run_in_executor(
                self._thread, probe, self.service.desk.services.library.index
            )
            _, found = await asyncio.wait_for(probing, _PROBE_SECONDS)
        except TimeoutError:
            return f"the index has not answered a probe within {_PROBE_SECONDS:.0f} s"
        except Exception as error:
            return f"the index cannot answer a probe: {type(error).__name__}"
        return "" if found else "the index does not find a passage by its own words"

    def unready(self) -> str:
        """Return in one line why the bot cannot take questions now; nothing if it can."""
        if self._stopping:
            return "stopping: what was received is being answered"
        return "" if self.service else "starting: Telegram has not been reached yet"
