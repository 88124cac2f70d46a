"""The commands that show the log to people: pages in a browser, and a report in one file."""

from __future__ import annotations

import json
import socket
import tempfile
from importlib.util import find_spec
from pathlib import Path

import click

from bot.review.options import LOG_FILE, data_option, log, reading, writing

_NEEDS = {"serve": ("datasette", "datasette_dashboards"), "report": ("matplotlib",)}


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
@click.option("--update/--no-update", "fresh", default=True, help="First put new questions into gaps.")
@data_option
def serve(port: int, browse: bool, fresh: bool, data: Path) -> None:
    """Open the log in Datasette, for reading, on this computer only.

    From another computer, forward the port: ssh -L 8001:127.0.0.1:8001 SERVER

    \b
    Examples:
      partnership-bot log serve --open
      partnership-bot log serve --port 0 --no-update
    """
    from bot.review.datasette_pages import SETTINGS, metadata
    from bot.review.gaps import group_new

    _require("serve")
    if fresh:
        with writing(data) as connection:
            group_new(connection, data)
    port = port or _free_port()
    with reading(data), tempfile.TemporaryDirectory() as folder:
        about = Path(folder) / "metadata.json"
        about.write_text(json.dumps(metadata()), encoding="utf-8")
        arguments = [
            "serve",
            str(data / LOG_FILE),
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--metadata",
            str(about),
        ]
        for name, value in SETTINGS.items():
            arguments += ["--setting", name, str(value)]
        if browse:
            arguments.append("--open")
        click.echo(f"Dashboard: http://127.0.0.1:{port}/-/dashboards/overview (Ctrl-C ends it)", err=True)
        from datasette.cli import cli as datasette
        from datasette.plugins import pm

        from bot.review import links

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
    """Write the figures, the gaps and the newest unanswered questions to one HTML file that needs nothing else.

    \b
    Example:
      partnership-bot log report --html november.html --days 30
    """
    from bot.review.gap_store import ranked
    from bot.review.html_report import html
    from bot.review.queries import Filter, stats, unanswered

    _require("report")
    with reading(data) as connection:
        figures = stats(connection, days=days)
        page = html(
            figures, ranked(connection, limit=30), unanswered(connection, Filter(since=figures.since), limit=50)
        )
    beside = target.with_name(f"{target.name}.part")
    try:
        beside.write_text(page, encoding="utf-8")
        beside.replace(target)
    except OSError as error:
        message = f"{target} cannot be written: {error.strerror}."
        raise click.ClickException(message) from None
    finally:
        beside.unlink(missing_ok=True)
    click.echo(str(target))
