"""Passages in any chat: inline queries while somebody types, and guest messages where the bot is not a member."""

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
from telegram.ext import ContextTypes

from bot.locales import Texts
from bot.messages.answers import Frame, Rendered, answer_message, highlight_of, snippet_html
from bot.messages.buttons import AnswerRef, snippet_rows
from bot.messages.telegram_text import clip, label, topic_title
from bot.querylog.log import Delivery, Entry
from bot.telegram.context import Services
from bot.telegram.handlers.addressing import question_in_guest
from bot.telegram.quota import Verdict
from bot.telegram.sending import NO_PREVIEW
from index.knowledge.snippet import Snippet, Span, Topic, snippet_key
from index.search.answer import Answer
from index.search.decision import Decision

C = ContextTypes.DEFAULT_TYPE

CACHE_SECONDS = 300
"""How long Telegram may give the same person the same results; a rebuilt index shows after that."""
_RESULTS = 20
_MOST = 50
_QUERY = 256
_SETTLED_SECONDS = 3.0


class Inline:
    """The handlers of inline queries and guest messages."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._settling: dict[int, asyncio.TimerHandle] = {}
        self._recording: set[asyncio.Task[None]] = set()

    async def query(self, update: Update, context: C) -> None:
        """Answer an inline query: topics for an empty one, a certain passage for its key, else what fits the words."""
        query = update.inline_query
        if query is None:
            return
        texts = self._services.texts(query.from_user)
        words = " ".join(query.query[:_QUERY].split())
        button = InlineQueryResultsButton(texts("inline-ask"), start_parameter="ask")
        cache = CACHE_SECONDS
        results: list[InlineQueryResultArticle] = []
        if self._services.searches.ask(query.from_user.id) is not Verdict.TAKE:
            button, cache = InlineQueryResultsButton(texts("inline-busy"), start_parameter="ask"), 0
        elif not words:
            results = [self._topic_result(topic, texts) for topic in self._services.library.index.topics]
        elif named := self._named(words, texts):
            results = [named]
        else:
            answer = await self._services.library.answer(words, limit=_MOST)
            texts = self._services.texts(query.from_user, answer.language)
            if answer.decision is Decision.NONE:
                button = InlineQueryResultsButton(texts("inline-none"), start_parameter="ask")
            else:
                results = [
                    self._passage_result(hit.snippet, hit.highlight, highlight_of(hit), texts) for hit in answer.hits
                ]
            self._record_when_settled(query.from_user, answer)
        start = int(query.offset) if query.offset.isdecimal() and len(query.offset) < 4 else 0
        page, more = results[:_MOST][start : start + _RESULTS], len(results[:_MOST]) > start + _RESULTS
        await self._services.courier.answer_inline(
            query.id, page, cache_time=cache, next_offset=str(start + _RESULTS) if more else "", button=button
        )

    async def chosen(self, update: Update, context: C) -> None:
        """A result was posted: nothing is left to do, for its message and buttons are complete."""

    async def guest(self, update: Update, context: C) -> None:
        """Answer a guest message in the one message the bot may post there."""
        message = update.guest_message
        if message is None or not message.guest_query_id:
            return
        person = message.from_user
        question = question_in_guest(message, self._services.me)
        number = person.id if person else abs(message.chat.id)
        if not question or self._services.questions.ask(number, message.date.timestamp()) is not Verdict.TAKE:
            texts = self._services.texts(person)
            html = (
                texts("ask-usage-plain")
                if not question
                else texts("quota-note", limit=self._services.settings.questions_per_minute)
            )
            await self._services.courier.answer_guest(
                message.guest_query_id, _article("note", texts("inline-ask"), Rendered(html))
            )
            return
        answer = await self._services.library.answer(question)
        texts = self._services.texts(person, answer.language)
        entry = await self._services.log.record(
            Entry(answer=answer, surface="guest", person=person.id if person else None)
        )
        rendered = answer_message(
            answer, Frame(texts, self._services.place, AnswerRef(entry, number)), self._services.library.index.topics
        )
        await self._services.courier.answer_guest(
            message.guest_query_id, _article("answer", clip(question, 100), rendered)
        )
        self._services.log.delivered(entry, Delivery.SENT)
        self._services.count(answer)

    def _named(self, words: str, texts: Texts) -> InlineQueryResultArticle | None:
        """Return the passage or topic that a share button names by its key."""
        kind, _, key = words.partition("_")
        index = self._services.library.index
        if kind == "p" and (snippet := index.by_key(key, texts.language)):
            return self._passage_result(snippet, None, snippet.text, texts)
        if kind == "t" and (topic := next((topic for topic in index.topics if snippet_key(topic.id) == key), None)):
            return self._topic_result(topic, texts)
        return None

    def _passage_result(
        self, snippet: Snippet, highlight: Span | None, sentence: str, texts: Texts
    ) -> InlineQueryResultArticle:
        place = self._services.place
        html = snippet_html(snippet, highlight, texts, place)
        ask = InlineKeyboardButton(texts("button-ask-bot"), url=place.snippet_link(snippet.key))
        keyboard = InlineKeyboardMarkup([*snippet_rows(snippet, texts, place), [ask]])
        return _article(
            snippet.key,
            label(snippet.title, snippet.id, 100),
            Rendered(html, keyboard),
            label(sentence, snippet.id, 200),
        )

    def _topic_result(self, topic: Topic, texts: Texts) -> InlineQueryResultArticle:
        place, index = self._services.place, self._services.library.index
        title = label(topic_title(topic, texts.language), topic.id, 100)
        snippets = index.in_topic(topic.id, texts.language)
        lines = [f'<a href="{place.topic_link(topic.id)}"><b>{escape(title)}</b></a>']
        lines += [
            f'• <a href="{place.snippet_link(snippet.key)}">{escape(label(snippet.title, snippet.id, 100))}</a>'
            for snippet in snippets[:20]
        ]
        keyboard = InlineKeyboardMarkup(
            [[InlineKeyboardButton(texts("button-ask-bot"), url=place.topic_link(topic.id))]]
        )
        count = texts("topic-count", count=len(snippets))
        return _article(f"t_{snippet_key(topic.id)}", title, Rendered("\n".join(lines), keyboard), count)

    def _record_when_settled(self, person: User, answer: Answer) -> None:
        """Record what somebody was typing once they pause: the queries before were its beginnings."""
        if timer := self._settling.pop(person.id, None):
            timer.cancel()

        def record() -> None:
            self._settling.pop(person.id, None)
            shown = 0 if answer.decision is Decision.NONE else len(answer.hits)
            task = loop.create_task(self._record(Entry(answer=answer, surface="inline", person=person.id, shown=shown)))
            self._recording.add(task)
            task.add_done_callback(self._recording.discard)

        loop = asyncio.get_running_loop()
        self._settling[person.id] = loop.call_later(_SETTLED_SECONDS, record)

    async def _record(self, entry: Entry) -> None:
        self._services.log.delivered(await self._services.log.record(entry), Delivery.SENT)


def _article(name: str, title: str, message: Rendered, description: str | None = None) -> InlineQueryResultArticle:
    content = InputTextMessageContent(message.html, parse_mode=ParseMode.HTML, link_preview_options=NO_PREVIEW)
    return InlineQueryResultArticle(name, title, content, reply_markup=message.keyboard, description=description)
