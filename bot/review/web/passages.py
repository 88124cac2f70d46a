"""Passages: the list, and what people made of one of them."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from datasette import NotFound, Response

from bot.messages.telegram_text import topic_title
from bot.review.links import first_day
from bot.review.queries import Filter, passage_figures, questions, quoted_often
from bot.review.web.frame import Routes, page, review_of, reviewer
from bot.review.web.listing import Page
from bot.review.web.quotes import Quote, quoted
from bot.review.web.what_happened import Waiting, waiting

if TYPE_CHECKING:
    from index import Index, Snippet
    from index.knowledge.snippet import Source

_PER_PAGE = 50
_BY_MEANING = 10
"""So many passages are found by what words mean, before those that hold the words."""
_DAYS = 90
_QUESTIONS = 10


@dataclass(frozen=True, slots=True)
class Row:
    """A passage in the list."""

    id: str
    title: str
    language: str
    topic: str
    languages: tuple[str, ...]


async def passage_list(datasette: Any, request: Any) -> Response:
    """List the passages of the live version."""
    review = review_of(datasette)
    words, topic = request.args.get("q", "").strip(), request.args.get("topic", "")
    order = request.args.get("order", "")
    shown = Page.asked_for(request, _PER_PAGE)
    often = await review.read(lambda connection: quoted_often(connection, days=_DAYS))

    def found(index: Index) -> tuple[int, list[Row], dict[str, str]]:
        ids = _searched(index, words) if words else sorted(index.snippets)
        if topic:
            within = {*index.snippets.in_topic(topic)}
            ids = [each for each in ids if each in within]
        if order == "shown":
            ids.sort(key=lambda each: -often.get(each, 0))
        elif order == "never":
            ids = [each for each in ids if each not in often]
        rows = [_row(index, each) for each in ids[shown.offset : shown.offset + _PER_PAGE]]
        return len(ids), rows, {each.id: topic_title(each, "en") for each in index.topics}

    total, rows, topics = await review.index.run(found)
    return await page(
        datasette,
        request,
        "passages.html",
        rows=rows,
        total=total,
        shown=shown,
        often=often,
        topics=topics,
        days=_DAYS,
        since=first_day(_DAYS),
        given={"q": words, "topic": topic, "order": order},
    )


def _searched(index: Index, words: str) -> list[str]:
    """Return the ids of passages that mean or hold some words, the best first."""
    near = [hit.snippet.id for hit in index.answer(words, limit=_BY_MEANING).hits[:_BY_MEANING]]
    wanted = words.casefold().split()
    holding = {each.id: None for each in index.snippets.every_translation() if _holds(each, wanted)}
    return list(dict.fromkeys([*(each for each in near if each in holding), *sorted(holding), *near]))


def _holds(snippet: Snippet, wanted: list[str]) -> bool:
    text = f"{snippet.id} {snippet.title} {snippet.text}".casefold()
    return all(word in text for word in wanted)


def _row(index: Index, snippet_id: str) -> Row:
    translations = index.snippets[snippet_id]
    best = index.snippet(snippet_id) or next(iter(translations.values()))
    return Row(best.id, best.title, best.language, best.topic, tuple(translations))


@dataclass(frozen=True, slots=True)
class Translation:
    """A passage in one language."""

    quote: Quote
    questions: tuple[str, ...]
    does_not_answer: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage in all its languages."""

    id: str
    title: str
    language: str
    topic: str
    topic_title: str
    translations: tuple[Translation, ...]
    sources: tuple[Source, ...]


async def passage_page(datasette: Any, request: Any) -> Response:
    """Show a passage, how often it was shown, and what it answered."""
    review = review_of(datasette)
    snippet_id = unquote(request.url_vars["id"])
    passage = await review.index.run(lambda index: _passage(index, snippet_id))
    if passage is None:
        raise NotFound(f"There is no passage {snippet_id} in the version that is live.")

    def asked(connection: sqlite3.Connection) -> dict[str, Any]:
        return {
            "figures": passage_figures(connection, snippet_id),
            "rows": list(questions(connection, Filter(snippet=snippet_id), limit=_QUESTIONS)),
        }

    drafts: list[Waiting] = []
    if review.writable and reviewer(request):
        drafts = await asyncio.to_thread(waiting, review.settings.data_dir, snippet_id, {snippet_id: passage.title})
    figures = await review.read(asked)
    return await page(datasette, request, "passage.html", passage=passage, drafts=drafts, **figures)


def _passage(index: Index, snippet_id: str) -> Passage | None:
    best = index.snippet(snippet_id)
    if best is None:
        return None
    translations: list[Snippet] = sorted(
        index.snippets[snippet_id].values(), key=lambda each: (each is not best, each.language)
    )
    topics = {each.id: topic_title(each, "en") for each in index.topics}
    return Passage(
        id=best.id,
        title=best.title,
        language=best.language,
        topic=best.topic,
        topic_title=topics.get(best.topic, best.topic),
        translations=tuple(
            Translation(quoted(each, index), each.questions, each.does_not_answer) for each in translations
        ),
        sources=best.sources,
    )


ROUTES: Routes = [
    (r"^/review/passages$", passage_list),
    # A passage's own pages, such as the one that corrects it, come before this one.
    (r"^/review/passages/(?P<id>.+)$", passage_page),
]
