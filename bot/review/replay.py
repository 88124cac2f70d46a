"""Asks an index the logged questions again and compares the answers."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from bot.review.gap_store import normal
from index.search.answer import Answer

Ask = Callable[[str], Answer]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a question was or would be answered."""

    decision: str
    confidence: float
    snippet: str | None
    """Id of the best snippet."""
    hash: str | None
    """Hash of its title and text."""

    def __str__(self) -> str:
        return f"{self.decision} {self.confidence:.2f} {self.snippet or '-'}"


@dataclass(frozen=True, slots=True)
class Replayed:
    """One wording with its latest logged answer and the answer of the index."""

    question: str
    language: str
    times: int
    id: str
    """Entry id of the latest time."""
    before: Verdict
    after: Verdict

    @property
    def change(self) -> str | None:
        """What differs: ``decision``, ``passage`` (another snippet), ``text`` (new words in it) or ``None``."""
        if self.before.decision != self.after.decision:
            return "decision"
        if self.after.decision == "none":
            return None
        if self.before.snippet != self.after.snippet:
            return "passage"
        return "text" if self.before.hash != self.after.hash else None


def logged(connection: sqlite3.Connection, *, since: str = "", limit: int = 2000) -> Iterator[tuple[sqlite3.Row, int]]:
    """Yield the most frequent wordings since a moment: the latest row of each, and how often it was asked."""
    times: Counter[str] = Counter()
    latest: dict[str, str] = {}
    for row in connection.execute(
        "SELECT id, coalesce(asked, question) AS text FROM questions WHERE time >= ? ORDER BY time", (since,)
    ):
        wording = normal(row["text"])
        times[wording] += 1
        latest[wording] = row["id"]
    for wording, number in times.most_common(limit):
        yield connection.execute("SELECT * FROM questions WHERE id = ?", (latest[wording],)).fetchone(), number


def replay(rows: Iterable[tuple[sqlite3.Row, int]], ask: Ask) -> Iterator[Replayed]:
    """Ask each question again and yield the comparison with the logged answer."""
    for row, times in rows:
        hits = json.loads(row["candidates"])
        best = hits[0] if hits else {}
        yield Replayed(
            question=row["asked"] or row["question"],
            language=row["language"],
            times=times,
            id=row["id"],
            before=Verdict(row["decision"], round(row["confidence"], 4), best.get("id"), best.get("hash")),
            after=verdict(ask(row["asked"] or row["question"])),
        )


def verdict(answer: Answer) -> Verdict:
    """Return the parts of an answer that are compared."""
    from bot.querylog.entry import content_hash

    if not answer.hits:
        return Verdict(str(answer.decision), round(answer.confidence, 4), None, None)
    best = answer.hits[0].snippet
    return Verdict(str(answer.decision), round(answer.confidence, 4), best.id, content_hash(best))


def summary(results: Iterable[Replayed]) -> dict[str, int]:
    """Return the number of wordings, of each kind of change, and of each change of the decision."""
    counts: Counter[str] = Counter()
    for result in results:
        counts["questions"] += 1
        if result.change:
            counts[result.change] += 1
        if result.change == "decision":
            counts[f"{result.before.decision} to {result.after.decision}"] += 1
    return dict(counts)
