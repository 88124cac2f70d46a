"""Questions in private chats and groups: from the message to the answer under it, and to the answer's edit."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from contextvars import Context

from telegram import Message, Update
from telegram.error import TelegramError
from telegram.ext import ContextTypes

from bot.locales import Texts
from bot.messages.answers import CLOSEST, Frame, Rendered, answer_message
from bot.messages.buttons import AnswerRef
from bot.querylog.log import Delivery, Entry
from bot.telegram.context import Services
from bot.telegram.handlers.addressing import Address, Question, question_in
from bot.telegram.handlers.follow_ups import answers_clearly_better, asks_about_the_quote, leans_on_another, small_talk
from bot.telegram.quota import Verdict
from bot.telegram.rate_limiter import URGENT
from bot.telegram.state import ANSWER_SECONDS, Posted
from index.search.answer import Answer
from index.search.decision import Decision

logger = logging.getLogger(__name__)

_NOTES_PER_SECOND = 3
_NOTE_AGAIN_SECONDS = 60.0
_NOTED = 5_000

C = ContextTypes.DEFAULT_TYPE


class Questions:
    """The handlers for everything people write."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._notes: dict[Posted, asyncio.Task[int | None]] = {}
        self._noted: OrderedDict[int, float] = OrderedDict()
        self._last_notes: list[float] = []
        self._albums: OrderedDict[str, None] = OrderedDict()
        self._crowds: OrderedDict[int, float] = OrderedDict()
        self._refusals: set[asyncio.Task[None]] = set()

    async def message(self, update: Update, context: C) -> None:
        """Answer a new message if it asks the bot something."""
        message = update.message
        if message and (question := question_in(message, self._services.me)):
            await self._ask(question)

    async def edited(self, update: Update, context: C) -> None:
        """Change the answer to a message that was edited; Telegram also reports changes that nobody can see."""
        message = update.edited_message
        if message and (question := question_in(message, self._services.me, edited=True)):
            await self._ask(question)

    async def captioned(self, update: Update, context: C) -> None:
        """Answer the words under a picture or file if they ask the bot something."""
        message = update.message
        if message is None:
            return
        if question := question_in(message, self._services.me):
            self._seen_of_album(message)
            await self._ask(question)
        elif message.chat.type == "private":
            await self.media(update, context)

    async def media(self, update: Update, context: C) -> None:
        """Say that only text is read; of an album, which comes as many messages, once."""
        if message := update.message:
            if (message.via_bot and message.via_bot.id == self._services.me.id) or self._seen_of_album(message):
                return
            texts = self._services.texts(message.from_user)
            to = Address(message.chat.id, message.message_id)
            asker = message.from_user.id if message.from_user else message.chat.id
            verdict = self._services.questions.ask(asker, message.date.timestamp())
            if verdict is not Verdict.DROP:
                line = (
                    Rendered(texts("reads-text-only")) if verdict is Verdict.TAKE else self._services.quota_note(texts)
                )
                await self._services.courier.send(to, line, texts)

    def _seen_of_album(self, message: Message) -> bool:
        """Return whether another part of the message's album has come before; this one counts from now on."""
        album = message.media_group_id
        if album is None:
            return False
        if album in self._albums:
            return True
        self._albums[album] = None
        if len(self._albums) > _NOTED:
            self._albums.popitem(last=False)
        return False

    def busy(self, message: Message) -> None:
        """Tell somebody whose question has to wait; its answer will take the place of this note."""
        question = question_in(message, self._services.me)
        loop = asyncio.get_running_loop()
        if question is None or not question.private or not self._may_note(question.asker, loop.time()):
            return
        texts = self._services.texts(question.person)
        # In a context of its own: a note is no answer.
        self._notes[question.posted] = loop.create_task(self._send_note(question, texts), context=Context())

    def crowded(self, message: Message) -> None:
        """Tell that a question is not taken because too many of its chat wait already; once a minute for each chat."""
        question = question_in(message, self._services.me)
        loop = asyncio.get_running_loop()
        chat = message.chat.id
        if question is None or self._crowds.get(chat, -_NOTE_AGAIN_SECONDS) > loop.time() - _NOTE_AGAIN_SECONDS:
            return
        self._crowds[chat] = loop.time()
        self._crowds.move_to_end(chat)
        if len(self._crowds) > _NOTED:
            self._crowds.popitem(last=False)
        # In a context of its own: it answers no update, for that one is struck off.
        task = loop.create_task(self._send_refusal(question), context=Context())
        self._refusals.add(task)
        task.add_done_callback(self._refusals.discard)

    async def _send_refusal(self, question: Question) -> None:
        texts = self._services.texts(question.person)
        try:
            await self._services.courier.send(question.to, Rendered(texts("crowd-note")), texts, URGENT)
        except TelegramError as error:
            logger.warning("A chat could not be told that too many of its questions wait: %s", error)

    async def _send_note(self, question: Question, texts: Texts) -> int | None:
        try:
            sent = await self._services.courier.send(question.to, Rendered(texts("busy-note")), texts, URGENT)
        except TelegramError:
            return None
        if sent is not None:
            self._services.memory.remember_answer(question.posted, "", sent, "")
        return sent

    async def _ask(self, question: Question) -> None:
        services = self._services
        case = services.courier.case
        # A new message cannot have been answered; one taken up after a restart may have been told to wait.
        earlier = (
            services.memory.answer_to(question.posted, question.text)
            if question.edited or (case and case.left)
            else None
        )
        if earlier and earlier.same_text:
            return
        if question.edited and not earlier and time.time() - question.posted.date > ANSWER_SECONDS:
            return
        note = self._notes.pop(question.posted, None)
        shown = await note if note else earlier.message_id if earlier else None
        texts = services.texts(question.person)
        verdict = services.questions.ask(question.asker, question.said)
        if verdict is Verdict.NOTE or (verdict is Verdict.DROP and note):
            await self._show(question, services.quota_note(texts), texts, shown if note else None)
        if verdict is not Verdict.TAKE:
            return
        if not question.text:
            await self._show(question, self._services.pages.how_to_ask(texts), texts, shown)
            return
        if kind := small_talk(question.text):
            sent = await self._show(question, self._services.pages.talk(kind, texts), texts, shown)
            if sent is not None:
                services.memory.remember_answer(question.posted, question.text, sent, "")
            return
        async with services.courier.typing(question.to):
            await self._answer(question, shown, earlier.entry if earlier else None)

    async def _answer(self, question: Question, shown: int | None, edit_of: str | None) -> None:
        services = self._services
        chat = question.to.chat
        answer, follow_up_of, base = await self._understood(question)
        entry = await services.log.record(
            Entry(
                answer=answer,
                surface="private" if question.private else "group",
                person=question.person.id if question.person else None,
                chat=chat,
                edit_of=edit_of or None,
                follow_up_of=follow_up_of,
                typed=question.text if follow_up_of else None,
                shown={Decision.ANSWER: 1, Decision.CLOSEST: CLOSEST}.get(answer.decision, 0),
            )
        )
        services.conversations.asked(chat, question.asker, base, entry)
        texts = services.texts(question.person, answer.language)
        rendered = answer_message(
            answer,
            Frame(texts, services.place, AnswerRef(entry, question.asker)),
            services.library.index.topics,
            follow_up=follow_up_of is not None,
            captioned=question.captioned,
        )
        try:
            sent = await self._show(question, rendered, texts, shown)
        except TelegramError:
            services.log.delivered(entry, Delivery.FAILED)
            raise
        if sent is None:
            services.log.delivered(entry, Delivery.FORBIDDEN)
            return
        services.log.delivered(entry, Delivery.EDITED if sent == shown else Delivery.SENT)
        services.memory.remember_answer(question.posted, question.text, sent, entry)
        services.count(answer)

    async def _understood(self, question: Question) -> tuple[Answer, str | None, str]:
        """Return the answer, the entry of the question it goes on from, and what a next question may go on from."""
        library = self._services.library
        alone = await library.answer(question.text)
        last = self._services.conversations.last(question.to.chat, question.asker)
        if last is None or question.edited or alone.decision is Decision.ANSWER or not _may_go_on(question.text):
            return alone, None, question.text
        # Speaker, date and source stand with every quote: such a question asks for the same passage, and adding its
        # words to the one before would only make that less sure.
        words = last.text if asks_about_the_quote(question.text) else f"{last.text} {question.text}"
        combined = await library.answer(words)
        if answers_clearly_better(combined, alone):
            return combined, last.entry, last.text
        return alone, None, question.text

    async def _show(self, question: Question, rendered: Rendered, texts: Texts, shown: int | None) -> int | None:
        """Put the message where the earlier answer is, or send it; return its id, ``None`` if the chat takes none."""
        services = self._services
        if shown is not None and await services.courier.edit(question.to.chat, shown, rendered):
            return shown
        return await services.courier.send(question.to, rendered, texts)

    def _may_note(self, person: int, now: float) -> bool:
        """Return whether a note may be sent: few a second in all, and one a minute to each person."""
        self._last_notes = [at for at in self._last_notes if at > now - 1]
        if (
            len(self._last_notes) >= _NOTES_PER_SECOND
            or self._noted.get(person, -_NOTE_AGAIN_SECONDS) > now - _NOTE_AGAIN_SECONDS
        ):
            return False
        self._last_notes.append(now)
        self._noted[person] = now
        if len(self._noted) > _NOTED:
            self._noted.popitem(last=False)
        return True


def _may_go_on(text: str) -> bool:
    return leans_on_another(text) or asks_about_the_quote(text)
