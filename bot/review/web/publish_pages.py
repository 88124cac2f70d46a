"""The drafts of all reviewers: trying them, publishing, undoing, and what was published."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from datasette import Response

from bot.review.acts import changes
from bot.review.drafts import Draft, Drafts
from bot.review.knowledge_edit import Change, TeachError
from bot.review.publishing import words
from bot.review.publishing.journal import Publication
from bot.review.publishing.titles import passage, title
from bot.review.publishing.tried import Tried
from bot.review.publishing.tries import Progress
from bot.review.publishing.words import PublishError
from bot.review.web.act_previews import DiffLine, diff_lines, relative
from bot.review.web.frame import Handler, Review, Routes, must_be_signed_in, page, review_of, reviewer
from index.errors import UserFacingError

_PAGE = "/review/drafts"
_TICK = "draft-"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A draft as the page shows it."""

    draft: Draft
    title: str
    passage: str | None
    """The id of the published passage that it is about."""
    diff: tuple[DiffLine, ...]
    problem: str
    """Why it cannot be applied to the files as they are; empty where it can."""
    tried: bool
    """Whether the last result is about it."""


@dataclass(frozen=True, slots=True)
class Result:
    """The last result as the page shows it."""

    author: str
    time: str
    """When they tried it."""
    tried: Tried
    stale: str | None
    effect: str
    verdict: str
    worse: tuple[str, ...]
    remedy: str
    by_hand: tuple[words.ByHand, ...]
    """What changed in the folder without a draft."""


@dataclass(frozen=True, slots=True)
class State:
    """Everything on the page."""

    by_author: Mapping[str, list[Waiting]]
    """The drafts, those of the reader first."""
    progress: Progress | None
    result: Result | None
    undoable: tuple[Publication, str | None] | None
    history: list[Publication]


@must_be_signed_in
async def drafts_page(datasette: Any, request: Any) -> Response:
    """Show the drafts, how far the last try is and what it found, and what was published."""
    review = review_of(datasette)
    drafts = await asyncio.to_thread(Drafts(review.settings.data_dir).all)
    titles = await _titles(review, {found for each in drafts if (found := passage(each.act))})
    state = await asyncio.to_thread(_state, review, reviewer(request) or "", drafts, titles)
    return await page(datasette, request, "drafts.html", state=state)


@must_be_signed_in
async def progress_part(datasette: Any, request: Any) -> Response:
    """Return the part of the page that tells how far the try is, for the script that asks for it again and again."""
    progress = await asyncio.to_thread(review_of(datasette).publisher.progress)
    return await page(datasette, request, "_progress.html", progress=progress)


async def _titles(review: Review, ids: set[str]) -> dict[str, str]:
    """Return the titles of passages in the live version; none where it cannot be read."""
    try:
        return await review.index.run(
            lambda index: {each: found.title for each in ids if (found := index.snippet(each))}
        )
    except UserFacingError:
        return {}


def _state(review: Review, me: str, drafts: list[Draft], titles: Mapping[str, str]) -> State:
    publisher = review.publisher
    progress, found = publisher.progress(), publisher.tried()
    result = None
    if progress and found:
        author, tried = found
        result = Result(
            author,
            progress.time,
            tried,
            publisher.stale(tried),
            words.effect(tried),
            words.verdict(tried),
            tuple(words.worse(tried)),
            words.remedy(tried),
            tuple(words.by_hand(tried)),
        )
    return State(
        by_author=_by_author(review, me, drafts, titles, result.tried.drafts if result else ()),
        progress=progress,
        result=result,
        undoable=publisher.undoable(),
        history=publisher.history(),
    )


def _by_author(
    review: Review, me: str, drafts: list[Draft], titles: Mapping[str, str], tried: tuple[int, ...]
) -> dict[str, list[Waiting]]:
    """Return the drafts of each reviewer, each with what it changes on top of that reviewer's drafts before it."""
    folder = review.settings.knowledge_dir
    found: dict[str, list[Waiting]] = {me: []}
    before: dict[str, list[Change]] = {}
    for draft in drafts:
        own, diff, problem = before.setdefault(draft.author, []), tuple[DiffLine, ...](), ""
        try:
            made = changes(draft.act, folder, onto=own)
        except TeachError as error:
            problem = relative(str(error), folder)
        else:
            diff = tuple(diff_lines(made, folder.resolve()))
            changed = {each.path for each in made}
            own[:] = [*(each for each in own if each.path not in changed), *made]
        known = passage(draft.act) if passage(draft.act) in titles else None
        waiting = Waiting(draft, title(draft.act, titles), known, diff, problem, draft.id in tried)
        found.setdefault(draft.author, []).append(waiting)
    return {author: own for author, own in found.items() if own}


def _act(work: Callable[[Review, str, Mapping[str, str]], str]) -> Handler:
    """Return a handler that does some work once its form is sent, and leads back to the page with what it says."""

    @must_be_signed_in
    async def handler(datasette: Any, request: Any) -> Response:
        if request.method == "POST":
            given = dict(await request.post_vars())
            try:
                text, kind = await asyncio.to_thread(work, review_of(datasette), reviewer(request) or "", given), 1
            except UserFacingError as error:
                text, kind = str(error), datasette.ERROR
            if text:
                datasette.add_message(request, text, kind)
        return Response.redirect(_PAGE, status=303)

    return handler


def _try(review: Review, me: str, given: Mapping[str, str]) -> str:
    chosen = _numbers(given)
    if not chosen:
        raise PublishError("Tick the drafts that you want to try.")
    review.publisher.start_try(me, chosen)
    return ""


def _remove(review: Review, me: str, given: Mapping[str, str]) -> str:
    Drafts(review.settings.data_dir).remove(_number(given.get("draft")), me)
    return "The draft was removed."


def _publish(review: Review, me: str, given: Mapping[str, str]) -> str:
    made = review.publisher.publish(me, given.get("version") or "")
    return " ".join(["Published. The bot answers with it now.", *made.outcome.notes])


def _undo(review: Review, me: str, given: Mapping[str, str]) -> str:
    made = review.publisher.undo(me, _number(given.get("publication")))
    return " ".join(["Undone. The bot answers as before; the changes are drafts again.", *made.outcome.notes])


def _numbers(given: Mapping[str, str]) -> list[int]:
    return [_number(name.removeprefix(_TICK)) for name in given if name.startswith(_TICK)]


def _number(text: str | None) -> int:
    """Return a number of a form; 0, which nothing has, for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else 0


ROUTES: Routes = [
    (rf"^{_PAGE}$", drafts_page),
    (rf"^{_PAGE}/progress$", progress_part),
    (rf"^{_PAGE}/try$", _act(_try)),
    (rf"^{_PAGE}/remove$", _act(_remove)),
    (rf"^{_PAGE}/publish$", _act(_publish)),
    (rf"^{_PAGE}/undo$", _act(_undo)),
]
