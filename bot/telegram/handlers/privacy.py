"""People's rights over what is recorded of them: /privacy, /mydata, /forget, and not being recorded."""

from __future__ import annotations

import asyncio
import logging
import time
from contextvars import Context

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update, User
from telegram.error import TelegramError
from telegram.ext import ContextTypes

from bot.locales import Texts
from bot.messages.answers import Rendered
from bot.querylog.log import Forgotten, QueryLogError
from bot.telegram.context import Services
from bot.telegram.handlers.addressing import Address, address_of
from bot.telegram.handlers.reactions import Reaction
from bot.telegram.quota import Verdict

logger = logging.getLogger(__name__)
C = ContextTypes.DEFAULT_TYPE

_ERASING_SECONDS = 3.0
"""How long the confirmation waits for the last traces; with a log of a million questions they take half a minute."""


class Privacy:
    """The handlers of the commands about personal data; data itself is only ever sent to a private chat."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._telling: set[asyncio.Task[None]] = set()

    async def privacy(self, update: Update, context: C) -> None:
        """Tell what is stored, and offer not to be recorded."""
        message = update.message
        if message is None or message.from_user is None:
            return
        texts, settings = self._services.texts(message.from_user), self._services.settings
        if not settings.log:
            await self._reply(update, Rendered(texts("privacy-off")), texts)
            return
        out = await self._services.log.opted_out(message.from_user.id)
        lines = [texts("privacy")]
        if settings.log_days:
            lines.append(texts("privacy-retention", days=settings.log_days))
        lines += ["", texts("privacy-commands")]
        keyboard = InlineKeyboardMarkup([[_opt_button(texts, out)]]) if message.chat.type == "private" else None
        await self._reply(update, Rendered("\n".join(lines), keyboard), texts)

    async def my_data(self, update: Update, context: C) -> None:
        """Send what is recorded of a person to them as a file."""
        message = update.message
        if message is None or message.from_user is None:
            return
        texts = self._services.texts(message.from_user)
        if not await self._within_quota(message, message.from_user, texts):
            return
        if message.chat.type != "private":
            await self._reply(update, Rendered(texts("data-in-private")), texts)
            return
        try:
            data = await self._services.log.export_person(message.from_user.id)
        except QueryLogError:
            await self._reply(update, Rendered(texts("data-later")), texts)
            return
        await self._services.courier.send_file(Address(message.chat.id), data, "mydata.json", texts("data-caption"))

    async def forget(self, update: Update, context: C) -> None:
        """Ask whether everything recorded of a person shall be deleted."""
        message = update.message
        if message is None or message.from_user is None:
            return
        texts = self._services.texts(message.from_user)
        if not await self._within_quota(message, message.from_user, texts):
            return
        if message.chat.type != "private":
            await self._reply(update, Rendered(texts("data-in-private")), texts)
            return
        rows = [
            [InlineKeyboardButton(texts("button-forget"), callback_data="mforget")],
            [InlineKeyboardButton(texts("button-keep"), callback_data="mkeep")],
        ]
        await self._reply(update, Rendered(texts("forget-ask"), InlineKeyboardMarkup(rows)), texts)

    async def react(self, what: str, query: CallbackQuery) -> Reaction:
        """Do what a button of these messages asks, for the person who pressed it."""
        texts, person, log = self._services.texts(query.from_user), query.from_user.id, self._services.log
        if what == "keep":
            return Reaction(message=Rendered(texts("forget-kept")))
        # Each makes the log write much, and a button can be pressed again and again.
        if self._services.questions.ask(person, time.time()) is not Verdict.TAKE:
            return Reaction(self._services.quota_note(texts).html, alert=True)
        try:
            if what == "forget":
                return Reaction(message=Rendered(await self._forget(person, texts)))
            await log.opt_out(person, what == "out")
        except QueryLogError:
            return Reaction(texts("data-later"), alert=True)
        done = texts("opted-out" if what == "out" else "opted-in")
        return Reaction(message=Rendered(done, InlineKeyboardMarkup([[_opt_button(texts, what == "out")]])))

    async def _forget(self, person: int, texts: Texts) -> str:
        """Delete what is recorded of a person; return what they are told, now and, if it takes long, once more."""
        services = self._services
        forgotten = await services.log.forget_person(person)
        services.conversations.forget(person)
        services.memory.choose_language(person, None)
        done = texts("forget-done", count=forgotten.questions)
        await asyncio.wait({forgotten.erased}, timeout=_ERASING_SECONDS)
        if forgotten.erased.done():
            return done
        # In a context of its own: it is no answer to the press, which is answered now.
        task = asyncio.get_running_loop().create_task(self._tell_erased(person, forgotten, texts), context=Context())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        return f"{done}\n\n{texts('forget-erasing')}"

    async def _tell_erased(self, person: int, forgotten: Forgotten, texts: Texts) -> None:
        await forgotten.erased
        try:
            # Only private chats are offered this, and a private chat has the number of its person.
            await self._services.courier.send(Address(person), Rendered(texts("forget-erased")), texts)
        except TelegramError as error:
            logger.warning("Somebody could not be told that their data is erased: %s", error)

    async def _within_quota(self, message: Message, person: User, texts: Texts) -> bool:
        """Count what a person wants done; return whether it is not too much, and tell them once if it is."""
        verdict = self._services.questions.ask(person.id, message.date.timestamp())
        if verdict is Verdict.NOTE:
            await self._services.courier.send(address_of(message), self._services.quota_note(texts), texts)
        return verdict is Verdict.TAKE

    async def _reply(self, update: Update, rendered: Rendered, texts: Texts) -> None:
        if update.message:
            await self._services.courier.send(address_of(update.message), rendered, texts)


def _opt_button(texts: Texts, out: bool) -> InlineKeyboardButton:
    return InlineKeyboardButton(
        texts("button-opt-in" if out else "button-opt-out"), callback_data="min" if out else "mout"
    )
