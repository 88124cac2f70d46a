"""Merging gaps, splitting one, and moving questions from one to another."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datasette import Response

from bot.review.gap_store import Gap, GapFilter, find, merge, move, ranked, split
from bot.review.web.frame import Routes, must_be_signed_in, page, review_of, reviewer
from index.errors import UserFacingError

_LISTED = 20
_PICK = "pick-"


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to regroup questions."""

    title: str
    text: str
    picks: bool
    """Whether questions are ticked."""
    targets: bool
    """Whether another gap is chosen."""
    button: str


KINDS = {
    "merge": Kind(
        "Merge with another gap",
        "All questions of the gap you choose come into this one.",
        picks=False,
        targets=True,
        button="Merge",
    ),
    "split": Kind(
        "Split this gap",
        "The ticked questions become a gap of their own.",
        picks=True,
        targets=False,
        button="Split off the ticked questions",
    ),
    "move": Kind(
        "Move questions to another gap",
        "The ticked questions go to the gap you choose.",
        picks=True,
        targets=True,
        button="Move the ticked questions",
    ),
}
"""By the last part of their addresses."""


@must_be_signed_in
async def regroup_page(datasette: Any, request: Any) -> Response:
    """Show the form and, once it was sent, regroup and lead to the gap that it made."""
    review, number = review_of(datasette), int(request.url_vars["gap"])
    name, words = request.url_vars["kind"], (request.args.get("q") or "").strip()
    given: Mapping[str, str] = {}
    problem = ""
    if request.method == "POST":
        given = await request.post_vars()
        by = reviewer(request) or ""
        try:
            target = await review.write(lambda connection: _regrouped(connection, name, number, given, by))
        except UserFacingError as error:
            problem = str(error)
        else:
            datasette.add_message(request, "Done.")
            return Response.redirect(f"/review/gaps/{target}", status=303)

    def found(connection: sqlite3.Connection) -> tuple[Gap, list[Gap]]:
        gap = find(connection, number)
        others = ranked(connection, GapFilter(search=words or None), limit=_LISTED + 1) if KINDS[name].targets else []
        return gap, [each for each in others if each.id != gap.id][:_LISTED]

    gap, others = await review.read(found)
    return await page(
        datasette,
        request,
        "regroup.html",
        status=400 if problem else 200,
        gap=gap,
        others=others,
        kind=KINDS[name],
        picked={each.removeprefix(_PICK) for each in given if each.startswith(_PICK)},
        target=given.get("target", ""),
        words=words,
        problem=problem,
    )


def _regrouped(connection: sqlite3.Connection, name: str, gap: int, given: Mapping[str, str], by: str) -> int:
    """Do what a form says; return the number of the gap to look at."""
    ids = [each.removeprefix(_PICK) for each in given if each.startswith(_PICK)]
    if KINDS[name].picks and not ids:
        raise _NothingChosenError("Tick at least one question.")
    if name == "split":
        return split(connection, gap, ids, by)
    other = given.get("number", "").strip() or given.get("target", "")
    if not other.isdecimal() or len(other) > 18:
        raise _NothingChosenError("Choose a gap, or write its number.")
    if name == "merge":
        merge(connection, gap, int(other), by)
        return gap
    move(connection, ids, int(other), by)
    return int(other)


class _NothingChosenError(UserFacingError):
    """A form was sent without what it needs."""


ROUTES: Routes = [(rf"^/review/gaps/(?P<gap>\d{{1,18}})/(?P<kind>{'|'.join(KINDS)})$", regroup_page)]
