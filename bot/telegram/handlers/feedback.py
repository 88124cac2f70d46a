"""Votes on answers and wishes for missing ones; both belong to who asked."""

from __future__ import annotations

from collections import OrderedDict

from telegram import CallbackQuery

from bot.messages.buttons import person_of
from bot.telegram.context import Services
from bot.telegram.handlers.reactions import Reaction

_REMEMBERED = 10_000


class Feedback:
    """What 👍, 👎 and "please add this" do."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._votes: OrderedDict[str, int] = OrderedDict()

    async def react(self, kind: str, parts: dict[str, str], query: CallbackQuery) -> Reaction:
        """Record a vote or a wish if it comes from who asked; the same vote again takes it back."""
        texts, person = self._services.texts(query.from_user), query.from_user.id
        entry, log = parts["entry"], self._services.log
        mine = person_of(parts) == person
        if kind == "add":
            if not mine or not await log.request(entry, person):
                return Reaction(texts("wish-not-yours"), alert=True)
            return Reaction(texts("wish-added" if self._services.settings.log else "feedback-off"))
        value = 1 if parts["value"] == "+" else -1
        if self._votes.get(entry) == value:
            value = 0
        if not mine or not await log.vote(entry, person, value):
            return Reaction(texts("vote-not-yours"), alert=True)
        self._votes[entry] = value
        if len(self._votes) > _REMEMBERED:
            self._votes.popitem(last=False)
        if not self._services.settings.log:
            return Reaction(texts("feedback-off"))
        return Reaction(texts({1: "vote-up", -1: "vote-down", 0: "vote-cleared"}[value]))
