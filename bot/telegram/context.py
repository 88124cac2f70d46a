"""What a handler works with: the parts of the running bot, and the update it handles."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from telegram import Update, User
from telegram.ext import Application, CallbackContext

from bot.locales import Texts
from bot.messages.answers import Rendered
from bot.messages.buttons import Place
from bot.messages.pages import Pages
from bot.querylog.sink import LogSink
from bot.settings import Settings
from bot.telegram.bot_api import TelegramBot
from bot.telegram.chat_order import ChatOrder
from bot.telegram.failures import Failures
from bot.telegram.interfaces import DigestTimes, Limit, RequestsToHear, ShownQuotes, State
from bot.telegram.live_index import LiveIndex
from bot.telegram.metrics import Metrics
from bot.telegram.sending import Address, Sender, address_of
from bot.telegram.update_queue import Progress, UpdateQueue
from index.search.answer import Answer

ALLOWED_UPDATES = (
    Update.MESSAGE,
    Update.EDITED_MESSAGE,
    Update.CALLBACK_QUERY,
    Update.INLINE_QUERY,
    Update.MY_CHAT_MEMBER,
    Update.GUEST_MESSAGE,
)
"""What Telegram is asked to deliver; the bot has no use for channel posts, reactions, payments and the rest."""
_REMEMBERED = 10_000


class Recent(OrderedDict[Any, float]):
    """The 10,000 keys noted last, each with its time."""

    def note(self, key: object, time: float) -> None:
        """Note a key, as the newest."""
        self[key] = time
        self.move_to_end(key)
        if len(self) > _REMEMBERED:
            self.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that the handlers share: the application's ``bot_data``."""

    settings: Settings
    me: User
    queue: UpdateQueue
    order: ChatOrder
    state: State
    answer_requests: RequestsToHear
    conversations: ShownQuotes
    digests: DigestTimes
    live_index: LiveIndex
    log: LogSink
    sender: Sender
    failures: Failures
    metrics: Metrics
    questions: Limit
    searches: Limit
    """Inline queries: one comes with every pause in typing, so more are allowed."""
    let_go: Callable[[], Awaitable[None]]
    """Closes the connections to what the bot remembers."""
    server_away: Callable[[], float] | None
    """Returns for how many seconds the shared server has not answered, where there is one."""
    albums: Recent = field(default_factory=Recent)
    """Albums of which a part was seen. An album comes as many messages."""
    crowd_notes: Recent = field(default_factory=Recent)
    """When each chat was told that too many of its questions wait."""
    wait_notes: Recent = field(default_factory=Recent)
    """When each person was told to wait."""
    introduced: Recent = field(default_factory=Recent)
    """When each group that added the bot was told how to ask."""
    typing: dict[int, asyncio.TimerHandle] = field(default_factory=dict)
    """Inline queries of people who may still be typing, to be recorded when they pause."""
    background: set[asyncio.Task[None]] = field(default_factory=set)
    """Work that goes on after its update is finished; the set keeps the tasks alive."""

    @property
    def place(self) -> Place:
        """Where links lead."""
        return Place(self.me.username or "", bool(self.me.supports_inline_queries))

    @property
    def pages(self) -> Pages:
        """The pages of the index in use."""
        return Pages(self.live_index.index, self.place)

    def texts(self, person: User | None, *more: str | None) -> Texts:
        """Return the texts in the language a person chose, else their Telegram's, else one of ``more``."""
        locales = self.live_index.locales
        if person is None:
            return locales.texts(*more)
        return locales.texts(self.state.language(person.id), person.language_code, *more)

    def quota_note(self, texts: Texts) -> Rendered:
        """Return the message for whoever asked more than the quota allows."""
        return Rendered(texts("quota-note", limit=self.settings.questions_per_minute))

    async def close(self) -> None:
        """Let go of the databases and threads; no update may be handled any more."""
        await self.queue.close()
        await self.log.close()
        self.live_index.close()
        await self.let_go()


class BotContext(CallbackContext[TelegramBot, dict[Any, Any], dict[Any, Any], Services]):
    """The context of one update."""

    progress: Progress | None = None
    """How far the handling of the update has come."""
    person: User | None = None
    """Whose update it is."""
    _reply_to: Address | None = None

    @classmethod
    def from_update(cls, update: object, application: Application[Any, Any, Any, Any, Any, Any]) -> BotContext:
        """Return the context of an update."""
        context = super().from_update(update, application)
        if isinstance(update, Update):
            context.progress = context.services.queue.progress(update.update_id)
            context.person = update.effective_user
            if update.message:
                context._reply_to = address_of(update.message)
        return context

    @property
    def services(self) -> Services:
        """The parts of the running bot."""
        return self.bot_data

    def texts(self, *more: str | None) -> Texts:
        """Return the texts in the person's language, else in one of ``more``."""
        return self.services.texts(self.person, *more)

    async def reply(self, html: str, keyboard: Any = None) -> None:
        """Answer the message of the update."""
        if self._reply_to:
            await self.services.sender.send(self._reply_to, Rendered(html, keyboard), self.texts(), self.progress)

    async def show(self, message: Rendered) -> int | None:
        """Answer the message of the update with a page, in private chats without replying to it; return its id."""
        if self._reply_to is None:
            return None
        to = self._reply_to
        to = Address(to.chat, None if to.chat > 0 else to.reply_to, to.thread)
        return await self.services.sender.send(to, message, self.texts(), self.progress)

    def count(self, answer: Answer) -> None:
        """Count an answer that was delivered."""
        language = answer.language if answer.language in self.services.live_index.index.languages else "other"
        seconds = time.monotonic() - self.progress.received if self.progress else 0.0
        self.services.metrics.answered(str(answer.decision), language, seconds)


App = Application[TelegramBot, BotContext, dict[Any, Any], dict[Any, Any], Services, None]
