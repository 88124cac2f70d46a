"""One gap, and the gaps that matter most."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass

import numpy as np

from bot.review.gap_store.gap import Gap, NoSuchGapError, Passage, Reason, State, Wording
from bot.review.gap_store.membership import gap_row
from bot.review.grouping import DTYPE, Likenesses
from bot.review.queries import full_text
from bot.review.signatures import MAY_BE_ALIKE

_LISTED = 200
"""Newest questions of a gap from which its wordings are taken when many gaps are listed."""
_SEARCHED = 20_000
"""So many questions, the newest first, are looked at for words."""
_PASSAGES = 3
_FIGURES = """
    SELECT id, state, note, opened, changed, changed_by, answered_by, figures.* FROM (
        SELECT gap, count(*) AS people, sum(questions) AS questions, max(last) AS last,
            sum(pow(0.5, max(julianday('now') - julianday(last), 0) / 30)) AS rank
        FROM (
            SELECT gap, count(*) AS questions, max(time) AS last FROM gap_members
            WHERE gap IN (SELECT id FROM gaps WHERE {which}) GROUP BY gap, person
        ) GROUP BY gap
    ) AS figures JOIN gaps ON id = gap ORDER BY rank DESC, id LIMIT :limit OFFSET :offset"""
_ONE = _FIGURES.format(which="id = :gap")
# SQLite takes the other columns from the latest question, which has the highest number.
_WORDINGS = """
    SELECT question AS text, coalesce(asked, question) AS asked, q.language, count(*) AS times,
        count(DISTINCT coalesce(q.person, '')) AS people, q.time AS last, q.id, similarity,
        count(votes.value) AS disliked, count(requests.time) AS wished, decision, reasons.reason AS reason,
        q.differences, candidates, max(q.seq)
    FROM (SELECT * FROM gap_members WHERE gap = ? ORDER BY time DESC LIMIT ?) AS m
    JOIN questions AS q ON q.id = m.question_id JOIN reasons ON reasons.id = q.id
    LEFT JOIN votes ON votes.question_id = q.id AND votes.person = q.person AND votes.value < 0
    LEFT JOIN requests ON requests.question_id = q.id AND requests.person = q.person
    GROUP BY coalesce(m.wording, q.seq) ORDER BY people DESC, similarity DESC, q.id"""


@dataclass(frozen=True, slots=True)
class GapFilter:
    """Chooses gaps. A field that is ``None`` accepts every gap; the others are met by one of its questions."""

    state: State | None = State.OPEN
    language: str | None = None
    reason: Reason | None = None
    search: str | None = None
    """Words that all occur in one question; ``lith*`` matches every word that begins with it."""

    def where(self) -> tuple[str, dict[str, object]]:
        """Return an SQL condition on the table ``gaps`` and its parameters."""
        values: dict[str, object] = {}
        conditions = ["1"]
        if self.state:
            conditions.append("state = :state")
            values["state"] = str(self.state)
        members = [name for name in ("language", "reason") if getattr(self, name)]
        if members:
            values |= {name: str(getattr(self, name)) for name in members}
            same = " AND ".join(f"{name} = :{name}" for name in members)
            conditions.append(f"EXISTS (SELECT 1 FROM gap_members WHERE gap = gaps.id AND {same})")
        if self.search:
            values |= {"search": full_text(self.search), "searched": _SEARCHED}
            conditions.append(
                "gaps.id IN (SELECT gap FROM (SELECT rowid FROM questions_fts WHERE questions_fts MATCH :search "
                "ORDER BY rowid DESC LIMIT :searched) AS found JOIN questions AS q ON q.seq = found.rowid "
                "JOIN gap_members ON question_id = q.id)"
            )
        return " AND ".join(conditions), values


def ranked(
    connection: sqlite3.Connection,
    which: GapFilter | None = None,
    *,
    limit: int = 20,
    offset: int = 0,
) -> list[Gap]:
    """Return gaps, by default the open ones; first those that most people asked about lately.

    The wordings, votes and wishes of each gap are those of its newest questions; :func:`find` returns all of them.
    """
    where, values = (which or GapFilter()).where()
    best = connection.execute(
        _FIGURES.format(which=where),
        values | {"limit": limit, "offset": offset},
    ).fetchall()
    return [_gap(connection, row, _LISTED) for row in best]


def count(connection: sqlite3.Connection, which: GapFilter) -> int:
    """Return how many gaps :func:`ranked` would return without a limit."""
    where, values = which.where()
    [(number,)] = connection.execute(
        f"SELECT count(*) FROM gaps WHERE EXISTS (SELECT 1 FROM gap_members WHERE gap = gaps.id) AND {where}", values
    ).fetchall()
    return int(number)


def find(connection: sqlite3.Connection, number: int) -> Gap:
    """Return one gap with all its wordings; the number of a merged gap leads to the one it was merged into.

    Raises:
        NoSuchGapError: There is no gap with this number, or no questions are left in it.
    """
    row = _figures(connection, gap_row(connection, number)["id"])
    if row is None:
        raise NoSuchGapError(number)
    return _gap(connection, row, -1)


def similar(connection: sqlite3.Connection, number: int, *, limit: int = 3) -> list[Gap]:
    """Return the open gaps that may mean the same as a gap, the most alike first.

    A gap that reviewers changed just now has no such gaps until new questions are put into gaps again.

    Raises:
        NoSuchGapError: There is no gap with this number.
    """
    gap = gap_row(connection, number)
    if gap["centroid"] is None:
        return []
    others = connection.execute(
        "SELECT id, centroid, wordings FROM gaps WHERE state = 'open' AND merged_into IS NULL AND encoder = ? "
        "AND centroid IS NOT NULL AND id <> ?",
        (gap["encoder"], gap["id"]),
    ).fetchall()
    sums = [np.frombuffer(row["centroid"], DTYPE) for row in others]
    likeness = Likenesses(sums, [row["wordings"] for row in others]).of(np.frombuffer(gap["centroid"], DTYPE))
    found = []
    for place in np.argsort(-likeness, kind="stable")[:limit].tolist():
        if likeness[place] / gap["wordings"] >= MAY_BE_ALIKE:
            row = _figures(connection, others[place]["id"])
            found += [_gap(connection, row, _LISTED)] if row else []
    return found


def _figures(connection: sqlite3.Connection, gap: int) -> sqlite3.Row | None:
    """Return the figures of one gap, or ``None`` where no questions are left in it."""
    row: sqlite3.Row | None = connection.execute(_ONE, {"gap": gap, "limit": 1, "offset": 0}).fetchone()
    return row


def _gap(connection: sqlite3.Connection, row: sqlite3.Row, limit: int) -> Gap:
    """Return a gap with the wordings of its newest questions, up to ``limit`` of them (-1 for all)."""
    gap = row["id"]
    asked = tuple(_wording(each) for each in connection.execute(_WORDINGS, (gap, limit)))
    languages: Counter[str] = Counter()
    reasons: Counter[Reason] = Counter()
    for language, reason, number in connection.execute(
        "SELECT language, reason, count(*) FROM gap_members WHERE gap = ? AND reason IS NOT NULL GROUP BY 1, 2", (gap,)
    ):
        languages[language] += number
        reasons[Reason(reason)] += number
    return Gap(
        id=gap,
        state=State(row["state"]),
        note=row["note"],
        opened=row["opened"],
        changed=row["changed"],
        changed_by=row["changed_by"],
        answered_by=row["answered_by"],
        people=row["people"],
        questions=row["questions"],
        last=row["last"],
        rank=row["rank"],
        disliked=sum(each.disliked for each in asked),
        wished=sum(each.wished for each in asked),
        languages=tuple(languages.most_common()),
        reasons=tuple(reasons.most_common()),
        asked=asked,
        nearest=tuple((passage.id, passage.score) for passage in asked[0].passages),
    )


def _wording(row: sqlite3.Row) -> Wording:
    candidates = json.loads(row["candidates"])[:_PASSAGES]
    return Wording(
        text=row["text"],
        asked=row["asked"],
        language=row["language"],
        times=row["times"],
        people=row["people"],
        last=row["last"],
        id=row["id"],
        similarity=row["similarity"],
        disliked=row["disliked"],
        wished=row["wished"],
        decision=row["decision"],
        reason=Reason(row["reason"]),
        differences=tuple((kind, asked, found) for kind, asked, found in json.loads(row["differences"] or "[]")),
        passages=tuple(
            Passage(each["id"], each["language"], each["score"], each["hash"], each["shown"]) for each in candidates
        ),
    )
