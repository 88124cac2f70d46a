"""Questions as people asked them: the list, and everything about one of them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datasette import Response

from bot.querylog.entry import content_hash
from bot.review.queries import Filter, entry, moment, questions
from bot.review.web.frame import Review, Routes, page, review_of
from bot.review.web.listing import Page, passage_titles
from bot.review.web.quotes import Quote, quoted, quotes_of
from index.errors import UserFacingError

if TYPE_CHECKING:
    from index import Index

_PER_PAGE = 50
_OTHERS = 3
"""So many passages are shown that were considered but not shown."""


async def question_list(datasette: Any, request: Any) -> Response:
    """List questions, the newest first."""
    which, problem = _filter(request)
    shown = Page.asked_for(request, _PER_PAGE)

    def found(connection: sqlite3.Connection) -> dict[str, Any]:
        rows = list(questions(connection, which, limit=_PER_PAGE + 1))
        wanted = [row["snippet"] for row in rows if row["snippet"]] + ([which.snippet] if which.snippet else [])
        return {"rows": rows[:_PER_PAGE], "more": len(rows) > _PER_PAGE, "titles": passage_titles(connection, wanted)}

    context = await review_of(datasette).read(found)
    return await page(datasette, request, "questions.html", which=which, shown=shown, problem=problem, **context)


def _filter(request: Any) -> tuple[Filter, str]:
    """Return what was asked for, and what is wrong with it in words."""
    given = {name: request.args.get(name) or None for name in ("decision", "language", "surface", "topic", "snippet")}
    moments, problem = {}, ""
    for name in ("since", "until"):
        written = request.args.get(name)
        try:
            moments[name] = moment(written) if written else None
        except ValueError as error:
            problem = f"{name}: {error}."
    feedback = request.args.get("feedback")
    return Filter(
        **given,
        **moments,
        search=request.args.get("q") or None,
        before=request.args.get("before") or None,
        feedback=feedback if feedback in ("liked", "disliked", "wished") else None,
    ), problem


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage that was considered for a question."""

    id: str
    title: str
    language: str
    shown: bool
    score: float
    quote: Quote | None
    changed: bool
    """Whether its text is another one now."""


@dataclass(frozen=True, slots=True)
class Now:
    """What the live version answers."""

    decision: str = ""
    confidence: float = 0.0
    quote: Quote | None = None
    same: bool = False
    """Whether it is the passage, with the same text, that was the best then."""
    problem: str = ""
    """Why the index cannot be asked; empty where it can."""


async def question_page(datasette: Any, request: Any) -> Response:
    """Show everything about one question, and what the bot would answer now."""
    review = review_of(datasette)

    def found(connection: sqlite3.Connection) -> tuple[dict[str, Any], dict[str, str]]:
        row: dict[str, Any] = entry(connection, request.url_vars["id"])
        return row, passage_titles(connection, (each["id"] for each in row["candidates"]))

    row, titles = await review.read(found)
    seen = [each for rank, each in enumerate(row["candidates"]) if each["shown"] or rank < _OTHERS]
    quotes = await quotes_of(review, [(each["id"], each["language"]) for each in seen])
    passages = []
    for each in seen:
        quote = quotes.of(each["id"], each["language"])
        passages.append(
            Shown(
                id=each["id"],
                title=quote.title if quote else titles.get(each["id"], each["id"]),
                language=each["language"],
                shown=each["shown"],
                score=each["score"],
                quote=quote,
                changed=quote is not None and quote.hash != each["hash"],
            )
        )
    now = await _asked_now(review, row)
    return await page(datasette, request, "question.html", row=row, passages=passages, now=now, problem=quotes.problem)


async def _asked_now(review: Review, row: dict[str, Any]) -> Now:
    """Ask the live version the question as it was understood."""

    def asked(index: Index) -> Now:
        answer = index.answer(str(row["asked"] or row["question"]), row["language"])
        best = answer.hits[0] if answer.hits else None
        before = row["candidates"][0]["hash"] if row["candidates"] else None
        return Now(
            decision=str(answer.decision),
            confidence=answer.confidence,
            quote=quoted(best.snippet, index, best.highlight) if best else None,
            same=best is not None and content_hash(best.snippet) == before,
        )

    try:
        return await review.index.run(asked)
    except UserFacingError as error:
        return Now(problem=str(error))


ROUTES: Routes = [
    (r"^/review/questions$", question_list),
    (r"^/review/questions/(?P<id>[0-9A-Za-z]{4,26})$", question_page),
]
