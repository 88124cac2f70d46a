"""Ask an index questions with known answers, and sum up how it did without keeping what was asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from index.evaluation.evaluation_set import Question
from index.evaluation.retrieval_metrics import Metrics, Outcome, is_answered, measure
from index.search.answer import Answer
from index.search.index import Index

_HITS = 10


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How an index did on a set of questions."""

    index_version: str
    outcomes: tuple[Outcome, ...]
    stale: tuple[Question, ...]
    """Questions that were not asked, because the index has none of the snippets said to answer them."""

    @property
    def overall(self) -> Metrics:
        """Metrics over all questions."""
        return measure(self.outcomes)

    @property
    def by_language(self) -> dict[str, Metrics]:
        """Metrics for each language."""
        return _grouped(self.outcomes, lambda outcome: outcome.language)

    @property
    def by_kind(self) -> dict[str, Metrics]:
        """Metrics for each kind of question."""
        return _grouped(self.outcomes, lambda outcome: outcome.question.kind)

    def summary(self) -> dict[str, Any]:
        """Return what the manifest keeps: metrics, and for each question, by its key, how it fared; no texts."""
        return {
            "metrics": rounded(self.overall),
            "languages": {name: rounded(metrics) for name, metrics in self.by_language.items()},
            "kinds": {name: rounded(metrics) for name, metrics in self.by_kind.items()},
            "stale": len(self.stale),
            "results": {outcome.question.key: [outcome.rank, is_answered(outcome)] for outcome in self.outcomes},
        }


def rounded(metrics: Metrics) -> dict[str, int | float | None]:
    """Return the metrics by name, to four digits."""
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(metrics).items()}


def evaluate(
    index: Index, questions: Sequence[Question], advance: Callable[[int], None] = lambda count: None
) -> Evaluation:
    """Ask ``index`` every question as a person would, without telling the language; ``advance`` is told of each."""
    outcomes, stale = [], []
    for question in questions:
        if question.answers and not any(target in index.snippets for target in question.answers):
            stale.append(question)
        else:
            outcomes.append(_outcome(question, index.answer(question.text, limit=_HITS)))
        advance(1)
    return Evaluation(index.version, tuple(outcomes), tuple(stale))


def _outcome(question: Question, answer: Answer) -> Outcome:
    places = (place for place, hit in enumerate(answer.hits, start=1) if hit.snippet.id in question.answers)
    rank = next(places, None)
    highlighted = None
    if rank == 1 and question.highlight:
        best = answer.hits[0]
        start, end = best.highlight
        wanted = _flat(question.highlight)
        # A passage in another language than the stated piece cannot tell.
        if wanted in _flat(best.snippet.text):
            highlighted = wanted in _flat(best.snippet.text[start:end])
    return Outcome(question, question.language or answer.language, answer, rank, highlighted)


def _flat(text: str) -> str:
    return " ".join(text.casefold().split())


def _grouped(outcomes: Iterable[Outcome], name: Callable[[Outcome], str]) -> dict[str, Metrics]:
    groups: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[name(outcome)].append(outcome)
    return {key: measure(groups[key]) for key in sorted(groups)}
