"""Who is being asked: which messages are questions to the bot, and where an answer goes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from telegram import Message, MessageEntity, User

from bot.telegram.sending import Address, address_of
from bot.telegram.state import Posted

_COMMAND = re.compile(r"/(?P<name>[A-Za-z0-9_]{1,32})(?:@(?P<bot>[A-Za-z0-9_]{3,32}))?(?:\s+(?P<rest>.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Question:
    """Something the bot was asked."""

    text: str
    """Without the command or mention that addressed the bot, and without blank lines; perhaps empty."""
    to: Address
    """Where the answer goes; it replies to the question."""
    person: User | None
    """Who asked; nobody for a group's anonymous administrators."""
    private: bool
    posted: Posted
    said: float
    """When it was written or edited last, by Telegram's clock (seconds since 1970)."""
    edited: bool = False
    captioned: bool = False
    """It stands under a picture, video, file …"""
    replied: int | None = None
    """The message of the bot to which it replies."""
    tapped: bool = False
    """It is an example that was tapped, so nobody typed it and its answer names it."""

    @property
    def asker(self) -> int:
        """The number a vote must come from: the person's, or the chat's where nobody is named."""
        return self.person.id if self.person else abs(self.to.chat)


def question_in(message: Message, me: User, *, edited: bool = False) -> Question | None:
    """Return the question a message asks the bot, or ``None`` if it does not ask it anything.

    In private chats every text is a question. In groups only what addresses the bot is: ``/ask``, a mention, or a
    reply to one of its messages; never what was forwarded or comes from a bot. A caption counts as text.
    """
    text = message.caption if message.text is None else message.text
    if text is None or (message.via_bot is not None and message.via_bot.id == me.id):
        return None
    private = message.chat.type == "private"
    addressed = _private_text(text) if private else _group_text(message, text, me)
    if addressed is None:
        return None
    person = message.from_user if message.sender_chat is None else None
    posted = Posted(message.chat.id, message.message_id, int(message.date.timestamp()))
    said = ((message.edit_date if edited else None) or message.date).timestamp()
    words = _tidied(addressed)
    captioned = message.text is None
    return Question(
        words, address_of(message), person, private, posted, said, edited, captioned, replied=_replied(message, me)
    )


def _replied(message: Message, me: User) -> int | None:
    """Return the message of the bot to which a message replies.

    In a forum every message replies to the one that opened its topic, which may have been the bot's.
    """
    to = message.reply_to_message
    own = to is not None and to.from_user is not None and to.from_user.id == me.id and not to.forum_topic_created
    return to.message_id if to and own else None


def _tidied(text: str) -> str:
    """Return a text with single spaces and line breaks, at which a list of questions is split."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def command_of(text: str, me: User) -> tuple[str, str] | None:
    """Return the name and argument of a command addressed to this bot, or to nobody in particular."""
    match = _COMMAND.fullmatch(text)
    if not match or (match["bot"] and match["bot"].lower() != (me.username or "").lower()):
        return None
    return match["name"].lower(), (match["rest"] or "").strip()


def _private_text(text: str) -> str | None:
    if not text.startswith("/"):
        return text
    match = _COMMAND.fullmatch(text)
    if match and match["name"].lower() != "ask":
        return None
    return (match["rest"] or "") if match else text


def _group_text(message: Message, text: str, me: User) -> str | None:
    if (
        message.forward_origin
        or message.via_bot
        or message.is_automatic_forward
        or (message.from_user and message.from_user.is_bot and message.sender_chat is None)
    ):
        return None
    if text.startswith("/"):
        command = command_of(text, me)
        if command is None or command[0] != "ask":
            return None
        return command[1] or _asked_about(message, me)
    if spans := _mentions(_entities(message), text, me):
        return _without(text, spans)
    return text if _replied(message, me) else None


def _asked_about(message: Message, me: User) -> str:
    """Return what a bare ``/ask`` that replies to somebody's message asks: that message."""
    replied = message.reply_to_message
    if replied and not replied.forum_topic_created and not (replied.from_user and replied.from_user.is_bot):
        return replied.text or replied.caption or ""
    return ""


def _entities(message: Message) -> Sequence[MessageEntity]:
    return message.caption_entities if message.text is None else message.entities


def _mentions(entities: Sequence[MessageEntity], text: str, me: User) -> list[tuple[int, int]]:
    """Return the spans, in UTF-16 code units, at which the bot is mentioned."""
    spans = []
    encoded = text.encode("utf-16-le")
    for entity in entities:
        span = (entity.offset, entity.offset + entity.length)
        if entity.type == MessageEntity.MENTION:
            name = encoded[2 * span[0] : 2 * span[1]].decode("utf-16-le", "replace")
            if name.lower() == f"@{me.username}".lower():
                spans.append(span)
        elif entity.type == MessageEntity.TEXT_MENTION and entity.user and entity.user.id == me.id:
            spans.append(span)
    return spans


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    encoded = text.encode("utf-16-le")
    for start, end in sorted(spans, reverse=True):
        encoded = encoded[: 2 * start] + " ".encode("utf-16-le") + encoded[2 * end :]
    return encoded.decode("utf-16-le", "replace").strip(" ,:;-–—\n")


def question_in_guest(message: Message, me: User) -> str:
    """Return what a guest message asks: its text, or a bare mention's replied-to message; perhaps nothing."""
    text = message.text or message.caption or ""
    return _tidied(_without(text, _mentions(_entities(message), text, me)) or _asked_about(message, me))
