"""Decide whether a new version answers well enough to be published.

It must keep to the floor of ``evaluation.yaml``, and must not be clearly worse than the live version on the questions
both were asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from index.build import Report
from index.evaluation.comparison import emptied, is_no_single_edit, losses
from index.evaluation.evaluation_set import Bound, EvaluationSet
from index.evaluation.evaluator import Evaluation, Outcome, evaluate
from index.evaluation.retrieval_metrics import METRICS
from index.knowledge.files import EVALUATION_FILE
from index.knowledge.yaml_lines import Severity
from index.search.index import Index
from index.version.candidate import Shortfall, Verdict, WorseQuestion
from index.version.manifest import EvaluationSummary, Manifest, Result

_NAMED = 10
_MOVED = 0.005
_REMEDIES = (
    "What to do: where questions find another passage, say in the title, the first sentence or the example questions",
    "what only the right passage tells; where a passage was moved or reworded, correct its questions in",
    f"{EVALUATION_FILE}; where the loss is wanted, publish it with 'build --force'.",
)


def judge(draft: Index, found: EvaluationSet, live: Manifest | None, report: Report) -> tuple[Manifest, Verdict]:
    """Ask the new version the folder's evaluation questions.

    Args:
        draft: the new version.
        found: the questions and the floor.
        live: the live version, where there is one.
        report: shows the progress and what an editor should look at.

    Returns:
        The manifest of the new version with the result, and what is against publishing it.
    """
    broken = [str(problem) for problem in found.problems if problem.severity is Severity.ERROR]
    remarks = [str(problem) for problem in found.problems if problem.severity is not Severity.ERROR]
    objections = ["\n".join(["The evaluation questions cannot be used:", *broken])] if broken else []
    manifest, short, worse = draft.manifest, list[Shortfall](), list[WorseQuestion]()
    if found.floor and not found.questions:
        objections.append(f"{EVALUATION_FILE} sets a floor, but holds no question to measure with.")
    if found.questions:
        report.step("Evaluating", len(found.questions))
        evaluation = evaluate(draft, found.questions, report.advance)
        remarks += [
            f"{EVALUATION_FILE}:{question.line}: answers: no such snippet any more; the question was not asked"
            for question in evaluation.stale
        ]
        before = live.evaluation if live else None
        short, worse = shortfalls(evaluation, found.floor, before)
        if short:
            objections.append(_objection(short, worse, live, manifest))
        elif before:
            remarks += [_reworded(snippet_id, asked) for snippet_id, asked in emptied(evaluation, before).items()]
        manifest = manifest.model_copy(update={"evaluation": evaluation.summary()})
    for remark in remarks:
        report.say(remark)
    return manifest, Verdict(tuple(objections), tuple(short), tuple(worse), tuple(remarks))


def _objection(short: Sequence[Shortfall], worse: Sequence[WorseQuestion], live: Manifest | None, new: Manifest) -> str:
    """Return one text with all that the evaluation has against the new version."""
    lines = ["The new version does not answer well enough:", *_table(short), *_explained(worse)]
    lines += _thresholds_moved(live, new) if live else []
    return "\n".join([*lines, *_REMEDIES])


def shortfalls(
    evaluation: Evaluation, floor: Sequence[Bound], live: EvaluationSummary | None
) -> tuple[list[Shortfall], list[WorseQuestion]]:
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
    worse: dict[int, Outcome] = {}
    for loss in losses(evaluation, live) if live else ():
        found.append(shortfall(loss.metric, loss.language, loss.reason))
        worse.update((id(outcome), outcome) for outcome in loss.lost)
    without = emptied(evaluation, live) if live else {}
    if is_no_single_edit(without):
        reason = f"{', '.join(sorted(without))} no longer hold the sentences that answered"
        found.append(shortfall("highlight", None, reason))
        worse.update((id(outcome), outcome) for outcomes in without.values() for outcome in outcomes)
    before = live.results if live else {}
    return found, [_worse(outcome, before[outcome.question.key]) for outcome in worse.values()]


def _worse(outcome: Outcome, before: Result) -> WorseQuestion:
    return WorseQuestion(
        text=outcome.question.text,
        line=outcome.question.line,
        wanted=outcome.question.answers,
        found=outcome.first,
        is_right=outcome.rank == 1,
        answered=outcome.answered,
        before=before.confidence,
        now=outcome.answer.confidence,
    )


def _table(found: Sequence[Shortfall]) -> list[str]:
    """Return the shortfalls as lines of text."""
    rows = [("measure", "live", "new", "")]
    for each in found:
        name = f"{each.metric} ({each.language})" if each.language else each.metric
        rows.append((name, digits(each.before), digits(each.now), each.reason))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [f"  {row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}".rstrip() for row in rows]


def _explained(worse: Sequence[WorseQuestion]) -> list[str]:
    """Return lines about the questions that got worse: what became of each, the ones with another passage first."""
    moved = [each for each in worse if not each.is_right]
    unsure = [each for each in worse if each.is_right and not each.answered]
    lines = []
    if moved:
        lines.append("These questions now find another passage:")
        lines += _listed([f"'{each.text}': {each.found or 'nothing'}; wanted {_wanted(each)}" for each in moved])
    if unsure:
        lines.append("These questions still find their passage, with too little confidence:")
        lines += _listed([f"'{each.text}': {each.now:.2f}, was {each.before:.2f}" for each in unsure])
    return lines


def _listed(lines: Sequence[str]) -> list[str]:
    rest = [f"  and {len(lines) - _NAMED} more"] if len(lines) > _NAMED else []
    return [*(f"  {line}" for line in lines[:_NAMED]), *rest]


def _wanted(question: WorseQuestion) -> str:
    return ", ".join(question.wanted) or "no answer"


def _thresholds_moved(live: Manifest, new: Manifest) -> list[str]:
    """Return a line for each threshold of ``answer`` that moved, because then questions moved with it."""
    pairs = ((name, live.calibration.get(name), calibration) for name, calibration in new.calibration.items())
    return [
        f"The threshold of an answer ({name}) went from {before.answer:.2f} to {now.answer:.2f}: the costs in "
        f"{EVALUATION_FILE} or the program changed, the passages are not at fault."
        for name, before, now in pairs
        if before and abs(before.answer - now.answer) >= _MOVED
    ]


def _reworded(snippet_id: str, outcomes: Sequence[Outcome]) -> str:
    lines = ", ".join(str(outcome.question.line) for outcome in outcomes)
    return (
        f"{EVALUATION_FILE}:{lines}: highlight: {snippet_id} no longer holds this text; correct it if the passage was "
        "reworded"
    )


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
