"""What an answer's decision and scores were made of, for a terminal and for programs."""

from __future__ import annotations

from typing import Any

from rich.table import Column, Table
from rich.text import Text

from bot.commands.terminal import console
from index.search.answer import Answer
from index.search.decision import EVIDENCE
from index.search.index import Index
from index.search.scoring import Weights


def explained(index: Index, answer: Answer) -> dict[str, Any]:
    """Return the answer as ``ask --json --explain`` prints it.

    The confidence is the logistic function of the intercept and the sum of ``evidence`` times ``coefficients``; a
    passage's score the sum of its ``parts`` times their ``weights``.
    """
    calibration = index.calibration(answer.language)
    fields = answer.as_json()
    for shown, hit in zip(fields["hits"], answer.hits, strict=True):
        shown |= {"parts": dict(hit.score_parts), "weights": dict(hit.weights)}
    return {
        **fields,
        "read_as": answer.read_as,
        "thresholds": {"answer": calibration.answer, "closest": calibration.closest},
        "evidence": dict(answer.evidence),
        "intercept": calibration.coefficients[0],
        "coefficients": dict(zip(EVIDENCE, calibration.coefficients[1:], strict=True)),
        "terms_matched": index.matched(answer.read_as, answer.language, answer.hits[0].snippet),
    }


def print_explanation(index: Index, answer: Answer) -> None:
    """Print what the decision and the scores of the best passages were made of."""
    out = console()
    told = explained(index, answer)
    out.print(
        f"{answer.decision} at confidence {answer.confidence:.3f} (answer from {told['thresholds']['answer']:.3f}, "
        f"closest from {told['thresholds']['closest']:.3f}); language {answer.language}; {answer.ms:.1f} ms"
    )
    summands = (f"{name} {value:.2f} × {told['coefficients'][name]:+.2f}" for name, value in answer.evidence.items())
    out.print(f"log-odds of an answer: {told['intercept']:+.2f}; {'; '.join(summands)}")
    table = Table(Column("passage", no_wrap=True), "score", *Weights._fields, box=None, pad_edge=False)
    for hit in answer.hits:
        parts = (f"{hit.score_parts[name]:.2f} × {hit.weights[name]:.2f}" for name in Weights._fields)
        table.add_row(hit.snippet.id, f"{hit.score:.3f}", *parts)
    out.print(table)
    out.print(Text(f"terms matched in the best passage: {', '.join(told['terms_matched']) or 'none'}"))
