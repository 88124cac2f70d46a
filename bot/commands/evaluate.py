"""Measure the live index on questions with known answers, and show what an operator should know of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from bot.commands.build import open_or_build
from bot.review.tables import one_line, print_json, print_table
from bot.settings import Settings
from index.errors import ArtifactError, KnowledgeError
from index.evaluation.evaluation_set import EvaluationSet, read_evaluation
from index.evaluation.evaluator import Evaluation, Fault, Outcome, evaluate, rounded
from index.evaluation.gate import digits, mcnemar, shortfalls
from index.evaluation.retrieval_metrics import METRICS, Metrics
from index.knowledge.files import EVALUATION_FILE
from index.search.answer import Hit
from index.search.index import Index
from index.version.versions import index_folder, live_version, versions

_MOST_PROBLEMS = 20


def evaluate_index(
    settings: Settings, questions: Path | None, *, as_json: bool, plot: Path | None, compare: str | None, failures: bool
) -> None:
    """Ask the live index the questions of a file (the knowledge folder's own by default) and print how it did.

    Raises KnowledgeError when there is nothing to ask, ArtifactError when a version cannot be opened, PlotError when
    there can be no drawing.
    """
    from bot.commands.evaluation_plot import draw, require_plotting

    if plot is not None:
        require_plotting(plot)
    found = _read(questions or settings.knowledge_dir / EVALUATION_FILE)
    older = _version_folder(settings.index_home, compare) if compare else None
    index = open_or_build(settings)
    evaluation = _ask(index, found, "Asking the live index")
    before = None
    if older is not None:
        with _opened(older) as other:
            before = _ask(other, found, f"Asking version {other.version}")
    if as_json:
        print_json(_as_json(found, evaluation, before, with_results=failures))
    else:
        _print(found, evaluation, before, failures)
    if plot is not None:
        draw(evaluation.outcomes, plot, f"{found.name}, version {evaluation.index_version}")
        click.echo(f"Drawn in {plot}", err=True)


def _read(path: Path) -> EvaluationSet:
    if not path.is_file():
        raise KnowledgeError(f"{path}: no such file; name one with --questions FILE, or write questions into it.")
    found = read_evaluation(path)
    if not found.questions:
        raise KnowledgeError("\n".join([*map(str, found.problems), f"{path}: holds no questions to ask."]))
    for problem in found.problems[:_MOST_PROBLEMS]:
        click.echo(str(problem), err=True)
    if len(found.problems) > _MOST_PROBLEMS:
        click.echo(f"and {len(found.problems) - _MOST_PROBLEMS} problems more.", err=True)
    return found


def _version_folder(data: Path, name: str) -> Path:
    """Return the folder of the version with this name or beginning. Raises ArtifactError that lists those there are."""
    known = versions(data)
    matching = [version for version in known if version == name] or [v for v in known if v.startswith(name)]
    if len(matching) != 1:
        live = live_version(data)
        listed = ", ".join(f"{version} (live)" if version == live else version for version in known)
        reason = "more than one version begins so" if matching else "there is no such version"
        raise ArtifactError(f"{name}: {reason}; there are: {listed or 'none'}.")
    return index_folder(data) / matching[0]


@contextmanager
def _opened(folder: Path) -> Iterator[Index]:
    index = Index.open(folder)
    try:
        yield index
    finally:
        index.close()


def _ask(index: Index, found: EvaluationSet, doing: str) -> Evaluation:
    with _progress(doing, len(found.questions)) as advance:
        evaluation = evaluate(index, found.questions, advance)
    if not evaluation.outcomes:
        raise KnowledgeError(f"{found.name}: version {index.version} has none of the snippets its questions name.")
    return evaluation


@contextmanager
def _progress(doing: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that moves a bar on a terminal and does nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=total)
        yield lambda count: progress.advance(task, count)


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
            click.echo(
                f"  {each.metric}{f' ({each.language})' if each.language else ''} {digits(each.now)}: {each.reason}"
            )
    if before is not None:
        _print_comparison(evaluation, before)
    if failures:
        _print_failures(evaluation)


def _print_metrics(evaluation: Evaluation) -> None:
    columns = {"all": evaluation.overall, **_if_several(evaluation.by_language)}
    rows = []
    for name, metric in METRICS.items():
        values = [getattr(metrics, name) for metrics in columns.values()]
        if any(value is not None for value in values):
            rows.append([metric.label, *(_value(name, value) for value in values)])
    print_table(["", *columns], rows, empty="")


def _print_kinds(evaluation: Evaluation) -> None:
    columns = {name: metric.column for name, metric in METRICS.items() if metric.column}
    kinds = evaluation.by_kind.items()
    rows = [[kind, *(_short(name, getattr(metrics, name)) for name in columns)] for kind, metrics in kinds]
    print_table(["kind", *columns.values()], rows, empty="")


def _if_several(groups: dict[str, Metrics]) -> dict[str, Metrics]:
    return groups if len(groups) > 1 else {}


def _value(name: str, value: float | int | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return str(value)
    return f"{value * 100:.1f} %" if METRICS[name].percent else f"{value:.3f}"


def _short(name: str, value: float | int | None) -> str:
    """Return a measure in two digits: a kind has too few questions for more, and its row must fit a terminal."""
    if value is None:
        return "-"
    if isinstance(value, int):
        return str(value)
    return f"{value:.0%}" if METRICS[name].percent else f"{value:.2f}"


def _print_comparison(now: Evaluation, before: Evaluation) -> None:
    click.echo()
    click.echo(f"Compared with version {before.index_version}")
    old, new = before.overall, now.overall
    rows = []
    for name, metric in METRICS.items():
        earlier, later = getattr(old, name), getattr(new, name)
        if earlier is not None and later is not None:
            change = later - earlier
            told = f"{change:+d}" if isinstance(change, int) else f"{change * 100:+.1f} points"
            if not metric.percent:
                told = f"{change:+.3f}"
            rows.append([metric.label, _value(name, earlier), _value(name, later), told])
    print_table(["", "then", "now", "change"], rows, empty="")
    changed = _changed(now, before)
    lost, won = (sum(then.rank == 1 and o.rank != 1 for then, o in pair) for pair in (changed, _swapped(changed)))
    click.echo(
        f"{len(changed)} questions have another first passage or decision; right first: {won} won, {lost} lost "
        f"(one-sided McNemar p = {mcnemar(lost, won):.3f})"
    )
    for then, outcome in changed:
        click.echo(f"  {_title(outcome)}")
        click.echo(f"    then {_verdict(then)}")
        click.echo(f"    now  {_verdict(outcome)}")


_Pairs = list[tuple[Outcome, Outcome]]


def _changed(now: Evaluation, before: Evaluation) -> _Pairs:
    """Return the questions with another first passage or decision, as they were answered then and now."""
    earlier = {outcome.question: outcome for outcome in before.outcomes}
    pairs = [(earlier[outcome.question], outcome) for outcome in now.outcomes if outcome.question in earlier]
    return [pair for pair in pairs if _first(pair[0]) != _first(pair[1]) or _decision(pair[0]) != _decision(pair[1])]


def _swapped(pairs: _Pairs) -> _Pairs:
    return [(later, earlier) for earlier, later in pairs]


def _first(outcome: Outcome) -> str | None:
    return outcome.first.snippet.id if outcome.first else None


def _decision(outcome: Outcome) -> str:
    return str(outcome.answer.decision)


def _verdict(outcome: Outcome) -> str:
    right = outcome.fault or "right"
    return f"{_decision(outcome)} at {outcome.answer.confidence:.3f}, {_first(outcome) or 'nothing'} first: {right}"


def _print_failures(evaluation: Evaluation) -> None:
    click.echo()
    failed = [outcome for outcome in evaluation.outcomes if outcome.fault]
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
            for mark, hit in _telling_hits(outcome):
                click.echo(f"    {mark} {hit.snippet.id} {hit.score:.3f} = {_parts(hit.score_parts)}")
            if outcome.highlighted is False:
                start, end = answer.hits[0].highlight
                click.echo(f"    highlighted '{answer.hits[0].snippet.text[start:end]}', wanted '{question.highlight}'")
            if question.answerable and outcome.rank is None:
                click.echo(f"    wanted {', '.join(question.answers)}, not among the first {len(answer.hits)}")


def _title(outcome: Outcome) -> str:
    return f"'{one_line(outcome.question.text)}' ({outcome.language}, {outcome.question.kind})"


def _telling_hits(outcome: Outcome) -> Sequence[tuple[str, Hit]]:
    """Return the first hit and the right one, with what each is."""
    hits = outcome.answer.hits
    shown = [("right " if outcome.rank == 1 else "first ", hit) for hit in hits[:1]]
    if outcome.rank and outcome.rank > 1:
        shown.append((f"right (place {outcome.rank})", hits[outcome.rank - 1]))
    return shown


def _parts(parts: Any) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in parts.items())


def _as_json(
    found: EvaluationSet, evaluation: Evaluation, before: Evaluation | None, *, with_results: bool
) -> dict[str, Any]:
    short, _ = shortfalls(evaluation, found.floor, None)
    result: dict[str, Any] = {
        "questions_file": found.name,
        "index_version": evaluation.index_version,
        "metrics": rounded(evaluation.overall),
        "languages": {name: rounded(metrics) for name, metrics in evaluation.by_language.items()},
        "kinds": {name: rounded(metrics) for name, metrics in evaluation.by_kind.items()},
        "floor": [{"metric": b.metric, "language": b.language, "value": b.value} for b in found.floor],
        "below_floor": [
            {
                "metric": each.metric,
                "language": each.language,
                "value": None if each.now is None else round(each.now, 4),
            }
            for each in short
        ],
        "not_asked": [{"question": question.text, "answers": list(question.answers)} for question in evaluation.stale],
    }
    if with_results:
        result["results"] = [_result(outcome) for outcome in evaluation.outcomes]
    if before is not None:
        result["compare"] = {
            "index_version": before.index_version,
            "metrics": rounded(before.overall),
            "languages": {name: rounded(metrics) for name, metrics in before.by_language.items()},
            "changed": [
                {"question": now.question.text, "then": _brief(then), "now": _brief(now)}
                for then, now in _changed(evaluation, before)
            ],
        }
    return result


def _brief(outcome: Outcome) -> dict[str, Any]:
    return {
        "decision": _decision(outcome),
        "confidence": round(outcome.answer.confidence, 4),
        "first": _first(outcome),
        "rank": outcome.rank,
        "fault": outcome.fault and str(outcome.fault),
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
