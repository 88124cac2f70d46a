"""Acts on the wordings of a gap: a passage answers them or does not, they are not covered, or only measure the bot.

Each page shows the form, filled already, with what it would change. Saving makes a draft.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from datasette import Response

from bot.review.acts import Act, AddQuestions, Asked, DoesNotAnswer, KeepForEvaluation, NotCovered
from bot.review.gap_store import Gap, find
from bot.review.web.act_previews import Preview, previewed
from bot.review.web.candidates import candidates, passage, refusals
from bot.review.web.frame import Routes, must_be_signed_in, page, review_of, reviewer
from bot.review.web.saving import save, wants_to_save
from bot.review.web.wording_rows import CANNOT_TEACH, offered, sent

NO_PASSAGE = "-"
"""Stands for a passage where none answers."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What reviewers can do with the wordings of a gap."""

    title: str
    text: str
    """What the act does, in a sentence or two."""
    make: Callable[[str, tuple[Asked, ...]], Act]
    """Makes the act of a passage and questions."""
    needs_passage: bool = True
    may_be_none: bool = False
    """Whether "no passage" may be chosen."""
    corrects: bool = True
    """Whether misspellings are corrected first."""
    refuses: bool = False
    """Whether the bot refuses the questions, politely."""
    measuring: str = ""
    """Why an evaluation question is not offered; empty where it is."""
    heading: str = "What people will see"
    """Heading of the messages."""


KINDS = {
    "answers": Kind(
        "This passage answers it",
        "The ticked questions become example questions of the passage, by which the bot finds it. They are published "
        "with the knowledge, so untick those that name a person.",
        AddQuestions,
        measuring=CANNOT_TEACH,
    ),
    "not-answered": Kind(
        "This passage does not answer it",
        "The passage is no longer given as the answer to the ticked questions, nor to others very near to them.",
        DoesNotAnswer,
        heading="The passage",
    ),
    "not-covered": Kind(
        "Not ours",
        "The bot will say politely that it does not cover the ticked questions. The gap closes when this is published.",
        lambda _, questions: NotCovered(questions),
        needs_passage=False,
        refuses=True,
    ),
    "evaluation": Kind(
        "Keep as evaluation questions",
        "The ticked questions measure whether a new version still answers as it should. They are kept as people typed "
        "them, and do not become example questions.",
        lambda snippet, questions: KeepForEvaluation(questions, None if snippet == NO_PASSAGE else snippet),
        may_be_none=True,
        corrects=False,
        measuring="This is an evaluation question already. Leave it out.",
        heading="The passage",
    ),
}
"""By the last part of their addresses."""


@must_be_signed_in
async def act_page(datasette: Any, request: Any) -> Response:
    """Show the form of an act and, once it was sent, save it as a draft."""
    review, number, name = review_of(datasette), int(request.url_vars["gap"]), request.url_vars["kind"]
    kind = KINDS[name]
    gap = await review.read(lambda connection: find(connection, number))
    snippet = request.args.get("snippet") or ""
    if kind.needs_passage and not snippet:
        return await _choose(datasette, request, gap, kind)
    chosen = await passage(review, snippet) if kind.needs_passage and snippet != NO_PASSAGE else None
    messages = await refusals(review) if kind.refuses else chosen.messages if chosen else ()
    me, given = reviewer(request) or "", {}
    if request.method == "POST":
        given = await request.post_vars()
        rows = await review.read(lambda connection: sent(connection, number, given))
    else:
        rows = await offered(review, gap, correct=kind.corrects, measuring=kind.measuring)
    preview, problem = Preview(), rows.problem
    if not problem:
        act = kind.make(snippet, rows.questions)
        saving = wants_to_save(given)
        preview = await asyncio.to_thread(previewed, act, review.settings, me, check=saving)
        if saving and preview.can_be_saved:
            return await save(datasette, request, act, given, gap=number, rows=rows)
    return await page(
        datasette,
        request,
        "act.html",
        status=400 if wants_to_save(given) else 200,
        gap=gap,
        kind=kind,
        rows=rows,
        snippet=snippet,
        passage=chosen,
        messages=messages,
        preview=preview,
        problem=problem if request.method == "POST" else "",
        back=f"/review/gaps/{number}",
    )


async def _choose(datasette: Any, request: Any, gap: Gap, kind: Kind) -> Response:
    """Show passages to choose from: those that the bot finds for the gap, or for the words searched for."""
    review, words = review_of(datasette), (request.args.get("q") or "").strip()
    found, note = await candidates(review, gap, words)
    return await page(
        datasette,
        request,
        "choose.html",
        gap=gap,
        kind=kind,
        candidates=found,
        words=words,
        note=note,
        none=NO_PASSAGE,
        here=request.path,
    )


ROUTES: Routes = [(rf"^/review/gaps/(?P<gap>\d{{1,18}})/(?P<kind>{'|'.join(KINDS)})$", act_page)]
