"""From a token to a running bot and back: start, signals, and a shutdown that answers what was received."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout
from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.settings import Settings, host_and_port
from bot.telegram.application import ALLOWED_UPDATES, make_bot
from bot.telegram.context import Services
from bot.telegram.handlers.profile import present
from bot.telegram.health import Health, Monitoring, Notifier
from bot.telegram.live_index import LiveIndex, Swap, open_for_serving
from bot.telegram.metrics import Metrics
from bot.telegram.rate_limiter import Pacing
from bot.telegram.request import AiohttpRequest
from bot.telegram.secret_masking import keep_out_of_logs, token_secrets
from bot.telegram.service import Service, build_service
from bot.telegram.webhook import Polling, ReceivingError, Webhook
from index.errors import UserFacingError

logger = logging.getLogger(__name__)
_T = TypeVar("_T")

HOW_TO_BEGIN = (
    "No token: write to @BotFather on Telegram, send /newbot, and set BOT_TOKEN to the token it gives you. "
    "'partnership-bot ask' answers in the terminal without one."
)
_CONNECTIONS = 256
_SECONDS = 15.0
"""How long Telegram may take to answer a call."""
_DRAIN_SECONDS = 25.0
_CHECK_SECONDS = 3.0
_PROFILE_SECONDS = 10.0
_WEBHOOK_SECONDS = 60.0
_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_LOCK_FILE = "run.lock"
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


class StartError(UserFacingError):
    """The bot cannot start; the text says why and what to do."""


def run(settings: Settings) -> int:
    """Serve Telegram until a signal ends it; return the exit code. Whatever stops it is told in one line on stderr."""
    token = settings.token.get_secret_value().strip() if settings.token else ""
    if not token:
        sys.stderr.write(f"{HOW_TO_BEGIN}\n")
        return 1
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else ""
    _log_to_stderr()
    undo = keep_out_of_logs((*token_secrets(token), secret))
    # While a question is being embedded, the event loop gets the interpreter back after half a millisecond, not five.
    sys.setswitchinterval(0.0005)
    try:
        _check(settings, token, secret)
        with _alone(settings.data_dir):
            # Held by nothing else, so that it is freed when a newer version takes its place.
            library = LiveIndex(open_for_serving(settings), settings.index_home)
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                return runner.run(_serve(settings, token, secret, library))
    except UserFacingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except Exception:
        # Through the log, where secrets are masked; the interpreter's own traceback would show them.
        logger.exception("The bot stopped on an unexpected error")
        return 1
    finally:
        undo()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's, which leaves more of the processor for answering, where it exists: not on Windows."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _log_to_stderr() -> None:
    """Show what happens, unless whoever runs this has arranged for it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # It tells at length which of its builds it tried.
    logging.getLogger("faiss").setLevel(logging.WARNING)


def _check(settings: Settings, token: str, secret: str) -> None:
    if not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", token):
        raise StartError("BOT_TOKEN is not a token: @BotFather gives one like 123456789:AbC-… .")
    if settings.webhook_url and not _SECRET.fullmatch(secret):
        raise StartError("BOT_WEBHOOK_URL needs BOT_WEBHOOK_SECRET: 1 to 256 of A-Z a-z 0-9 _ - that nobody can guess.")


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Hold the data folder, in which two bots would take up each other's messages; the system lets go of it when the
    process dies.

    Raises:
        StartError: another bot holds it.
    """
    lock = FileLock(data / _LOCK_FILE, mode=0o600)
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise StartError(
            f"Another bot is running on the data folder {data.absolute()}: "
            "stop it, or give this one its own with BOT_DATA_DIR."
        ) from None
    except (OSError, NotImplementedError) as error:
        # A bot that can write nothing answers all the same.
        logger.warning("%s cannot be locked (%s): see that no other bot runs on it.", data, error)
    try:
        yield
    finally:
        lock.release()


async def _serve(settings: Settings, token: str, secret: str, library: LiveIndex) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    metrics, health = Metrics(), Health(library)
    monitoring = _monitoring(settings, metrics, health)
    request = AiohttpRequest(_CONNECTIONS, _SECONDS, metrics.telegram_error)
    bot = make_bot(token, settings.api_url, Pacing(settings.messages_per_second), request)
    connected = loop.create_task(_patiently(bot.initialize, "Telegram cannot be reached"))
    stopped = loop.create_task(stop.wait())
    try:
        await asyncio.wait({connected, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not connected.done():
            return 0
        await connected
        service = build_service(settings, bot, library, metrics)
        return await _run(service, secret, stopped, health)
    finally:
        for task in (connected, stopped):
            task.cancel()
        await asyncio.gather(connected, stopped, return_exceptions=True)
        with suppress(RuntimeError):
            await bot.shutdown()
        if monitoring:
            await monitoring.close()


def _monitoring(settings: Settings, metrics: Metrics, health: Health) -> Monitoring | None:
    """Serve health and metrics from the start on, if that is wanted."""
    if not settings.http_listen:
        return None
    monitoring = Monitoring(metrics, health)
    with _listening("BOT_HTTP_LISTEN", settings.http_listen):
        monitoring.listen(*host_and_port(settings.http_listen))
    return monitoring


@contextmanager
def _listening(setting: str, place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StartError(f"{setting}={place}: nobody can listen there ({error.strerror or error}).") from None


async def _run(service: Service, secret: str, stopped: asyncio.Task[Any], health: Health) -> int:
    settings, bot, services = service.settings, service.application.bot, service.desk.services
    notifier = Notifier()
    await service.application.initialize()
    tasks: list[asyncio.Task[Any]] = []
    loop = asyncio.get_running_loop()
    polling: Polling | None = None
    webhook: Webhook | None = None
    receiver: Polling | Webhook
    watchdog: asyncio.Task[None] | None = None
    code, conflict = 0, False
    try:
        profile = loop.create_task(present(bot))
        tasks.append(profile)
        await asyncio.wait({profile, stopped}, timeout=_PROFILE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        left = service.take_up_left()
        if left:
            logger.info("Taking up %s messages that were received before and not answered.", left)
        tasks.append(loop.create_task(_watch(services)))
        if settings.webhook_url:
            webhook = Webhook(
                settings.webhook_url, secret, settings.webhook_listen, service.take, lambda: service.lanes.full
            )
            with _listening("BOT_WEBHOOK_LISTEN", settings.webhook_listen):
                webhook.listen()
            receiver, receiving = webhook, loop.create_task(_receive_calls(webhook, bot))
        else:
            polling = Polling(bot, service.take, service.lanes.room, ALLOWED_UPDATES, services.metrics.telegram_error)
            receiver, receiving = polling, loop.create_task(_poll(polling, bot))
        tasks.append(receiving)
        services.metrics.watch(
            queue=lambda: service.lanes.unfinished,
            log_backlog=lambda: services.log.backlog,
            live_index=services.library,
            polling_age=(lambda: time.monotonic() - polling.returned) if polling else None,
            webhook_pending=(lambda: webhook.pending) if webhook else None,
        )
        health.begin(receiver)
        watchdog = loop.create_task(notifier.watch(health))
        manifest = services.library.index.manifest
        notifier.notify("READY=1", f"STATUS=@{bot.username} answers from index {manifest.version}")
        logger.info(
            "@%s answers from index %s with %s snippets (%s).",
            bot.username, manifest.version, manifest.counts["snippets"], "webhook" if webhook else "polling",
        )  # fmt: skip
        await asyncio.wait({receiving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if receiving.done():
            receiving.result()
    except ReceivingError as error:
        sys.stderr.write(f"{error}\n")
        code, conflict = 1, True
    finally:
        health.stop()
        notifier.notify("STOPPING=1")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if webhook:
            await webhook.close()
        if waiting := service.lanes.unfinished:
            logger.info("Stopping: answering %s messages that were received.", waiting)
        left = await service.lanes.drain(_DRAIN_SECONDS)
        if left:
            logger.warning("%s messages are left for the next start.", left)
        if polling:
            await polling.close(confirm=not conflict)
        await service.close()
        if watchdog:
            watchdog.cancel()
        logger.info("Stopped.")
    return code


async def _poll(polling: Polling, bot: Bot) -> None:
    await _patiently(lambda: bot.delete_webhook(), "The webhook could not be removed")
    await polling.run()


async def _receive_calls(webhook: Webhook, bot: Bot) -> None:
    ours = False
    while True:
        if not ours:
            await _patiently(lambda: webhook.announce(bot, ALLOWED_UPDATES), "The webhook could not be set")
        await asyncio.sleep(_WEBHOOK_SECONDS)
        ours = webhook.note(await _patiently(bot.get_webhook_info, "The webhook could not be looked at"))


async def _patiently(call: Callable[[], Awaitable[_T]], failure: str) -> _T:
    """Make a call to Telegram as often as it takes.

    Raises:
        ReceivingError: Telegram rejects the token.
    """
    attempt = 0
    while True:
        try:
            return await call()
        except InvalidToken:
            raise ReceivingError(
                "Telegram rejects the token. Get a valid one from @BotFather and set BOT_TOKEN."
            ) from None
        except TelegramError as error:
            pause = _PAUSES[min(attempt, len(_PAUSES) - 1)]
            attempt += 1
            logger.warning("%s (%s); trying again in %s s.", failure, error, pause)
            await asyncio.sleep(pause)


async def _watch(services: Services) -> None:
    """Look for a newly published index, now and then."""
    while True:
        await asyncio.sleep(_CHECK_SECONDS)
        if await services.library.refresh() is Swap.REFUSED:
            services.failures.trouble("index refused", services.library.refusal)
