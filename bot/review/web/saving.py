"""Saving an act as a draft, and beginning to try it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from datasette import Response

from bot.review.acts import Act
from bot.review.drafts import Drafts
from bot.review.web.frame import review_of, reviewer
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
    questions: Sequence[str] = (),
) -> Response:
    """Save an act, begin a try if the form says so, and lead to the drafts."""
    review, me = review_of(datasette), reviewer(request) or ""
    await asyncio.to_thread(Drafts(review.settings.data_dir).add, act, me, gap, questions)
    datasette.add_message(request, "Saved as a draft. The bot uses it once it is published.")
    response = Response.redirect("/review/drafts", status=303)
    if given.get("do") == TRY:
        try:
            await asyncio.to_thread(review.publisher.start_try, me)
        except UserFacingError as error:
            datasette.add_message(request, f"The draft is saved, but it is not being tried: {error}")
    return response
