"""Buttons: every press is answered, whoever sent it and however old its message is."""

from __future__ import annotations

from telegram import CallbackQuery, Update
from telegram.ext import ContextTypes

from bot.locales import Texts
from bot.messages.answers import Rendered
from bot.messages.buttons import parse
from bot.telegram.context import Services
from bot.telegram.handlers.addressing import Address
from bot.telegram.handlers.browsing import Browsing
from bot.telegram.handlers.feedback import Feedback
from bot.telegram.handlers.privacy import Privacy
from bot.telegram.handlers.reactions import Reaction
from bot.telegram.rate_limiter import URGENT

C = ContextTypes.DEFAULT_TYPE


class Presses:
    """The handler of all buttons: finds out what one means, answers the press, then changes or sends a message."""

    def __init__(self, services: Services, browsing: Browsing, feedback: Feedback, privacy: Privacy) -> None:
        self._services = services
        self._browsing = browsing
        self._feedback = feedback
        self._privacy = privacy

    async def press(self, update: Update, context: C) -> None:
        """Answer a press."""
        query = update.callback_query
        if query is None:
            return
        texts = self._services.texts(query.from_user)
        try:
            reaction = await self._reaction(query, texts)
        except Exception:
            await self._services.courier.toast(query)
            raise
        await self._services.courier.toast(query, reaction.word, alert=reaction.alert)
        if reaction.message:
            await self._show(query, reaction.message, reaction.below, texts)

    async def _reaction(self, query: CallbackQuery, texts: Texts) -> Reaction:
        parsed = parse(query.data)
        if parsed is None:
            return Reaction(texts("button-stale"))
        kind, parts = parsed
        if kind in ("vote", "add"):
            return await self._feedback.react(kind, parts, query)
        if kind == "mine":
            return await self._privacy.react(parts["what"], query)
        return self._browsing.react(kind, parts, query)

    async def _show(self, query: CallbackQuery, rendered: Rendered, below: bool, texts: Texts) -> None:
        courier, message = self._services.courier, query.message
        if query.inline_message_id:
            await courier.edit(None, query.inline_message_id, rendered)
            return
        if message is None or (not below and await courier.edit(message.chat.id, message.message_id, rendered)):
            return
        thread = message.message_thread_id if getattr(message, "is_topic_message", None) else None  # type: ignore[attr-defined]
        reply_to = message.message_id if message.chat.type != "private" else None
        await courier.send(Address(message.chat.id, reply_to, thread), rendered, texts, URGENT)
