"""The connection to the Bot API: requests that count their failures, and a bot that notices when polling must end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import httpx
from telegram import Update
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.ext import ExtBot
from telegram.request import BaseRequest, HTTPXRequest

from bot.telegram.rate_limiter import ChatRateLimiter, Pace, wait_seconds
from index.errors import UserFacingError

logger = logging.getLogger(__name__)
_T = TypeVar("_T")

CONNECTIONS = 256
ANSWER_SECONDS = 15.0
"""How long Telegram may take to answer a call."""
_TOTAL_SECONDS = 60.0
"""How long a call may take in all beyond what it waits for on purpose. A server that sends a byte now and then would
otherwise hold the call for ever."""
_CONFIRM_SECONDS = 3.0
"""How long the last call for updates may take, for the bot is being stopped."""
_POLL_PAUSES = (0.3, 0.7, 1.5, 3.0, 5.0)
"""Seconds between calls for updates that fail."""
_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_GATEWAY = (502, 504)
_KINDS = {400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "unauthorized", 409: "conflict", 429: "flood"}
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

REJECTED = "Telegram rejects the token. Get a valid one from @BotFather and set BOT_TOKEN."
CONFLICT = "Telegram reports a conflict: another program receives this bot's updates; stop one of them."


class ReceivingError(UserFacingError):
    """The bot cannot go on receiving: another program does, or the token is not valid any more."""


class CountingRequest(HTTPXRequest):
    """python-telegram-bot's HTTP client; it tells the kind of every failed call and bounds the time of a call.

    Args:
        connections: how many connections at most; further calls wait.
        failed: is told the kind of every failure.
        answer_seconds: how long an answer may take.
    """

    def __init__(self, connections: int, failed: Callable[[str], None], answer_seconds: float = ANSWER_SECONDS) -> None:
        super().__init__(
            connection_pool_size=connections, read_timeout=answer_seconds, write_timeout=answer_seconds, pool_timeout=30
        )
        self._failed = failed

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Make one request and return status and body.

        Raises:
            TimedOut: no answer came in time, or a gateway got none.
            NetworkError: the connection failed; the cause tells whether the request was sent.
        """
        waits = kwargs.get("read_timeout")
        patience = _TOTAL_SECONDS + (waits if isinstance(waits, int | float) else self.read_timeout or 0)
        try:
            async with asyncio.timeout(patience):
                status, body = await super().do_request(*args, **kwargs)
        except TimeoutError:
            self._failed("timeout")
            raise TimedOut from None
        except NetworkError as error:
            sent = not isinstance(error.__cause__, _NOT_SENT)
            self._failed("timeout" if sent and isinstance(error, TimedOut) else "broken" if sent else "unreachable")
            raise
        if status >= 300:
            self._failed(_KINDS.get(status, "server" if status >= 500 else "other"))
        if status in _GATEWAY:
            raise TimedOut(f"a gateway got no answer from Telegram ({status})")
        return status, body


@dataclass(slots=True)
class Polls:
    """How the polls for updates go. Times are of the monotonic clock."""

    asked: float = field(default_factory=time.monotonic)
    """When Telegram was last asked."""
    answered: float = field(default_factory=time.monotonic)
    """When Telegram last answered."""
    stopped_by: asyncio.Future[ReceivingError] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """Done when polling cannot go on."""
    failures: int = 0
    """How often Telegram was asked in vain since it last answered."""
    stopping: bool = False
    """Polling ends, and a last call only confirms what was received. If it fails, Telegram delivers that again."""


class TelegramBot(ExtBot[Any]):
    """The bot of one token at a Bot API server. Its ``repr`` hides the token, and it knows how polling goes.

    Args:
        token: the bot's token.
        api_url: the server's address.
        requests: what makes the calls, and what makes the calls for updates.
        pace: the limits on sending.
    """

    def __init__(self, token: str, api_url: str, requests: tuple[BaseRequest, BaseRequest], pace: Pace) -> None:
        base, (request, polling) = api_url.rstrip("/"), requests
        super().__init__(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=request,
            get_updates_request=polling,
            rate_limiter=ChatRateLimiter(pace),
        )
        self._polls = Polls()

    def __repr__(self) -> str:
        return "TelegramBot[token=…]"

    @property
    def polls(self) -> Polls:
        """How polling goes."""
        return self._polls

    async def get_updates(self, *args: Any, **kwargs: Any) -> tuple[Update, ...]:
        """Return new updates; nothing after a failure and a pause.

        If polling cannot go on, set ``stopped_by`` and wait until the updater stops.
        """
        if self._polls.stopped_by.done():
            return ()
        self._polls.asked = time.monotonic()
        try:
            async with asyncio.timeout(_CONFIRM_SECONDS if self._polls.stopping else None):
                updates = await self._ask_for_updates(
                    kwargs.get("offset"), kwargs.get("timeout", 0), kwargs.get("allowed_updates")
                )
        except (TelegramError, TimeoutError) as error:
            if not self._polls.stopping:
                await self._pause_polling(error)
            return ()
        if self._polls.failures:
            logger.info("Updates are received again.")
        self._polls.answered, self._polls.failures = time.monotonic(), 0
        return updates

    async def delete_webhook(self, *args: Any, **kwargs: Any) -> bool:
        """Remove the webhook, as the updater does before it polls.

        Raises:
            ReceivingError: Telegram rejects the token. The updater would log its own error with a traceback.
        """
        try:
            return await super().delete_webhook(*args, **kwargs)
        except InvalidToken:
            raise ReceivingError(REJECTED) from None

    async def _ask_for_updates(
        self, offset: int | None, timeout: int | timedelta, allowed_updates: Sequence[str] | None
    ) -> tuple[Update, ...]:
        """Return the new updates that can be read.

        The library's own method fails for the whole batch, and writes what all its people said into the log.
        """
        seconds = int(timeout.total_seconds() if isinstance(timeout, timedelta) else timeout)
        asked = {"offset": offset, "timeout": seconds, "allowed_updates": allowed_updates}
        batch = await self._post("getUpdates", asked, read_timeout=ANSWER_SECONDS + seconds)
        readable: list[Update] = []
        for raw in batch:
            try:
                readable.append(Update.de_json(raw, self))
            except Exception:
                logger.exception("Update %s cannot be read and is left out.", raw.get("update_id"))
        if batch and not readable:
            # Nothing tells the updater to go on behind this batch, so Telegram is told here.
            await self._post("getUpdates", {**asked, "offset": batch[-1]["update_id"] + 1, "timeout": 0, "limit": 1})
        return tuple(readable)

    async def _pause_polling(self, error: TelegramError | TimeoutError) -> None:
        """Wait until Telegram may be asked again.

        The updater's own pause grows to half a minute, holds up a stop, and is left out after a timeout.
        """
        if isinstance(error, Conflict | InvalidToken):
            self._polls.stopped_by.set_result(ReceivingError(CONFLICT if isinstance(error, Conflict) else REJECTED))
            await asyncio.get_running_loop().create_future()
        seconds = _POLL_PAUSES[min(self._polls.failures, len(_POLL_PAUSES) - 1)]
        if isinstance(error, RetryAfter):
            seconds = wait_seconds(error)
        self._polls.failures += 1
        logger.warning("Updates cannot be received (%s); trying again in %s s.", error, seconds)
        await asyncio.sleep(seconds)


async def patiently(call: Callable[[], Awaitable[_T]], failure: str) -> _T:
    """Make a call to Telegram as often as it takes.

    Raises:
        ReceivingError: Telegram rejects the token.
    """
    attempt = 0
    while True:
        try:
            return await call()
        except InvalidToken:
            raise ReceivingError(REJECTED) from None
        except TelegramError as error:
            pause = _PAUSES[min(attempt, len(_PAUSES) - 1)]
            attempt += 1
            logger.warning("%s (%s); trying again in %s s.", failure, error, pause)
            await asyncio.sleep(pause)


def certainly_not_sent(error: TelegramError) -> bool:
    """Return whether a failed call surely had no effect: Telegram refused it or was never reached."""
    if isinstance(error.__cause__, _NOT_SENT):
        return True
    refused = isinstance(error, NetworkError | RetryAfter) and not isinstance(error, TimedOut)
    return refused and error.__cause__ is None


def unanswered(error: TelegramError) -> bool:
    """Return whether a failed call got no answer from Telegram at all."""
    return isinstance(error, TimedOut) or isinstance(error.__cause__, httpx.HTTPError)
