"""Saving an act as a draft, and beginning to try it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from datasette import Response

from bot.review.acts import Act
from bot.review.drafts import Drafts
from bot.review.web.frame import review_of, reviewer
from bot.review.web.wording_rows import Rows
from index.errors import UserFacingError

SAVE, TRY = "save", "try"
"""Values of the form's buttons; any other only shows the preview again."""


def wants_to_save(given: Mapping[str, str]) -> bool:
    """Return whether a form was sent to be saved."""
    return given.get("do") in (SAVE, TRY)


async def save(
    datasette: Any,
    request: Any,
    act: Act,
    given: Mapping[str, str],
    *,
    gap: int | None = None,
    rows: Rows | None = None,
    questions: Sequence[str] = (),
) -> Response:
    """Save an act, begin a try if the form says so, and lead to the drafts.

    Args:
        datasette: The server.
        request: The request that sent the form.
        act: What the form says.
        given: The fields of the form.
        gap: The gap it came from.
        rows: The wordings that were taken over.
        questions: Entry ids of the questions that it should answer, where none was taken over.
    """
    review, me = review_of(datasette), reviewer(request) or ""
    ids = rows.ids if rows else questions
    taken = {row.id: row.text for row in rows.picked} if rows else {}
    await asyncio.to_thread(Drafts(review.settings.data_dir).add, act, me, gap, ids, taken)
    datasette.add_message(request, "Saved as a draft. The bot uses it once it is published.")
    response = Response.redirect("/review/drafts", status=303)
    if given.get("do") == TRY:
        try:
            await asyncio.to_thread(review.publisher.start_try, me)
        except UserFacingError as error:
            datasette.add_message(request, f"The draft is saved, but it is not being tried: {error}")
    return response
