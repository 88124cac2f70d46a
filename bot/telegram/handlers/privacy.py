"""People's rights over what is recorded of them: /privacy, /mydata, /forget, and not being recorded."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import TelegramError

from bot.locales import Texts
from bot.messages.answers import Rendered
from bot.querylog.log import Forgotten, QueryLogError
from bot.telegram.context import BotContext, Services
from bot.telegram.handlers.shown_quotes import ShownQuote
from bot.telegram.quota import Verdict
from bot.telegram.sending import Address

logger = logging.getLogger(__name__)

LINK = "privacy"
"""The payload of the deep link to what only a private chat offers."""
_ERASING_SECONDS = 3.0
"""How long the confirmation waits for the last traces; with a log of a million questions they take half a minute."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """The answer to a press: a word for who pressed, and perhaps a message."""

    word: str = ""
    message: Rendered | None = None
    question: str = ""
    """An example question to answer in a new message below."""
    below: bool = False
    """Send the message as a new one below, instead of in the place of the one with the button."""
    alert: bool = False
    """Show the word in a window that must be closed, for it is all that happens."""
    url: str | None = None
    """A deep link to open, where the bot cannot send a message."""
    quote: ShownQuote | None = None
    """What the message quotes."""
    browsing: bool = False
    """It is shown for a button under a page, and not under an answer."""


async def privacy(update: Update, context: BotContext) -> None:
    """Tell what is stored, and offer not to be recorded."""
    message, settings = update.message, context.services.settings
    if message is None or message.from_user is None:
        return
    texts = context.texts()
    lines = [texts("privacy-title"), "", texts("privacy-recorded" if settings.log else "privacy-off")]
    lines.append(texts("privacy-kept"))
    if settings.log and settings.log_days:
        lines.append(texts("privacy-retention", days=settings.log_days))
    if settings.log:
        lines.append(texts("privacy-hear"))
    if message.chat.type != "private":
        lines += ["", texts("privacy-commands-group")]
        link = f"https://t.me/{context.services.place.username}?start={LINK}"
        button = InlineKeyboardButton(texts("button-privacy"), url=link)
    else:
        lines += ["", texts("privacy-commands" if settings.log else "privacy-commands-off")]
        button = _opt_button(texts, await context.services.log.opted_out(message.from_user.id))
    offered = settings.log or message.chat.type != "private"
    await context.reply("\n".join(lines), InlineKeyboardMarkup([[button]]) if offered else None)


async def my_data(update: Update, context: BotContext) -> None:
    """Send what is recorded of a person to them as a file."""
    if not await _may_ask_here(update, context) or context.person is None or update.message is None:
        return
    texts, services = context.texts(), context.services
    try:
        waiting = await services.answer_requests.of_chat(context.person.id)
        data = await services.log.export_person(context.person.id, waiting)
    except QueryLogError:
        await context.reply(texts("data-later"))
        return
    await services.sender.send_file(Address(update.message.chat.id), data, "mydata.json", texts("data-caption"))


async def forget(update: Update, context: BotContext) -> None:
    """Ask whether everything recorded of a person shall be deleted."""
    if not await _may_ask_here(update, context):
        return
    texts = context.texts()
    rows = [
        [InlineKeyboardButton(texts("button-forget"), callback_data="mforget")],
        [InlineKeyboardButton(texts("button-keep"), callback_data="mkeep")],
    ]
    await context.reply(texts("forget-ask"), InlineKeyboardMarkup(rows))


async def react(what: str, query: CallbackQuery, services: Services) -> Reaction:
    """Do what a button of these messages asks, for the person who pressed it."""
    texts, person, log = services.texts(query.from_user), query.from_user.id, services.log
    if what == "keep":
        return Reaction(message=Rendered(texts("forget-kept")))
    # Each makes the log write much, and a button can be pressed again and again.
    if await services.questions.ask(person, time.time()) is not Verdict.TAKE:
        return Reaction(services.quota_note(texts).html, alert=True)
    try:
        if what == "forget":
            return Reaction(message=Rendered(await _forget(person, texts, services)))
        await log.opt_out(person, what == "out")
    except QueryLogError:
        return Reaction(texts("data-later"), alert=True)
    done = texts("opted-out" if what == "out" else "opted-in")
    return Reaction(message=Rendered(done, InlineKeyboardMarkup([[_opt_button(texts, what == "out")]])))


async def _forget(person: int, texts: Texts, services: Services) -> str:
    """Delete what is recorded of a person; return what they are told now. If it takes long, they are told once more."""
    await services.conversations.forget(person)
    await services.state.choose_language(person, None)
    # A private chat has the number of its person.
    await services.answer_requests.remove_chat(person)
    # Last, for it may have to wait.
    forgotten = await services.log.forget_person(person)
    done = texts("forget-done", count=forgotten.questions)
    await asyncio.wait({forgotten.erased}, timeout=_ERASING_SECONDS)
    if forgotten.erased.done():
        return done
    notice = asyncio.get_running_loop().create_task(_tell_erased(person, forgotten, texts, services))
    services.background.add(notice)
    notice.add_done_callback(services.background.discard)
    return f"{done}\n\n{texts('forget-erasing')}"


async def _tell_erased(person: int, forgotten: Forgotten, texts: Texts, services: Services) -> None:
    await forgotten.erased
    try:
        # Only private chats are offered this, and a private chat has the number of its person.
        await services.sender.send(Address(person), Rendered(texts("forget-erased")), texts)
    except TelegramError as error:
        logger.warning("Somebody could not be told that their data is erased: %s", error)


async def _may_ask_here(update: Update, context: BotContext) -> bool:
    """Return whether a person may ask for their data now: within the quota, in a private chat. Else tell them."""
    message, texts = update.message, context.texts()
    if message is None or message.from_user is None:
        return False
    verdict = await context.services.questions.ask(message.from_user.id, message.date.timestamp())
    if verdict is not Verdict.TAKE:
        if verdict is Verdict.NOTE:
            await context.reply(context.services.quota_note(texts).html)
        return False
    if message.chat.type != "private":
        await context.reply(texts("data-in-private"))
        return False
    return True


def _opt_button(texts: Texts, out: bool) -> InlineKeyboardButton:
    return InlineKeyboardButton(
        texts("button-opt-in" if out else "button-opt-out"), callback_data="min" if out else "mout"
    )
