"""systemd's service protocol (``Type=notify``): readiness, the watchdog, and the end, each as one datagram.

See sd_notify(3) and sd_watchdog_enabled(3). Started by anything else, the process finds no socket named and is silent.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Mapping

from bot.telegram.health import Health

logger = logging.getLogger(__name__)


class Notifier:
    """Tells the service manager how the process is doing.

    Args:
        environment: names the manager's socket (``NOTIFY_SOCKET``) and how often it wants to hear (``WATCHDOG_USEC``).
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        # A name that begins with @ stands for one in the abstract namespace, which begins with a zero byte.
        self._address = environment.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        mine = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        wanted = environment.get("WATCHDOG_USEC", "")
        self.watchdog_seconds = int(wanted) / 1e6 if mine and wanted.isdigit() else 0.0
        """How often the manager wants to hear at the latest; 0 if it does not care."""

    def tell(self, *assignments: str) -> None:
        """Send lines such as ``READY=1``; a manager that cannot be reached is no reason to stop."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
                link.setblocking(False)
                link.sendto("\n".join(assignments).encode(), self._address)
        except OSError as error:
            logger.warning("The service manager cannot be told %s: %s", assignments[0], error)

    async def watch(self, health: Health) -> None:
        """Tell that all is well, twice in each period and only while it is; without a watchdog return at once."""
        known = ""
        while self._address and self.watchdog_seconds:
            trouble = await health.trouble()
            if not trouble:
                self.tell("WATCHDOG=1")
            if trouble != known:
                logger.log(logging.ERROR if trouble else logging.INFO, "Health: %s.", trouble or "well again")
            known = trouble
            await asyncio.sleep(self.watchdog_seconds / 2)
