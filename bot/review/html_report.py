"""The log's figures as charts, and as one HTML file with its charts inside for people who have no server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from bot.review.options import short_time

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

    from bot.review.gap_store import Gap
    from bot.review.queries import Stats

COLOURS = {"answer": "#2a7f62", "closest": "#e0a030", "none": "#b5413c"}


def html(figures: Stats, gaps: Sequence[Gap], unanswered: Iterable[sqlite3.Row]) -> str:
    """Return the page. The template escapes everything people typed, and the page loads nothing from elsewhere.

    Raises:
        ImportError: matplotlib or Jinja is not installed.
    """
    from jinja2 import Environment, FileSystemLoader

    answered = figures.decisions.get("answer", 0)
    facts = {
        "questions": figures.questions,
        "people": figures.people,
        "answered": f"{answered / figures.questions:.0%}" if figures.questions else "-",
        "thumbs up / down": f"{figures.up} / {figures.down}",
        "asked to be added": figures.requests,
        "median latency": f"{figures.latency_ms['p50']:.3g} ms" if figures.latency_ms else "-",
        "95 % within": f"{figures.latency_ms['p95']:.3g} ms" if figures.latency_ms else "-",
    }
    drawings = {}
    if figures.questions:
        drawings = {
            "volume": _svg(volume(figures)),
            "languages": _svg(shares("Languages", figures.languages)),
            "surfaces": _svg(shares("Surfaces", figures.surfaces)),
        }
    templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
    return templates.get_template("report.html.jinja").render(
        figures=figures,
        facts=facts,
        charts=drawings,
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
        figure = volume(figures)
    except ImportError:
        return None
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    return picture.getvalue()


def volume(figures: Stats) -> Figure:
    """Return a bar chart of the questions per day, by decision.

    Raises:
        ImportError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    # A Figure of its own: pyplot keeps every figure in a global list, and the bot runs for months.
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    days = [str(day["day"])[5:] for day in figures.days]
    bottom = [0] * len(days)
    for decision, colour in COLOURS.items():
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


def shares(title: str, counts: Mapping[str, int]) -> Figure:
    """Return a bar chart of named counts, the largest on top.

    Raises:
        ImportError: matplotlib is not installed.
    """
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
