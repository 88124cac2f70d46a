"""Signing in with a one-time link, inviting a colleague with another one, and signing out."""

from __future__ import annotations

import secrets
import time
from typing import Any

from datasette import Response
from datasette.utils import baseconv

from bot.review.web.frame import Review, Routes, must_be_signed_in, page, review_of
from bot.review.web.guard import origin

_MINUTES = 60
"""How long a link may be used."""
_DAYS = 14
"""How long a reviewer stays signed in."""
_LONGEST = 60
_COOKIE = "ds_actor"


class OneTimeLinks:
    """Links with which somebody signs in once. They are kept in memory, so that a restart ends them."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, float]] = {}

    def make(self, name: str) -> str:
        """Return the token of a new link for somebody of this name, who may change it."""
        now = time.monotonic()
        self._open = {token: each for token, each in self._open.items() if each[1] > now}
        token = secrets.token_urlsafe(32)
        self._open[token] = (name, now + 60 * _MINUTES)
        return token

    def name(self, token: str) -> str | None:
        """Return the name that a link was made for, ``None`` if it was used or is too old."""
        name, until = self._open.get(token, ("", 0.0))
        return name if until > time.monotonic() else None

    def use(self, token: str) -> bool:
        """End a link; return whether it was still good."""
        good = self.name(token) is not None
        self._open.pop(token, None)
        return good


def tidy_name(text: str) -> str:
    """Return a name as it is kept with every change: one line, without what a commit could not hold; may be empty."""
    kept = "".join(each if each.isprintable() and each not in "<>" else " " for each in text)
    return " ".join(kept.split())[:_LONGEST].strip()


async def sign_in(datasette: Any, request: Any) -> Response:
    """Show who would be signed in by a link, and sign them in once they press the button.

    Programs that look at links in messages open them, so opening one must not use it up.
    """
    review = review_of(datasette)
    given = await request.post_vars() if request.method == "POST" else request.args
    token = given.get("token") or ""
    suggested = review.links.name(token)
    if not review.writable or suggested is None:
        return await page(datasette, request, "sign_in_needed.html", status=403 if token else 200, used=bool(token))
    if request.method != "POST":
        return await page(datasette, request, "sign_in.html", token=token, name=suggested)
    name = tidy_name(given.get("name") or "")
    if not name:
        problem = "Write your name: it is kept with everything you change."
        return await page(datasette, request, "sign_in.html", status=400, token=token, name="", problem=problem)
    review.links.use(token)
    response = Response.redirect("/review", status=303)
    until = baseconv.base62.encode(int(time.time()) + _DAYS * 86400)
    signed = datasette.sign({"a": {"id": name, "name": name}, "e": until}, "actor")
    response.set_cookie(
        _COOKIE, signed, max_age=_DAYS * 86400, httponly=True, samesite="lax", secure=request.scheme == "https"
    )
    return response


async def sign_out(datasette: Any, request: Any) -> Response:
    """Forget who is signed in, in this browser."""
    if request.method != "POST":
        return Response.redirect("/", status=303)
    response = Response.redirect("/", status=303)
    response.set_cookie(_COOKIE, "", max_age=0, expires=0, httponly=True, samesite="lax")
    return response


@must_be_signed_in
async def invite(datasette: Any, request: Any) -> Response:
    """Show the form for a colleague's name and, once it was sent, a one-time link for them."""
    if request.method != "POST":
        return await page(datasette, request, "invite.html")
    name = tidy_name((await request.post_vars()).get("name") or "")
    link = f"{own_address(review_of(datasette), request)}{link_path(review_of(datasette).links.make(name))}"
    return await page(datasette, request, "invite.html", name=name, link=link, minutes=_MINUTES)


def link_path(token: str) -> str:
    """Return the path of a one-time link."""
    return f"/-/sign-in?token={token}"


def own_address(review: Review, request: Any) -> str:
    """Return the scheme and the host under which people reach the server."""
    public = review.settings.review_url
    return origin(public) if public else f"{request.scheme}://{request.host}"


ROUTES: Routes = [(r"^/-/sign-in$", sign_in), (r"^/-/sign-out$", sign_out), (r"^/-/invite$", invite)]
