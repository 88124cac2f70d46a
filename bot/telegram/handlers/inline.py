"""Snippets in any chat: inline queries while somebody types, and guest messages where the bot is not a member."""

from __future__ import annotations

import asyncio
from html import escape

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    Update,
    User,
)
from telegram.constants import ParseMode

from bot.locales import Texts
from bot.messages.answers import Frame, Rendered, snippet_html
from bot.messages.buttons import AnswerRef, snippet_rows
from bot.messages.deep_links import ask_payload
from bot.messages.several_answers import shown_hits
from bot.messages.telegram_text import clip, label, topic_title
from bot.querylog.log import Delivery, Entry
from bot.telegram.context import BotContext, Services
from bot.telegram.handlers.addressing import question_in_guest
from bot.telegram.quota import Verdict
from bot.telegram.sending import NO_PREVIEW
from index.knowledge.snippet import Snippet, Span, Topic, snippet_key
from index.search.answer import Answer
from index.search.decision import Decision
from index.search.prefix import Begun

CACHE_SECONDS = 300
"""How long Telegram may give the same person the same results; a rebuilt index shows after that."""
_RESULTS = 10
_LEAST_LETTERS = 3
"""Fewer letters begin too many words."""
_QUERY = 256
_SETTLED_SECONDS = 3.0
_QUESTION_WORDS = 4
"""So many words are a question even without its mark."""
_SENTENCE_ENDS = "?!.…"


async def query(update: Update, context: BotContext) -> None:
    """Answer an inline query: a certain snippet for its key, topics for next to nothing, else what fits the words."""
    asked, services = update.inline_query, context.services
    if asked is None:
        return
    texts = context.texts()
    words = " ".join(asked.query[:_QUERY].split())
    button = InlineQueryResultsButton(texts("inline-ask"), start_parameter=ask_payload(words) or "ask")
    cache = CACHE_SECONDS
    results: list[InlineQueryResultArticle] = []
    if await services.searches.ask(asked.from_user.id) is not Verdict.TAKE:
        button, cache = InlineQueryResultsButton(texts("inline-busy"), start_parameter="ask"), 0
    elif named := _named(words, texts, services):
        results = [named]
    elif sum(map(str.isalnum, words)) < _LEAST_LETTERS:
        results = [_topic_result(topic, texts, services) for topic in services.live_index.index.topics]
    else:
        answer = await services.live_index.answer(words, limit=_RESULTS)
        found = await services.live_index.begun(words, (texts.language, answer.language), _RESULTS)
        if not answer.not_covered:
            results = _fitting(words, answer, found, context.texts(answer.language), services)
        finished = found.is_word or not asked.query[-1:].isalnum()
        if not results and finished:
            button = InlineQueryResultsButton(texts("inline-none"), start_parameter=button.start_parameter)
        _record_when_settled(asked.from_user, answer, services)
    await services.sender.answer_inline(asked.id, results, cache_time=cache, next_offset="", button=button)


def _fitting(
    words: str, answer: Answer, found: Begun, texts: Texts, services: Services
) -> list[InlineQueryResultArticle]:
    """Return what fits the words, best first.

    A certain answer to a question comes first. While a word is being typed, whatever holds its beginning comes before
    what the index takes it for.
    """
    hits = answer.hits if answer.decision is not Decision.NONE else ()
    certain = answer.decision is Decision.ANSWER and (words[-1] == "?" or len(words.split()) >= _QUESTION_WORDS)
    titled, others = found.titled, found.others
    if words[-1] in _SENTENCE_ENDS:
        titled = others = ()
    elif not found.is_word and answer.decision is not Decision.ANSWER:
        titled, others = titled + others, ()
    first = [hit.snippet for hit in hits[: int(certain)]]
    best: dict[str, Snippet] = {}
    for snippet in (*first, *titled, *(hit.snippet for hit in hits), *others):
        best.setdefault(snippet.id, snippet)
    marks = {(hit.snippet.id, hit.snippet.language): hit.highlight for hit in hits}
    shown = list(best.values())[:_RESULTS]
    return [_snippet_result(snippet, marks.get((snippet.id, snippet.language)), texts, services) for snippet in shown]


async def guest(update: Update, context: BotContext) -> None:
    """Answer a guest message in the one message the bot may post there."""
    message, services, progress = update.guest_message, context.services, context.progress
    if message is None or not message.guest_query_id or progress is None:
        return
    person = message.from_user
    question = question_in_guest(message, services.me)
    number = person.id if person else abs(message.chat.id)
    if not question or await services.questions.ask(number, message.date.timestamp()) is not Verdict.TAKE:
        texts = services.texts(person)
        note = Rendered(texts("ask-usage-plain")) if not question else services.quota_note(texts)
        result = _article("note", texts("inline-ask"), note)
        await services.sender.answer_guest(message.guest_query_id, result, progress)
        return
    reply = await services.live_index.reply(question, services.texts(person).language)
    texts = services.texts(person, reply.answers[0].language)
    frames = []
    for answer in reply.answers:
        shown = shown_hits(reply, answer)
        entry = Entry(answer=answer, surface="guest", person=person.id if person else None, shown=shown)
        frames.append(Frame(texts, services.place, AnswerRef(await services.log.record(entry), number)))
    rendered = services.pages.reply(reply, frames)
    result = _article("answer", clip(question, 100), rendered)
    await services.sender.answer_guest(message.guest_query_id, result, progress)
    for frame, answer in zip(frames, reply.answers, strict=True):
        services.log.delivered(frame.ref.entry, Delivery.SENT)
        context.count(answer)


def _named(words: str, texts: Texts, services: Services) -> InlineQueryResultArticle | None:
    """Return the snippet or topic that a share button names by its key."""
    kind, _, key = words.partition("_")
    if kind == "p" and (snippet := services.live_index.index.by_key(key, texts.language)):
        return _snippet_result(snippet, None, texts, services)
    if kind == "t" and (topic := services.pages.topic(key)):
        return _topic_result(topic, texts, services)
    return None


def _snippet_result(
    snippet: Snippet, highlight: Span | None, texts: Texts, services: Services
) -> InlineQueryResultArticle:
    place, sentence = services.place, snippet.text[slice(*highlight)] if highlight else snippet.text
    html = snippet_html(snippet, highlight, texts, place)
    ask = InlineKeyboardButton(texts("button-ask-bot"), url=place.snippet_link(snippet.key))
    keyboard = InlineKeyboardMarkup([*snippet_rows(snippet, texts, place), [ask]])
    title, description = label(snippet.title, snippet.id, 100), label(sentence, snippet.id, 200)
    return _article(snippet.key, title, Rendered(html, keyboard), description)


def _topic_result(topic: Topic, texts: Texts, services: Services) -> InlineQueryResultArticle:
    place, index = services.place, services.live_index.index
    title = label(topic_title(topic, texts.language), topic.id, 100)
    snippets = index.in_topic(topic.id, texts.language)
    lines = [f'<a href="{place.topic_link(topic.id)}"><b>{escape(title)}</b></a>']
    lines += [
        f'• <a href="{place.snippet_link(snippet.key)}">{escape(label(snippet.title, snippet.id, 100))}</a>'
        for snippet in snippets[:20]
    ]
    ask = InlineKeyboardButton(texts("button-ask-bot"), url=place.topic_link(topic.id))
    count = texts("topic-count", count=len(snippets))
    message = Rendered("\n".join(lines), InlineKeyboardMarkup([[ask]]))
    return _article(f"t_{snippet_key(topic.id)}", title, message, count)


def _record_when_settled(person: User, answer: Answer, services: Services) -> None:
    """Record what somebody was typing once they pause. The queries before were its beginnings."""
    if timer := services.typing.pop(person.id, None):
        timer.cancel()
    loop = asyncio.get_running_loop()

    def record() -> None:
        services.typing.pop(person.id, None)
        shown = 0 if answer.decision is Decision.NONE else len(answer.hits)
        entry = Entry(answer=answer, surface="inline", person=person.id, shown=shown)
        task = loop.create_task(_record(entry, services))
        services.background.add(task)
        task.add_done_callback(services.background.discard)

    services.typing[person.id] = loop.call_later(_SETTLED_SECONDS, record)


async def _record(entry: Entry, services: Services) -> None:
    services.log.delivered(await services.log.record(entry), Delivery.SENT)


def _article(name: str, title: str, message: Rendered, description: str | None = None) -> InlineQueryResultArticle:
    content = InputTextMessageContent(message.html, parse_mode=ParseMode.HTML, link_preview_options=NO_PREVIEW)
    return InlineQueryResultArticle(name, title, content, reply_markup=message.keyboard, description=description)
