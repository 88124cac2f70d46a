"""Show what each part of retrieval contributes: how often the right snippet is found with it and without it.

    python tests/benchmarks/ablation.py [--data DIR] [--questions FILE]

FILE is like ``knowledge/evaluation.yaml``, or JSON lines with ``question`` and ``passage``. A part of the score is
switched off by giving it no weight; nothing is fitted again.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from index.evaluation.evaluation_set import Question, read_evaluation
from index.evaluation.evaluator import evaluate
from index.search import answerability, scoring
from index.search import index as search
from index.search.index import Index
from index.search.scoring import DENSE, LEXICAL, Weights


@contextlib.contextmanager
def without(*names: str) -> Iterator[None]:
    """Give the named features no weight."""
    kept = np.array([name not in names for name in Weights._fields], np.float32)
    dense, lexical = np.array(DENSE, np.float32) * kept, np.array(LEXICAL, np.float32) * kept
    with mock.patch.object(scoring, "_DENSE", dense), mock.patch.object(scoring, "_LEXICAL", lexical):
        yield


PARTS: dict[str, Callable[[], contextlib.AbstractContextManager[None]]] = {
    "everything": contextlib.nullcontext,
    "without passage similarity": lambda: without("passage"),
    "without sentence similarity": lambda: without("sentence"),
    "without example questions and MaxSim": lambda: without("asked", "questions"),
    "without MaxSim": lambda: mock.patch.object(scoring, "_SHORTLIST", 0),
    "without correcting typos": lambda: mock.patch.object(search, "correct_typos", lambda text, known, found: text),
    "without stems": lambda: without("sentence_stems", "stems"),
    "without n-grams": lambda: without("sentence_grams", "grams"),
    "without sentence coverage": lambda: without("sentence_stems", "sentence_grams"),
    "without all terms": lambda: without("sentence_stems", "sentence_grams", "stems", "grams", "questions"),
    "without objections": lambda: mock.patch.object(answerability, "OBJECTION", 0.0),
    "passage similarity alone": lambda: without(*(set(Weights._fields) - {"passage"})),
}


def main() -> None:
    """Print one line for each part and language."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("data"))
    arguments.add_argument("--questions", type=Path, default=Path("knowledge/evaluation.yaml"))
    options = arguments.parse_args()
    index = Index.open(options.data)
    questions = [question for question in read_evaluation(options.questions).questions if question.answerable]
    languages = sorted({question.language or index.detect(question.text) for question in questions})
    print(f"{'':40}" + "".join(f"{language:>8} first   in 3" for language in languages))
    for name, part in PARTS.items():
        with part():
            rates = [_rates(index, questions, language) for language in languages]
        print(f"{name:40}" + "".join(f"{first:14.1%}{three:7.1%}" for first, three in rates))


def _rates(index: Index, questions: list[Question], language: str) -> tuple[float, float]:
    chosen = [question for question in questions if (question.language or index.detect(question.text)) == language]
    metrics = evaluate(index, chosen).overall
    return metrics.recall_at_1 or 0.0, metrics.recall_at_3 or 0.0


if __name__ == "__main__":
    main()
