"""What reviewers ask of the log; every query is answered from indexes or daily counts, however long the log."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.database import open_for_reading
from bot.querylog.entry import timestamp
from index.errors import UserFacingError

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class NoSuchEntryError(UserFacingError):
    """No question, or more than one, answers to an id."""


def moment(text: str) -> str:
    """Return a moment as the log writes it: ``7d``, ``24h``, ``2w`` ago, ``today``, or an ISO 8601 date or time (UTC).

    Raises:
        ValueError: it is none of these.
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
    """Which questions are meant; a field that is ``None`` lets all pass."""

    since: str | None = None
    """A moment as the log writes it."""
    until: str | None = None
    decision: str | None = None
    language: str | None = None
    surface: str | None = None
    topic: str | None = None
    search: str | None = None
    """Words that all occur in the question; ``lith*`` stands for every word that begins so."""

    def where(self) -> tuple[str, dict[str, object]]:
        """Return an SQL condition on ``questions AS q`` and its parameters."""
        conditions, values = ["1"], {}
        for name, comparison in (("since", "q.time >= :since"), ("until", "q.time < :until")):
            if getattr(self, name):
                conditions.append(comparison)
                values[name] = getattr(self, name)
        for name in ("decision", "language", "surface", "topic"):
            if getattr(self, name):
                conditions.append(f"q.{name} = :{name}")
                values[name] = getattr(self, name)
        if self.search:
            conditions.append("q.seq IN (SELECT rowid FROM questions_fts WHERE questions_fts MATCH :search)")
            values["search"] = _full_text(self.search)
        return " AND ".join(conditions), values


def _full_text(search: str) -> str:
    """Return an FTS5 expression for words as people type them; none of FTS5's own syntax is passed through."""
    words = re.findall(r"\w+\*?", search) or [search]
    quoted = (f'"{word.rstrip("*").replace(chr(34), "")}"' + ("*" if word.endswith("*") else "") for word in words)
    return " ".join(quoted)


def questions(connection: sqlite3.Connection, which: Filter, *, limit: int | None = None) -> Iterator[sqlite3.Row]:
    """Yield questions, the newest first, with their vote (``NULL``, 1 or -1) and whether an answer was asked for."""
    where, values = which.where()
    # A search may find half the log: going back in time until there are enough is faster than sorting everything found.
    by_time = "INDEXED BY questions_time" if which.search else ""
    yield from connection.execute(
        f"""SELECT q.*,
                (SELECT value FROM counted_votes WHERE question_id = q.id) AS vote,
                EXISTS (SELECT 1 FROM requests WHERE question_id = q.id AND person = q.person) AS requested
            FROM questions AS q {by_time} WHERE {where} ORDER BY q.time DESC, q.id DESC LIMIT :limit""",
        values | {"limit": -1 if limit is None else limit},
    )


def unanswered(connection: sqlite3.Connection, which: Filter, *, limit: int = 50) -> list[sqlite3.Row]:
    """Return the newest questions not answered well: ``none`` or ``closest``, voted down, or asked to be added.

    Questions that were edited afterwards are left out, since what counts is what they became.
    """
    where, values = which.where()
    # The newest of each kind first: no kind is so rare that the whole log must be read for it.
    kinds = [
        f"SELECT q.id, q.time FROM questions AS q WHERE q.decision = '{kind}' AND {where}"
        for kind in ("none", "closest")
    ]
    kinds += [
        "SELECT q.id, q.time FROM votes AS v JOIN questions AS q ON q.id = v.question_id AND q.person = v.person "
        f"WHERE v.value < 0 AND {where}",
        "SELECT q.id, q.time FROM requests AS r JOIN questions AS q ON q.id = r.question_id AND q.person = r.person "
        f"WHERE {where}",
    ]
    current = "NOT EXISTS (SELECT 1 FROM questions AS later WHERE later.edit_of = q.id)"
    union = " UNION ".join(f"SELECT * FROM ({kind} AND {current} ORDER BY q.time DESC LIMIT :limit)" for kind in kinds)
    return connection.execute(
        f"""SELECT q.*,
                (SELECT value FROM counted_votes WHERE question_id = q.id) AS vote,
                EXISTS (SELECT 1 FROM requests WHERE question_id = q.id AND person = q.person) AS requested,
                (SELECT gap FROM gap_questions WHERE question_id = q.id) AS gap
            FROM ({union}) AS chosen JOIN questions AS q ON q.id = chosen.id
            ORDER BY q.time DESC, q.id DESC LIMIT :limit""",
        values | {"limit": limit},
    ).fetchall()


def entry(connection: sqlite3.Connection, entry_id: str) -> dict[str, object]:
    """Return everything known of one question, by its id or an unambiguous beginning or end of it.

    Raises:
        NoSuchEntryError: there is none, or more than one.
    """
    exact = connection.execute("SELECT id FROM questions WHERE id = ?", (entry_id.upper(),)).fetchall()
    part = re.sub(r"[^0-9A-Z]", "", entry_id.upper())
    found = (
        exact
        or connection.execute(
            "SELECT id FROM questions WHERE id >= ? AND id < ? || '~' OR id LIKE '%' || ? LIMIT 2", (part, part, part)
        ).fetchall()
    )
    if not part or len(found) != 1:
        several = "more than one question has" if found else "no question has"
        raise NoSuchEntryError(f"{entry_id}: {several} this id; `log list` shows ids")
    row = dict(next(questions_by_id(connection, [found[0][0]])))
    row["candidates"] = json.loads(str(row["candidates"]))
    row["edits"] = [
        edit[0] for edit in connection.execute("SELECT id FROM questions WHERE edit_of = ? ORDER BY id", (row["id"],))
    ]
    row["gap"] = next(
        (gap[0] for gap in connection.execute("SELECT gap FROM gap_questions WHERE question_id = ?", (row["id"],))),
        None,
    )
    return row


def questions_by_id(connection: sqlite3.Connection, ids: list[str]) -> Iterator[sqlite3.Row]:
    """Yield the questions with these ids, in time's order, like :func:`questions`."""
    yield from connection.execute(
        """SELECT q.*,
                (SELECT value FROM counted_votes WHERE question_id = q.id) AS vote,
                EXISTS (SELECT 1 FROM requests WHERE question_id = q.id AND person = q.person) AS requested
            FROM questions AS q WHERE q.id IN (SELECT value FROM json_each(?)) ORDER BY q.time, q.id""",
        (json.dumps(ids),),
    )


@dataclass(frozen=True, slots=True)
class Stats:
    """What happened in a span of days (UTC), the first and last of which count whole."""

    since: str
    until: str
    questions: int
    people: int
    decisions: Mapping[str, int]
    languages: Mapping[str, int]
    surfaces: Mapping[str, int]
    latency_ms: Mapping[str, float]
    """Percentiles ``p50``, ``p95``, ``p99``, exact to a tenth (below 10 ms) or a tenth part of their value."""
    up: int
    down: int
    requests: int
    undelivered: int
    days: tuple[Mapping[str, object], ...] = field(repr=False)
    """One mapping a day: ``day`` and the number of questions by decision."""
    quoted: tuple[tuple[str, int], ...] = field(repr=False)
    """The most quoted snippets and how often they were."""
    never_quoted: tuple[str, ...] = field(repr=False)

    def __str__(self) -> str:
        """The figures in a few lines of plain text."""

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
            "latency    " + (", ".join(f"{name} {ms:g} ms" for name, ms in self.latency_ms.items()) or "-"),
            f"feedback   {self.up} up, {self.down} down, {self.requests} asked to be added",
        ]
        if self.undelivered:
            lines.append(f"not sent   {self.undelivered}")
        if self.quoted:
            lines += ["most quoted:", *(f"  {number:>6}  {snippet}" for snippet, number in self.quoted)]
        if self.never_quoted:
            lines.append(f"never quoted: {len(self.never_quoted)} snippets")
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Return the figures as JSON takes them."""
        return {
            name: list(value) if isinstance(value := getattr(self, name), tuple) else value for name in self.__slots__
        }


def read_stats(path: Path, days: int = 30) -> Stats | None:
    """Return the figures of the last days from a log, or ``None`` where there is none to be read."""
    try:
        with closing(open_for_reading(path)) as connection:
            return stats(connection, days=days)
    except sqlite3.Error:
        return None


def stats(connection: sqlite3.Connection, *, days: int = 30, top: int = 10) -> Stats:
    """Return the figures of the last so many days, today included."""
    today = datetime.now(UTC).date()
    since, until = (today - timedelta(days=days - 1)).isoformat(), today.isoformat()
    span = (since, until)

    def by(column: str) -> dict[str, int]:
        sql = f"SELECT {column}, sum(questions) FROM daily WHERE day BETWEEN ? AND ? GROUP BY 1 ORDER BY 2 DESC"
        return {row[0]: row[1] for row in connection.execute(sql, span)}

    def count(sql: str) -> int:
        number: int = connection.execute(sql, (since,)).fetchone()[0]
        return number

    every_day = ((today - timedelta(days=ago)).isoformat() for ago in reversed(range(days)))
    per_day: dict[str, dict[str, object]] = {
        day: {"day": day, "answer": 0, "closest": 0, "none": 0} for day in every_day
    }
    for day, decision, number in connection.execute(
        "SELECT day, decision, sum(questions) FROM daily WHERE day BETWEEN ? AND ? GROUP BY 1, 2 ORDER BY 1", span
    ):
        per_day[day][decision] = number
    quoted = connection.execute(
        "SELECT snippet, sum(quoted) FROM daily_snippets WHERE day BETWEEN ? AND ? "
        "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?",
        (*span, top),
    )
    never = connection.execute(
        "SELECT id FROM snippets WHERE id NOT IN "
        "(SELECT snippet FROM daily_snippets WHERE day BETWEEN ? AND ?) ORDER BY id",
        span,
    )
    decisions = by("decision")
    return Stats(
        since=since,
        until=until,
        questions=sum(decisions.values()),
        # Without the hint the planner reads the rows themselves.
        people=count(
            "SELECT count(DISTINCT person) FROM questions INDEXED BY questions_person WHERE person > '' AND time >= ?"
        ),
        decisions=decisions,
        languages=by("language"),
        surfaces=by("surface"),
        latency_ms=_percentiles(connection, span),
        up=count("SELECT count(*) FROM votes WHERE value > 0 AND time >= ?"),
        down=count("SELECT count(*) FROM votes WHERE value < 0 AND time >= ?"),
        requests=count("SELECT count(*) FROM requests WHERE time >= ?"),
        undelivered=count("SELECT count(*) FROM questions WHERE delivery IN ('failed', 'forbidden') AND time >= ?"),
        days=tuple(per_day.values()),
        quoted=tuple((row[0], row[1]) for row in quoted),
        never_quoted=tuple(row[0] for row in never),
    )


def _percentiles(connection: sqlite3.Connection, span: tuple[str, str]) -> dict[str, float]:
    """Return percentiles by nearest rank over counted steps, each as its step's upper end."""
    steps = connection.execute(
        "SELECT ms, sum(questions) FROM daily_latency WHERE day BETWEEN ? AND ? GROUP BY 1 ORDER BY 1", span
    ).fetchall()
    total, result = sum(row[1] for row in steps), {}
    for percent in (50, 95, 99):
        passed = 0
        for ms, number in steps:
            passed += number
            if passed * 100 >= total * percent:
                result[f"p{percent}"] = ms
                break
    return result
