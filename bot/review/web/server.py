"""The server of the review page: Datasette on the log, with our pages, for this computer only."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import click
import uvicorn
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils import BadMetadataError, parse_metadata

from bot.review import links
from bot.review.publishing import Publisher, PublishError
from bot.review.web import plugin
from bot.review.web.frame import Review
from bot.review.web.index_on_demand import IndexOnDemand
from bot.review.web.sign_in import OneTimeLinks, link_path
from bot.review.web.upkeep import Upkeep
from bot.settings import Settings
from index.errors import UserFacingError

METADATA_FILE = Path(__file__).parent.with_name("datasette.yaml")
"""Datasette's metadata: tables, queries and the dashboard."""
SETTINGS = {
    # No page keeps the machine busy: a query is stopped after two seconds, a facet after one.
    "sql_time_limit_ms": 2000,
    "facet_time_limit_ms": 1000,
    "suggest_facets": False,
    "allow_download": False,
    "default_page_size": 50,
    "truncate_cells_html": 300,
}
_HERE = Path(__file__).parent
_HOST = "127.0.0.1"


def review_for(settings: Settings, log: Path, *, writable: bool) -> Review:
    """Return the parts of a server for a log; nothing is opened yet."""
    index = IndexOnDemand(settings.index_home)
    return Review(settings, log, index, Upkeep(log, index), OneTimeLinks(), Publisher(settings), writable)


class Pages(Datasette):  # type: ignore[misc]
    """Datasette on a log, with our pages; its method ``app`` returns the ASGI application.

    Args:
        review: The parts of the server.
    """

    def __init__(self, review: Review) -> None:
        self.review = review
        for each in (links, plugin):
            if not pm.is_registered(each):
                pm.register(each)
        super().__init__(
            [str(review.log)],
            metadata=_metadata(review.settings.review_plugins),
            settings=SETTINGS,
            template_dir=str(_HERE / "templates"),
            static_mounts=[("static", str(_HERE / "static"))],
        )


def _metadata(plugins: Path | None) -> dict[str, Any]:
    """Return Datasette's metadata, with the settings of its plugins from a file.

    Raises:
        UserFacingError: The file cannot be used.
    """
    metadata: dict[str, Any] = parse_metadata(METADATA_FILE.read_text(encoding="utf-8"))
    if plugins:
        try:
            metadata["plugins"] |= parse_metadata(plugins.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError, BadMetadataError) as error:
            raise UserFacingError(
                f"BOT_REVIEW_PLUGINS: {plugins} cannot be used ({error}). It must be YAML: the name of a plugin, and "
                "below it its settings."
            ) from error
    return metadata


def serve(review: Review, port: int, *, name: str, browse: bool) -> None:
    """Serve until the program is interrupted; the address is printed to standard error.

    Args:
        review: The parts of the server.
        port: Port on this computer, 0 for any free one.
        name: For whom the first one-time link is, if reviewers may sign in.
        browse: Whether a browser is opened.

    Raises:
        click.ClickException: The port is in use.
        UserFacingError: A setting cannot be used.
    """
    try:
        review.publisher.recover()
    except PublishError as error:
        click.echo(f"An interrupted publication is not settled yet: {error}", err=True)
    application = Pages(review).app()
    with _listening(port) as listener:
        address = f"http://{_HOST}:{listener.getsockname()[1]}"
        click.echo(f"Dashboard: {address}/-/dashboards/overview (Ctrl-C ends it)", err=True)
        link = address
        if review.writable:
            link += link_path(review.links.make(name))
            click.echo(f"Read: {address}\nSign in as {name}, once, within an hour: {link}", err=True)
        if browse:
            click.launch(link)
        try:
            # Requests are not logged: addresses hold one-time links and what was searched for.
            config = uvicorn.Config(application, log_level="info", access_log=False, lifespan="on")
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            review.index.close()


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError as error:
        listener.close()
        message = f"Port {port} cannot be used: {error.strerror}. Choose another with --port."
        raise click.ClickException(message) from None
    listener.listen(128)
    return listener
