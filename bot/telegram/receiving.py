"""How updates come in: long polling or webhook.

Both hand over raw updates and let Telegram forget them only after that. python-telegram-bot's ``Updater`` is not used:
it confirms updates that are only in memory, gives up a whole batch for one malformed update, asks for more while the
bot is overloaded, and writes a wrong webhook secret into the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import tornado.httpserver
import tornado.web
from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.telegram.inbox import Raw
from bot.telegram.request import AiohttpRequest
from index.errors import PartnershipError

logger = logging.getLogger(__name__)

_POLL_SECONDS = 25
POLL_PATIENCE = 40.0
"""How long a long poll may take, in seconds."""
_BATCH = 100
_PAUSES = (0.3, 0.7, 1.5, 3.0, 5.0)
_LARGEST_UPDATE = 2**20
_CONNECTIONS = 40

Take = Callable[[Sequence[Raw]], None]
"""Receives updates and returns when they are safe."""


class ReceivingError(PartnershipError):
    """The bot cannot go on receiving: another one does, or the token is not valid any more."""


class Polling:
    """Asks Telegram for updates, again and again.

    Args:
        take: receives them.
        room: waits until more can be received.
        allowed: the kinds of update to ask for.
    """

    def __init__(self, bot: Bot, take: Take, room: Callable[[], Awaitable[None]], allowed: Sequence[str]) -> None:
        self._url = f"{bot.base_url}/getUpdates"
        self._request = AiohttpRequest(1, POLL_PATIENCE)
        self._take = take
        self._room = room
        self._allowed = list(allowed)
        self._offset = 0

    async def run(self) -> None:
        """Poll for ever.

        Raises:
            ReceivingError: another program polls with the same token, or Telegram rejects it.
        """
        failures = 0
        while True:
            await self._room()
            try:
                self._receive(await self._ask(_POLL_SECONDS, _BATCH))
            except Conflict:
                raise ReceivingError(
                    "Telegram reports a conflict: another program receives this bot's updates; stop one of them."
                ) from None
            except InvalidToken:
                raise ReceivingError(
                    "Telegram rejects the token. Get a valid one from @BotFather and set BOT_TOKEN."
                ) from None
            except RetryAfter as error:
                wait = error.retry_after
                await asyncio.sleep(float(wait if isinstance(wait, int | float) else wait.total_seconds()))
            except TelegramError as error:
                pause = _PAUSES[min(failures, len(_PAUSES) - 1)]
                failures += 1
                logger.warning("Updates cannot be received (%s); trying again in %s s.", error, pause)
                await asyncio.sleep(pause)
            else:
                if failures:
                    logger.info("Updates are received again.")
                failures = 0

    async def close(self, *, confirm: bool) -> None:
        """Let Telegram forget what was received, and end the connection."""
        if confirm and self._offset:
            with contextlib.suppress(TelegramError, asyncio.TimeoutError):
                await asyncio.wait_for(self._ask(0, 1), 3.0)
        await self._request.shutdown()

    async def _ask(self, seconds: int, limit: int) -> Any:
        allowed = json.dumps(self._allowed)
        query = urlencode({"offset": self._offset, "timeout": seconds, "limit": limit, "allowed_updates": allowed})
        return await self._request.post(f"{self._url}?{query}")

    def _receive(self, result: Any) -> None:
        if not isinstance(result, list):
            raise TelegramError("no list of updates")
        updates = [update for update in result if isinstance(update, dict) and isinstance(update.get("update_id"), int)]
        if not updates:
            return
        self._take(updates)
        self._offset = max(update["update_id"] for update in updates) + 1


class Webhook:
    """Receives updates over HTTP, in plain text behind a proxy that does TLS.

    Args:
        url: the address Telegram calls; its path is the one that is served.
        secret: what Telegram must present with each call.
        listen: ``host:port`` to listen on.
        full: whether no more can be received; Telegram is then asked to come again.
    """

    def __init__(self, url: str, secret: str, listen: str, take: Take, full: Callable[[], bool]) -> None:
        self._url = url
        self._secret = secret
        self._host, _, port = listen.rpartition(":")
        self._port = int(port)
        application = tornado.web.Application(
            [(r".*", _Door, {"path": urlsplit(url).path or "/", "secret": secret, "take": take, "full": full})],
            log_function=lambda handler: None,
        )
        self._server = tornado.httpserver.HTTPServer(
            application, max_body_size=_LARGEST_UPDATE, idle_connection_timeout=120, body_timeout=20
        )

    async def start(self, bot: Bot, allowed: Sequence[str]) -> None:
        """Listen, then tell Telegram where."""
        self._server.listen(self._port, self._host or "127.0.0.1")
        await bot.set_webhook(
            self._url, allowed_updates=list(allowed), secret_token=self._secret, max_connections=_CONNECTIONS
        )

    async def close(self) -> None:
        """Stop listening; Telegram keeps what comes meanwhile."""
        self._server.stop()
        await self._server.close_all_connections()


class _Door(tornado.web.RequestHandler):
    """One call from Telegram."""

    def initialize(self, path: str, secret: str, take: Take, full: Callable[[], bool]) -> None:
        self._path, self._expected, self._take, self._full = path, secret, take, full

    async def post(self) -> None:
        presented = self.request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if self.request.path.rstrip("/") != self._path.rstrip("/"):
            raise tornado.web.HTTPError(404)
        if not hmac.compare_digest(presented.encode(), self._expected.encode()):
            raise tornado.web.HTTPError(403)
        if self._full():
            raise tornado.web.HTTPError(503)
        try:
            update = json.loads(self.request.body)
            usable = isinstance(update["update_id"], int)
        except (ValueError, TypeError, KeyError):
            usable = False
        if not usable:
            raise tornado.web.HTTPError(400)
        self._take([update])

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish()

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        if not isinstance(value, tornado.web.HTTPError):
            logger.error("A webhook call failed", exc_info=value)
