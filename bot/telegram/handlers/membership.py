"""Being added to a chat, and being removed from it."""

from __future__ import annotations

import logging
import time

from telegram import Chat, ChatMember, Update
from telegram.error import TelegramError

from bot.telegram.context import BotContext
from bot.telegram.sending import Address

logger = logging.getLogger(__name__)

_OUTSIDE = (ChatMember.LEFT, ChatMember.BANNED)
_INSIDE = (ChatMember.MEMBER, ChatMember.ADMINISTRATOR)


async def changed(update: Update, context: BotContext) -> None:
    """Remember who blocked the bot and which groups it left, and forget that when they take it back.

    A group that adds the bot is told once how to ask.
    """
    change, state = update.my_chat_member, context.services.state
    if change is None:
        return
    before, now = change.old_chat_member.status, change.new_chat_member.status
    if now in _OUTSIDE:
        await state.block(change.chat.id)
        return
    await state.unblock(change.chat.id)
    if change.chat.type in (Chat.GROUP, Chat.SUPERGROUP) and before in _OUTSIDE and now in _INSIDE:
        await _introduce(change.chat.id, context)


async def _introduce(chat: int, context: BotContext) -> None:
    """Tell a group how to ask, in the language of who added the bot."""
    services, texts = context.services, context.texts()
    if chat in services.introduced:
        return
    services.introduced.note(chat, time.monotonic())
    note = services.pages.group_note(texts, recorded=services.settings.log)
    try:
        await services.sender.send(Address(chat), note, texts)
    except TelegramError as error:
        # A group may let nobody new write.
        logger.info("A group that added the bot takes no note: %s", error)
