"""People who asked the editors hear back when a published version answers their question."""

from __future__ import annotations

import asyncio
import logging
import time

from telegram.error import TelegramError

from bot.messages.hearing import answered_message
from bot.querylog.entry import content_hash
from bot.querylog.log import QueryLogError
from bot.querylog.statements import Recorded
from bot.telegram.context import Services
from bot.telegram.daily_digest import send_digest
from bot.telegram.sending import Address
from index.search.answer import Answer
from index.search.decision import Decision

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 5.0
_UPKEEP_SECONDS = 3600.0
"""How often requests that are too old are deleted, and whether a digest is due is looked up."""


async def keep_telling(services: Services) -> None:
    """Tell people of answers after each publication; tell administrators daily what was not answered."""
    told_of, next_upkeep = "", 0.0
    while True:
        try:
            if (version := services.live_index.index.version) != told_of:
                await tell_answered(services)
                told_of = version
            if time.monotonic() >= next_upkeep:
                next_upkeep = time.monotonic() + _UPKEEP_SECONDS
                await services.answer_requests.remove_old()
                await send_digest(services)
        except Exception as error:  # the next publication must be looked at all the same
            services.failures.report(error, "telling people of new answers")
        await asyncio.sleep(_LOOK_SECONDS)


async def tell_answered(services: Services) -> None:
    """Ask the questions again whose askers want to be told, and tell those whose question is answered now."""
    if not (requests := await services.answer_requests.all()):
        return
    try:
        known = await services.log.recorded([entry for entry, _ in requests])
    except QueryLogError as error:
        logger.warning("Nobody is told of new answers until the next publication: %s", error)
        return
    for entry, chat in requests:
        if (question := known.get(entry)) is None:
            # It was deleted with its row.
            await services.answer_requests.remove(entry)
            continue
        answer = await services.live_index.answer(question.asked)
        if _answers(answer, question) and await services.answer_requests.claim(entry):
            await _tell(entry, chat, question, answer, services)


def _answers(answer: Answer, question: Recorded) -> bool:
    """Return whether this is an answer, and another one than the person was shown then."""
    return answer.decision is Decision.ANSWER and content_hash(answer.hits[0].snippet) not in question.shown


async def _tell(entry: str, chat: int, question: Recorded, answer: Answer, services: Services) -> None:
    # A private chat has the number of its person.
    await services.state.know(chat)
    texts = services.live_index.locales.texts(services.state.language(chat), question.language)
    message = answered_message(question.typed, answer, texts, services.place)
    try:
        await services.sender.send(Address(chat), message, texts)
    except TelegramError as error:
        logger.warning("Somebody could not be told of an answer, and will be after the next publication: %s", error)
        return
    await services.answer_requests.remove(entry)
