"""How updates come in: by long polling, or over HTTP in plain text behind a proxy that does TLS.

Polling is python-telegram-bot's ``Updater``. Its webhook compares the secret with ``!=``, whose time tells how much of
the secret is right. The one here compares in constant time. While the queue is full, it asks Telegram to come again.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import tornado.httpserver
import tornado.web
from telegram import Bot, Update, WebhookInfo

from bot.settings import host_and_port
from bot.telegram.bot_api import patiently
from bot.telegram.context import ALLOWED_UPDATES, App
from bot.telegram.update_queue import NotTakenError, UpdateQueue

logger = logging.getLogger(__name__)

_POLL_SECONDS = 25
_STALE_SECONDS, _FULL_SECONDS = 120.0, 900.0
"""After so long without a poll, polling counts as dead. The second holds while the queue is full, which an outage of
Telegram can cause; a restart then loses nothing."""
_LARGEST_UPDATE = 2**20
_CONNECTIONS = 40
_ACCEPT_SECONDS = 2.0
_LOOK_SECONDS = 60.0
"""How often Telegram is asked whether it still calls here."""


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


class Webhook:
    """The server that Telegram calls. The settings say at which address, and where to listen for it.

    Args:
        application: its queue takes the updates.
        secret: what Telegram must present with each call.
    """

    name = "webhook"
    age = None

    def __init__(self, application: App, secret: str) -> None:
        settings, self._bot = application.bot_data.settings, application.bot
        self._url, self._secret = settings.webhook_url or "", secret
        self._host, self._port = host_and_port(settings.webhook_listen)
        self._lost = False
        self._failed_at: datetime | None = None
        self._pending = 0
        calls = {
            "path": urlsplit(self._url).path or "/",
            "secret": secret,
            "queue": application.bot_data.queue,
            "bot": self._bot,
        }
        self._server = tornado.httpserver.HTTPServer(
            tornado.web.Application([(r".*", _Calls, calls)], log_function=lambda handler: None),
            max_body_size=_LARGEST_UPDATE,
            idle_connection_timeout=120,
            body_timeout=20,
        )

    def listen(self) -> None:
        """Take calls from now on.

        Raises:
            OSError: nobody can listen there.
        """
        self._server.listen(self._port, self._host)

    async def run(self) -> None:
        """See to it that Telegram calls here, until stopped.

        Raises:
            ReceivingError: Telegram rejects the token.
        """
        ours = False
        while True:
            if not ours:
                await patiently(self._announce, "The webhook could not be set")
            await asyncio.sleep(_LOOK_SECONDS)
            ours = self.note(await patiently(self._bot.get_webhook_info, "The webhook could not be looked at"))

    def pending(self) -> float:
        """Return how many updates waited at Telegram when it was asked last."""
        return self._pending

    async def _announce(self) -> None:
        """Tell Telegram where to call."""
        await self._bot.set_webhook(
            self._url,
            allowed_updates=list(ALLOWED_UPDATES),
            secret_token=self._secret,
            max_connections=_CONNECTIONS,
        )
        self._lost = False

    def note(self, known: WebhookInfo) -> bool:
        """Note what Telegram knows of the webhook; return whether it still calls here."""
        self._pending = known.pending_update_count
        self._lost = known.url != self._url
        if self._lost:
            logger.error(
                "Another program has %s; stop it. The webhook is set again.",
                "set this bot's webhook elsewhere" if known.url else "removed this bot's webhook",
            )
        elif known.last_error_date and known.last_error_date != self._failed_at:
            logger.warning(
                "Telegram could not deliver updates here (%s); %s wait.", known.last_error_message, self._pending
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


class _Calls(tornado.web.RequestHandler):
    """One call from Telegram. It is answered when the update is safe."""

    def initialize(self, path: str, secret: str, queue: UpdateQueue, bot: Bot) -> None:
        self._path, self._expected, self._queue, self._bot = path, secret, queue, bot

    async def post(self) -> None:
        presented = self.request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if self.request.path.rstrip("/") != self._path.rstrip("/"):
            raise tornado.web.HTTPError(404)
        if not hmac.compare_digest(presented.encode(), self._expected.encode()):
            raise tornado.web.HTTPError(403)
        if self._queue.crowded:
            raise tornado.web.HTTPError(503)
        try:
            raw = json.loads(self.request.body)
            number = raw["update_id"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise tornado.web.HTTPError(400) from None
        if not isinstance(number, int) or not 0 <= number < 2**63:
            raise tornado.web.HTTPError(400)
        try:
            update = Update.de_json(raw, self._bot)
        except Exception:
            # Telegram would deliver it again and again.
            logger.exception("Update %s cannot be read and is left out.", number)
            return
        try:
            await self._queue.put(update)
        except NotTakenError:
            raise tornado.web.HTTPError(503) from None

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish()

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        if not isinstance(value, tornado.web.HTTPError):
            logger.error("A webhook call failed", exc_info=value)
