"""Measure how well unanswered questions are grouped, on wordings of which it is known which are on one subject.

    python tests/benchmarks/grouping.py --data DATA [--set FILE] [--among FILE] [--days 1] [--fit] [--errors]

The wordings of each half are put into an empty log as questions that nobody answered, and grouped as `log gaps` does,
all at once or as they come in on several days. Printed are the pairwise F1, the share of wrong pairs among those put
together, the share of wordings that are in a group without another one of their subject, and how many groups there are.

With --among, those questions of an evaluation file that the knowledge answers lie in the same log. The sets are on what
it does not answer, so a wording put together with one of them is wrong. On which subjects these questions are is not
known, so pairs of two of them do not count.

With --fit, the weights of the parts of a signature are fitted to the development half, and to the questions of --among
beside it: paste them into bot/review/signatures.py. Look at --errors of the development half only, so that the other
half stays unseen.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import yaml

sys.path.insert(0, str(Path(__file__).parents[2]))

from bot.review.grouping import Cluster, group
from bot.review.signatures import Asked, Part, Signatures
from index import Index

SET = Path(__file__).parents[1] / "review" / "wordings_of_one_subject.yaml"
LOOKED_AT = "development"


@dataclass(frozen=True)
class Example:
    """A wording, and its subject where that is known."""

    subject: str | None
    asked: Asked


def read(file: Path, index: Index) -> Mapping[str, list[Example]]:
    """Read the halves of the set, with what the index considers for each wording."""
    halves = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {
        half: [
            Example(subject, asked(index, language, text))
            for subject, wordings in subjects.items()
            for wording in wordings
            for language, text in wording.items()
        ]
        for half, subjects in halves.items()
    }


def others(file: Path, index: Index) -> list[Example]:
    """Read the evaluation questions that the knowledge answers."""
    questions = yaml.safe_load(file.read_text(encoding="utf-8"))["questions"]
    answered = [each for each in questions if each["answers"]]
    return [Example(None, asked(index, each.get("language", "en"), each["question"])) for each in answered]


def asked(index: Index, language: str, text: str) -> Asked:
    """Ask the index, as a bot would have."""
    answer = index.answer(text, language)
    return Asked(text, language, [(hit.snippet.id, hit.score) for hit in answer.hits], answer.vector)


def grouped(examples: Sequence[Example], signatures: Signatures, days: int) -> list[int]:
    """Return the number of each example's group; they come in on so many days."""
    order = list(range(len(examples)))
    random.Random(1).shuffle(order)
    clusters: list[Cluster] = []
    numbers = [0] * len(examples)
    for day in range(days):
        today = order[day::days]
        clusters = group([signatures.signature(examples[place].asked) for place in today], clusters, signatures.bounds)
        for number, cluster in enumerate(clusters):
            for row, _ in cluster.members:
                numbers[today[row]] = number
            cluster.members.clear()
    return numbers


def figures(examples: Sequence[Example], numbers: Sequence[int]) -> str:
    """Return the figures in a line."""
    own = Counter((number, each.subject) for each, number in zip(examples, numbers, strict=True) if each.subject)
    right = same = together = 0
    for one, other in combinations(range(len(examples)), 2):
        if not (examples[one].subject or examples[other].subject):
            continue
        is_same, is_together = examples[one].subject == examples[other].subject, numbers[one] == numbers[other]
        right, same, together = right + (is_same and is_together), same + is_same, together + is_together
    alone = sum(times == 1 for times in own.values())
    known = sum(own.values())
    return (
        f"F1 {2 * right / max(1, same + together):.3f}, wrong pairs {1 - right / max(1, together):.1%}, "
        f"{alone} alone ({alone / known:.1%}), {len({number for number, _ in own})} groups of "
        f"{len({subject for _, subject in own})} subjects"
    )


def errors(examples: Sequence[Example], numbers: Sequence[int]) -> None:
    """Print the groups with more than one subject, and the wordings that are alone."""
    for number in sorted(set(numbers)):
        held = [each for each, own in zip(examples, numbers, strict=True) if own == number]
        if len({each.subject for each in held}) > 1 or len(held) == 1:
            print(*(f"  {each.subject}: {each.asked.text}" for each in held), sep="\n")
            print()


def fit(examples: Sequence[Example], signatures: Signatures) -> Mapping[str, float]:
    """Return the constant and the weights under which pairs on one subject are most probable: logistic regression."""
    parts = [signatures.parts(each.asked) for each in examples]
    pairs = [(a, b) for a, b in combinations(range(len(examples)), 2) if examples[a].subject or examples[b].subject]
    rows = np.array([[1.0, *(cosine(parts[a][part], parts[b][part]) for part in Part)] for a, b in pairs])
    truth = np.array([examples[a].subject == examples[b].subject for a, b in pairs], float)
    weights = np.zeros(rows.shape[1])
    for _ in range(50):  # Newton's steps
        probable = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (truth - probable) - 0.05 * weights
        curve = (rows * (probable * (1 - probable))[:, None]).T @ rows + 0.05 * np.eye(len(weights))
        weights += np.linalg.solve(curve, slope)
    return dict(zip(["constant", *map(str, Part)], weights.round(1).tolist(), strict=True))


def cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return how alike two parts are."""
    common = sum(value * other.get(name, 0.0) for name, value in one.items())
    lengths = [sum(value * value for value in each.values()) ** 0.5 for each in (one, other)]
    return common / (lengths[0] * lengths[1]) if all(lengths) else 0.0


def main() -> None:
    """Print the figures of each half."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with an index")
    parser.add_argument("--set", type=Path, default=SET, help="the wordings")
    parser.add_argument("--among", type=Path, help="evaluation questions that lie in the same log")
    parser.add_argument("--days", type=int, default=1, help="on how many days they come in")
    parser.add_argument("--fit", action="store_true", help="fit the weights to the development half")
    parser.add_argument("--errors", action="store_true", help="print what went wrong in the development half")
    given = parser.parse_args()
    index = Index.open(given.data)
    signatures = Signatures(index)
    halves = read(given.set, index)
    halves = {**halves, "all in one log": [each for examples in halves.values() for each in examples]}
    beside = others(given.among, index) if given.among else []
    if beside:
        halves["among other questions"] = halves["all in one log"] + beside
    for half, examples in halves.items():
        numbers = grouped(examples, signatures, given.days)
        print(f"{half}: {len(examples)} wordings, {figures(examples, numbers)}")
        if given.errors and half == LOOKED_AT:
            errors(examples, numbers)
    if given.fit:
        print(fit([*halves[LOOKED_AT], *beside], signatures))


if __name__ == "__main__":
    main()
