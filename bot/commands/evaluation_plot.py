"""Draw how far a confidence can be trusted, and what answering more or fewer questions costs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.errors import UserFacingError
from index.evaluation.evaluator import Outcome, is_answered
from index.evaluation.retrieval_metrics import coverage_curve, reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SUFFIXES = (".svg", ".png")


class PlotError(UserFacingError):
    """A drawing cannot be made."""


def require_plotting(path: Path) -> None:
    """Raise PlotError when ``path`` cannot be drawn, before any work is done for it."""
    if path.suffix.lower() not in _SUFFIXES:
        raise PlotError(f"{path}: write a file that ends in .svg or .png.")
    if not path.absolute().parent.is_dir():
        raise PlotError(f"{path}: there is no folder {path.absolute().parent}.")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise PlotError(
            "drawing needs packages that are not installed: pip install 'partnership-bot[review]' "
            "(or '.[review]' in a clone)."
        ) from error


def draw(outcomes: Sequence[Outcome], path: Path, title: str) -> None:
    """Write a reliability diagram and a coverage/precision curve of ``outcomes`` into ``path``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    left, right = figure.subplots(1, 2)
    _reliability(left, outcomes)
    _coverage(right, outcomes)
    figure.savefig(path, dpi=120)


def _arrays(outcomes: Sequence[Outcome]) -> tuple[np.ndarray, np.ndarray]:
    confidence = np.array([outcome.answer.confidence for outcome in outcomes], np.float64)
    return confidence, np.array([outcome.rank == 1 for outcome in outcomes], np.float64)


def _reliability(axes: Axes, outcomes: Sequence[Outcome]) -> None:
    bins = reliability(*_arrays(outcomes))
    axes.plot([0, 1], [0, 1], linestyle="--", color="0.6", label="as stated")
    axes.plot([told for told, _, _ in bins], [true for _, true, _ in bins], marker="o", label="measured")
    for told, true, count in bins:
        axes.annotate(str(count), (told, true), textcoords="offset points", xytext=(6, -12), fontsize=8)
    axes.set(xlabel="confidence", ylabel="share whose first passage is right", xlim=(0, 1), ylim=(-0.02, 1.02))
    axes.set_title("Reliability (numbers: questions)")
    axes.legend(loc="upper left")


def _coverage(axes: Axes, outcomes: Sequence[Outcome]) -> None:
    coverage, precision = coverage_curve(*_arrays(outcomes))
    axes.plot(coverage, precision, label="answering the most confident")
    given = [outcome for outcome in outcomes if is_answered(outcome)]
    if given:
        now = (len(given) / len(outcomes), sum(outcome.rank == 1 for outcome in given) / len(given))
        axes.plot(*now, marker="o", linestyle="none", label="as decided now")
    answerable = sum(outcome.question.answerable for outcome in outcomes) / len(outcomes)
    axes.axvline(answerable, color="0.6", linestyle=":", label="answerable questions")
    axes.set(xlabel="share of all questions answered", ylabel="share of answers that are right")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.set_title("Coverage and precision")
    axes.legend(loc="lower left")
