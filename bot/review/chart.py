"""The log's figures as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bot.review.queries import Stats

COLOURS = {"answer": "#2a7f62", "closest": "#e0a030", "none": "#b5413c"}


def volume(figures: Stats) -> Figure:
    """Return a bar chart of the questions a day by decision.

    Raises:
        ImportError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    # A Figure of its own, not pyplot's: pyplot keeps every figure in a global list, and this process runs for months.
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
    axes.set_ylabel("questions a day")
    axes.set_title(f"{figures.questions} questions from {figures.people} people, {figures.since} to {figures.until}")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, ncols=3, loc="outside lower center")
    return figure


def png(figures: Stats) -> bytes | None:
    """Return the chart of the questions a day, or ``None`` where there is nothing to draw or nothing to draw with."""
    if not figures.questions:
        return None
    try:
        figure = volume(figures)
    except ImportError:
        return None
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    return picture.getvalue()


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
