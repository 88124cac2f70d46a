"""One running bot: its parts, and the way of an update from the inbox through its lane to a handler."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from typing import Any

from telegram import Update
from telegram.error import TelegramError

from bot.database import open_database
from bot.messages.answers import Rendered
from bot.querylog.log import QueryLog
from bot.settings import Settings
from bot.telegram.application import App, Desk
from bot.telegram.context import Services
from bot.telegram.failures import Failures
from bot.telegram.handlers.addressing import Address
from bot.telegram.lanes import Lanes
from bot.telegram.live_index import LiveIndex
from bot.telegram.quota import Quota
from bot.telegram.sending import Case, Sender
from bot.telegram.state import STATE_MIGRATIONS, BotState
from bot.telegram.tally import Tally
from bot.telegram.update_queue import ATTEMPTS, INBOX_SCHEMA, SUSPECT, Inbox, Left, Raw

_BUSY = 200
"""From so many unfinished updates on an answer takes seconds, and people are told."""
_CHAT, _GROUP = 100, 25
"""So many updates of one chat, or of one person's presses, may be unfinished; with more it could fill the queue and
keep everybody else waiting. Groups are given little more than what may be sent to them in a minute."""
_SEARCHES = 6
"""Inline queries allowed per question allowed."""


class Service:
    """One running bot: its parts, and the way of an update through them."""

    def __init__(
        self, settings: Settings, application: App, desk: Desk, databases: Sequence[sqlite3.Connection]
    ) -> None:
        self.settings = settings
        self.application = application
        self.desk = desk
        self._databases = databases
        self._suspects = asyncio.Lock()
        self.inbox = desk.services.courier.inbox
        self.lanes: Lanes[tuple[Update, Case]] = Lanes(self._work, settings.queue)

    async def close(self) -> None:
        """Let go of everything; nothing may be worked on any more."""
        self.inbox.settle()
        await self.desk.services.log.close()
        self.desk.services.library.close()
        for database in self._databases:
            database.close()
        await self.application.shutdown()

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
            lane, ignored = _lane(update), self._ignored(update)
        except Exception as error:
            self.desk.services.failures.report(error, f"reading update {number}")
            self.inbox.done(number)
            return
        if ignored:
            self.inbox.done(number)
            return
        if not left and self.lanes.length(lane) >= _bound(update):
            self.inbox.done(number)
            if update.message:
                self.desk.questions.crowded(update.message)
            return
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
            if case.begun >= ATTEMPTS:
                error = RuntimeError(f"update {case.update_id} was begun by {ATTEMPTS} processes and none finished it")
                await self.application.process_error(update, error)
            elif case.left:
                async with self._suspects if case.begun >= SUSPECT else nullcontext():
                    self.inbox.begin(case.update_id)
                    await self.application.process_update(update)
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
    return Case(number, left=True, again=left.sending, begun=left.begun) if left else Case(number)


def _bound(update: Update) -> int:
    chat = update.effective_chat
    return _GROUP if chat and chat.type != "private" and not update.callback_query else _CHAT


def _lane(update: Update) -> tuple[str, int]:
    """Return what an update must wait for: others of its chat, but a press only for other presses."""
    person = int(update.effective_user.id) if update.effective_user else 0
    if update.callback_query:
        return ("press", person)
    if update.inline_query or update.chosen_inline_result:
        return ("inline", person)
    return ("chat", int(update.effective_chat.id) if update.effective_chat else person)


def build_service(settings: Settings, bot: Any, library: LiveIndex, tally: Tally) -> Service:
    """Put the parts together around a bot that knows its name."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.data_dir / "telegram.db", [STATE_MIGRATIONS], memory_fallback=True)
    database.executescript(INBOX_SCHEMA)
    inbox, memory = Inbox(database), BotState(database)
    courier = Sender(bot, inbox, memory)
    failures = Failures(courier, memory, settings.admins)
    services = Services(
        settings=settings,
        me=bot.bot,
        library=library,
        log=QueryLog(
            settings.data_dir / "queries.db",
            key_file=settings.key_file,
            opt_outs=memory,
            retention_days=settings.log_days,
            enabled=settings.log,
            on_problem=lambda text: failures.trouble("query log", text),
        ),
        memory=memory,
        courier=courier,
        failures=failures,
        questions=Quota(settings.questions_per_minute),
        searches=Quota(settings.questions_per_minute * _SEARCHES),
        tally=tally,
    )
    desk = Desk(services, lambda: service.lanes.unfinished - 1)
    application = desk.application(bot)
    service = Service(settings, application, desk, [database])
    application.add_error_handler(service.failed)
    return service
