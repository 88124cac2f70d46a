"""The commands that show the log to people: pages in a browser, and a report in one file."""

from __future__ import annotations

import socket
from importlib.util import find_spec
from pathlib import Path

import click

from bot.review.options import LOG_FILE, data_option, log, reading, writing

DATASETTE_FILE = Path(__file__).with_name("datasette.yaml")
"""Datasette's metadata: tables, queries and the dashboard."""
SETTINGS = {
    # No page keeps the machine busy: a query is stopped after two seconds, a facet after one.
    "sql_time_limit_ms": 2000,
    "facet_time_limit_ms": 1000,
    "suggest_facets": "off",
    "allow_download": "off",
    "default_page_size": 50,
    "truncate_cells_html": 300,
}
_NEEDS = {"serve": ("datasette", "datasette_dashboards"), "report": ("jinja2", "matplotlib")}


def _require(command: str) -> None:
    missing = [name.replace("_", "-") for name in _NEEDS[command] if find_spec(name) is None]
    if missing:
        message = f"`log {command}` needs {', '.join(missing)}: pip install 'partnership-bot[review]'"
        raise click.ClickException(message)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@log.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8001,
    show_default=True,
    help="Port on this computer; 0 for any free one.",
)
@click.option("--open", "browse", is_flag=True, help="Open a browser.")
@click.option("--update/--no-update", "fresh", default=True, help="First put new questions into gaps; needs the index.")
@data_option
def serve(port: int, browse: bool, fresh: bool, data: Path) -> None:
    """Show the log in Datasette, read-only and on this computer only.

    From another computer, forward the port: ssh -L 8001:127.0.0.1:8001 SERVER

    \b
    Examples:
      partnership-bot log serve --open
      partnership-bot log serve --port 0 --no-update
    """
    _require("serve")
    from datasette.cli import cli as datasette
    from datasette.plugins import pm

    from bot.review import links
    from bot.review.gaps import group_new

    if fresh:
        with writing(data) as connection:
            group_new(connection, data)
    port = port or _free_port()
    with reading(data):
        pass
    arguments = ["serve", str(data / LOG_FILE), "--host", "127.0.0.1", "--port", str(port)]
    arguments += ["--metadata", str(DATASETTE_FILE)]
    for name, value in SETTINGS.items():
        arguments += ["--setting", name, str(value)]
    if browse:
        arguments.append("--open")
    click.echo(f"Dashboard: http://127.0.0.1:{port}/-/dashboards/overview (Ctrl-C ends it)", err=True)
    pm.register(links)
    datasette.main(arguments, prog_name="datasette", standalone_mode=False)


@log.command()
@click.option(
    "--html", "target", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write."
)
@click.option(
    "--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="How many days up to today (UTC)."
)
@data_option
def report(target: Path, days: int, data: Path) -> None:
    """Write figures, gaps and the newest unanswered questions to one HTML file that needs nothing else.

    \b
    Example:
      partnership-bot log report --html november.html --days 30
    """
    _require("report")
    from bot.review.gap_store import ranked
    from bot.review.html_report import html
    from bot.review.queries import Filter, stats, unanswered
    from index.version.versions import write_atomically

    with reading(data) as connection:
        figures = stats(connection, days=days)
        page = html(
            figures, ranked(connection, limit=30), unanswered(connection, Filter(since=figures.since), limit=50)
        )
    try:
        write_atomically(target, page)
    except OSError as error:
        message = f"{target} cannot be written: {error.strerror}."
        raise click.ClickException(message) from None
    click.echo(str(target))
