"""Messages that ask nothing of the knowledge: small talk, questions about the bot, and commands in words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from telegram import Update, User

from bot.messages.answers import Rendered
from bot.messages.bot_facts import talk_html
from bot.messages.talk_phrases import Talk, TalkKind, recognise
from bot.telegram.context import BotContext, Services
from bot.telegram.handlers import browsing, privacy
from bot.telegram.handlers.addressing import Question

_COMMANDS: dict[TalkKind, Callable[[Update, BotContext], Awaitable[None]]] = {
    TalkKind.START: browsing.start,
    TalkKind.HELP: browsing.help,
    TalkKind.TOPICS: browsing.topics,
    TalkKind.SOURCES: browsing.sources,
    TalkKind.ABOUT: browsing.about,
    TalkKind.LANGUAGE: browsing.language,
    TalkKind.PRIVACY: privacy.privacy,
    TalkKind.MY_DATA: privacy.my_data,
    TalkKind.FORGET: privacy.forget,
}


async def obey(question: Question, update: Update, context: BotContext) -> bool:
    """Do what the command does that a message names in words; return whether it names one."""
    talk = recognise(question.text)
    if talk is None:
        return False
    if talk.kind is TalkKind.CHOOSE:
        await _choose_language(talk.language or "", question.person, update, context)
        return True
    if command := _COMMANDS.get(talk.kind):
        await command(update, context)
        return True
    return False


async def reply_to(talk: Talk, question: Question, services: Services) -> Rendered:
    """Return the reply to small talk or to a question about the bot, in the language of its phrase."""
    person, asks = question.person, talk.kind is TalkKind.ABILITIES and question.private
    index, locales = services.live_index.index, services.live_index.locales
    chosen = (services.state.language(person.id), person.language_code) if person else ()
    texts = locales.texts(talk.language, *chosen)
    # The newest date of a large knowledge takes a moment to find.
    html = await asyncio.to_thread(talk_html, talk.kind, index, texts)
    return Rendered(html, services.pages.examples(texts) if asks else None)


async def _choose_language(code: str, person: User | None, update: Update, context: BotContext) -> None:
    """Set the language of a person; offer the languages where this one cannot be chosen."""
    services = context.services
    if person is None or code not in services.live_index.locales.languages:
        await browsing.language(update, context)
        return
    await services.state.choose_language(person.id, code)
    await context.show(Rendered(services.texts(person)("language-set")))
