"""What Datasette asks of the review page: its routes, who is signed in, what every page knows, and errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from datasette import Response, hookimpl
from datasette.utils.asgi import Base400
from datasette.views.base import DatasetteError

from bot.messages.telegram_text import source_url
from bot.review.formatting import FILTERS
from bot.review.gap_store import NoSuchGapError
from bot.review.web import (
    act_pages,
    dashboard,
    gap_page,
    home,
    inbox,
    passages,
    publish_pages,
    questions,
    regroup_pages,
    sign_in,
    write_pages,
)
from bot.review.web.frame import Routes, message, review_of, reviewer
from bot.review.web.guard import Application, guarded
from bot.review.web.quotes import passage_path
from index.errors import UserFacingError

logger = logging.getLogger(__name__)

# An act on a passage lies below its page, so it comes first.
PAGES = (
    act_pages,
    write_pages,
    regroup_pages,
    home,
    inbox,
    gap_page,
    questions,
    passages,
    publish_pages,
    dashboard,
    sign_in,
)
"""The modules with pages."""


def routes() -> Routes:
    """Return the routes of all pages."""
    return [route for module in PAGES for route in module.ROUTES]


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> Routes:
    """Return our pages; they come before Datasette's own."""
    return routes()


@hookimpl  # type: ignore[untyped-decorator]
def prepare_jinja2_environment(env: Any) -> None:
    """Give templates their filters."""
    env.filters.update(FILTERS, passage_path=passage_path, source_url=source_url)


@hookimpl  # type: ignore[untyped-decorator]
def extra_template_vars(datasette: Any, request: Any) -> dict[str, object]:
    """Return what the header of every page shows."""
    return {"me": reviewer(request), "writable": review_of(datasette).writable}


@hookimpl  # type: ignore[untyped-decorator]
def actor_from_request(datasette: Any, request: Any) -> dict[str, str] | None:
    """Return the user that a proxy names, if the settings say in which header it does."""
    header = review_of(datasette).settings.review_user_header
    given = request.headers.get(header.lower(), "") if header else ""
    name = sign_in.tidy_name(given.encode("latin-1").decode("utf-8", "replace"))
    return {"id": name, "name": name} if name else None


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Any) -> Callable[[Application], Application]:
    """Return what checks every request."""
    return partial(guarded, public=review_of(datasette).settings.review_url)


@hookimpl  # type: ignore[untyped-decorator]
def forbidden(datasette: Any, request: Any, message: str) -> Callable[[], Any]:
    """Return the page about something that is not allowed."""
    return partial(_said, datasette, request, "Not allowed", message, 403)


# Datasette's own page about an error also prints the error with all local variables, among them cookies and links.
@hookimpl(hookwrapper=True)  # type: ignore[untyped-decorator]
def handle_exception(datasette: Any, request: Any, exception: Exception) -> Iterator[None]:
    """Answer an error in words, and keep what reviewers sent out of the program's log."""
    outcome = yield
    outcome.force_result([partial(_failed, datasette, request, exception)])  # type: ignore[attr-defined]


async def _failed(datasette: Any, request: Any, error: Exception) -> Response:
    if isinstance(error, NoSuchGapError):
        text = "Its questions were deleted since, or lie in another gap. The inbox has all gaps."
        return await _said(datasette, request, "There is no such gap", text, 404)
    if isinstance(error, UserFacingError):
        return await _said(datasette, request, "That did not work", str(error), 400)
    if isinstance(error, DatasetteError):
        return await _said(datasette, request, error.title or "That did not work", str(error.message), error.status)
    if isinstance(error, Base400):
        missing = error.status == 404
        title, text = ("There is no such page", "") if missing else ("That did not work", str(error.args[0]))
        return await _said(datasette, request, title, text, error.status)
    logger.error("%s %s failed.", request.method, request.path, exc_info=error)
    text = "The program made a mistake, and nothing was changed. Its log says where."
    return await _said(datasette, request, "That did not work", text, 500)


async def _said(datasette: Any, request: Any, title: str, text: str, status: int) -> Response:
    if request.path.endswith(".json"):
        return Response.json({"ok": False, "error": text or title, "status": status, "title": title}, status=status)
    return await message(datasette, request, title, text, status=status)
