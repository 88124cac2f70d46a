"""The commands that draw the log for people: pages in a browser, and a report in one file with charts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.paths import UserPath
from bot.review.gap_changes import user_name
from bot.review.options import (
    data_option,
    days_option,
    log,
    log_file,
    reading,
    settings_for,
    short_time,
    update_option,
    writing,
)

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

    from bot.review.gap_store import Gap
    from bot.review.queries import Stats

_COLOURS = {"answer": "#2a7f62", "closest": "#e0a030", "none": "#b5413c"}


def _require(command: str, *modules: str) -> None:
    missing = [name.replace("_", "-") for name in modules if find_spec(name) is None]
    if missing:
        message = f"`{command}` needs {', '.join(missing)}: pip install 'partnership-bot[review]'"
        raise click.ClickException(message)


port_option = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8001,
    show_default=True,
    help="Port on this computer; 0 for any free one.",
)
open_option = click.option("--open", "browse", is_flag=True, help="Open a browser.")


@log.command()
@port_option
@open_option
@update_option
@data_option
def serve(port: int, browse: bool, fresh: bool, data: Path) -> None:
    """Show the log in a browser, read-only and on this computer only.

    From another computer, forward the port: ssh -L 8001:127.0.0.1:8001 SERVER

    \b
    Examples:
      partnership-bot log serve --open
      partnership-bot log serve --port 0 --no-update
    """
    _require("log serve", "datasette", "datasette_dashboards")
    from bot.review.web.server import review_for
    from bot.review.web.server import serve as serve_pages

    _prepare(data, fresh)
    serve_pages(review_for(settings_for(data), log_file(data), writable=False), port, name="", browse=browse)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@port_option
@open_option
@click.option("--as", "name", metavar="NAME", help="Your name, kept with what you change.  [default: your login name]")
@update_option
@click.option("--knowledge", type=UserPath(), help="Knowledge folder.  [default: BOT_KNOWLEDGE_DIR or knowledge]")
@data_option
def review(port: int, browse: bool, name: str | None, fresh: bool, knowledge: Path | None, data: Path) -> None:
    """Read the log and improve the knowledge in a browser, on this computer.

    Whoever opens the one-time link that is printed may change the knowledge; everybody else on this computer may read.
    From another computer, forward the port: ssh -L 8001:127.0.0.1:8001 SERVER

    \b
    Examples:
      partnership-bot review --open
      partnership-bot review --as "Anna Smith" --port 0
    """
    _require("review", "datasette", "datasette_dashboards")
    from bot.review.web.server import review_for
    from bot.review.web.server import serve as serve_pages

    _prepare(data, fresh)
    settings = settings_for(data, knowledge_dir=knowledge)
    serve_pages(review_for(settings, log_file(data), writable=True), port, name=name or user_name(), browse=browse)


def _prepare(data: Path, fresh: bool) -> None:
    """Put new questions into gaps, if that is wanted."""
    if fresh:
        from bot.review.gaps import group_new

        try:
            with writing(data) as connection:
                group_new(connection, data)
        except sqlite3.Error as error:
            message = f"The query log cannot be used: {error}."
            raise click.ClickException(message) from error


@log.command()
@click.option("--html", "target", type=UserPath(dir_okay=False), required=True, help="The file to write.")
@days_option
@data_option
def report(target: Path, days: int, data: Path) -> None:
    """Write figures, gaps and the newest unanswered questions to one HTML file that needs nothing else.

    \b
    Example:
      partnership-bot log report --html november.html --days 30
    """
    _require("log report", "jinja2", "matplotlib")
    from bot.review.gap_store import ranked
    from bot.review.queries import Filter, stats, unanswered
    from index.version.versions import write_atomically

    with reading(data) as connection:
        figures = stats(connection, days=days)
        newest = unanswered(connection, Filter(since=figures.since), limit=50)
        page = _html(figures, ranked(connection, limit=30), newest)
    try:
        write_atomically(target, page)
    except OSError as error:
        message = f"{target} cannot be written: {error.strerror}."
        raise click.ClickException(message) from None
    click.echo(str(target))


def _html(figures: Stats, gaps: Sequence[Gap], unanswered: Iterable[sqlite3.Row]) -> str:
    """Return the page. The template escapes everything people typed, and the page loads nothing from elsewhere."""
    from jinja2 import Environment, FileSystemLoader

    charts = {}
    if figures.questions:
        charts = {
            "volume": _svg(_volume(figures)),
            "languages": _svg(_shares("Languages", figures.languages)),
            "surfaces": _svg(_shares("Surfaces", figures.surfaces)),
        }
    templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
    return templates.get_template("report.html.jinja").render(
        figures=figures,
        charts=charts,
        gaps=[
            (
                gap.id,
                gap.people,
                gap.questions,
                short_time(gap.last),
                gap.asked[0].text,
                gap.nearest[0][0] if gap.nearest else "",
            )
            for gap in gaps
        ],
        unanswered=[
            (short_time(row["time"]), row["decision"], row["language"], row["question"], row["snippet"] or "")
            for row in unanswered
        ],
    )


def png(figures: Stats) -> bytes | None:
    """Return the chart of questions per day, or ``None`` if there are no questions or matplotlib is not installed."""
    if not figures.questions:
        return None
    try:
        figure = _volume(figures)
    except ImportError:
        return None
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    return picture.getvalue()


def _volume(figures: Stats) -> Figure:
    """Return a bar chart of the questions per day, by decision."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    # A Figure of its own: pyplot keeps every figure in a global list, and the bot runs for months.
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    days = [str(day["day"])[5:] for day in figures.days]
    bottom = [0] * len(days)
    for decision, colour in _COLOURS.items():
        heights = [int(str(day[decision])) for day in figures.days]
        axes.bar(range(len(days)), heights, bottom=bottom, color=colour, label=decision)
        bottom = [below + height for below, height in zip(bottom, heights, strict=True)]
    step = max(1, len(days) // 12)
    axes.set_xticks(range(0, len(days), step), days[::step], rotation=45, ha="right")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("questions per day")
    axes.set_title(f"{figures.questions} questions from {figures.people} people, {figures.since} to {figures.until}")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, ncols=3, loc="outside lower center")
    return figure


def _shares(title: str, counts: Mapping[str, int]) -> Figure:
    """Return a bar chart of named counts, the largest on top."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 0.6 + 0.35 * len(counts)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(list(counts), list(counts.values()), color="#33658a")
    axes.bar_label(bars, padding=3)
    axes.invert_yaxis()
    axes.set_title(title)
    axes.xaxis.set_visible(False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    return figure


def _svg(figure: Figure) -> Markup:
    from markupsafe import Markup

    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    drawing = text.getvalue()
    # matplotlib has escaped the names in it.
    return Markup(drawing[drawing.index("<svg") :])  # noqa: S704
