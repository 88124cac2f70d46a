"""Ask logged questions again, of another index, and see what would change for the people who asked."""

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
    """The best passage."""
    hash: str | None
    """Hash of what is quoted of it."""

    def __str__(self) -> str:
        return f"{self.decision} {self.confidence:.2f} {self.snippet or '-'}"


@dataclass(frozen=True, slots=True)
class Replayed:
    """One wording, as it was answered last and as it is answered now."""

    question: str
    language: str
    times: int
    id: str
    """Entry id of the last time."""
    before: Verdict
    after: Verdict

    @property
    def change(self) -> str | None:
        """What is different: ``decision``, ``passage``, ``text`` (same passage, new words) or ``None``."""
        if self.before.decision != self.after.decision:
            return "decision"
        if self.after.decision == "none":
            return None
        if self.before.snippet != self.after.snippet:
            return "passage"
        return "text" if self.before.hash != self.after.hash else None


def logged(connection: sqlite3.Connection, *, since: str = "", limit: int = 2000) -> Iterator[tuple[sqlite3.Row, int]]:
    """Yield the wordings asked most since a moment, each as its latest row and how often it was asked."""
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
    """Ask each question again and yield how that compares with what was logged."""
    for row, times in rows:
        hits = json.loads(row["candidates"])
        best = hits[0] if hits else {}
        yield Replayed(
            question=row["asked"] or row["question"],
            language=row["language"],
            times=times,
            id=row["id"],
            before=Verdict(row["decision"], row["confidence"], best.get("id"), best.get("hash")),
            after=verdict(ask(row["asked"] or row["question"])),
        )


def verdict(answer: Answer) -> Verdict:
    """Return what of an answer is compared."""
    from bot.querylog.entry import content_hash

    if not answer.hits:
        return Verdict(str(answer.decision), answer.confidence, None, None)
    best = answer.hits[0].snippet
    return Verdict(str(answer.decision), answer.confidence, best.id, content_hash(best))


def summary(results: Iterable[Replayed]) -> dict[str, int]:
    """Return how many wordings there are, how many of each change, and from which decision to which."""
    counts: Counter[str] = Counter()
    for result in results:
        counts["questions"] += 1
        if result.change:
            counts[result.change] += 1
        if result.change == "decision":
            counts[f"{result.before.decision} to {result.after.decision}"] += 1
    return dict(counts)
