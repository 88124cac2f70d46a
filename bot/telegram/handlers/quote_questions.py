"""Messages about the quote shown before: what it is based on, and more about the same; and which quote they mean."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from telegram import CallbackQuery

from bot.locales import Texts
from bot.messages.answers import Rendered
from bot.messages.buttons import AnswerRef, Mark
from bot.messages.quote_facts import more_message, quote_fact
from bot.messages.talk_phrases import recognise
from bot.telegram.context import BotContext, Services
from bot.telegram.handlers.addressing import Question
from bot.telegram.handlers.follow_up_phrases import asks_for_more, fact_asked
from bot.telegram.handlers.more_passages import more_about
from bot.telegram.handlers.shown_quotes import ShownQuote
from bot.telegram.state import QuoteShown
from index.knowledge.snippet import snippet_key

_DEEP_LINK = "p_"


@dataclass(frozen=True, slots=True)
class AboutQuote:
    """What is said to a message about a quote, and the quote that is meant from then on, if there is one."""

    message: Rendered
    quote: ShownQuote | None


async def is_about_shown_quote(question: Question, services: Services) -> bool:
    """Return whether a message asks about the quote before it, or for more, and there is such a quote.

    A lone word without a question mark may as well name a command: "sources".
    """
    if not (fact_asked(question.text) or asks_for_more(question.text)):
        return False
    may_be_command = " " not in question.text and "?" not in question.text and recognise(question.text) is not None
    return not may_be_command and await quote_meant(question, services) is not None


async def about_the_quote(question: Question, texts: Texts, context: BotContext) -> AboutQuote | None:
    """Return what is said to a message that asks about the quote before it, or for more; ``None`` for any other."""
    services = context.services
    fact, more = fact_asked(question.text), asks_for_more(question.text)
    if not fact and not more:
        return None
    base = await quote_meant(question, services)
    snippet = base.translation(services.live_index.index) if base else None
    if base is None or snippet is None:
        return AboutQuote(Rendered(texts("conversation-no-quote")), None)
    if fact:
        return AboutQuote(quote_fact(fact, snippet, texts), base)
    following = await services.live_index.run(partial(more_about, base=base))
    if following is None:
        return AboutQuote(Rendered(texts("conversation-no-more")), base)
    # A vote must come from who asked, so there is none on the answer to somebody else.
    ref = AnswerRef(base.entry, question.asker) if base.entry and base.posted is not None else None
    return AboutQuote(
        more_message(following, texts, services.place, ref), base.followed_by(ShownQuote.of(following, None))
    )


async def quote_meant(question: Question, services: Services) -> ShownQuote | None:
    """Return the quote that a message goes on from: that of the message it replies to, else the last one shown."""
    chat = question.to.chat
    edited = question.posted.message_id if question.edited else None
    last = await services.conversations.last(chat, question.asker, edited)
    if question.replied is None or (quoted := await services.state.quote_in(chat, question.replied)) is None:
        return last
    if last and quoted.entry == last.entry and quoted.key == snippet_key(last.snippet):
        return last
    index = services.live_index.index
    if (snippet := index.by_key(quoted.key, quoted.language)) is None:
        return last
    return ShownQuote.of(snippet, Mark(quoted.key, quoted.sentence).span(snippet), entry=quoted.entry)


async def note_quote(quote: ShownQuote, chat: int, asker: int, message_id: int, services: Services) -> None:
    """Remember that a message shows a person a quote, or is about it."""
    await services.conversations.show(chat, asker, quote)
    shown = QuoteShown(snippet_key(quote.snippet), quote.language, quote.sentence, quote.entry)
    await services.state.remember_quote(chat, message_id, shown)


async def note_pressed(
    quote: ShownQuote, query: CallbackQuery, message_id: int, services: Services, *, browsing: bool
) -> None:
    """Remember the quote that a button showed to whoever pressed it.

    Args:
        quote: The quote, as one of no question.
        query: The press.
        message_id: The message that shows it.
        services: The parts of the bot.
        browsing: Whether the button is under a page, and not under an answer.
    """
    if (under := query.message) is None:
        return
    chat, person = under.chat.id, query.from_user.id
    last = await services.conversations.last(chat, person)
    before = await services.state.quote_in(chat, under.message_id)
    # The next passage of an answer belongs to its question, and so does one that was opened by a button below it.
    if not browsing and last and last.entry and before and before.entry == last.entry:
        quote = last.followed_by(quote)
    await note_quote(quote, chat, person, message_id, services)


async def note_linked(argument: str, chat: int, message_id: int | None, context: BotContext) -> None:
    """Remember the quote that a deep link showed."""
    services, person = context.services, context.person
    if person is None or message_id is None or not argument.startswith(_DEEP_LINK):
        return
    snippet = services.live_index.index.by_key(argument.removeprefix(_DEEP_LINK), context.texts().language)
    if snippet:
        await note_quote(ShownQuote.of(snippet, None), chat, person.id, message_id, services)
