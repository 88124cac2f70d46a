"""People's rights over what is recorded of them: /privacy, /mydata, /forget, and not being recorded."""

from __future__ import annotations

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import ContextTypes

from bot.answers import Rendered
from bot.locales import Texts
from bot.querylog import QueryLogError
from bot.telegram.addressing import address_of
from bot.telegram.courier import Address
from bot.telegram.reactions import Reaction
from bot.telegram.services import Services

C = ContextTypes.DEFAULT_TYPE


class Privacy:
    """The handlers of the commands about personal data; data itself is only ever sent to a private chat."""

    def __init__(self, services: Services) -> None:
        self._services = services

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
        try:
            if what == "forget":
                count = await log.forget_person(person)
                self._services.conversations.forget(person)
                self._services.memory.choose_language(person, None)
                return Reaction(message=Rendered(texts("forget-done", count=count)))
            await log.opt_out(person, what == "out")
        except QueryLogError:
            return Reaction(texts("data-later"), alert=True)
        done = texts("opted-out" if what == "out" else "opted-in")
        return Reaction(message=Rendered(done, InlineKeyboardMarkup([[_opt_button(texts, what == "out")]])))

    async def _reply(self, update: Update, rendered: Rendered, texts: Texts) -> None:
        if update.message:
            await self._services.courier.send(address_of(update.message), rendered, texts)


def _opt_button(texts: Texts, out: bool) -> InlineKeyboardButton:
    return InlineKeyboardButton(
        texts("button-opt-in" if out else "button-opt-out"), callback_data="min" if out else "mout"
    )
