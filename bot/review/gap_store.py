"""Questions left unanswered, grouped by meaning, with a state that is kept over time."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import numpy as np

from bot.database import transaction
from bot.querylog.entry import timestamp
from bot.review.grouping import Cluster, Vectors, group
from bot.review.signatures import Signatures
from index.errors import UserFacingError

_PIECE = 2000
"""Different questions grouped at once; their mutual similarities take 16 MB."""
_HALF_LIFE_DAYS = 30.0
_LISTED = 200
"""How many of a gap's questions are looked at for its wordings where many gaps are listed."""
_CONSENTING = "(m.person IS NULL OR m.person NOT IN (SELECT person FROM opt_outs))"
"""Not asked by somebody who has opted out, before or after the question was put into a gap."""
_UNGROUPED = """
    WITH unanswered AS (
        SELECT q.seq FROM questions AS q
            WHERE q.seq > :seq AND q.decision IN ('none', 'closest') AND q.surface <> 'inline'
        UNION SELECT q.seq FROM votes AS v JOIN questions AS q ON q.id = v.question_id AND q.person = v.person
            WHERE v.time >= :time AND v.value < 0
        UNION SELECT q.seq FROM requests AS r JOIN questions AS q ON q.id = r.question_id AND q.person = r.person
            WHERE r.time >= :time
    )
    SELECT q.id, q.time, q.person, coalesce(q.asked, q.question) AS text, q.language, v.vector, i.encoder
    FROM unanswered JOIN questions AS q ON q.seq = unanswered.seq
    LEFT JOIN vectors AS v ON v.seq = q.seq LEFT JOIN index_versions AS i ON i.version = q.index_version
    WHERE q.time >= :since AND (q.person IS NULL OR q.person NOT IN (SELECT person FROM opt_outs))
        AND NOT EXISTS (SELECT 1 FROM questions AS later WHERE later.edit_of = q.id)
        AND NOT EXISTS (SELECT 1 FROM gap_questions WHERE question_id = q.id)
    ORDER BY q.time"""
_LEEWAY = timedelta(hours=1)
"""How long before the last grouping votes and wishes are looked at again, for those that were on their way then."""


class NoSuchGapError(UserFacingError):
    """There is no gap of this number."""


class State(StrEnum):
    """What reviewers have made of a gap."""

    OPEN = "open"
    ANSWERED = "answered"
    WILL_NOT_COVER = "will-not-cover"


@dataclass(frozen=True, slots=True)
class Asked:
    """One wording in a gap."""

    text: str
    language: str
    times: int
    people: int
    last: str
    """When it was asked last, as the log writes time."""
    id: str
    """Entry id of that time."""
    similarity: float
    """Cosine to the middle of the gap."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions of one meaning that were not answered."""

    id: int
    state: State
    note: str | None
    opened: str
    people: int
    questions: int
    last: str
    rank: float
    """People, each counted by how lately they asked: half after 30 days, a quarter after 60."""
    asked: tuple[Asked, ...]
    """Wordings, the most typical first."""
    nearest: tuple[tuple[str, float], ...]
    """Snippets that came nearest to the most typical wording, with their scores."""

    def as_json(self) -> dict[str, object]:
        """Return the gap as JSON takes it."""
        return {
            "id": self.id,
            "state": str(self.state),
            "note": self.note,
            "opened": self.opened,
            "people": self.people,
            "questions": self.questions,
            "last": self.last,
            "rank": round(self.rank, 3),
            "asked": [{name: getattr(asked, name) for name in asked.__slots__} for asked in self.asked],
            "nearest": [{"snippet": snippet, "score": score} for snippet, score in self.nearest],
        }


def update(connection: sqlite3.Connection, signatures: Signatures, *, encoder: str, since: str = "") -> int:
    """Put every unanswered question since a moment that is in no gap yet into one; return how many there were.

    Gaps keep their numbers: what is new joins the gap it is near to, or begins one. A gap marked as answered into which
    a question falls that was asked after that is opened again. Half-typed inline queries are left out unless somebody
    asked for them to be answered; people who opted out are left out altogether.

    Args:
        signatures: What questions are compared by; gaps made by signatures of another name are made comparable first.
        encoder: Key of the encoder whose stored embeddings the signatures can use.
    """
    done = connection.execute("SELECT seq, time, since FROM grouped").fetchone()
    begun = timestamp(datetime.now(UTC) - _LEEWAY)
    newest = connection.execute("SELECT coalesce(max(seq), 0) FROM questions").fetchone()[0]
    # Whoever asks for older questions than were considered before asks for all of them.
    seq, time = (done["seq"], done["time"]) if since >= done["since"] else (0, "")
    rows = connection.execute(_UNGROUPED, {"seq": seq, "time": time, "since": since}).fetchall()
    clusters = _clusters(connection, signatures)
    wordings: dict[str, list[sqlite3.Row]] = {}
    for row in rows:
        wordings.setdefault(normal(row["text"]), []).append(row)
    different = list(wordings.values())
    for start in range(0, len(different), _PIECE):
        piece = different[start : start + _PIECE]
        vectors = np.stack(
            [signatures.signature(same[-1]["text"], same[-1]["language"], _embedding(same, encoder)) for same in piece]
        )
        thresholds = np.array([signatures.threshold(same[-1]["language"]) for same in piece], np.float32)
        weights = np.array([len(same) for same in piece], np.float32)
        clusters = group(vectors, clusters, thresholds=thresholds, weights=weights)
        with transaction(connection):
            for cluster in clusters:
                if cluster.members:
                    _keep(
                        connection,
                        cluster,
                        signatures.name,
                        [(piece[row], similarity) for row, similarity in cluster.members],
                    )
    with transaction(connection):
        oldest = min(since, done["since"]) if done["time"] else since
        connection.execute("UPDATE grouped SET seq = ?, time = ?, since = ?", (newest, begun, oldest))
    return len(rows)


def normal(text: str) -> str:
    """Return a question without case, punctuation and spacing, by which repeated wordings are recognised."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _embedding(same: Sequence[sqlite3.Row], encoder: str) -> Vectors | None:
    for row in same:
        if row["vector"] is not None and row["encoder"] == encoder:
            return np.frombuffer(row["vector"], "<f2").astype(np.float32)
    return None


def _clusters(connection: sqlite3.Connection, signatures: Signatures) -> list[Cluster]:
    clusters = []
    for gap in connection.execute("SELECT id, encoder, centroid FROM gaps ORDER BY id").fetchall():
        if gap["centroid"] is not None and gap["encoder"] == signatures.name:
            clusters.append(Cluster(gap["id"], np.frombuffer(gap["centroid"], "<f4").copy()))
            continue
        # A member was forgotten, or the signatures are others: the middle is found again from who is left.
        texts = connection.execute(
            "SELECT coalesce(asked, question) AS text, language, count(*) AS times "
            "FROM questions JOIN gap_questions ON question_id = id WHERE gap = ? GROUP BY 1, 2",
            (gap["id"],),
        ).fetchall()
        if texts:
            total = np.sum(
                [row["times"] * signatures.signature(row["text"], row["language"], None) for row in texts], axis=0
            )
            centroid = total.astype("<f4").tobytes()
            connection.execute(
                "UPDATE gaps SET encoder = ?, centroid = ? WHERE id = ?", (signatures.name, centroid, gap["id"])
            )
            clusters.append(Cluster(gap["id"], total))
    return clusters


def _keep(
    connection: sqlite3.Connection, cluster: Cluster, name: str, members: list[tuple[list[sqlite3.Row], float]]
) -> None:
    now, centroid = timestamp(), cluster.total.astype("<f4").tobytes()
    last = max(row["time"] for same, _ in members for row in same)
    if cluster.id is None:
        first = min(row["time"] for same, _ in members for row in same)
        cluster.id = connection.execute(
            "INSERT INTO gaps (opened, changed, encoder, centroid) VALUES (?, ?, ?, ?)", (first, now, name, centroid)
        ).lastrowid
    else:
        connection.execute("UPDATE gaps SET centroid = ?, encoder = ? WHERE id = ?", (centroid, name, cluster.id))
        connection.execute(
            "UPDATE gaps SET state = 'open', changed = ? WHERE id = ? AND state = 'answered' AND changed < ?",
            (now, cluster.id, last),
        )
    connection.executemany(
        "INSERT OR IGNORE INTO gap_questions (question_id, gap, similarity, person, time) VALUES (?, ?, ?, ?, ?)",
        [
            (row["id"], cluster.id, round(similarity, 4), row["person"], row["time"])
            for same, similarity in members
            for row in same
        ],
    )
    cluster.members.clear()


def ranked(connection: sqlite3.Connection, *, state: State | None = State.OPEN, limit: int | None = 20) -> list[Gap]:
    """Return gaps, those that most people asked about lately first; ``None`` for all states or any number.

    The wordings of each are those of its newest questions; :func:`find` has all.
    """
    now = datetime.now(UTC).timestamp()
    # One row for each person in each gap: their latest question.
    latest = connection.execute(
        f"""SELECT m.gap, max(m.time) AS last FROM gap_questions AS m JOIN gaps AS g ON g.id = m.gap
            WHERE g.state = coalesce(?, g.state) AND {_CONSENTING} GROUP BY m.gap, coalesce(m.person, m.question_id)""",
        (state,),
    )
    ranks: dict[int, float] = {}
    for row in latest:
        age = (now - datetime.fromisoformat(row["last"]).timestamp()) / 86400
        ranks[row["gap"]] = ranks.get(row["gap"], 0.0) + 0.5 ** (max(age, 0.0) / _HALF_LIFE_DAYS)
    best = sorted(ranks, key=lambda gap: (-ranks[gap], gap))[:limit]
    return [_gap(connection, number, ranks[number], _LISTED) for number in best]


def find(connection: sqlite3.Connection, number: int) -> Gap:
    """Return one gap.

    Raises:
        NoSuchGapError: there is none of this number, or nobody's questions are left in it.
    """
    found = connection.execute(
        f"SELECT 1 FROM gaps JOIN gap_questions AS m ON m.gap = gaps.id WHERE gaps.id = ? AND {_CONSENTING} LIMIT 1",
        (number,),
    ).fetchone()
    if not found:
        raise NoSuchGapError(f"There is no gap {number}; `partnership-bot log gaps` lists them.")
    return _gap(connection, number, 0.0, -1)


def _gap(connection: sqlite3.Connection, number: int, rank: float, limit: int) -> Gap:
    """Return a gap with the wordings of its newest questions, up to ``limit`` of them (-1 for all)."""
    gap = connection.execute("SELECT * FROM gaps WHERE id = ?", (number,)).fetchone()
    size = connection.execute(
        f"SELECT count(*) AS questions, count(DISTINCT m.person) AS people, max(m.time) AS last, "
        f"count(*) FILTER (WHERE m.person IS NULL) AS unnamed "
        f"FROM gap_questions AS m WHERE m.gap = ? AND {_CONSENTING}",
        (number,),
    ).fetchone()
    members = connection.execute(
        f"""SELECT q.id, q.time, q.question, q.language, q.person, m.similarity
            FROM (SELECT * FROM gap_questions AS m WHERE m.gap = ? AND {_CONSENTING}
                ORDER BY m.time DESC LIMIT ?) AS m
            JOIN questions AS q ON q.id = m.question_id ORDER BY q.time""",
        (number, limit),
    ).fetchall()
    wordings: dict[str, list[sqlite3.Row]] = {}
    for row in members:
        wordings.setdefault(normal(row["question"]), []).append(row)
    asked = sorted(
        (
            Asked(
                same[-1]["question"],
                same[-1]["language"],
                len(same),
                len({row["person"] for row in same}),
                same[-1]["time"],
                same[-1]["id"],
                same[-1]["similarity"],
            )
            for same in wordings.values()
        ),
        key=lambda each: (-each.people, -each.similarity, each.id),
    )
    [(candidates,)] = connection.execute("SELECT candidates FROM questions WHERE id = ?", (asked[0].id,)).fetchall()
    return Gap(
        id=number,
        state=State(gap["state"]),
        note=gap["note"],
        opened=gap["opened"],
        people=size["people"] + (size["unnamed"] > 0),
        questions=size["questions"],
        last=size["last"],
        rank=rank,
        asked=tuple(asked),
        nearest=tuple((hit["id"], hit["score"]) for hit in json.loads(candidates)[:3]),
    )


def mark(connection: sqlite3.Connection, number: int, state: State, note: str | None = None) -> None:
    """Set a gap's state.

    Raises:
        NoSuchGapError: there is none of this number.
    """
    changed = connection.execute(
        "UPDATE gaps SET state = ?, note = coalesce(?, note), changed = ? WHERE id = ?",
        (str(state), note, timestamp(), number),
    ).rowcount
    if not changed:
        raise NoSuchGapError(f"There is no gap {number}; `partnership-bot log gaps` lists them.")


def note_index(
    connection: sqlite3.Connection, version: str, encoder: str, built: str, snippets: Mapping[str, tuple[str, str]]
) -> None:
    """Note what an index version was made with, and its snippets in place of an earlier version's."""
    connection.execute(
        "INSERT OR REPLACE INTO index_versions VALUES (?, ?, ?, ?)", (version, encoder, built, len(snippets))
    )
    connection.execute("DELETE FROM snippets")
    connection.executemany(
        "INSERT INTO snippets VALUES (?, ?, ?)", [(name, *about) for name, about in snippets.items()]
    )
