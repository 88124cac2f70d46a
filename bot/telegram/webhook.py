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
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import tornado.httpserver
import tornado.web
from telegram import Bot, WebhookInfo
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.settings import host_and_port
from bot.telegram.request import AiohttpRequest
from bot.telegram.update_queue import Raw
from index.errors import UserFacingError

logger = logging.getLogger(__name__)

_POLL_SECONDS = 25
POLL_PATIENCE = 40.0
"""How long a long poll may take, in seconds."""
_BATCH = 100
_PAUSES = (0.3, 0.7, 1.5, 3.0, 5.0)
_LARGEST_UPDATE = 2**20
_CONNECTIONS = 40
_ACCEPT_SECONDS = 2.0
_STALE_SECONDS, _FULL_SECONDS = 120.0, 900.0
"""After so long without another round the polling loop counts as dead; the second where it waits for room in the queue,
which an outage of Telegram can keep full; a restart then loses nothing."""

Take = Callable[[Sequence[Raw]], None]
"""Receives updates and returns when they are safe."""


class ReceivingError(UserFacingError):
    """The bot cannot go on receiving: another one does, or the token is not valid any more."""


class Polling:
    """Asks Telegram for updates, again and again.

    Args:
        take: receives them.
        room: waits until more can be received.
        allowed: the kinds of update to ask for.
        failed: is told the kind of every failed call.
    """

    def __init__(
        self,
        bot: Bot,
        take: Take,
        room: Callable[[], Awaitable[None]],
        allowed: Sequence[str],
        failed: Callable[[str], None] = lambda kind: None,
    ) -> None:
        self._url = f"{bot.base_url}/getUpdates"
        self._request = AiohttpRequest(1, POLL_PATIENCE, failed)
        self._take = take
        self._room = room
        self._allowed = list(allowed)
        self._offset = 0
        self._full = False
        self._began = self.returned = time.monotonic()
        """When Telegram last answered a poll, by the monotonic clock."""

    async def run(self) -> None:
        """Poll for ever.

        Raises:
            ReceivingError: another program polls with the same token, or Telegram rejects it.
        """
        failures = 0
        while True:
            self._began, self._full = time.monotonic(), True
            await self._room()
            self._began, self._full = time.monotonic(), False
            try:
                self._receive(await self._ask(_POLL_SECONDS, _BATCH))
                self.returned = time.monotonic()
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

    async def problem(self) -> str:
        """Return in one line why nothing is received; nothing while the loop goes round."""
        age = time.monotonic() - self._began
        if age <= (_FULL_SECONDS if self._full else _STALE_SECONDS):
            return ""
        what = "waits for room in the queue" if self._full else "has not come round"
        return f"the polling loop {what} for {age:.0f} s"

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
        updates = [update for update in result if _is_update(update)]
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
        self._host, self._port = host_and_port(listen)
        self._lost = False
        self._failed_at: datetime | None = None
        self.pending = 0
        """How many updates waited at Telegram when it was asked last."""
        application = tornado.web.Application(
            [(r".*", _Door, {"path": urlsplit(url).path or "/", "secret": secret, "take": take, "full": full})],
            log_function=lambda handler: None,
        )
        self._server = tornado.httpserver.HTTPServer(
            application, max_body_size=_LARGEST_UPDATE, idle_connection_timeout=120, body_timeout=20
        )

    def listen(self) -> None:
        """Take calls from now on.

        Raises:
            OSError: nobody can listen there.
        """
        self._server.listen(self._port, self._host)

    async def announce(self, bot: Bot, allowed: Sequence[str]) -> None:
        """Tell Telegram where to call."""
        await bot.set_webhook(
            self._url, allowed_updates=list(allowed), secret_token=self._secret, max_connections=_CONNECTIONS
        )
        self._lost = False

    def note(self, known: WebhookInfo) -> bool:
        """Note what Telegram knows of the webhook; return whether it still calls here."""
        self.pending = known.pending_update_count
        self._lost = known.url != self._url
        if self._lost:
            logger.error(
                "Another program has %s; stop it. The webhook is set again.",
                "set this bot's webhook elsewhere" if known.url else "removed this bot's webhook",
            )
        elif known.last_error_date and known.last_error_date != self._failed_at:
            logger.warning(
                "Telegram could not deliver updates here (%s); %s wait.", known.last_error_message, self.pending
            )
        self._failed_at = known.last_error_date
        return not self._lost

    async def problem(self) -> str:
        """Return in one line why nothing is received; nothing while Telegram can call here."""
        if self._lost:
            return "another program has set or removed this bot's webhook"
        try:
            connecting = asyncio.open_connection(self._host, self._port)
            _, writer = await asyncio.wait_for(connecting, _ACCEPT_SECONDS)
        except (OSError, TimeoutError) as error:
            return f"the webhook's server does not accept connections: {type(error).__name__}"
        writer.close()
        return ""

    async def close(self) -> None:
        """Stop listening; Telegram keeps what comes meanwhile."""
        self._server.stop()
        await self._server.close_all_connections()


def _is_update(value: object) -> bool:
    """Tell whether ``value`` has the number of an update, of a size that can be written down."""
    number = value.get("update_id") if isinstance(value, dict) else None
    return isinstance(number, int) and 0 <= number < 2**63


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
        except (ValueError, RecursionError):
            update = None
        if not _is_update(update):
            raise tornado.web.HTTPError(400)
        self._take([update])

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish()

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        if not isinstance(value, tornado.web.HTTPError):
            logger.error("A webhook call failed", exc_info=value)
