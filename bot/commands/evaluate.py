"""Measure the live index on questions with known answers, and print or draw the result."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from bot.commands.build import open_or_build
from bot.commands.terminal import one_line, print_json, print_table
from bot.settings import Settings
from index.errors import ArtifactError, KnowledgeError, UserFacingError
from index.evaluation.comparison import mcnemar
from index.evaluation.evaluation_set import EvaluationSet, read_evaluation
from index.evaluation.evaluator import Evaluation, Fault, Outcome, evaluate
from index.evaluation.gate import digits, shortfalls
from index.evaluation.retrieval_metrics import METRICS, coverage_curve, reliability
from index.knowledge.files import EVALUATION_FILE
from index.search.answer import Hit
from index.search.index import Index
from index.version.versions import index_folder, live_version, versions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Output:
    """What to show of an evaluation."""

    as_json: bool = False
    plot: Path | None = None
    """The file to draw into."""
    compare: str | None = None
    """The version to compare with, by its name or the beginning of it."""
    failures: bool = True
    """Whether to list the failed questions; in JSON, the result of each question."""


def evaluate_index(settings: Settings, questions: Path | None, output: Output) -> None:
    """Ask the live index the questions of a file, by default those of the knowledge folder, and print how it did.

    Raises:
        KnowledgeError: There is nothing to ask.
        ArtifactError: A version cannot be opened.
        UserFacingError: There can be no drawing.
    """
    if output.plot:
        _require_plotting(output.plot)
    found = _read(questions or settings.knowledge_dir / EVALUATION_FILE)
    older = _version_folder(settings.index_home, output.compare) if output.compare else None
    evaluation = _ask(open_or_build(settings), found, "Asking the live index")
    before = None
    if older is not None:
        with closing(Index.open(older)) as other:
            before = _ask(other, found, f"Asking version {other.version}")
    if output.as_json:
        print_json(_as_json(found, evaluation, before, with_results=output.failures))
    else:
        _print(found, evaluation, before, output.failures)
    if output.plot:
        _draw(evaluation.outcomes, output.plot, f"{found.name}, version {evaluation.index_version}")
        click.echo(f"Drawn in {output.plot}", err=True)


def _read(path: Path) -> EvaluationSet:
    if not path.is_file():
        raise KnowledgeError(f"{path}: no such file; name one with --questions FILE, or write questions into it.")
    found = read_evaluation(path)
    if not found.questions:
        raise KnowledgeError("\n".join(map(str, found.problems)) or f"{path}: holds no questions to ask.")
    for problem in found.problems[:_MOST_PROBLEMS]:
        click.echo(str(problem), err=True)
    if len(found.problems) > _MOST_PROBLEMS:
        click.echo(f"and {len(found.problems) - _MOST_PROBLEMS} problems more.", err=True)
    return found


def _version_folder(data: Path, name: str) -> Path:
    """Return the folder of the version with this name or beginning.

    Raises:
        ArtifactError: There is no such version or more than one; the text lists all.
    """
    known = versions(data)
    matching = [version for version in known if version == name] or [v for v in known if v.startswith(name)]
    if len(matching) != 1:
        live = live_version(data)
        listed = ", ".join(f"{version} (live)" if version == live else version for version in known)
        reason = "more than one version begins so" if matching else "there is no such version"
        raise ArtifactError(f"{name}: {reason}; there are: {listed or 'none'}.")
    return index_folder(data) / matching[0]


def _ask(index: Index, found: EvaluationSet, step: str) -> Evaluation:
    from rich.console import Console
    from rich.progress import Progress

    terminal = sys.stderr.isatty()
    with Progress(console=Console(stderr=True), transient=True, disable=not terminal) as progress:
        task = progress.add_task(step, total=len(found.questions))
        evaluation = evaluate(index, found.questions, lambda count: progress.advance(task, count))
    if not evaluation.outcomes:
        raise KnowledgeError(f"{found.name}: version {index.version} has none of the snippets its questions name.")
    return evaluation


def _print(found: EvaluationSet, evaluation: Evaluation, before: Evaluation | None, failures: bool) -> None:
    click.echo(f"{found.name} asked of version {evaluation.index_version}")
    click.echo()
    _print_metrics(evaluation)
    click.echo()
    _print_kinds(evaluation)
    for question in evaluation.stale:
        click.echo(f"Not asked, its snippets are not in the index: '{question.text}' (line {question.line})")
    if found.floor:
        short, _ = shortfalls(evaluation, found.floor, None)
        click.echo()
        click.echo("Below the floor:" if short else f"All {len(found.floor)} limits of the floor are kept.")
        for each in short:
            language = f" ({each.language})" if each.language else ""
            click.echo(f"  {each.metric}{language} {digits(each.now)}: {each.reason}")
    if before is not None:
        _print_comparison(evaluation, before)
    if failures:
        _print_failures(evaluation)


def _print_metrics(evaluation: Evaluation) -> None:
    languages = evaluation.by_language if len(evaluation.by_language) > 1 else {}
    columns = {"all": evaluation.overall, **languages}
    rows = [
        [metric.label, *(_value(name, getattr(metrics, name)) for metrics in columns.values())]
        for name, metric in METRICS.items()
        if any(getattr(metrics, name) is not None for metrics in columns.values())
    ]
    print_table(["", *columns], rows, empty="")


def _print_kinds(evaluation: Evaluation) -> None:
    # Two digits: a kind has too few questions for more, and its row must fit a terminal.
    columns = {name: metric.column for name, metric in METRICS.items() if metric.column}
    rows = [
        [kind, *(_value(name, getattr(metrics, name), short=True) for name in columns)]
        for kind, metrics in evaluation.by_kind.items()
    ]
    print_table(["kind", *columns.values()], rows, empty="", text="kind")


def _value(name: str, value: float | int | None, *, short: bool = False) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return str(value)
    if METRICS[name].percent:
        return f"{value:.0%}" if short else f"{value * 100:.1f} %"
    return f"{value:.2f}" if short else f"{value:.3f}"


def _print_comparison(now: Evaluation, before: Evaluation) -> None:
    click.echo()
    click.echo(f"Compared with version {before.index_version}")
    old, new = before.overall, now.overall
    rows = []
    for name, metric in METRICS.items():
        earlier, later = getattr(old, name), getattr(new, name)
        if earlier is not None and later is not None:
            change = later - earlier
            if isinstance(change, int):
                difference = f"{change:+d}"
            else:
                difference = f"{change * 100:+.1f} points" if metric.percent else f"{change:+.3f}"
            rows.append([metric.label, _value(name, earlier), _value(name, later), difference])
    print_table(["", "then", "now", "change"], rows, empty="")
    changed = _changed(now, before)
    lost = sum(then.rank == 1 and outcome.rank != 1 for then, outcome in changed)
    won = sum(then.rank != 1 and outcome.rank == 1 for then, outcome in changed)
    click.echo(
        f"{len(changed)} questions have another first passage or decision; right first: {won} won, {lost} lost "
        f"(one-sided McNemar p = {mcnemar(lost, won):.3f})"
    )
    for then, outcome in changed:
        click.echo(f"  {_title(outcome)}")
        click.echo(f"    then {_verdict(then)}")
        click.echo(f"    now  {_verdict(outcome)}")


def _changed(evaluation: Evaluation, before: Evaluation) -> list[tuple[Outcome, Outcome]]:
    """Return the questions with another first passage or decision, as they were answered then and now."""
    earlier = {outcome.question: outcome for outcome in before.outcomes}
    pairs = [(earlier[outcome.question], outcome) for outcome in evaluation.outcomes if outcome.question in earlier]
    return [
        (then, now) for then, now in pairs if (then.first, then.answer.decision) != (now.first, now.answer.decision)
    ]


def _verdict(outcome: Outcome) -> str:
    right = outcome.fault or "right"
    answer = outcome.answer
    return f"{answer.decision} at {answer.confidence:.3f}, {outcome.first or 'nothing'} first: {right}"


def _print_failures(evaluation: Evaluation) -> None:
    failed = [outcome for outcome in evaluation.outcomes if outcome.fault]
    click.echo()
    click.echo(f"{len(failed)} of {len(evaluation.outcomes)} questions failed.")
    for fault in Fault:
        group = [outcome for outcome in failed if outcome.fault is fault]
        if group:
            click.echo()
            click.echo(f"{fault.capitalize()} ({len(group)})")
        for outcome in group:
            question, answer = outcome.question, outcome.answer
            click.echo(f"  {_title(outcome)}: {answer.decision} at {answer.confidence:.3f}")
            click.echo(f"    evidence {_parts(answer.evidence)}")
            for mark, hit in _shown_hits(outcome):
                click.echo(f"    {mark} {hit.snippet.id} {hit.score:.3f} = {_parts(hit.score_parts)}")
            if outcome.highlighted is False:
                start, end = answer.hits[0].highlight
                click.echo(f"    highlighted '{answer.hits[0].snippet.text[start:end]}', wanted '{question.highlight}'")
            if question.answerable and outcome.rank is None:
                click.echo(f"    wanted {', '.join(question.answers)}, not among the first {len(answer.hits)}")


def _title(outcome: Outcome) -> str:
    return f"'{one_line(outcome.question.text)}' ({outcome.language}, {outcome.question.kind})"


def _shown_hits(outcome: Outcome) -> Iterator[tuple[str, Hit]]:
    """Yield the first hit and the right one, each under a heading."""
    hits = outcome.answer.hits
    if hits:
        yield "right " if outcome.rank == 1 else "first ", hits[0]
    if outcome.rank and outcome.rank > 1:
        yield f"right (place {outcome.rank})", hits[outcome.rank - 1]


def _parts(parts: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in parts.items())


def _as_json(
    found: EvaluationSet, evaluation: Evaluation, before: Evaluation | None, *, with_results: bool
) -> dict[str, Any]:
    short, _ = shortfalls(evaluation, found.floor, None)
    result: dict[str, Any] = {
        "questions_file": found.name,
        "index_version": evaluation.index_version,
        **evaluation.summary().model_dump(include={"metrics", "languages", "kinds"}),
        "floor": [{"metric": b.metric, "language": b.language, "value": b.value} for b in found.floor],
        "below_floor": [
            {"metric": each.metric, "language": each.language, "value": each.now and round(each.now, 4)}
            for each in short
        ],
        "not_asked": [{"question": question.text, "answers": list(question.answers)} for question in evaluation.stale],
    }
    if with_results:
        result["results"] = [_result(outcome) for outcome in evaluation.outcomes]
    if before is not None:
        result["compare"] = {
            "index_version": before.index_version,
            **before.summary().model_dump(include={"metrics", "languages"}),
            "changed": [
                {"question": now.question.text, "then": _brief(then), "now": _brief(now)}
                for then, now in _changed(evaluation, before)
            ],
        }
    return result


def _brief(outcome: Outcome) -> dict[str, Any]:
    return {
        "decision": outcome.answer.decision,
        "confidence": round(outcome.answer.confidence, 4),
        "first": outcome.first,
        "rank": outcome.rank,
        "fault": outcome.fault,
    }


def _result(outcome: Outcome) -> dict[str, Any]:
    answer = outcome.answer
    return {
        "question": outcome.question.text,
        "language": outcome.language,
        "kind": outcome.question.kind,
        "answers": list(outcome.question.answers),
        **_brief(outcome),
        "highlighted": outcome.highlighted,
        "evidence": {name: round(value, 4) for name, value in answer.evidence.items()},
        "hits": [
            {"id": hit.snippet.id, "score": round(hit.score, 4), "highlight": hit.snippet.text[slice(*hit.highlight)]}
            | {"parts": dict(hit.score_parts)}
            for hit in answer.hits[:5]
        ],
    }


def _require_plotting(path: Path) -> None:
    """Raise an error if ``path`` cannot be drawn into, before anything is asked."""
    if path.suffix.lower() not in (".svg", ".png"):
        raise UserFacingError(f"{path}: write a file that ends in .svg or .png.")
    if not path.absolute().parent.is_dir():
        raise UserFacingError(f"{path}: there is no folder {path.absolute().parent}.")
    if importlib.util.find_spec("matplotlib") is None:
        raise UserFacingError(
            "drawing needs packages that are not installed: pip install 'partnership-bot[review]' "
            "(or '.[review]' in a clone)."
        )


def _draw(outcomes: Sequence[Outcome], path: Path, title: str) -> None:
    """Write a reliability diagram and a coverage/precision curve of ``outcomes`` into ``path``."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5), layout="constrained")
    figure.suptitle(title)
    left, right = figure.subplots(1, 2)
    confidence = np.array([outcome.answer.confidence for outcome in outcomes], np.float64)
    right_first = np.array([outcome.rank == 1 for outcome in outcomes], np.float64)
    _draw_reliability(left, reliability(confidence, right_first))
    _draw_coverage(right, outcomes, *coverage_curve(confidence, right_first))
    figure.savefig(path, dpi=120)


def _draw_reliability(axes: Axes, bins: Sequence[tuple[float, float, int]]) -> None:
    stated, measured, _ = zip(*bins, strict=True)
    axes.plot([0, 1], [0, 1], linestyle="--", color="0.6", label="as stated")
    axes.plot(stated, measured, marker="o", label="measured")
    for confidence, share, count in bins:
        axes.annotate(str(count), (confidence, share), textcoords="offset points", xytext=(6, -12), fontsize=8)
    axes.set(xlabel="confidence", ylabel="share whose first passage is right", xlim=(0, 1), ylim=(-0.02, 1.02))
    axes.set_title("Reliability (numbers: questions)")
    axes.legend(loc="upper left")


def _draw_coverage(axes: Axes, outcomes: Sequence[Outcome], coverage: np.ndarray, precision: np.ndarray) -> None:
    axes.plot(coverage, precision, label="answering the most confident")
    given = [outcome for outcome in outcomes if outcome.answered]
    if given:
        now = (len(given) / len(outcomes), sum(outcome.rank == 1 for outcome in given) / len(given))
        axes.plot(*now, marker="o", linestyle="none", label="as decided now")
    answerable = sum(outcome.question.answerable for outcome in outcomes) / len(outcomes)
    axes.axvline(answerable, color="0.6", linestyle=":", label="answerable questions")
    axes.set(xlabel="share of all questions answered", ylabel="share of answers that are right")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.set_title("Coverage and precision")
    axes.legend(loc="lower left")
