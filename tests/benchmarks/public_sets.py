"""Measure finding and deciding on public sets of passages and questions.

    python tests/benchmarks/public_sets.py FOLDER [--only NAME ...] [--indexes DIR]

FOLDER holds pairs of JSON lines: ``NAME.passages.jsonl`` with ``id``, ``title``, ``text`` and perhaps ``questions``,
and ``NAME.questions.jsonl`` with ``question``, ``passage`` (an id, or null) and perhaps ``answer`` and ``answer_start``
(the place of the answer in the passage). Nothing of the kind is shipped. Each set is built with the default settings,
in a folder that is removed afterwards unless ``--indexes`` names one.

Each question with a passage is asked twice: as it is, and as if its passage did not exist. The AUROC tells how well the
confidence separates the two. Behind each figure stands its standard deviation when passages are drawn anew, each with
its questions (bootstrap).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2]))

from index.build.builder import build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.evaluation.retrieval_metrics import auroc
from index.search.decision import Decision
from index.search.index import Index

_DRAWS = 200
_HITS = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question; all numbers, so that a set of them is an array."""

    passage: int
    place: float
    """Place of the right passage from 1, infinite where it is not among the first five."""
    highlighted: float
    """1 where the highlighted sentence overlaps the answer, NaN where the passage is not first or that is unknown."""
    confidence: float
    answered: float
    confidence_without: float
    """Confidence when the passage is left out."""
    answered_without: float


_COLUMNS: tuple[tuple[str, Callable[[NDArray[np.float64]], float]], ...] = (
    ("first", lambda rows: float((rows[:, 1] <= 1).mean())),
    ("in three", lambda rows: float((rows[:, 1] <= 3).mean())),
    ("in five", lambda rows: float((rows[:, 1] <= 5).mean())),
    ("sentence", lambda rows: float(np.nanmean(rows[:, 2])) if not np.isnan(rows[:, 2]).all() else np.nan),
    ("AUROC", lambda rows: auroc(rows[:, 3], rows[:, 5]) or np.nan),
    ("withheld", lambda rows: float(1 - rows[rows[:, 1] <= 1, 4].mean())),
    ("wrong", lambda rows: float(((rows[:, 1] > 1) & (rows[:, 4] > 0)).mean())),
    ("answered without", lambda rows: float(rows[:, 6].mean())),
)
"""Each measure and how it follows from the outcomes. ``wrong`` are answers with another passage than the right one."""


def read(file: Path) -> list[dict[str, Any]]:
    """Return the objects of a file of JSON lines."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]


def write_knowledge(folder: Path, passages: list[dict[str, Any]]) -> None:
    """Write each passage as a snippet of one file."""
    folder.mkdir(parents=True)
    (folder / "sources.yaml").write_text("- {id: set, publisher: A public set, title: Passages}\n", encoding="utf-8")
    for passage in passages:
        front = {"title": passage["title"], "sources": ["set"], "as_of": "2020"}
        if "questions" in passage:
            front["questions"] = passage["questions"]
        lines = "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in front.items())
        (folder / f"{passage['id']}.md").write_text(f"---\n{lines}---\n{passage['text']}\n", encoding="utf-8")


@contextlib.contextmanager
def index_of(passages: list[dict[str, Any]], folder: Path) -> Iterator[Index]:
    """Open the index of the passages in ``folder``, which is built unless it is there."""
    if not (folder / "data/index/current").exists():
        write_knowledge(folder / "knowledge", passages)
        build(folder / "knowledge", folder / "data", encoder=DEFAULT_ENCODER)
    index = Index.open(folder / "data")
    try:
        yield index
    finally:
        index.close()


def ask(index: Index, question: dict[str, Any], text: str) -> Outcome:
    """Ask a question with its passage, whose text is given, and without."""
    answer = index.answer(question["question"], limit=_HITS)
    right = question["passage"]
    place = next((at for at, hit in enumerate(answer.hits[:_HITS], start=1) if hit.snippet.id == right), np.inf)
    highlighted = np.nan
    if place == 1 and "answer_start" in question:
        hit = answer.hits[0]
        # White space around a text is not kept.
        begin = question["answer_start"] - max(0, text.find(hit.snippet.text[:50]))
        highlighted = float(hit.highlight[0] < begin + len(question["answer"]) and begin < hit.highlight[1])
    confidence, decision = _ask_without(index, answer.read_as, answer.language, right)
    return Outcome(
        index.snippets.snippet_numbers[index.snippets.numbers(right)[0]],
        place,
        highlighted,
        answer.confidence,
        answer.decision is Decision.ANSWER,
        confidence,
        decision is Decision.ANSWER,
    )


def _ask_without(index: Index, text: str, language: str, passage: str) -> tuple[float, Decision]:
    numbers = index.snippets.numbers(passage)
    fields = [field for number in numbers for field in index.fields.fields_of(int(number))]
    query = index.query(text, language, without_fields=fields)
    left_out = int(index.snippets.snippet_numbers[numbers[0]])
    calibration = index.calibration(language)
    confidence = calibration.confidence(index.evidence(index.find(query, language, without_snippet=left_out)))
    return confidence, calibration.decide(confidence)


def spread(rows: NDArray[np.float64], measure: Callable[[NDArray[np.float64]], float]) -> float:
    """Return the standard deviation of a measure when passages are drawn with replacement."""
    chance = np.random.default_rng(0)
    groups = [np.flatnonzero(rows[:, 0] == passage) for passage in np.unique(rows[:, 0])]
    drawn = (np.concatenate([groups[n] for n in chance.integers(len(groups), size=len(groups))]) for _ in range(_DRAWS))
    return float(np.std([measure(rows[chosen]) for chosen in drawn]))


def main() -> None:
    """Print one line for each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--indexes", type=Path, help="where to keep the indexes")
    arguments = parser.parse_args()
    print(f"{'':12}{'asked':>6}" + "".join(f"{name:>18}" for name, _ in _COLUMNS))
    for file in sorted(arguments.folder.glob("*.passages.jsonl")):
        name = file.name.removesuffix(".passages.jsonl")
        if arguments.only and name not in arguments.only:
            continue
        passages = read(file)
        texts = {passage["id"]: passage["text"] for passage in passages}
        questions = [q for q in read(file.with_name(f"{name}.questions.jsonl")) if q["passage"]]
        with contextlib.ExitStack() as stack:
            kept = arguments.indexes or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            index = stack.enter_context(index_of(passages, kept / name))
            rows = np.array([astuple(ask(index, q, texts[q["passage"]])) for q in questions], np.float64)
        figures = [(_shown(label, measure(rows)), _shown(label, spread(rows, measure))) for label, measure in _COLUMNS]
        print(f"{name:12}{len(rows):6}" + "".join(f"{value:>10} ± {by:5}" for value, by in figures), flush=True)


def _shown(label: str, value: float) -> str:
    if np.isnan(value):
        return "–"
    return f"{value:.3f}" if label == "AUROC" else f"{value * 100:.1f}"


if __name__ == "__main__":
    main()
