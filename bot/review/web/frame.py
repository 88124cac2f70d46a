"""What a handler works with: the parts of the server, its pages, and who asks."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from datasette import Response

from bot.database import open_for_reading
from bot.querylog.schema import open_log
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.review.publishing import Publisher
    from bot.review.web.index_on_demand import IndexOnDemand
    from bot.review.web.sign_in import OneTimeLinks
    from bot.review.web.upkeep import Upkeep

Handler = Callable[[Any, Any], Awaitable[Response]]
"""Answers a request; its arguments are named ``datasette`` and ``request``."""
Routes = list[tuple[str, Handler]]
_Result = TypeVar("_Result")

# Pages of ours run no script but their own file, and no other site may show them in a frame.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Review:
    """The parts of a running server."""

    settings: Settings
    log: Path
    """The query log."""
    index: IndexOnDemand
    upkeep: Upkeep
    links: OneTimeLinks
    publisher: Publisher
    writable: bool
    """Whether reviewers may sign in and change anything here."""

    async def read(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Do some work in a thread with a connection to the log that can only read."""

        def worked() -> _Result:
            with closing(open_for_reading(self.log)) as connection:
                return work(connection)

        return await asyncio.to_thread(worked)

    async def write(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Do some work in a thread with a connection to the log that can also write what reviewers decide."""

        def worked() -> _Result:
            with closing(open_log(self.log)) as connection:
                return work(connection)

        return await asyncio.to_thread(worked)


def review_of(datasette: Any) -> Review:
    """Return the parts of the server that a handler runs in."""
    review: Review = datasette.review
    return review


def reviewer(request: Any) -> str | None:
    """Return the name of whoever is signed in, or ``None``."""
    from datasette.utils import display_actor

    return str(display_actor(request.actor)) if request is not None and request.actor else None


async def page(datasette: Any, request: Any, template: str, *, status: int = 200, **context: object) -> Response:
    """Return a page made of a template in ``templates/review``."""
    text = await datasette.render_template(f"review/{template}", context, request=request)
    return Response.html(text, status=status, headers={"content-security-policy": _POLICY})


async def message(datasette: Any, request: Any, title: str, text: str, *, status: int) -> Response:
    """Return a page that says one thing."""
    return await page(datasette, request, "message.html", status=status, title=title, text=text)


def must_be_signed_in(handler: Handler) -> Handler:
    """Return the handler for signed-in reviewers; anybody else is told how to sign in."""

    @wraps(handler)
    async def checked(datasette: Any, request: Any) -> Response:
        if not review_of(datasette).writable:
            text = "This server only shows the log. Reviewers work in the one that `partnership-bot review` starts."
            return await message(datasette, request, "Nothing can be changed here", text, status=403)
        if reviewer(request) is None:
            return await page(datasette, request, "sign_in_needed.html", status=403)
        return await handler(datasette, request)

    return checked
