"""What reviewers ask of the log. The views of the log (:mod:`bot.querylog.schema`) hold most of the SQL."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.database import open_for_reading
from bot.querylog.entry import timestamp
from bot.querylog.schema import PERCENTILES
from index.errors import UserFacingError

logger = logging.getLogger(__name__)

_MOST_QUOTED = 10
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_CONDITIONS = {
    "since": "time >= :since",
    "until": "time < :until",
    # A search may match half the log. With the plus sign SQLite goes back in time until it has enough rows, which is
    # faster than sorting all matches.
    "search": "+seq IN (SELECT rowid FROM questions_fts WHERE questions_fts MATCH :search)",
}
# Without the hint SQLite reads the rows themselves.
_COUNTS = """SELECT
    (SELECT count(DISTINCT person) FROM questions INDEXED BY questions_person
        WHERE person > '' AND time >= :since) AS people,
    (SELECT count(*) FROM votes WHERE value > 0 AND time >= :since) AS up,
    (SELECT count(*) FROM votes WHERE value < 0 AND time >= :since) AS down,
    (SELECT count(*) FROM requests WHERE time >= :since) AS requests,
    (SELECT count(*) FROM questions WHERE delivery IN ('failed', 'forbidden') AND time >= :since) AS undelivered"""


class NoSuchEntryError(UserFacingError):
    """No question, or more than one, has an id."""


def moment(text: str) -> str:
    """Return a moment as the log writes it.

    Args:
        text: ``7d``, ``24h`` or ``2w`` for so long ago, ``today``, or an ISO 8601 date or time (UTC).

    Raises:
        ValueError: The text is none of these.
    """
    now = datetime.now(UTC)
    if text == "today":
        return timestamp(now.replace(hour=0, minute=0, second=0, microsecond=0))
    if ago := re.fullmatch(r"(\d{1,6})([mhdw])", text):
        return timestamp(now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no moment; write 7d, 24h, 2w, today, 2026-11-01 or 2026-11-01T12:30"
        raise ValueError(message) from None
    return timestamp(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Filter:
    """Chooses questions. A field that is ``None`` accepts every question."""

    since: str | None = None
    """A moment as the log writes it."""
    until: str | None = None
    decision: str | None = None
    language: str | None = None
    surface: str | None = None
    topic: str | None = None
    search: str | None = None
    """Words that all occur in the question; ``lith*`` matches every word that begins with it."""

    def where(self) -> tuple[str, dict[str, object]]:
        """Return an SQL condition on the columns of ``questions`` and its parameters."""
        values = {name: value for name, value in asdict(self).items() if value}
        if self.search:
            values["search"] = full_text(self.search)
        return " AND ".join(_CONDITIONS.get(name, f"{name} = :{name}") for name in values) or "1", values


def full_text(search: str) -> str:
    """Return an FTS5 expression for words as people type them, without any of FTS5's own syntax."""
    words = re.findall(r"\w+\*?", search) or [search]
    quoted = (f'"{word.rstrip("*").replace(chr(34), "")}"' + ("*" if word.endswith("*") else "") for word in words)
    return " ".join(quoted)


def questions(connection: sqlite3.Connection, which: Filter, *, limit: int = -1) -> Iterator[sqlite3.Row]:
    """Yield questions, the newest first, with ``vote`` (1, -1 or ``NULL``), ``requested`` and ``gap``."""
    return _newest(connection, "questions_and_feedback", which, limit)


def unanswered(connection: sqlite3.Connection, which: Filter, *, limit: int = 50) -> list[sqlite3.Row]:
    """Return the newest questions not answered well: ``none`` or ``closest``, voted down, or asked to be added."""
    return _newest(connection, "unanswered_questions", which, limit).fetchall()


def _newest(connection: sqlite3.Connection, view: str, which: Filter, limit: int) -> sqlite3.Cursor:
    where, values = which.where()
    sql = f"SELECT * FROM {view} WHERE {where} ORDER BY time DESC, id DESC LIMIT :limit"
    return connection.execute(sql, values | {"limit": limit})


def entry(connection: sqlite3.Connection, entry_id: str) -> dict[str, object]:
    """Return everything known of one question, by its id or by an unambiguous beginning or end of it.

    Raises:
        NoSuchEntryError: There is no such question, or more than one.
    """
    part = re.sub(r"[^0-9A-Z]", "", entry_id.upper())
    found = connection.execute(
        "SELECT id FROM questions WHERE id >= :part AND id < :part || '~' OR id LIKE '%' || :part LIMIT 2",
        {"part": part},
    ).fetchall()
    if not part or len(found) != 1:
        several = "more than one question has" if found else "no question has"
        raise NoSuchEntryError(f"{entry_id}: {several} this id; `log list` shows ids")
    row = dict(connection.execute("SELECT * FROM questions_and_feedback WHERE id = ?", found[0]).fetchone())
    row["candidates"] = json.loads(row["candidates"])
    edits = connection.execute("SELECT id FROM questions WHERE edit_of = ? ORDER BY id", (row["id"],))
    row["edits"] = [edit[0] for edit in edits]
    return row


@dataclass(frozen=True, slots=True)
class Stats:
    """What happened in a span of whole days (UTC)."""

    since: str
    until: str
    questions: int
    people: int
    decisions: Mapping[str, int]
    languages: Mapping[str, int]
    surfaces: Mapping[str, int]
    latency_ms: Mapping[str, float]
    """Percentiles ``p50``, ``p95`` and ``p99`` by nearest rank; empty without questions."""
    up: int
    down: int
    requests: int
    undelivered: int
    days: tuple[Mapping[str, object], ...] = field(repr=False)
    """One mapping per day: ``day`` and the number of questions by decision."""
    quoted: tuple[tuple[str, int], ...] = field(repr=False)
    """The snippets quoted most often as the answer, and how often."""
    never_quoted: tuple[str, ...] = field(repr=False)

    def __str__(self) -> str:
        """Return the figures in a few lines of plain text."""

        def share(counts: Mapping[str, int]) -> str:
            return (
                ", ".join(f"{name} {number} ({number / self.questions:.0%})" for name, number in counts.items()) or "-"
            )

        lines = [
            f"{self.since} to {self.until} (UTC)",
            f"questions  {self.questions} from {self.people} people",
            f"decisions  {share(self.decisions)}",
            f"languages  {share(self.languages)}",
            f"surfaces   {share(self.surfaces)}",
            "latency    " + (", ".join(f"{name} {ms:.3g} ms" for name, ms in self.latency_ms.items()) or "-"),
            f"feedback   {self.up} up, {self.down} down, {self.requests} asked to be added",
        ]
        if self.undelivered:
            lines.append(f"not sent   {self.undelivered}")
        if self.quoted:
            lines += ["most quoted:", *(f"  {number:>6}  {snippet}" for snippet, number in self.quoted)]
        if self.never_quoted:
            lines.append(f"never quoted: {len(self.never_quoted)} snippets")
        return "\n".join(lines)


def read_stats(path: Path, *, days: int = 30) -> Stats | None:
    """Return the figures of the log at ``path``, or ``None`` if there is no log that can be read."""
    try:
        with closing(open_for_reading(path)) as connection:
            return stats(connection, days=days)
    except sqlite3.Error as error:
        logger.info("The query log cannot be read: %s", error)
        return None


def stats(connection: sqlite3.Connection, *, days: int = 30) -> Stats:
    """Return the figures of the last days, today included."""
    today = datetime.now(UTC).date()
    since = (today - timedelta(days=days - 1)).isoformat()
    every_day = [(today - timedelta(days=ago)).isoformat() for ago in reversed(range(days))]
    per_day: dict[str, Counter[str]] = {day: Counter(answer=0, closest=0, none=0) for day in every_day}
    totals: dict[str, Counter[str]] = {name: Counter() for name in ("decision", "language", "surface")}
    for row in connection.execute("SELECT * FROM daily_figures WHERE day BETWEEN ? AND ?", (since, every_day[-1])):
        per_day[row["day"]][row["decision"]] += row["questions"]
        for name, counts in totals.items():
            counts[row[name]] += row["questions"]
    numbers = connection.execute(_COUNTS, {"since": since}).fetchone()
    percentiles = connection.execute(
        f"SELECT {PERCENTILES} FROM "
        "(SELECT latency_ms, cume_dist() OVER (ORDER BY latency_ms) AS share FROM questions WHERE time >= ?)",
        (since,),
    ).fetchone()
    quoted = connection.execute(
        "SELECT snippet, sum(quoted) FROM quoted_snippets WHERE day >= ? GROUP BY 1 ORDER BY 2 DESC, 1", (since,)
    ).fetchall()
    snippets = {row[0] for row in connection.execute("SELECT id FROM snippets")}
    return Stats(
        since=since,
        until=every_day[-1],
        questions=totals["decision"].total(),
        decisions=dict(totals["decision"].most_common()),
        languages=dict(totals["language"].most_common()),
        surfaces=dict(totals["surface"].most_common()),
        latency_ms={name: ms for name, ms in dict(percentiles).items() if ms is not None},
        **dict(numbers),
        days=tuple({"day": day, **counts} for day, counts in per_day.items()),
        quoted=tuple((row[0], row[1]) for row in quoted[:_MOST_QUOTED]),
        never_quoted=tuple(sorted(snippets - {row[0] for row in quoted})),
    )
