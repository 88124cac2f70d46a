"""ASGI middleware: what no request may do, and what every answer tells the browser.

A page elsewhere must not reach this server through a name that leads to it (DNS rebinding), nor send a form to it in a
reviewer's name. Datasette's own tokens protect forms as well, but only requests that bring a cookie.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_OWN_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:@/\[\]]+)(?::\d+)?")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # An address may hold a one-time link, so it stays on this site. If none were sent at all, forms would not say where
    # they come from.
    (b"referrer-policy", b"same-origin"),
)

_SET_HERE = frozenset(name for name, _ in _HEADERS)


def guarded(application: Application, public: str | None) -> Application:
    """Return the application behind the checks.

    Args:
        application: What answers requests that pass.
        public: Address under which a proxy shows the server, if there is one.
    """
    known = urlsplit(public or "")
    names = _OWN_NAMES | ({known.hostname} if known.hostname else set())
    public_origin = origin(public) if public else None

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "").lower()
        if _name(host) not in names:
            await _refuse(send, 421, "This server is not known under this name; see BOT_REVIEW_URL.")
            return
        if scope["method"] not in _READING and not _from_here(headers, host, public_origin):
            await _refuse(send, 403, "This form came from another site, so nothing was done.")
            return

        async def send_protected(event: MutableMapping[str, Any]) -> None:
            if event["type"] == "http.response.start":
                others = [each for each in event.get("headers", ()) if each[0].lower() not in _SET_HERE]
                event = {**event, "headers": [*others, *_HEADERS]}
            await send(event)

        await application(scope, receive, send_protected)

    return answer


def origin(address: str) -> str:
    """Return the scheme and the host of an address, as a browser names where a form comes from."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _name(host: str) -> str:
    """Return the name of a host without its port, which another one leads to after `ssh -L`."""
    found = _HOST.fullmatch(host)
    return found[1].strip("[]") if found else ""


def _from_here(headers: dict[bytes, str], host: str, public: str | None) -> bool:
    """Return whether a form comes from one of our own pages; a program that is no browser does not say."""
    source = headers.get(b"origin")
    if source is not None:
        return source.lower() == public or urlsplit(source.lower()).netloc == host
    return headers.get(b"sec-fetch-site", "same-origin") == "same-origin"


async def _refuse(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})
