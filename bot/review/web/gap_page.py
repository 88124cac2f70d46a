"""One gap: who asked what and how, what they were shown and why it did not answer, and what to do about it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from datasette import Response

from bot.review.drafts import Drafts
from bot.review.drafts import Event as DraftEvent
from bot.review.gap_store import Gap, Passage, State, Wording, find, mark, similar
from bot.review.publishing.titles import passage as about
from bot.review.web.frame import Routes, must_be_signed_in, page, review_of, reviewer
from bot.review.web.listing import passage_titles
from bot.review.web.quotes import Quote, quotes_of
from bot.review.web.what_happened import Event, newest_first, of_drafts, of_gap

_CANDIDATES = 5
"""So many passages are offered as the answer."""
_LONGEST_NOTE = 1000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that the bot considered for the wordings of a gap."""

    id: str
    title: str
    shown: int
    """To how many questions it was shown, at the last time of each wording."""
    decision: str
    """What was decided the last time it was shown or considered first."""
    differences: tuple[tuple[str, str, str | None], ...]
    quote: Quote | None
    """The passage as it stands now; ``None`` if it is gone or the index cannot be read."""
    changed: bool
    """Whether its text is another one than was shown."""


async def gap_page(datasette: Any, request: Any) -> Response:
    """Show everything about a gap."""
    review = review_of(datasette)
    number = int(request.url_vars["gap"])

    drafts: list[DraftEvent] = []
    if review.writable and reviewer(request):  # nobody else sees what is not published
        drafts = await asyncio.to_thread(Drafts(review.settings.data_dir).history, number)

    def found(connection: sqlite3.Connection) -> tuple[Gap, dict[str, str], list[tuple[int, str]], list[Event]]:
        gap = find(connection, number)
        named = [each.id for asked in gap.asked for each in asked.passages]
        named += [snippet for each in drafts if (snippet := about(each.draft.act))]
        titles = passage_titles(connection, named)
        others = [(each.id, each.asked[0].text) for each in similar(connection, gap.id)]
        return gap, titles, others, newest_first([*of_gap(connection, gap.id), *of_drafts(drafts, titles)])

    gap, titles, others, events = await review.read(found)
    if gap.id != number:
        return Response.redirect(f"/review/gaps/{gap.id}")
    best = _best(gap)
    quotes = await quotes_of(review, [(passage.id, passage.language) for _, passage in best])
    candidates = [
        _candidate(gap, wording, passage, titles, quotes.of(passage.id, passage.language)) for wording, passage in best
    ]
    return await page(
        datasette,
        request,
        "gap.html",
        gap=gap,
        candidates=candidates,
        others=others,
        events=events,
        problem=quotes.problem,
        states=[*State],
    )


def _best(gap: Gap) -> list[tuple[Wording, Passage]]:
    """Return the passages that fit the wordings best, each with the wording it was nearest to."""
    points: defaultdict[str, float] = defaultdict(float)
    nearest: dict[str, tuple[Wording, Passage]] = {}
    for wording in gap.asked:
        for passage in wording.passages:
            # What people were shown comes before what was only considered.
            points[passage.id] += wording.people * (passage.score + passage.shown)
            if passage.id not in nearest or passage.score > nearest[passage.id][1].score:
                nearest[passage.id] = (wording, passage)
    return [nearest[each] for each in sorted(points, key=lambda each: -points[each])[:_CANDIDATES]]


def _candidate(gap: Gap, wording: Wording, passage: Passage, titles: dict[str, str], quote: Quote | None) -> Candidate:
    return Candidate(
        id=passage.id,
        title=quote.title if quote else titles.get(passage.id, passage.id),
        shown=sum(
            asked.times for asked in gap.asked for each in asked.passages if each.id == passage.id and each.shown
        ),
        decision=wording.decision,
        differences=wording.differences if wording.passages[0] is passage else (),
        quote=quote,
        changed=quote is not None and quote.language == passage.language and quote.hash != passage.hash,
    )


@must_be_signed_in
async def change_state(datasette: Any, request: Any) -> Response:
    """Set a gap's state and note."""
    number = int(request.url_vars["gap"])
    if request.method == "POST":
        given = await request.post_vars()
        state = State(given.get("state", "")) if given.get("state", "") in [*State] else State.OPEN
        note = given.get("note", "").strip()[:_LONGEST_NOTE]
        by = reviewer(request) or ""
        await review_of(datasette).write(lambda connection: mark(connection, number, state, note, by))
        datasette.add_message(request, "Saved.")
    return Response.redirect(f"/review/gaps/{number}", status=303)


ROUTES: Routes = [
    (r"^/review/gaps/(?P<gap>\d{1,18})$", gap_page),
    (r"^/review/gaps/(?P<gap>\d{1,18})/state$", change_state),
]
