"""Whether the bot is well and ready: for HTTP clients and for systemd.

*Well* means that updates are received and that the index answers a probe, not just that a process exists.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import tornado.httpserver
import tornado.web

from bot.commands.status import probe
from bot.telegram.live_index import LiveIndex
from bot.telegram.metrics import Metrics

logger = logging.getLogger(__name__)

_PROBE_SECONDS = 5.0
_LARGEST_REQUEST = 4096
_TEXT = "text/plain; charset=utf-8"
_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class Receiver(Protocol):
    """What receives updates: polling or a webhook."""

    async def problem(self) -> str:
        """Return in one line why nothing is received, or nothing."""


class Health:
    """The health of one process from its start to its end.

    Args:
        live_index: The index to probe.
    """

    def __init__(self, live_index: LiveIndex) -> None:
        self.receiver: Receiver | None = None
        self._live_index = live_index
        self._stopping = False
        # A thread of its own: behind a full queue of questions the probe would come too late.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="probe")

    def begin(self, receiver: Receiver) -> None:
        """Note that Telegram knows the bot and that updates are received from now on."""
        self.receiver = receiver

    def stop(self) -> None:
        """Note that nothing more is received; what was received is still answered."""
        self._stopping = True

    async def problem(self) -> str:
        """Return in one line why the bot is not well; nothing if it is."""
        if self.receiver is None:
            return "starting: Telegram has not been reached yet"
        if not self._stopping and (problem := await self.receiver.problem()):
            return problem
        try:
            probing = asyncio.get_running_loop().run_in_executor(self._thread, probe, self._live_index.index)
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
        return "" if self.receiver else "starting: Telegram has not been reached yet"


class Monitoring:
    """Serves ``/healthz``, ``/readyz`` and ``/metrics`` as plain text; let only operators reach it."""

    def __init__(self, metrics: Metrics, health: Health) -> None:
        application = tornado.web.Application(
            [
                ("/(healthz|readyz)", _HealthPage, {"health": health}),
                ("/metrics", _MetricsPage, {"metrics": metrics}),
            ],
            log_function=lambda handler: None,
        )
        self._server = tornado.httpserver.HTTPServer(
            application, max_body_size=_LARGEST_REQUEST, max_header_size=4 * _LARGEST_REQUEST,
            idle_connection_timeout=60, body_timeout=5,
        )  # fmt: skip

    def listen(self, host: str, port: int) -> None:
        """Answer requests from now on.

        Raises:
            OSError: The address cannot be listened on.
        """
        self._server.listen(port, host)

    async def close(self) -> None:
        """Stop listening."""
        self._server.stop()
        await self._server.close_all_connections()


class _Page(tornado.web.RequestHandler):
    def set_default_headers(self) -> None:
        self.set_header("Content-Type", _TEXT)
        self.set_header("Cache-Control", "no-store")
        self.clear_header("Server")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish(f"{self._reason}\n")

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        if not isinstance(value, tornado.web.HTTPError):
            logger.error("A call for health or metrics failed", exc_info=value)


class _HealthPage(_Page):
    def initialize(self, health: Health) -> None:
        self._health = health

    async def get(self, page: str) -> None:
        """Answer with 200, or with 503 and the reason."""
        problem = await self._health.problem() if page == "healthz" else self._health.unready()
        self.set_status(503 if problem else 200)
        self.finish(f"{problem or 'ok'}\n")


class _MetricsPage(_Page):
    def initialize(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def get(self) -> None:
        self.set_header("Content-Type", _PROMETHEUS)
        self.finish(self._metrics.text())


class Notifier:
    """Tells systemd how the process is doing: readiness, the watchdog and the end, one datagram each.

    The protocol is sd_notify(3) and sd_watchdog_enabled(3). Without systemd no socket is named, and nothing is sent.

    Args:
        environment: Names systemd's socket (``NOTIFY_SOCKET``) and the watchdog's period (``WATCHDOG_USEC``).
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        # A leading @ stands for the abstract namespace, where names begin with a zero byte.
        self._address = environment.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        mine = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        period = environment.get("WATCHDOG_USEC", "")
        self.watchdog_seconds = int(period) / 1e6 if mine and period.isdigit() else 0.0
        """The watchdog's period; 0 where there is no watchdog."""

    def notify(self, *assignments: str) -> None:
        """Send lines such as ``READY=1``; the bot goes on where systemd cannot be reached."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
                link.setblocking(False)
                link.sendto("\n".join(assignments).encode(), self._address)
        except OSError as error:
            logger.warning("systemd cannot be told %s: %s", assignments[0], error)

    async def watch(self, health: Health) -> None:
        """Feed the watchdog twice in each period while the bot is well; return at once where there is none."""
        known = ""
        while self._address and self.watchdog_seconds:
            problem = await health.problem()
            if not problem:
                self.notify("WATCHDOG=1")
            if problem != known:
                logger.log(logging.ERROR if problem else logging.INFO, "Health: %s.", problem or "well again")
            known = problem
            await asyncio.sleep(self.watchdog_seconds / 2)
