"""From a token to a running bot and back: start, signals, and a stop that answers what was received."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bot.settings import Settings, host_and_port
from bot.telegram.application import build_application
from bot.telegram.bot_api import CONNECTIONS, CountingRequest, ReceivingError, TelegramBot, patiently
from bot.telegram.context import App, Services
from bot.telegram.gap_closing import keep_closing
from bot.telegram.handlers.profile import present
from bot.telegram.health import Health, Monitoring, Notifier
from bot.telegram.hear_back import keep_telling
from bot.telegram.live_index import LiveIndex, Swap, open_for_serving
from bot.telegram.metrics import Metrics
from bot.telegram.receiving import Polling, Webhook
from bot.telegram.secret_masking import keep_out_of_logs, token_secrets
from index.errors import UserFacingError

logger = logging.getLogger(__name__)

HOW_TO_BEGIN = (
    "No token: write to @BotFather on Telegram, send /newbot, and set BOT_TOKEN to the token it gives you. "
    "'partnership-bot ask' answers in the terminal without one."
)
_DRAIN_SECONDS = 25.0
_CHECK_SECONDS = 3.0
_PROFILE_SECONDS = 10.0
_LOCK_FILE = "run.lock"
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


class StartError(UserFacingError):
    """The bot cannot start; the text says why and what to do."""


def run(settings: Settings) -> int:
    """Serve Telegram until a signal ends it; return the exit code. One line on stderr tells whatever stops it."""
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
            live_index = LiveIndex(open_for_serving(settings), settings.index_home)
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                return runner.run(_serve(settings, token, secret, live_index))
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
    # FAISS lists the builds it tries, httpx every call, and python-telegram-bot repeats what the bot logs itself.
    for name in ("faiss", "httpx", "telegram.ext"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _check(settings: Settings, token: str, secret: str) -> None:
    if not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", token):
        raise StartError("BOT_TOKEN is not a token: @BotFather gives one like 123456789:AbC-… .")
    if settings.webhook_url and not _SECRET.fullmatch(secret):
        raise StartError("BOT_WEBHOOK_URL needs BOT_WEBHOOK_SECRET: 1 to 256 of A-Z a-z 0-9 _ - that nobody can guess.")


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Hold the data folder; the system lets go of it when the process dies.

    Two bots on one folder would resume each other's messages.

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


async def _serve(settings: Settings, token: str, secret: str, live_index: LiveIndex) -> int:
    """Connect to Telegram, then run until a signal comes or Telegram ends it; return the exit code."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    stopped = asyncio.create_task(stop.wait())
    metrics, health = Metrics(), Health(live_index)
    requests = CountingRequest(CONNECTIONS, metrics.telegram_error), CountingRequest(1, metrics.telegram_error)
    bot = TelegramBot(token, settings.api_url, requests, settings.messages_per_second)
    where = f"Telegram cannot be reached at {settings.api_url}"
    code = 0
    async with _monitoring(settings, metrics, health):
        connecting = asyncio.create_task(patiently(bot.initialize, where))
        try:
            if await _first(connecting, stopped):
                application = build_application(settings, bot, live_index, metrics)
                code = await _run(application, secret, stopped, health)
        finally:
            await _cancel(connecting, stopped)
            with suppress(RuntimeError):
                await bot.shutdown()
    return code


@asynccontextmanager
async def _monitoring(settings: Settings, metrics: Metrics, health: Health) -> AsyncIterator[None]:
    """Serve health and metrics meanwhile, if that is wanted."""
    if not settings.http_listen:
        yield
        return
    monitoring = Monitoring(metrics, health)
    with _listening("BOT_HTTP_LISTEN", settings.http_listen):
        monitoring.listen(*host_and_port(settings.http_listen))
    try:
        yield
    finally:
        await monitoring.close()


@contextmanager
def _listening(setting: str, place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StartError(f"{setting}={place}: nobody can listen there ({error.strerror or error}).") from None


async def _run(application: App, secret: str, stopped: asyncio.Task[Any], health: Health) -> int:
    """Answer until a signal comes or Telegram ends it; return the exit code."""
    services, bot, notifier = application.bot_data, application.bot, Notifier()
    await application.initialize()
    await application.start()
    profile = asyncio.create_task(present(bot, services.live_index.locales, services.live_index.index.manifest))
    tasks = [profile, *(asyncio.create_task(work(services)) for work in (_watch, keep_telling, keep_closing))]
    receiver: Polling | Webhook = (
        Webhook(application, secret) if services.settings.webhook_url else Polling(application)
    )
    watchdog: asyncio.Task[None] | None = None
    code = 0
    try:
        await asyncio.wait({profile, stopped}, timeout=_PROFILE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if left := services.queue.resume(bot):
            logger.info("Resuming %s messages that were received before and not answered.", left)
        with _listening("BOT_WEBHOOK_LISTEN", services.settings.webhook_listen):
            receiver.listen()
        receiving = asyncio.create_task(receiver.run())
        tasks.append(receiving)
        health.begin(receiver)
        services.metrics.watch(
            queue=lambda: services.queue.unfinished,
            log_backlog=lambda: services.log.backlog,
            live_index=services.live_index,
            polling_age=receiver.age,
            webhook_pending=receiver.pending,
        )
        watchdog = asyncio.create_task(notifier.watch(health))
        # The manifest and not the index, which must be freed when a newer version takes its place.
        manifest = services.live_index.index.manifest
        notifier.notify("READY=1", f"STATUS=@{bot.username} answers from index {manifest.version}")
        logger.info(
            "@%s answers from index %s with %s snippets (%s).",
            bot.username, manifest.version, manifest.counts["snippets"], receiver.name,
        )  # fmt: skip
        await _first(receiving, stopped)
    except ReceivingError as error:
        sys.stderr.write(f"{error}\n")
        code = 1
    finally:
        health.stop()
        notifier.notify("STOPPING=1")
        await _cancel(*tasks)
        await receiver.close()
        await _stop(application)
        if watchdog:
            watchdog.cancel()
    return code


async def _stop(application: App) -> None:
    """Answer what was received, within the time for that, and let go of everything."""
    services = application.bot_data
    if waiting := services.queue.unfinished:
        logger.info("Stopping: answering %s messages that were received.", waiting)
    if left := await services.queue.drain(_DRAIN_SECONDS):
        logger.warning("%s messages are left for the next start.", left)
        await services.order.shutdown()
    await application.stop()
    await services.close()
    await application.shutdown()
    logger.info("Stopped.")


async def _watch(services: Services) -> None:
    """Look for a newly published index, now and then."""
    while True:
        await asyncio.sleep(_CHECK_SECONDS)
        if await services.live_index.refresh() is Swap.REFUSED:
            services.failures.problem("index refused", services.live_index.refusal)


async def _first(task: asyncio.Task[Any], stopped: asyncio.Task[Any]) -> bool:
    """Wait for a task or the signal to stop; return whether the task is done. Raises what the task raised."""
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    return task.done()


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
