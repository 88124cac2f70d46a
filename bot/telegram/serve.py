"""From a token to a running bot and back: start, signals, and a shutdown that answers what was received."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from telegram import Bot, Update
from telegram.error import InvalidToken, TelegramError

from bot.answers import Rendered
from bot.querylog import QueryLog
from bot.settings import Settings
from bot.telegram.application import ALLOWED_UPDATES, App, Desk, make_bot
from bot.telegram.courier import Address, Case, Courier
from bot.telegram.errors import Failures
from bot.telegram.inbox import ATTEMPTS, Inbox, Left, Raw
from bot.telegram.lanes import Lanes
from bot.telegram.library import Library, Swap
from bot.telegram.memory import Memory, open_database
from bot.telegram.pacing import Pacing
from bot.telegram.profile import present
from bot.telegram.quota import Quota
from bot.telegram.receiving import Polling, ReceivingError, Webhook
from bot.telegram.redaction import keep_out_of_logs, token_secrets
from bot.telegram.services import Services
from index.artifact import live_version
from index.errors import ArtifactError, PartnershipError
from index.search import Index

logger = logging.getLogger(__name__)

HOW_TO_BEGIN = (
    "No token: write to @BotFather on Telegram, send /newbot, and set BOT_TOKEN to the token it gives you. "
    "'partnership-bot ask' answers in the terminal without one."
)
_DRAIN_SECONDS = 25.0
_CHECK_SECONDS = 3.0
_PROFILE_SECONDS = 10.0
_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_BUSY = 200
"""From so many unfinished updates on an answer takes seconds, and people are told."""
_SEARCHES = 6
"""Inline queries allowed per question allowed."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


class StartError(PartnershipError):
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
        index = open_index(settings)
        return asyncio.run(_serve(settings, token, secret, index))
    except PartnershipError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except Exception:
        # Through the log, where secrets are masked; the interpreter's own traceback would show them.
        logger.exception("The bot stopped on an unexpected error")
        return 1
    finally:
        undo()


def _log_to_stderr() -> None:
    """Show what happens, unless whoever runs this has arranged for it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # It tells at length which of its builds it tried.
    logging.getLogger("faiss").setLevel(logging.WARNING)


def _check(settings: Settings, token: str, secret: str) -> None:
    if not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", token):
        raise StartError("BOT_TOKEN is not a token: @BotFather gives one like 123456789:AbC-… .")
    if settings.webhook_url:
        if not _SECRET.fullmatch(secret):
            raise StartError(
                "BOT_WEBHOOK_URL needs BOT_WEBHOOK_SECRET: 1 to 256 of A-Z a-z 0-9 _ - that nobody can guess."
            )
        if not re.fullmatch(r".*:\d{1,5}", settings.webhook_listen):
            raise StartError(f"BOT_WEBHOOK_LISTEN must be host:port, not {settings.webhook_listen!r}.")


def open_index(settings: Settings) -> Index:
    """Open the published index; if there is none, build it first.

    Raises:
        PartnershipError: it is damaged, or missing and cannot be built here.
    """
    if live_version(settings.data_dir) is None:
        _build(settings)
    return Index.open(settings.data_dir)


def _build(settings: Settings) -> None:
    """Build in a process of its own: what serves Telegram never loads torch."""
    folders = ["--knowledge", str(settings.knowledge_dir), "--data", str(settings.data_dir)]
    remedy = f"No index in {settings.data_dir}. Build one: partnership-bot build {shlex.join(folders)}"
    if importlib.util.find_spec("sentence_transformers") is None:
        raise ArtifactError(f"{remedy} (needs pip install 'partnership-bot[build]')")
    if not settings.knowledge_dir.is_dir():
        raise ArtifactError(f"{remedy} ({settings.knowledge_dir} is not a folder)")
    logger.info("There is no index in %s: building one from %s.", settings.data_dir, settings.knowledge_dir)
    if subprocess.run([sys.executable, "-m", "bot", "build", *folders], stdout=sys.stderr, check=False).returncode:  # noqa: S603 - ourselves
        raise ArtifactError(f"{remedy} (the build failed, see above)")


class Service:
    """One running bot: its parts, and the way of an update through them."""

    def __init__(self, settings: Settings, application: App, desk: Desk, database: sqlite3.Connection) -> None:
        self.settings = settings
        self.application = application
        self.desk = desk
        self.database = database
        self.inbox = desk.services.courier.inbox
        self.lanes: Lanes[tuple[Update, Case]] = Lanes(self._work, settings.queue)

    def take(self, updates: Sequence[Raw]) -> None:
        """Write updates down, then queue them; those received before are left out."""
        for raw in self.inbox.take(updates):
            self._queue(raw)

    def take_up_left(self) -> int:
        """Queue what an earlier process received and did not finish; return how much that is."""
        left = self.inbox.left()
        for update in left:
            self._queue(update.raw, update)
        return len(left)

    def _queue(self, raw: Raw, left: Left | None = None) -> None:
        number = int(raw["update_id"])
        try:
            update = Update.de_json(raw, self.application.bot)
        except Exception as error:
            self.desk.services.failures.report(error, f"reading update {number}")
            self.inbox.done(number)
            return
        if self._ignored(update):
            self.inbox.done(number)
            return
        lane = _lane(update)
        # Behind another question of the same chat a note would come before that one's answer.
        if update.message and self.lanes.unfinished >= _BUSY and not left and self.lanes.idle(lane):
            self.desk.questions.busy(update.message)
        self.lanes.put(lane, (update, _case(number, left)))

    def _ignored(self, update: Update) -> bool:
        banned = self.settings.banned
        if not banned:
            return False
        person, chat = update.effective_user, update.effective_chat
        return bool((person and person.id in banned) or (chat and chat.id in banned))

    async def _work(self, item: tuple[Update, Case]) -> None:
        update, case = item
        with self.desk.services.courier.working_on(case):
            if case.hopeless:
                error = RuntimeError(f"update {case.update_id} was begun by {ATTEMPTS} processes and none finished it")
                await self.application.process_error(update, error)
            else:
                await self.application.process_update(update)
        self.inbox.done(case.update_id)

    async def failed(self, update: object, context: Any) -> None:
        """Report what a handler could not cope with, and tell the person, with the number under which it is logged."""
        services = self.desk.services
        case = services.courier.case
        number = services.failures.report(context.error, f"handling update {case.update_id if case else '?'}")
        message = update.effective_message if isinstance(update, Update) else None
        if (
            message is None
            or (case and case.answered)
            or (isinstance(update, Update) and not (update.message or update.edited_message))
        ):
            return
        texts = services.texts(update.effective_user if isinstance(update, Update) else None)
        with suppress(TelegramError):
            to = Address(
                message.chat.id, message.message_id, message.message_thread_id if message.is_topic_message else None
            )
            await services.courier.send(to, Rendered(texts("error-note", id=number)), texts)


def _case(number: int, left: Left | None) -> Case:
    return Case(number, left=True, again=left.sending, hopeless=left.begun >= ATTEMPTS) if left else Case(number)


def _lane(update: Update) -> tuple[str, int]:
    """Return what an update must wait for: others of its chat, but a press only for other presses."""
    person = update.effective_user.id if update.effective_user else 0
    if update.callback_query:
        return ("press", person)
    if update.inline_query or update.chosen_inline_result:
        return ("inline", person)
    return ("chat", update.effective_chat.id if update.effective_chat else person)


async def _serve(settings: Settings, token: str, secret: str, index: Index) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    bot = make_bot(token, settings.api_url, Pacing(settings.messages_per_second))
    connected = loop.create_task(_connect(bot))
    stopped = loop.create_task(stop.wait())
    try:
        await asyncio.wait({connected, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not connected.done():
            return 0
        await connected
        service = build_service(settings, bot, index)
        return await _run(service, secret, stopped)
    finally:
        for task in (connected, stopped):
            task.cancel()
        await asyncio.gather(connected, stopped, return_exceptions=True)
        with suppress(RuntimeError):
            await bot.shutdown()


def build_service(settings: Settings, bot: Any, index: Index) -> Service:
    """Put the parts together around a bot that knows its name."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.data_dir / "telegram.db")
    inbox, memory = Inbox(database), Memory(database)
    courier = Courier(bot, inbox, memory)
    failures = Failures(courier, memory, settings.admins)
    services = Services(
        settings=settings,
        me=bot.bot,
        library=Library(index, settings.data_dir),
        log=QueryLog.open(
            settings.data_dir / "queries.db",
            key_file=settings.data_dir / "pseudonyms.key",
            retention_days=settings.log_days,
            enabled=settings.log,
            on_trouble=lambda text: failures.trouble("query log", text),
        ),
        memory=memory,
        courier=courier,
        failures=failures,
        questions=Quota(settings.questions_per_minute),
        searches=Quota(settings.questions_per_minute * _SEARCHES),
    )
    desk = Desk(services, lambda: service.lanes.unfinished - 1)
    application = desk.application(bot)
    service = Service(settings, application, desk, database)
    application.add_error_handler(service.failed)
    return service


async def _connect(bot: Bot) -> None:
    """Ask Telegram who the bot is, as often as it takes.

    Raises:
        StartError: Telegram rejects the token.
    """
    for attempt in range(sys.maxsize):
        try:
            await bot.initialize()
            return
        except InvalidToken:
            raise StartError("Telegram rejects the token. Get a valid one from @BotFather and set BOT_TOKEN.") from None
        except TelegramError as error:
            pause = _PAUSES[min(attempt, len(_PAUSES) - 1)]
            logger.warning("Telegram cannot be reached (%s); trying again in %s s.", error, pause)
            await asyncio.sleep(pause)


async def _run(service: Service, secret: str, stopped: asyncio.Task[Any]) -> int:
    settings, bot, services = service.settings, service.application.bot, service.desk.services
    await service.application.initialize()
    tasks: list[asyncio.Task[Any]] = []
    loop = asyncio.get_running_loop()
    polling: Polling | None = None
    webhook: Webhook | None = None
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
            receiving = loop.create_task(_receive_calls(webhook, bot))
        else:
            polling = Polling(bot, service.take, service.lanes.room, ALLOWED_UPDATES)
            receiving = loop.create_task(_poll(polling, bot))
        tasks.append(receiving)
        index = services.library.index
        logger.info(
            "@%s answers from index %s with %s snippets (%s).",
            bot.username, index.version, index.manifest.counts["snippets"], "webhook" if webhook else "polling",
        )  # fmt: skip
        await asyncio.wait({receiving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if receiving.done():
            receiving.result()
    except ReceivingError as error:
        sys.stderr.write(f"{error}\n")
        code, conflict = 1, True
    finally:
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
        await services.log.close()
        services.library.close()
        service.database.close()
        await service.application.shutdown()
        logger.info("Stopped.")
    return code


async def _poll(polling: Polling, bot: Bot) -> None:
    await _patiently(lambda: bot.delete_webhook(), "The webhook could not be removed")
    await polling.run()


async def _receive_calls(webhook: Webhook, bot: Bot) -> None:
    await _patiently(lambda: webhook.start(bot, ALLOWED_UPDATES), "The webhook could not be set")
    await asyncio.Event().wait()


async def _patiently(call: Any, failure: str) -> None:
    for attempt in range(sys.maxsize):
        try:
            await call()
            return
        except InvalidToken:
            raise ReceivingError(
                "Telegram rejects the token. Get a valid one from @BotFather and set BOT_TOKEN."
            ) from None
        except TelegramError as error:
            pause = _PAUSES[min(attempt, len(_PAUSES) - 1)]
            logger.warning("%s (%s); trying again in %s s.", failure, error, pause)
            await asyncio.sleep(pause)


async def _watch(services: Services) -> None:
    """Look for a newly published index, now and then."""
    while True:
        await asyncio.sleep(_CHECK_SECONDS)
        if await services.library.refresh() is Swap.REFUSED:
            services.failures.trouble("index refused", services.library.refusal)
