"""Which handler takes which update: the table of contents of what the bot does on Telegram."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

from telegram import Update
from telegram.error import TelegramError
from telegram.ext import (
    Application,
    ApplicationHandlerStop,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    ContextTypes,
    InlineQueryHandler,
    MessageHandler,
    TypeHandler,
    filters,
)

from bot.database import open_database
from bot.messages.answers import Rendered
from bot.querylog.log import QueryLog
from bot.review.forgetting import forget_in_drafts
from bot.settings import LOG_FILE, Settings
from bot.telegram.answer_requests import REQUEST_MIGRATIONS, AnswerRequests
from bot.telegram.bot_api import TelegramBot
from bot.telegram.context import App, BotContext, Services
from bot.telegram.daily_digest import DIGEST_MIGRATIONS
from bot.telegram.failures import Failures
from bot.telegram.handlers import admin, browsing, callback_buttons, inline, membership, privacy, questions, starting
from bot.telegram.live_index import LiveIndex
from bot.telegram.metrics import Metrics
from bot.telegram.quota import Quota
from bot.telegram.sending import Sender, address_of
from bot.telegram.state import STATE_MIGRATIONS, BotState
from bot.telegram.update_queue import ATTEMPTS, UPDATE_MIGRATIONS, ChatOrder, DurableQueue

_SEARCHES = 6
"""Inline queries allowed per question allowed."""


def build_application(settings: Settings, bot: TelegramBot, live_index: LiveIndex, metrics: Metrics) -> App:
    """Put the parts together around a bot that knows its name."""
    services = _services(settings, bot, live_index, metrics)
    application: App = (
        Application.builder()
        .bot(bot)
        .update_queue(services.queue)
        .concurrent_updates(services.order)
        .context_types(ContextTypes(context=BotContext, bot_data=cast(type[Services], lambda: services)))
        .job_queue(None)
        .build()
    )
    # An update passes the groups in order. In a group, the first handler that fits takes it.
    application.add_handler(TypeHandler(Update, admit), group=-2)
    application.add_handler(TypeHandler(Update, note_open_chat), group=-1)
    application.add_handlers(_handlers(settings))
    application.add_error_handler(report_failure)
    return application


def _services(settings: Settings, bot: TelegramBot, live_index: LiveIndex, metrics: Metrics) -> Services:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    migrations = (STATE_MIGRATIONS, UPDATE_MIGRATIONS, REQUEST_MIGRATIONS, DIGEST_MIGRATIONS)
    database = open_database(settings.data_dir / "telegram.db", migrations, memory_fallback=True)
    queue, state = DurableQueue(database, settings.queue), BotState(database)
    sender = Sender(bot, queue, state)
    failures = Failures(sender, state, metrics, settings.admins)
    log = QueryLog(
        settings.data_dir / LOG_FILE,
        key_file=settings.key_file,
        opt_outs=state,
        retention_days=settings.log_days,
        enabled=settings.log,
        on_problem=lambda text: failures.problem("query log", text),
        on_deleted=lambda connection: forget_in_drafts(connection, settings.data_dir),
    )
    return Services(
        settings=settings,
        me=bot.bot,
        database=database,
        queue=queue,
        order=ChatOrder(queue, settings.queue, settings.banned),
        state=state,
        answer_requests=AnswerRequests(database),
        live_index=live_index,
        log=log,
        sender=sender,
        failures=failures,
        metrics=metrics,
        questions=Quota(settings.questions_per_minute),
        searches=Quota(settings.questions_per_minute * _SEARCHES),
    )


def _handlers(settings: Settings) -> list[Any]:
    # Filters match by accident what looks like a message: edits, channel posts, guest messages. So each handler of
    # messages names the kind of update it is for.
    new, edited = filters.UpdateType.MESSAGE, filters.UpdateType.EDITED_MESSAGE
    private, groups = filters.ChatType.PRIVATE, filters.ChatType.GROUPS
    here = new & ~filters.FORWARDED & ~filters.VIA_BOT
    admins = here & filters.User(settings.admins)
    text, caption = filters.TEXT, filters.CAPTION
    return [
        MessageHandler(new & (private | groups) & text & ~filters.COMMAND, questions.message),
        MessageHandler(edited & (private | groups) & (text | caption), questions.edited),
        CallbackQueryHandler(callback_buttons.press),
        InlineQueryHandler(inline.query),
        MessageHandler(filters.UpdateType.GUEST_MESSAGE, inline.guest),
        CommandHandler("ask", questions.message, here),
        CommandHandler("start", starting.start, here),
        CommandHandler(["help", "settings"], browsing.help, here),
        CommandHandler("topics", browsing.topics, here),
        CommandHandler("sources", browsing.sources, here),
        CommandHandler("about", browsing.about, here),
        CommandHandler("language", browsing.language, here),
        CommandHandler("privacy", privacy.privacy, here),
        CommandHandler("mydata", privacy.my_data, here),
        CommandHandler("forget", privacy.forget, here),
        CommandHandler("status", admin.status, admins),
        CommandHandler("reload", admin.reload, admins),
        CommandHandler("stats", admin.stats, admins),
        MessageHandler(here & (private | groups) & filters.COMMAND, browsing.unknown),
        MessageHandler(new & (private | groups) & caption, questions.captioned),
        MessageHandler(new & private & ~text & ~filters.StatusUpdate.ALL, questions.media),
        ChatMemberHandler(membership.changed, ChatMemberHandler.MY_CHAT_MEMBER),
    ]


async def admit(update: Update, context: BotContext) -> None:
    """Let an update through unless it is one too many of its chat, or ended several processes."""
    progress = context.progress
    if progress and progress.given_up:
        error = RuntimeError(f"update {progress.update_id} was begun by {ATTEMPTS} processes and none finished it")
        await context.application.process_error(update, error)
        raise ApplicationHandlerStop
    if progress and progress.turned_away:
        await questions.turn_away(update, context)
        raise ApplicationHandlerStop


async def note_open_chat(update: Update, context: BotContext) -> None:
    """Remember that whoever writes can be written to."""
    if update.message:
        context.services.state.unblock(update.message.chat.id)


async def report_failure(update: object, context: BotContext) -> None:
    """Report what a handler could not cope with, and tell the person, with the number under which it is logged."""
    error, progress = context.error or RuntimeError("unknown"), context.progress
    number = context.services.failures.report(error, f"handling update {progress.update_id if progress else '?'}")
    if not isinstance(update, Update) or (progress and progress.answered):
        return
    if message := update.message or update.edited_message:
        texts = context.texts()
        with suppress(TelegramError):
            note = Rendered(texts("error-note", id=number))
            await context.services.sender.send(address_of(message), note, texts, progress)
