"""The inbox: unanswered questions grouped by meaning, those first that most people asked lately."""

from __future__ import annotations

import sqlite3
from enum import StrEnum
from typing import Any, TypeVar

from datasette import Response

from bot.review.gap_store import Gap, GapFilter, Passage, Reason, State, count, ranked
from bot.review.web.frame import Routes, page, review_of
from bot.review.web.listing import Page, languages_asked, passage_titles
from bot.review.web.quotes import quotes_of

_PER_PAGE = 20
_Choice = TypeVar("_Choice", bound=StrEnum)


async def inbox(datasette: Any, request: Any) -> Response:
    """List gaps, by default the open ones."""
    review = review_of(datasette)
    if review.writable:
        review.upkeep.start()
    state = _chosen(State, request.args.get("state"))
    which = GapFilter(
        state=state or (None if request.args.get("state") == "all" else State.OPEN),
        language=request.args.get("language") or None,
        reason=_chosen(Reason, request.args.get("reason")),
        search=request.args.get("q") or None,
    )
    shown = Page.asked_for(request, _PER_PAGE)

    def found(connection: sqlite3.Connection) -> dict[str, Any]:
        gaps = ranked(connection, which, limit=_PER_PAGE, offset=shown.offset)
        return {
            "gaps": gaps,
            "total": count(connection, which),
            "languages": languages_asked(connection),
            "titles": passage_titles(connection, (each.id for each in _passages(gaps))),
        }

    context = await review.read(found)
    quotes = await quotes_of(review, ((each.id, each.language) for each in _passages(context["gaps"])))
    return await page(datasette, request, "inbox.html", which=which, shown=shown, quotes=quotes, **context)


def _passages(gaps: list[Gap]) -> list[Passage]:
    """Return the passage that each gap's first wording was nearest to, where there is one."""
    return [gap.asked[0].passages[0] for gap in gaps if gap.asked[0].passages]


def _chosen(choices: type[_Choice], given: str | None) -> _Choice | None:
    """Return the choice of this name, ``None`` where there is none."""
    return next((choice for choice in choices if choice == given), None)


ROUTES: Routes = [(r"^/review$", inbox)]
