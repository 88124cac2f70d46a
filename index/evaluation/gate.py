"""Decide whether a new version answers well enough to be published.

It must keep to the floor of ``evaluation.yaml``, and must not be clearly worse than the live version on the questions
both were asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb

from index.build import Report
from index.errors import BuildError
from index.evaluation.evaluation_set import Bound, EvaluationSet
from index.evaluation.evaluator import Evaluation, Outcome, evaluate
from index.evaluation.retrieval_metrics import METRICS
from index.knowledge.files import EVALUATION_FILE
from index.knowledge.yaml_lines import Severity
from index.search.index import Index
from index.version.manifest import EvaluationSummary, Manifest

CHANCE = 0.01
"""A loss is clear when chance alone would cause it, or a greater one, less often than this."""

_NAMED = 10


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One measure that speaks against publishing."""

    metric: str
    language: str | None
    before: float | None
    """What the live version measured, where known."""
    now: float | None
    """What the new one measures; ``None`` where no question can tell."""
    reason: str


# What is compared question by question with the live version: the metric, whether it is about answerable questions, and
# when a question went well, by the place of the right snippet and whether the best snippet was given as the answer.
_PAIRED: tuple[tuple[str, bool, Callable[[int | None, bool], bool]], ...] = (
    ("recall_at_1", True, lambda rank, answered: rank == 1),
    ("recall_at_3", True, lambda rank, answered: rank is not None and rank <= 3),
    ("answered", True, lambda rank, answered: rank == 1 and answered),
    ("false_answers", False, lambda rank, answered: not answered),
)


def gate(
    draft: Index, found: EvaluationSet, live: EvaluationSummary | None, *, force: bool, report: Report
) -> Manifest:
    """Ask the new version the folder's evaluation questions and return its manifest with the result.

    Args:
        draft: the new version.
        found: the questions and the floor.
        live: how the live version did, where that is known.
        force: publish whatever the result is; the manifest then says what was against it.
        report: shows the progress.

    Raises:
        BuildError: the version must not be published; the text is a table of what got worse.
    """
    broken = [str(problem) for problem in found.problems if problem.severity is Severity.ERROR]
    for problem in found.problems:
        if problem.severity is not Severity.ERROR:
            report.say(f"{problem}")
    objections = ["\n".join(["The evaluation questions cannot be used:", *broken])] if broken else []
    manifest = draft.manifest
    if found.floor and not found.questions:
        objections.append(f"{EVALUATION_FILE} sets a floor, but holds no question to measure with.")
    if found.questions:
        report.step("Evaluating", len(found.questions))
        evaluation = evaluate(draft, found.questions, report.advance)
        for question in evaluation.stale:
            report.say(
                f"{EVALUATION_FILE}:{question.line}: answers: no such snippet any more; the question was not asked"
            )
        short, worse = shortfalls(evaluation, found.floor, live)
        if short:
            objections.append("\n".join(["The new version does not answer well enough:", _table(short, worse)]))
        manifest = manifest.model_copy(update={"evaluation": evaluation.summary()})
    if not objections:
        return manifest
    if not force:
        remedy = "Nothing was published, the live version is untouched. Publish it all the same with 'build --force'."
        raise BuildError("\n".join([*objections, remedy]))
    report.say("\n".join([*objections, "It is published all the same, as --force demands."]))
    return manifest.model_copy(update={"overridden": "\n".join(objections)})


def shortfalls(
    evaluation: Evaluation, floor: Sequence[Bound], live: EvaluationSummary | None
) -> tuple[list[Shortfall], list[Outcome]]:
    """Return what is against publishing, and the questions that got worse since the live version."""
    # By language; the empty one stands for all questions.
    measured = {"": evaluation.overall, **evaluation.by_language}
    recorded = {"": live.metrics, **live.languages} if live else {}

    def shortfall(metric: str, language: str | None, reason: str) -> Shortfall:
        before = recorded.get(language or "", {}).get(metric)
        return Shortfall(metric, language, before, getattr(measured.get(language or ""), metric, None), reason)

    found = [
        shortfall(bound.metric, bound.language, reason)
        for bound in floor
        if (reason := _below(bound, getattr(measured.get(bound.language or ""), bound.metric, None)))
    ]
    before = live.results if live else {}
    known = [outcome for outcome in evaluation.outcomes if outcome.question.key in before]
    worse: dict[int, Outcome] = {}
    for language in (None, *sorted({outcome.language for outcome in known})):
        asked = [outcome for outcome in known if language in (None, outcome.language)]
        for metric, answerable, well in _PAIRED:
            of = [outcome for outcome in asked if outcome.question.answerable is answerable]
            changes = [(well(*before[each.question.key]), well(each.rank, each.answered)) for each in of]
            lost = [outcome for outcome, (was, now) in zip(of, changes, strict=True) if was and not now]
            won = sum(now and not was for was, now in changes)
            chance = mcnemar(len(lost), won)
            if chance < CHANCE:
                reason = f"{len(lost)} of {len(of)} questions lost, {won} won since the live version (p = {chance:.4f})"
                found.append(shortfall(metric, language, reason))
                worse.update((id(outcome), outcome) for outcome in lost)
    return found, list(worse.values())


def mcnemar(lost: int, gained: int) -> float:
    """Return how probable it is to lose this many or more of the questions that changed, if both were equally likely.

    The exact one-sided form of McNemar's test for paired proportions (McNemar, Psychometrika 12, 1947).
    """
    changed = lost + gained
    return float(sum(comb(changed, k) for k in range(lost, changed + 1)) / 2**changed)


def _table(found: Sequence[Shortfall], worse: Sequence[Outcome]) -> str:
    """Return the shortfalls as lines of text, with the questions that got worse."""
    rows = [("measure", "live", "new", "")]
    for each in found:
        name = f"{each.metric} ({each.language})" if each.language else each.metric
        rows.append((name, digits(each.before), digits(each.now), each.reason))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        f"  {row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}".rstrip() for row in rows
    ]
    if worse:
        lines.append("Questions that were answered better before:")
        for outcome in worse[:_NAMED]:
            wanted = ", ".join(outcome.question.answers) or "no answer"
            got = f"{outcome.answer.decision}, {outcome.first or 'nothing'} first"
            lines.append(f"  '{outcome.question.text}': {got}; wanted {wanted}")
        if len(worse) > _NAMED:
            lines.append(f"  and {len(worse) - _NAMED} more")
    return "\n".join(lines)


def digits(value: float | None) -> str:
    """Return a measure to three digits, a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def _below(bound: Bound, value: float | None) -> str | None:
    """Return how ``value`` misses ``bound``, or ``None`` where it keeps to it."""
    if value is None:
        return "there is a floor, but no question asked that could tell"
    most = METRICS[bound.metric].less_is_better
    if (value > bound.value) if most else (value < bound.value):
        return f"the floor is {'at most' if most else 'at least'} {bound.value:g}"
    return None
