"""HTTP for whoever looks after the bot: ``/healthz``, ``/readyz`` and ``/metrics``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import tornado.httpserver
import tornado.web

from bot.telegram.health import Health
from bot.telegram.tally import Tally

if TYPE_CHECKING:
    from bot.telegram.metrics import Metrics

logger = logging.getLogger(__name__)

_TEXT = "text/plain; charset=utf-8"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"
_LARGEST_REQUEST = 4096


class Monitoring:
    """The server, in plain text: put it where only those who look after the bot can reach it."""

    def __init__(self, tally: Tally, health: Health) -> None:
        from bot.telegram.metrics import Metrics

        application = tornado.web.Application(
            [
                ("/healthz", _Healthz, {"health": health}),
                ("/readyz", _Readyz, {"health": health}),
                ("/metrics", _Metrics, {"metrics": Metrics(tally, health)}),
            ],
            log_function=lambda handler: None,
        )
        self._server = tornado.httpserver.HTTPServer(
            application, max_body_size=_LARGEST_REQUEST, max_header_size=4 * _LARGEST_REQUEST,
            idle_connection_timeout=60, body_timeout=5,
        )  # fmt: skip

    def listen(self, host: str, port: int) -> None:
        """Answer from now on.

        Raises:
            OSError: nobody can listen there.
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

    def tell(self, trouble: str) -> None:
        """Answer with 200, or with 503 and the reason."""
        self.set_status(503 if trouble else 200)
        self.finish(f"{trouble or 'ok'}\n")


class _Healthz(_Page):
    def initialize(self, health: Health) -> None:
        self._health = health

    async def get(self) -> None:
        self.tell(await self._health.trouble())


class _Readyz(_Page):
    def initialize(self, health: Health) -> None:
        self._health = health

    async def get(self) -> None:
        self.tell(self._health.unready())


class _Metrics(_Page):
    def initialize(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def get(self) -> None:
        self.set_header("Content-Type", _METRICS)
        self.finish(self._metrics.text())
