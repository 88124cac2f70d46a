"""What the handlers work with, passed to each of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from telegram import User

from bot.locales import Texts, texts_for
from bot.messages.answers import Rendered
from bot.messages.buttons import Place
from bot.querylog.log import QueryLog
from bot.settings import Settings
from bot.telegram.failures import Failures
from bot.telegram.handlers.follow_ups import Conversations
from bot.telegram.live_index import LiveIndex
from bot.telegram.quota import Quota
from bot.telegram.sending import Sender
from bot.telegram.state import BotState
from bot.telegram.tally import Tally
from index.search.answer import Answer


@dataclass(frozen=True, slots=True)
class Services:
    """The parts the handlers share."""

    settings: Settings
    me: User
    library: LiveIndex
    log: QueryLog
    memory: BotState
    courier: Sender
    failures: Failures
    questions: Quota
    searches: Quota
    """Inline queries: one comes with every pause in typing, so more are allowed."""
    tally: Tally
    conversations: Conversations = field(default_factory=Conversations)

    @property
    def place(self) -> Place:
        """Where links lead."""
        return Place(self.me.username or "", bool(self.me.supports_inline_queries))

    def count(self, answer: Answer) -> None:
        """Count an answer that was delivered to the update being worked on."""
        case = self.courier.case
        language = answer.language if answer.language in self.library.index.languages else "other"
        self.tally.add(str(answer.decision), language, time.monotonic() - case.received if case else 0.0)

    def quota_note(self, texts: Texts) -> Rendered:
        """Return the message for whoever asked more than the quota allows."""
        return Rendered(texts("quota-note", limit=self.settings.questions_per_minute))

    def texts(self, person: User | None, *more: str | None) -> Texts:
        """Return the interface texts in the language a person chose, else their Telegram's, else one of ``more``."""
        if person is None:
            return texts_for(*more)
        return texts_for(self.memory.language(person.id), person.language_code, *more)
