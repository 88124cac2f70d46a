"""Everything that goes out to people: sent, edited or answered so that nothing is lost and little is said twice."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from telegram import (
    CallbackQuery,
    InlineQueryResult,
    InlineQueryResultsButton,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, TelegramError, TimedOut
from telegram.ext import ExtBot

from bot.locales import Texts
from bot.messages.answers import Rendered
from bot.telegram.handlers.addressing import Address
from bot.telegram.rate_limiter import NORMAL, URGENT, Turn
from bot.telegram.request import BrokenError, NotSentError
from bot.telegram.state import BotState
from bot.telegram.typing_indicator import Typing
from bot.telegram.update_queue import Inbox

logger = logging.getLogger(__name__)
_T = TypeVar("_T")

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_PAUSES = (0.3, 0.7, 1.5, 3.0, *[5.0] * 120)
"""Seconds between attempts: some ten minutes, then the answer is given up, unless Telegram says nothing at all."""
_OUTAGE_SECONDS = 24 * 3600.0
"""How long an answer waits for a Telegram that says nothing; Telegram itself keeps messages for a day."""
_DOUBT_SECONDS = 300.0
"""Seconds between the later attempts of which each may have arrived, so that nobody finds thousands of answers."""
_QUERY_PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Likewise for buttons and inline queries, which Telegram lets nobody answer late."""
_SHOWN = 5_000


@dataclass(slots=True)
class Case:
    """The update being worked on."""

    update_id: int
    left: bool = False
    """An earlier process received it and did not finish."""
    again: bool = False
    """An answer was on its way when the program was stopped: perhaps it arrived."""
    begun: int = 0
    """How many processes have taken it up from an earlier one and not finished it."""
    answered: bool = False
    """Something was sent for it."""
    received: float = field(default_factory=time.monotonic)


class _Patience:
    """How long to go on with one call.

    Args:
        pauses: the seconds to wait after each failure, one after the other; then Telegram's answers are final.
        outage: for how many seconds to go on while there is no answer at all.
    """

    def __init__(self, pauses: Sequence[float], outage: float) -> None:
        self._pauses = pauses
        self._until = time.monotonic() + outage
        self._answered = self._silent = 0

    def after(self, error: TelegramError) -> float | None:
        """Return how many seconds to wait after a failure; ``None`` to give up."""
        if _silence(error) and time.monotonic() < self._until:
            self._silent += 1
            if self._silent <= len(self._pauses):
                return self._pauses[self._silent - 1]
            return self._pauses[-1] if certainly_not_done(error) else _DOUBT_SECONDS
        self._answered += 1
        return self._pauses[self._answered - 1] if self._answered <= len(self._pauses) else None


class Sender:
    """Sends for the handlers. Whatever fails in a way that may pass is tried again; what is lost for good raises.

    A message whose sending broke off with the outcome unknown is sent again with a line saying so: Telegram has no way
    to ask whether it arrived.
    """

    def __init__(self, bot: ExtBot[Any], inbox: Inbox, memory: BotState) -> None:
        self._bot = bot
        self.inbox = inbox
        self._memory = memory
        self.typing = Typing(bot)
        self._case: ContextVar[Case | None] = ContextVar("case", default=None)
        self._shown: OrderedDict[tuple[int, int | str], int] = OrderedDict()

    @property
    def case(self) -> Case | None:
        """The update being worked on, if one is."""
        return self._case.get()

    @contextmanager
    def working_on(self, case: Case) -> Iterator[None]:
        """Within this, what is sent counts as the answer to an update."""
        token = self._case.set(case)
        try:
            yield
        finally:
            self._case.reset(token)

    async def send(self, to: Address, message: Rendered, texts: Texts, priority: int = NORMAL) -> int | None:
        """Send a message and return its id; ``None`` if that chat does not take messages from the bot."""
        if self._memory.blocked(to.chat):
            return None
        case = self._case.get()
        again = case.again if case else False
        turn = Turn(priority, partial(self.inbox.sending, case.update_id)) if case else Turn(priority)
        chat = to.chat
        patience = self._patience(case)
        while True:
            try:
                sent = await self._bot.send_message(
                    chat,
                    f"{message.html}\n\n<i>{texts('answer-repeated')}</i>" if again else message.html,
                    parse_mode=ParseMode.HTML,
                    link_preview_options=NO_PREVIEW,
                    reply_markup=message.keyboard,
                    message_thread_id=to.thread,
                    reply_parameters=ReplyParameters(to.reply_to, allow_sending_without_reply=True)
                    if to.reply_to
                    else None,
                    rate_limit_args=turn,
                )
            except Forbidden:
                self._memory.block(chat)
                return None
            except ChatMigrated as moved:
                chat = moved.new_chat_id
            except (BadRequest, InvalidToken):
                raise
            except TelegramError as error:
                if certainly_not_done(error):
                    if case and not again:
                        self.inbox.not_sent(case.update_id)
                else:
                    again = True
                if (pause := patience.after(error)) is None:
                    raise
                logger.warning("A message could not be sent (%s); trying again in %s s.", error, pause)
                await asyncio.sleep(pause)
            else:
                if case:
                    case.answered = True
                    case.again = False
                self._note_shown((to.chat, sent.message_id), message)
                return sent.message_id

    async def edit(self, chat: int | None, message_id: int | str, message: Rendered, priority: int = URGENT) -> bool:
        """Change a message (of a chat, or inline) unless it shows this already; return whether it does now."""
        where = (chat or 0, message_id)
        if self._shown.get(where) == _fingerprint(message):
            return True
        if chat is not None and self._memory.blocked(chat):
            return False
        try:
            await self._persist(
                lambda: self._bot.edit_message_text(
                    message.html,
                    chat_id=chat,
                    message_id=message_id if isinstance(message_id, int) else None,
                    inline_message_id=message_id if isinstance(message_id, str) else None,
                    parse_mode=ParseMode.HTML,
                    link_preview_options=NO_PREVIEW,
                    reply_markup=message.keyboard,
                    rate_limit_args=Turn(priority),
                ),
                self._patience(self._case.get()),
            )
        except Forbidden:
            if chat is not None:
                self._memory.block(chat)
            return False
        except ChatMigrated:
            return False
        except BadRequest as error:
            if "not modified" not in str(error).lower():
                logger.info("A message could not be changed: %s", error)
                return False
        self._note_shown(where, message)
        if case := self._case.get():
            case.answered = True
        return True

    async def toast(self, query: CallbackQuery, text: str = "", *, alert: bool = False) -> None:
        """Answer a press on a button, with or without a word; too late is no error."""
        await self._query(lambda: query.answer(text[:200] or None, show_alert=alert))

    async def answer_inline(
        self,
        query_id: str,
        results: Sequence[InlineQueryResult],
        *,
        cache_time: int,
        next_offset: str,
        button: InlineQueryResultsButton,
    ) -> None:
        """Answer an inline query; too late is no error."""
        await self._query(
            lambda: self._bot.answer_inline_query(
                query_id, results, cache_time=cache_time, is_personal=True, next_offset=next_offset, button=button
            )
        )

    async def answer_guest(self, query_id: str, result: InlineQueryResult) -> None:
        """Answer a guest message; too late is no error."""
        case = self._case.get()
        if case:
            self.inbox.sending(case.update_id)
        try:
            await self._query(lambda: self._bot.answer_guest_query(query_id, result))
        except TypeError as error:
            # What comes back is of no use here, and servers differ in it.
            logger.debug("The reply to a guest answer cannot be read: %s", error)
        if case:
            case.answered = True

    async def send_file(self, to: Address, data: bytes, name: str, caption: str) -> None:
        """Send a document to a private chat."""
        try:
            await self._persist(
                lambda: self._bot.send_document(
                    to.chat, data, filename=name, caption=caption, parse_mode=ParseMode.HTML
                ),
                _Patience(_QUERY_PAUSES, 0.0),
            )
        except Forbidden:
            self._memory.block(to.chat)

    async def send_picture(self, to: Address, picture: bytes) -> None:
        """Send a PNG picture."""
        with suppress(Forbidden):
            await self._persist(
                lambda: self._bot.send_photo(to.chat, picture, message_thread_id=to.thread),
                _Patience(_QUERY_PAUSES, 0.0),
            )

    async def _query(self, call: Callable[[], Awaitable[object]]) -> None:
        try:
            await self._persist(call, _Patience(_QUERY_PAUSES, 0.0))
        except (BadRequest, Forbidden) as error:
            logger.info("A press or inline query could not be answered: %s", error)

    @staticmethod
    def _patience(case: Case | None) -> _Patience:
        # Only an answer to an update is worth waiting for: a note or notice would come when it says nothing any more.
        return _Patience(_PAUSES, _OUTAGE_SECONDS if case else 0.0)

    async def _persist(self, call: Callable[[], Awaitable[_T]], patience: _Patience) -> _T:
        """Make a call that does no harm when it is made twice, until it works."""
        while True:
            try:
                return await call()
            except (BadRequest, Forbidden, InvalidToken, ChatMigrated):
                raise
            except TelegramError as error:
                if (pause := patience.after(error)) is None:
                    raise
                logger.warning("A call to Telegram failed (%s); trying again in %s s.", error, pause)
                await asyncio.sleep(pause)

    def _note_shown(self, where: tuple[int, int | str], message: Rendered) -> None:
        self._shown[where] = _fingerprint(message)
        self._shown.move_to_end(where)
        if len(self._shown) > _SHOWN:
            self._shown.popitem(last=False)


def certainly_not_done(error: TelegramError) -> bool:
    """Return whether a failed call surely had no effect: Telegram said so, or was never reached."""
    # Not so where nothing came in time, or the call broke off in whatever way: then the error has a cause.
    refused = isinstance(error, NetworkError) and not isinstance(error, TimedOut) and error.__cause__ is None
    return refused or isinstance(error, NotSentError)


def _silence(error: TelegramError) -> bool:
    """Return whether a failed call got no answer from Telegram at all."""
    return isinstance(error, NotSentError | BrokenError | TimedOut)


def _fingerprint(message: Rendered) -> int:
    rows = message.keyboard.inline_keyboard if message.keyboard else ()
    return hash(
        (
            message.html,
            tuple(
                (button.text, button.callback_data, button.url, button.switch_inline_query)
                for row in rows
                for button in row
            ),
        )
    )
