"""Questions in private chats and groups: from the message to the answer under it, and to the answer's edit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from telegram import CallbackQuery, Message, Update
from telegram.error import TelegramError

from bot.locales import Texts
from bot.messages.answers import Frame, Rendered
from bot.messages.buttons import AnswerRef
from bot.messages.examples import named
from bot.messages.pages import Pages
from bot.messages.quote_facts import nothing_message, sentence_message
from bot.messages.several_answers import shown_hits
from bot.messages.talk_phrases import recognise
from bot.querylog.entry import Delivery, Entry
from bot.telegram.context import BotContext
from bot.telegram.handlers.addressing import Question, question_in
from bot.telegram.handlers.follow_ups import Form, understand
from bot.telegram.handlers.quote_questions import (
    about_the_quote,
    is_about_shown_quote,
    note_quote,
    quote_meant,
)
from bot.telegram.handlers.shown_quotes import ShownQuote
from bot.telegram.handlers.small_talk import obey, reply_to
from bot.telegram.quota import Verdict
from bot.telegram.sending import Address, address_of
from bot.telegram.state import ANSWER_SECONDS, Posted
from index.search.answer import Reply
from index.search.decision import Decision

_WAIT_NOTES_PER_SECOND = 3
_NOTE_AGAIN_SECONDS = 60.0
_LONGEST_BASE = 300
"""So many characters of a question are kept for the one that may go on from it."""


@dataclass(frozen=True, slots=True)
class _Understood:
    """What a message was understood to ask, with the answers."""

    reply: Reply
    form: Form = Form.ALONE
    base: ShownQuote | None = None
    """The quote before it, where it was understood as going on from that."""


async def message(update: Update, context: BotContext) -> None:
    """Answer a new message if it asks the bot something."""
    question = question_in(update.message, context.services.me) if update.message else None
    if question is None:
        return
    if await is_about_shown_quote(question, context.services) or not await obey(question, update, context):
        await _ask(question, context)


async def typed_elsewhere(words: str, update: Update, context: BotContext) -> None:
    """Answer what a person typed before they came here, as if it stood in their message."""
    if (message := update.message) is None:
        return
    said = message.date.timestamp()
    posted, private = Posted(message.chat.id, message.message_id, int(said)), message.chat.type == "private"
    await _ask(Question(words, address_of(message), message.from_user, private, posted, said), context)


async def edited(update: Update, context: BotContext) -> None:
    """Change the answer to a message that was edited. Telegram also reports changes that nobody can see."""
    changed = update.edited_message
    if changed and (question := question_in(changed, context.services.me, edited=True)):
        await _ask(question, context)


async def captioned(update: Update, context: BotContext) -> None:
    """Answer the words under a picture or file if they ask the bot something."""
    if update.message is None:
        return
    if question := question_in(update.message, context.services.me):
        _seen_of_album(update.message, context)
        await _ask(question, context)
    elif update.message.chat.type == "private":
        await media(update, context)


async def media(update: Update, context: BotContext) -> None:
    """Say that the bot reads only text; once for an album."""
    posted, services = update.message, context.services
    if posted is None or (posted.via_bot and posted.via_bot.id == services.me.id) or _seen_of_album(posted, context):
        return
    asker = posted.from_user.id if posted.from_user else posted.chat.id
    verdict = await services.questions.ask(asker, posted.date.timestamp())
    texts = context.texts()
    if verdict is Verdict.TAKE:
        await context.reply(texts("reads-text-only"))
    elif verdict is Verdict.NOTE:
        await context.reply(services.quota_note(texts).html)


async def example(text: str, query: CallbackQuery, context: BotContext) -> None:
    """Ask an example question for the person who tapped it, as if they had typed it; the answer comes below."""
    under, progress = query.message, context.progress
    if under is None:
        return
    private = under.chat.type == "private"
    thread = under.message_thread_id if isinstance(under, Message) and under.is_topic_message else None
    # Each press is a question of its own, so what tells it from others is its update, not the message's date.
    posted = Posted(under.chat.id, under.message_id, progress.update_id if progress else 0)
    to = Address(under.chat.id, None if private else under.message_id, thread)
    await _ask(Question(text, to, query.from_user, private, posted, time.time(), tapped=True), context)


async def turn_away(update: Update, context: BotContext) -> None:
    """Say that too many questions of a chat wait already; once a minute for each chat."""
    question = question_in(update.message, context.services.me) if update.message else None
    if question is None:
        return
    notes, now = context.services.crowd_notes, time.monotonic()
    if notes.get(question.to.chat, -_NOTE_AGAIN_SECONDS) > now - _NOTE_AGAIN_SECONDS:
        return
    notes.note(question.to.chat, now)
    await _send_note(question, "crowd-note", context)


def _seen_of_album(posted: Message, context: BotContext) -> bool:
    """Return whether another part of the message's album has come before; this one counts from now on."""
    album, albums = posted.media_group_id, context.services.albums
    if album is None or album in albums:
        return album is not None
    albums.note(album, time.monotonic())
    return False


async def _ask(question: Question, context: BotContext) -> None:
    services, progress = context.services, context.progress
    # A new message has no answer yet, unless an earlier process left it.
    resumed = progress is not None and progress.resumed
    earlier = await services.state.answer_to(question.posted, question.text) if question.edited or resumed else None
    if earlier and earlier.same_text:
        return
    if question.edited and not earlier and time.time() - question.posted.date > ANSWER_SECONDS:
        return
    note = await _ask_to_wait(question, context)
    shown = note if note is not None else earlier.message_id if earlier else None
    texts = _texts(question, context)
    verdict = await services.questions.ask(question.asker, question.said)
    if verdict is Verdict.NOTE or (verdict is Verdict.DROP and note is not None):
        await _show(question, services.quota_note(texts), context, note)
    if verdict is not Verdict.TAKE:
        return
    await _respond(question, context, shown, earlier.entries if earlier else ())


async def _respond(question: Question, context: BotContext, shown: int | None, edit_of: Sequence[str]) -> None:
    """Answer a message by what it is: small talk, about the quote before it, or a question."""
    services, texts = context.services, _texts(question, context)
    if not question.text:
        await _show(question, services.pages.how_to_ask(texts), context, shown)
    elif (talk := recognise(question.text)) and not await is_about_shown_quote(question, services):
        await _say(question, await reply_to(talk, question, services), context, shown)
    elif about := await about_the_quote(question, texts, context):
        sent = await _say(question, about.message, context, shown)
        if about.quote and sent is not None:
            await note_quote(about.quote, question.to.chat, question.asker, sent, services)
    else:
        await _answer(question, context, shown, edit_of)


async def _say(question: Question, rendered: Rendered, context: BotContext, shown: int | None) -> int | None:
    """Show a message that answers no question of the knowledge, and is not recorded; return its id."""
    sent = await _show(question, rendered, context, shown)
    if sent is not None:
        await context.services.state.remember_answer(question.posted, question.text, sent)
    return sent


async def _answer(question: Question, context: BotContext, shown: int | None, edit_of: Sequence[str]) -> None:
    """Answer a question: record it, then show the answer, then note what became of it."""
    services = context.services
    understood = await _understood(question, context)
    entries = await _record(question, understood, context, edit_of)
    language = understood.reply.answers[0].language
    frames = [
        Frame(_texts(question, context, language), services.place, AnswerRef(entry, question.asker))
        for entry in entries
    ]
    rendered = _rendered(question, understood, frames, services.pages)
    if question.tapped:
        rendered = named(rendered, question.text)
    try:
        sent = await _show(question, rendered, context, shown, language)
    except TelegramError:
        _delivered(entries, Delivery.FAILED, context)
        raise
    if sent is None:
        _delivered(entries, Delivery.FORBIDDEN, context)
        return
    _delivered(entries, Delivery.EDITED if sent == shown else Delivery.SENT, context)
    await services.state.remember_answer(question.posted, question.text, sent, entries)
    if quote := _quoted(question, understood, entries) or understood.base:
        await note_quote(quote, question.to.chat, question.asker, sent, services)
    elif sent == shown:
        await services.state.forget_quote(question.to.chat, sent)
    for answer in understood.reply.answers:
        context.count(answer)


async def _record(
    question: Question, understood: _Understood, context: BotContext, edit_of: Sequence[str]
) -> list[str]:
    """Record each question of a message; return their entries."""
    reply, entries = understood.reply, []
    typed = question.text if len(reply.answers) == 1 and reply.answers[0].question != question.text else None
    for number, answer in enumerate(reply.answers):
        entry = Entry(
            answer=answer,
            surface="private" if question.private else "group",
            person=question.person.id if question.person else None,
            chat=question.to.chat,
            edit_of=edit_of[min(number, len(edit_of) - 1)] if edit_of else None,
            follow_up_of=understood.base.entry if understood.base else None,
            typed=typed,
            shown=shown_hits(reply, answer),
            asked_in=f"{context.progress.update_id}/{number}" if context.progress else "",
        )
        entries.append(await context.services.log.record(entry))
    return entries


def _delivered(entries: Sequence[str], outcome: Delivery, context: BotContext) -> None:
    for entry in entries:
        context.services.log.delivered(entry, outcome)


async def _understood(question: Question, context: BotContext) -> _Understood:
    """Answer a question, together with the quote before it where it only so makes sense."""
    services, typed = context.services, question.text
    reply = await services.live_index.reply(typed, _texts(question, context).language)
    base = await quote_meant(question, services)
    if base is None or len(reply.answers) > 1:
        return _Understood(reply)
    alone = reply.answers[0]
    meant = await services.live_index.run(lambda index: understand(index, typed, alone, base))
    if meant.form is Form.ALONE:
        return _Understood(reply if meant.answer is alone else Reply(typed, (meant.answer,)))
    return _Understood(Reply(typed, (meant.answer,)), meant.form, base)


def _rendered(question: Question, understood: _Understood, frames: Sequence[Frame], pages: Pages) -> Rendered:
    """Return the message for what was understood."""
    if understood.form is Form.NOTHING:
        return nothing_message(frames[0])
    if understood.form is Form.SAME:
        hit = understood.reply.answers[0].hits[0]
        return sentence_message(hit.snippet, hit.highlight, frames[0])
    together = understood.form is Form.TOGETHER
    return pages.reply(understood.reply, frames, follow_up=together, captioned=question.captioned)


def _quoted(question: Question, understood: _Understood, entries: Sequence[str]) -> ShownQuote | None:
    """Return the quote that the message for what was understood shows, the last one of several."""
    answers, base = understood.reply.answers, understood.base
    if understood.form is Form.SAME and base:
        hit = answers[0].hits[0]
        return base.telling(hit.snippet, hit.highlight)
    least = (Decision.ANSWER,) if len(answers) > 1 else (Decision.ANSWER, Decision.CLOSEST)
    for answer, entry in zip(reversed(answers), reversed(entries), strict=True):
        if answer.hits and answer.decision in least:
            hit = answer.hits[0]
            asked = answer.question if understood.base else answer.understood
            quote = ShownQuote.of(hit.snippet, hit.highlight, asked[:_LONGEST_BASE], entry)
            return replace(quote, posted=question.posted.message_id)
    return None


async def _show(
    question: Question, rendered: Rendered, context: BotContext, shown: int | None, language: str | None = None
) -> int | None:
    """Put the message where the earlier answer is, or send it; return its id, ``None`` if the chat takes none."""
    sender, progress = context.services.sender, context.progress
    if shown is not None and await sender.edit(question.to.chat, shown, rendered, progress):
        return shown
    return await sender.send(question.to, rendered, _texts(question, context, language), progress)


async def _ask_to_wait(question: Question, context: BotContext) -> int | None:
    """Under overload, tell a person to wait; return the note's id. The answer takes the note's place."""
    progress, notes, now = context.progress, context.services.wait_notes, time.monotonic()
    if progress is None or not progress.busy or not question.private or question.edited:
        return None
    latest = list(notes.values())[-_WAIT_NOTES_PER_SECOND:]
    too_many = len(latest) == _WAIT_NOTES_PER_SECOND and latest[0] > now - 1
    if too_many or notes.get(question.asker, -_NOTE_AGAIN_SECONDS) > now - _NOTE_AGAIN_SECONDS:
        return None
    notes.note(question.asker, now)
    sent = await _send_note(question, "busy-note", context)
    if sent is not None:
        await context.services.state.remember_answer(question.posted, "", sent)
    return sent


async def _send_note(question: Question, name: str, context: BotContext) -> int | None:
    """Send a note that is no answer; return its id."""
    texts = _texts(question, context)
    try:
        return await context.services.sender.send(question.to, Rendered(texts(name)), texts, urgent=True)
    except TelegramError:
        return None


def _texts(question: Question, context: BotContext, *more: str | None) -> Texts:
    return context.services.texts(question.person, *more)
