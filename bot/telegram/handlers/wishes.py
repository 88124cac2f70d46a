"""Presses of people who ask the editors: the wish for an answer, and to be told when there is one."""

from __future__ import annotations

from telegram import CallbackQuery

from bot.locales import Texts
from bot.messages.answers import Rendered
from bot.messages.buttons import AnswerRef, person_of
from bot.messages.hearing import noted_message, offer_message
from bot.telegram.context import Services
from bot.telegram.handlers.privacy import Reaction


async def wish(parts: dict[str, str], query: CallbackQuery, texts: Texts, services: Services) -> Reaction:
    """Record the wish for an answer if it comes from who asked; in a private chat, offer to tell them."""
    entry, person = parts["entry"], query.from_user.id
    if person_of(parts) != person or not await services.log.request(entry, person):
        return Reaction(texts("wish-not-yours"), alert=True)
    if kept_out := await _kept_out(person, texts, services):
        return kept_out
    if not _is_private(query):
        return Reaction(texts("wish-added"))
    return Reaction(texts("wish-added"), offer_message(AnswerRef(entry, person), texts), below=True)


async def tell(parts: dict[str, str], query: CallbackQuery, texts: Texts, services: Services) -> Reaction:
    """Note that the asker wants to be told when the question is answered."""
    person = query.from_user.id
    if person_of(parts) != person or not _is_private(query):
        return Reaction(texts("wish-not-yours"), alert=True)
    if kept_out := await _kept_out(person, texts, services):
        return kept_out
    if not await services.answer_requests.add(parts["entry"], person):
        return Reaction(texts("data-later"), alert=True)
    return Reaction(message=noted_message(texts))


async def stop(query: CallbackQuery, texts: Texts, services: Services) -> Reaction:
    """Forget what a person wants to be told of."""
    await services.answer_requests.remove_chat(query.from_user.id)
    return Reaction(texts("hear-stopped"), Rendered(texts("hear-stopped")), below=not _is_note(query))


async def _kept_out(person: int, texts: Texts, services: Services) -> Reaction | None:
    """Return what to say where nothing is recorded of this person; ``None`` where it is."""
    if not services.settings.log:
        return Reaction(texts("feedback-off"), alert=True)
    if await services.log.opted_out(person):
        return Reaction(texts("hear-not-kept"), alert=True)
    return None


def _is_private(query: CallbackQuery) -> bool:
    return query.message is not None and query.message.chat.type == "private"


def _is_note(query: CallbackQuery) -> bool:
    """Return whether the button stands under a note that may be replaced, and not under an answer."""
    keyboard = getattr(query.message, "reply_markup", None)
    return keyboard is not None and len(keyboard.inline_keyboard) == 1
