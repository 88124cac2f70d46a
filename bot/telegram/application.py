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

from bot.messages.answers import Rendered
from bot.settings import Settings
from bot.telegram.bot_api import TelegramBot
from bot.telegram.chat_order import ChatOrder
from bot.telegram.context import App, BotContext, Services
from bot.telegram.failures import Failures
from bot.telegram.handlers import admin, browsing, callback_buttons, inline, membership, privacy, questions, starting
from bot.telegram.live_index import LiveIndex
from bot.telegram.metrics import Metrics
from bot.telegram.sending import Sender, address_of
from bot.telegram.stores import Stores
from bot.telegram.update_queue import ATTEMPTS


def build_application(
    settings: Settings, bot: TelegramBot, live_index: LiveIndex, metrics: Metrics, stores: Stores
) -> App:
    """Put the parts together around a bot that knows its name."""
    services = _services(settings, bot, live_index, metrics, stores)
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


def _services(
    settings: Settings, bot: TelegramBot, live_index: LiveIndex, metrics: Metrics, stores: Stores
) -> Services:
    sender = Sender(bot, stores.queue, stores.state)
    failures = Failures(sender, stores.state, metrics, settings.admins)
    return Services(
        settings=settings,
        me=bot.bot,
        queue=stores.queue,
        order=ChatOrder(stores.queue, settings.queue, settings.banned),
        state=stores.state,
        answer_requests=stores.answer_requests,
        conversations=stores.conversations,
        digests=stores.digests,
        live_index=live_index,
        log=stores.open_log(lambda text: failures.problem("query log", text)),
        sender=sender,
        failures=failures,
        metrics=metrics,
        questions=stores.questions,
        searches=stores.searches,
        let_go=stores.close,
        server_away=stores.server_away,
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
    if context.person:
        await context.services.state.know(context.person.id)
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
        await context.services.state.unblock(update.message.chat.id)


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
