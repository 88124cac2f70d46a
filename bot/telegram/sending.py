"""Sending to people: nothing is lost, and what may have arrived already is marked when it is sent again."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from html import unescape
from typing import TypeVar

from telegram import (
    CallbackQuery,
    InlineQueryResult,
    InlineQueryResultsButton,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from bot.locales import Texts
from bot.messages.answers import Rendered
from bot.telegram.bot_api import TelegramBot, certainly_not_sent, unanswered
from bot.telegram.interfaces import State
from bot.telegram.rate_limiter import Departure
from bot.telegram.update_queue import Progress, UpdateQueue

logger = logging.getLogger(__name__)
_T = TypeVar("_T")

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_PAUSES = (0.3, 0.7, 1.5, 3.0, *[5.0] * 120)
"""Seconds between attempts: some ten minutes. Then an answer is given up, unless Telegram gives no answer at all."""
_OUTAGE_SECONDS = 24 * 3600.0
"""How long an answer waits while Telegram gives no answer. Telegram itself keeps messages for a day."""
_DOUBT_SECONDS = 300.0
"""Seconds between later attempts that may each have arrived, so that nobody finds thousands of answers."""
_QUERY_PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Seconds between attempts for buttons and inline queries, which Telegram lets nobody answer late."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes."""

    chat: int
    reply_to: int | None = None
    thread: int | None = None
    """The forum topic."""


def address_of(message: Message) -> Address:
    """Return where an answer to a message goes: its chat and forum topic, as a reply."""
    return Address(message.chat.id, message.message_id, message.message_thread_id if message.is_topic_message else None)


class RetrySchedule:
    """How long to go on with one call.

    Args:
        pauses: seconds to wait after each failure that Telegram answered with, and after the first without an answer.
        outage: for how many seconds to go on while there is no answer at all.
    """

    def __init__(self, pauses: Sequence[float], outage: float) -> None:
        self._pauses = pauses
        self._until = time.monotonic() + outage
        self._refused = self._unanswered = 0

    def after(self, error: TelegramError) -> float | None:
        """Return how many seconds to wait after a failure; ``None`` to give up."""
        if unanswered(error) and time.monotonic() < self._until:
            self._unanswered += 1
            if self._unanswered <= len(self._pauses):
                return self._pauses[self._unanswered - 1]
            return self._pauses[-1] if certainly_not_sent(error) else _DOUBT_SECONDS
        self._refused += 1
        return self._pauses[self._refused - 1] if self._refused <= len(self._pauses) else None


@dataclass(frozen=True, slots=True)
class _Form:
    """The form a message is sent in. What Telegram refuses in it is left out of the next attempt."""

    markup: bool = True
    keyboard: bool = True
    thread: bool = True
    reply: bool = True

    def without(self, refusal: str) -> _Form | None:
        """Return the form without what a refusal (status 400) names; ``None`` if leaving things out cannot help."""
        for name, pattern in _REFUSED.items():
            if getattr(self, name) and re.search(pattern, refusal, re.IGNORECASE):
                return replace(self, **{name: False})
        if self == _PLAIN or re.search(r"chat not found|not enough rights|too long|is empty", refusal, re.IGNORECASE):
            return None
        return _PLAIN


_PLAIN = _Form(markup=False, keyboard=False, thread=False, reply=False)
_REFUSED = {
    "thread": r"thread|topic",
    "keyboard": r"button|keyboard|reply.?markup",
    "reply": r"repl(y|ied)",
    "markup": r"pars|entit|tag",
}


class Sender:
    """Sends for the handlers. A failure that may pass is tried again; what is lost for good raises.

    A message whose sending broke off with an unknown outcome is sent again with a remark: Telegram has no way to ask
    whether it arrived.
    """

    def __init__(self, bot: TelegramBot, queue: UpdateQueue, state: State) -> None:
        self._bot = bot
        self._queue = queue
        self._state = state

    async def send(
        self,
        to: Address,
        message: Rendered,
        texts: Texts,
        progress: Progress | None = None,
        *,
        urgent: bool = False,
    ) -> int | None:
        """Send a message and return its id.

        Args:
            to: where the message goes.
            message: its HTML and keyboard.
            texts: the texts in the language of the remark on repeated answers.
            progress: the update that the message answers; nothing for a note or notice, which is tried less often.
            urgent: goes before answers when the common limit makes calls wait.

        Returns:
            The id of the message; ``None`` if that chat takes no messages from the bot.

        Raises:
            TelegramError: the message is lost.
        """
        if await self._state.blocked(to.chat):
            return None
        again = progress.perhaps_answered if progress else False
        form, schedule = _Form(), _schedule(progress)
        while True:
            remark = texts("answer-repeated") if again else ""
            try:
                sent = await self._attempt(to, message, form, remark, progress, urgent)
                break
            except Forbidden:
                await self._state.block(to.chat)
                return None
            except (ChatMigrated, BadRequest) as error:
                to, form = _adapted(to, form, error)
            except InvalidToken:
                raise
            except TelegramError as error:
                again = again or not certainly_not_sent(error)
                if progress and not again:
                    await self._queue.mark_not_sent(progress.update_id)
                await _pause(schedule, error)
        if progress:
            progress.answered, progress.perhaps_answered = True, False
        return sent.message_id

    async def edit(
        self,
        chat: int | None,
        message_id: int | str,
        message: Rendered,
        progress: Progress | None = None,
        *,
        urgent: bool = False,
    ) -> bool:
        """Change a message of a chat, or an inline message; return whether it shows the new text now."""
        if chat is not None and await self._state.blocked(chat):
            return False
        try:
            await _persist(
                lambda: self._bot.edit_message_text(
                    message.html,
                    chat_id=chat,
                    message_id=message_id if isinstance(message_id, int) else None,
                    inline_message_id=message_id if isinstance(message_id, str) else None,
                    parse_mode=ParseMode.HTML,
                    link_preview_options=NO_PREVIEW,
                    reply_markup=message.keyboard,
                    rate_limit_args=Departure(urgent),
                ),
                _schedule(progress),
            )
        except Forbidden:
            if chat is not None:
                await self._state.block(chat)
            return False
        except ChatMigrated:
            return False
        except BadRequest as error:
            if "not modified" not in str(error).lower():
                logger.info("A message could not be changed: %s", error)
                return False
        if progress:
            progress.answered = True
        return True

    async def answer_press(
        self, query: CallbackQuery, text: str = "", *, alert: bool = False, url: str | None = None
    ) -> None:
        """Answer a press on a button, perhaps with a word or a deep link that opens; too late is no error."""
        await self._query(lambda: query.answer(text[:200] or None, show_alert=alert, url=url))

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

    async def answer_guest(self, query_id: str, result: InlineQueryResult, progress: Progress) -> None:
        """Answer a guest message; too late is no error."""
        await self._queue.mark_sending(progress.update_id)
        try:
            await self._query(lambda: self._bot.answer_guest_query(query_id, result))
        except TypeError as error:
            # The reply is of no use here, and servers differ in it.
            logger.debug("The reply to a guest answer cannot be read: %s", error)
        progress.answered = True

    async def send_file(self, to: Address, data: bytes, name: str, caption: str) -> None:
        """Send a document to a private chat."""
        try:
            await _persist(
                lambda: self._bot.send_document(
                    to.chat, data, filename=name, caption=caption, parse_mode=ParseMode.HTML
                ),
                RetrySchedule(_QUERY_PAUSES, 0.0),
            )
        except Forbidden:
            await self._state.block(to.chat)

    async def send_picture(self, to: Address, picture: bytes) -> None:
        """Send a PNG picture."""
        with suppress(Forbidden):
            await _persist(
                lambda: self._bot.send_photo(to.chat, picture, message_thread_id=to.thread),
                RetrySchedule(_QUERY_PAUSES, 0.0),
            )

    async def _attempt(  # noqa: PLR0913 - what one attempt is made of
        self, to: Address, message: Rendered, form: _Form, remark: str, progress: Progress | None, urgent: bool
    ) -> Message:
        html = f"{message.html}\n\n<i>{remark}</i>" if remark else message.html
        reply = ReplyParameters(to.reply_to, allow_sending_without_reply=True) if to.reply_to and form.reply else None
        number = progress.update_id if progress else None
        return await self._bot.send_message(
            to.chat,
            html if form.markup else unescape(re.sub(r"<[^>]+>", "", html)),
            parse_mode=ParseMode.HTML if form.markup else None,
            link_preview_options=NO_PREVIEW,
            reply_markup=message.keyboard if form.keyboard else None,
            message_thread_id=to.thread if form.thread else None,
            reply_parameters=reply,
            rate_limit_args=Departure(urgent, None if number is None else lambda: self._queue.mark_sending(number)),
        )

    async def _query(self, call: Callable[[], Awaitable[object]]) -> None:
        try:
            await _persist(call, RetrySchedule(_QUERY_PAUSES, 0.0))
        except (BadRequest, Forbidden) as error:
            logger.info("A press or inline query could not be answered: %s", error)


def _adapted(to: Address, form: _Form, error: ChatMigrated | BadRequest) -> tuple[Address, _Form]:
    """Return where and in what form to send what Telegram refused. Raises the error where nothing can help."""
    if isinstance(error, ChatMigrated):
        # The supergroup counts its messages and topics anew.
        return Address(error.new_chat_id), form
    simpler = form.without(str(error))
    if simpler is None:
        raise error
    logger.warning("Telegram refused a message (%s); it is sent again in a simpler form.", error)
    return to, simpler


def _schedule(progress: Progress | None) -> RetrySchedule:
    # Only an answer is worth waiting for: a note or notice says nothing any more when it comes late.
    return RetrySchedule(_PAUSES, _OUTAGE_SECONDS if progress else 0.0)


async def _persist(call: Callable[[], Awaitable[_T]], schedule: RetrySchedule) -> _T:
    """Make a call that does no harm when it is made twice, until it works."""
    while True:
        try:
            return await call()
        except (BadRequest, Forbidden, InvalidToken, ChatMigrated):
            raise
        except TelegramError as error:
            await _pause(schedule, error)


async def _pause(schedule: RetrySchedule, error: TelegramError) -> None:
    """Wait for the next attempt. Raises the error where there is none."""
    if (seconds := schedule.after(error)) is None:
        raise error
    logger.warning("A call to Telegram failed (%s); trying again in %s s.", error, seconds)
    await asyncio.sleep(seconds)
