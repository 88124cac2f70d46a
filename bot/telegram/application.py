"""Which handler takes which update: the table of contents of what the bot does on Telegram."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telegram import Update
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    ChatMemberHandler,
    ChosenInlineResultHandler,
    CommandHandler,
    ContextTypes,
    ExtBot,
    InlineQueryHandler,
    MessageHandler,
    TypeHandler,
    filters,
)
from telegram.request import BaseRequest

from bot.telegram.context import Services
from bot.telegram.handlers.admin import Admin
from bot.telegram.handlers.browsing import Browsing
from bot.telegram.handlers.callback_buttons import Presses
from bot.telegram.handlers.feedback import Feedback
from bot.telegram.handlers.inline import Inline
from bot.telegram.handlers.privacy import Privacy
from bot.telegram.handlers.questions import Questions
from bot.telegram.rate_limiter import Pacing, Turn

ALLOWED_UPDATES = (
    Update.MESSAGE,
    Update.EDITED_MESSAGE,
    Update.CALLBACK_QUERY,
    Update.INLINE_QUERY,
    Update.CHOSEN_INLINE_RESULT,
    Update.MY_CHAT_MEMBER,
    Update.GUEST_MESSAGE,
)
"""What Telegram is asked to deliver; the bot has no use for channel posts, reactions, payments and the rest."""

App = Application[Any, Any, Any, Any, Any, Any]


class QuietBot(ExtBot[Turn]):
    """A bot whose ``repr`` does not show its token."""

    def __repr__(self) -> str:
        return "QuietBot[token=…]"


def make_bot(token: str, api_url: str, pacing: Pacing, request: BaseRequest) -> QuietBot:
    """Return the bot for a token at a Bot API server, which ``request`` talks to."""
    base = api_url.rstrip("/")
    return QuietBot(
        token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=request,
        get_updates_request=request,
        rate_limiter=pacing,
    )


class Desk:
    """All handlers of the bot, by what people do.

    Args:
        waiting: returns how many updates are not finished.
    """

    def __init__(self, services: Services, waiting: Callable[[], int]) -> None:
        self.services = services
        self.browsing = Browsing(services)
        self.questions = Questions(services)
        self.privacy = Privacy(services)
        self.presses = Presses(services, self.browsing, Feedback(services), self.privacy)
        self.inline = Inline(services)
        self.admin = Admin(services, waiting)

    def application(self, bot: ExtBot[Any]) -> App:
        """Return the application; the first handler that fits takes an update, in this order."""
        application: App = Application.builder().bot(bot).updater(None).job_queue(None).build()
        # Filters match by accident what looks like a message: edits, channel posts, guest messages. So each handler of
        # messages names the kind of update it is for.
        new = filters.UpdateType.MESSAGE
        private, groups = filters.ChatType.PRIVATE, filters.ChatType.GROUPS
        here = new & ~filters.FORWARDED & ~filters.VIA_BOT
        admins = here & filters.User(self.services.settings.admins)
        application.add_handlers(
            [
                TypeHandler(Update, self.note_alive),
            ],
            group=-1,
        )
        application.add_handlers(
            [
                MessageHandler(new & (private | groups) & filters.TEXT & ~filters.COMMAND, self.questions.message),
                MessageHandler(
                    filters.UpdateType.EDITED_MESSAGE & (private | groups) & (filters.TEXT | filters.CAPTION),
                    self.questions.edited,
                ),
                CallbackQueryHandler(self.presses.press),
                InlineQueryHandler(self.inline.query),
                ChosenInlineResultHandler(self.inline.chosen),
                MessageHandler(filters.UpdateType.GUEST_MESSAGE, self.inline.guest),
                CommandHandler("ask", self.questions.message, here),
                CommandHandler("start", self.browsing.start, here),
                CommandHandler(["help", "settings"], self.browsing.help, here),
                CommandHandler("topics", self.browsing.topics, here),
                CommandHandler("sources", self.browsing.sources, here),
                CommandHandler("about", self.browsing.about, here),
                CommandHandler("language", self.browsing.language, here),
                CommandHandler("privacy", self.privacy.privacy, here),
                CommandHandler("mydata", self.privacy.my_data, here),
                CommandHandler("forget", self.privacy.forget, here),
                CommandHandler("status", self.admin.status, admins),
                CommandHandler("reload", self.admin.reload, admins),
                CommandHandler("stats", self.admin.stats, admins),
                MessageHandler(here & (private | groups) & filters.COMMAND, self.browsing.unknown),
                MessageHandler(new & (private | groups) & filters.CAPTION, self.questions.captioned),
                MessageHandler(new & private & ~filters.TEXT & ~filters.StatusUpdate.ALL, self.questions.media),
                ChatMemberHandler(self.membership, ChatMemberHandler.MY_CHAT_MEMBER),
            ]
        )
        return application

    async def membership(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Remember who blocked the bot and which groups it left, and forget that when they take it back."""
        change = update.my_chat_member
        if change and change.new_chat_member.status in ("kicked", "left"):
            self.services.memory.block(change.chat.id)
        elif change:
            self.services.memory.unblock(change.chat.id)

    async def note_alive(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Whoever writes can be written to."""
        if update.message:
            self.services.memory.unblock(update.message.chat.id)
