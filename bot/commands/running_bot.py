"""Ask the running bot whether it is well."""

from __future__ import annotations

import http.client

import click

from bot.settings import Settings, host_and_port

_SECONDS = 8.0
_LONGEST = 500
"""Bytes of an answer that are read."""


def bot_problem(listen: str) -> str:
    """Ask the bot that serves its health at an address; return what is wrong, nothing if it is well."""
    connection = http.client.HTTPConnection(*host_and_port(listen), timeout=_SECONDS)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        text = response.read(_LONGEST).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"no bot tells its health at {listen} ({error or type(error).__name__})"
    finally:
        connection.close()
    return "" if response.status == 200 else text or f"status {response.status}"


def print_health(settings: Settings) -> int:
    """Print whether the running bot is well, in one line.

    Returns:
        0, or 1 when it is not well or cannot be asked.
    """
    if not settings.http_listen:
        click.echo("BOT_HTTP_LISTEN is not set, so the running bot cannot be asked.")
        return 1
    problem = bot_problem(settings.http_listen)
    click.echo(problem or "ok")
    return 1 if problem else 0
