"""The command that asks an index the logged questions again and compares the answers."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.paths import UserPath
from bot.commands.terminal import print_json, print_table
from bot.querylog.entry import content_hash
from bot.querylog.schema import CONSENTING
from bot.review.options import (
    data_option,
    json_option,
    limit_option,
    log,
    opened,
    reading,
    since_option,
)

if TYPE_CHECKING:
    from index.search.answer import Answer


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
    def won(self) -> bool:
        """Whether it is answered now and was not before."""
        return self.after.decision == "answer" != self.before.decision

    @property
    def lost(self) -> bool:
        """Whether it was answered before and is not now."""
        return self.before.decision == "answer" != self.after.decision

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


def logged(connection: sqlite3.Connection, *, since: str = "", limit: int = 2000) -> list[sqlite3.Row]:
    """Return the most frequent wordings since a moment: the latest row of each, with ``times`` it was asked.

    Questions of people who opted out are left out.
    """
    return _wordings(
        connection, f"SELECT seq, asked, question FROM questions WHERE time >= ? AND {CONSENTING}", (since,), limit
    )


def logged_in(
    connection: sqlite3.Connection, gaps: Sequence[int], ids: Sequence[str], *, limit: int
) -> list[sqlite3.Row]:
    """Return the same of the questions in some gaps, and of those with some entry ids."""
    chosen = """SELECT seq, asked, question FROM questions AS q WHERE id IN (SELECT value FROM json_each(?))
        OR id IN (SELECT question_id FROM gap_members WHERE gap IN (SELECT value FROM json_each(?)))"""
    return _wordings(connection, chosen, (json.dumps(ids), json.dumps(gaps)), limit)


def _wordings(connection: sqlite3.Connection, chosen: str, values: tuple[object, ...], limit: int) -> list[sqlite3.Row]:
    from index.evaluation.evaluation_set import normal

    connection.create_function("normal", 1, normal, deterministic=True)
    return connection.execute(
        f"""SELECT q.*, wordings.times FROM questions AS q JOIN (
                SELECT max(seq) AS seq, min(seq) AS first, count(*) AS times FROM ({chosen})
                GROUP BY normal(coalesce(asked, question)) ORDER BY times DESC, first LIMIT ?
            ) AS wordings USING (seq) ORDER BY times DESC, first""",
        (*values, limit),
    ).fetchall()


def replay(rows: Iterable[sqlite3.Row], ask: Callable[[str], Answer]) -> Iterator[Replayed]:
    """Ask each question again and yield the comparison with the logged answer."""
    for row in rows:
        yield compared(row, verdict(ask(as_asked(row))))


def as_asked(row: sqlite3.Row) -> str:
    """Return the text of a logged question with which it is asked again."""
    text: str = row["asked"] or row["question"]
    return text


def compared(row: sqlite3.Row, after: Verdict, before: Verdict | None = None) -> Replayed:
    """Return the comparison of two answers to a logged question, by default with the logged one."""
    return Replayed(as_asked(row), row["language"], row["times"], row["id"], before or _logged_verdict(row), after)


def _logged_verdict(row: sqlite3.Row) -> Verdict:
    hits = json.loads(row["candidates"])
    best = hits[0] if hits else {}
    return Verdict(row["decision"], round(row["confidence"], 4), best.get("id"), best.get("hash"))


def verdict(answer: Answer) -> Verdict:
    """Return the parts of an answer that are compared."""
    decision, confidence = str(answer.decision), round(answer.confidence, 4)
    if not answer.hits:
        return Verdict(decision, confidence, None, None)
    best = answer.hits[0].snippet
    return Verdict(decision, confidence, best.id, content_hash(best))


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


@log.command("replay")
@since_option
@click.option(
    "--index",
    "other",
    type=UserPath(exists=True, file_okay=False),
    help="Data folder or version folder of the index to ask; default: the live one.",
)
@limit_option(2000, "How many wordings at most, the most frequent first.")
@click.option("--all", "everything", is_flag=True, help="Also show the questions whose answer stays the same.")
@json_option
@data_option
def replay_(since: str | None, other: Path | None, limit: int, everything: bool, as_json: bool, data: Path) -> None:
    """Ask an index the logged questions again and show which answers change.

    \b
    Example, before publishing:
      partnership-bot build --data candidate && partnership-bot log replay --since 30d --index candidate
    """
    with reading(data) as connection, opened(other or data) as index:
        rows = logged(connection, since=since or "", limit=limit)
        with click.progressbar(rows, label="Asking again", file=sys.stderr, hidden=not sys.stderr.isatty()) as shown:
            results = list(replay(shown, index.answer))
        version = index.version
    counts = summary(results)
    chosen = [result for result in results if everything or result.change]
    if as_json:
        questions = [asdict(result) | {"change": result.change} for result in chosen]
        print_json({"index_version": version, "summary": counts, "questions": questions})
        return
    print_table(
        ("times", "change", "before", "after", "lang", "question"),
        [
            (each.times, each.change or "", str(each.before), str(each.after), each.language, each.question)
            for each in chosen
        ],
        empty="Nothing changes.",
        text="question",
    )
    click.echo(f"\nIndex {version}: " + ", ".join(f"{name} {number}" for name, number in counts.items()))
