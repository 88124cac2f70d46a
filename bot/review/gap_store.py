"""Unanswered questions grouped by meaning. A gap keeps its number, and its state until somebody changes it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

import numpy as np

from bot.database import transaction
from bot.querylog.entry import timestamp
from bot.review.grouping import Cluster, Signatures, Vectors, group
from index.errors import UserFacingError
from index.evaluation.evaluation_set import normal

_BATCH = 2000
"""Different questions grouped at once; their mutual similarities take 16 MB."""
_LISTED = 200
"""Newest questions of a gap from which its wordings are taken when many gaps are listed."""
# Half-typed inline queries are left out unless the person voted or asked for an answer.
_UNGROUPED = """
    SELECT q.id, q.time, q.person, coalesce(q.asked, q.question) AS text, q.language, vectors.vector, i.encoder
    FROM unanswered_questions AS q
    LEFT JOIN vectors ON vectors.seq = q.seq LEFT JOIN index_versions AS i ON i.version = q.index_version
    WHERE q.time >= ? AND q.gap IS NULL AND (q.surface <> 'inline' OR q.vote < 0 OR q.requested)
    ORDER BY q.time"""


class NoSuchGapError(UserFacingError):
    """There is no gap with this number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"There is no gap {number}; `partnership-bot log gaps` lists them.")


class State(StrEnum):
    """What reviewers have decided about a gap."""

    OPEN = "open"
    ANSWERED = "answered"
    WILL_NOT_COVER = "will-not-cover"


@dataclass(frozen=True, slots=True)
class Wording:
    """One wording in a gap."""

    text: str
    language: str
    times: int
    people: int
    last: str
    """When it was asked last, as the log writes times."""
    id: str
    """Entry id of the question asked then."""
    similarity: float
    """Cosine to the centroid of the gap."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions of one meaning that were not answered well."""

    id: int
    state: State
    note: str | None
    opened: str
    people: int
    questions: int
    last: str
    rank: float
    """People, each weighted by the age of their latest question: half after 30 days, a quarter after 60."""
    asked: tuple[Wording, ...]
    """Wordings, the most typical first."""
    nearest: tuple[tuple[str, float], ...]
    """The best candidates for the most typical wording, with their scores."""

    def as_json(self) -> dict[str, object]:
        """Return the gap as values that JSON can hold."""
        nearest = [{"snippet": snippet, "score": score} for snippet, score in self.nearest]
        return asdict(self) | {"rank": round(self.rank, 3), "nearest": nearest}


def update(connection: sqlite3.Connection, signatures: Signatures, *, since: str = "") -> int:
    """Put every unanswered question that is in no gap yet into one.

    A question joins the gap it is near to, or begins a new one. An answered gap opens again when it is joined by a
    question that was asked later. Questions of people who opted out are left out.

    Args:
        connection: The log, open for writing.
        signatures: What questions are compared by. Gaps made with other signatures are converted first.
        since: Only questions asked from this moment on.

    Returns:
        How many questions were put into gaps.
    """
    rows = connection.execute(_UNGROUPED, (since,)).fetchall()
    clusters = _clusters(connection, signatures)
    wordings: dict[str, list[sqlite3.Row]] = {}
    for row in rows:
        wordings.setdefault(normal(row["text"]), []).append(row)
    different = list(wordings.values())
    for start in range(0, len(different), _BATCH):
        batch = different[start : start + _BATCH]
        vectors = np.stack([_signature(signatures, same) for same in batch])
        thresholds = np.array([signatures.threshold(same[-1]["language"]) for same in batch], np.float32)
        weights = np.array([len(same) for same in batch], np.float32)
        clusters = group(vectors, clusters, thresholds=thresholds, weights=weights)
        with transaction(connection):
            for cluster in clusters:
                if cluster.members:
                    members = [(batch[row], similarity) for row, similarity in cluster.members]
                    _store(connection, cluster, signatures.name, members)
    return len(rows)


def _signature(signatures: Signatures, same: Sequence[sqlite3.Row]) -> Vectors:
    """Return the signature of a wording, made of a stored embedding where there is one of this encoder."""
    stored = [row["vector"] for row in same if row["vector"] is not None and row["encoder"] == signatures.encoder]
    embedding = np.frombuffer(stored[0], "<f2").astype(np.float32) if stored else None
    return signatures.signature(same[-1]["text"], same[-1]["language"], embedding)


def _clusters(connection: sqlite3.Connection, signatures: Signatures) -> list[Cluster]:
    clusters = []
    for gap in connection.execute("SELECT id, encoder, centroid FROM gaps ORDER BY id").fetchall():
        if gap["centroid"] is not None and gap["encoder"] == signatures.name:
            clusters.append(Cluster(gap["id"], np.frombuffer(gap["centroid"], "<f4").copy()))
            continue
        # A member was deleted, or the signatures are others: the centroid is computed again from what is left.
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


def _store(
    connection: sqlite3.Connection, cluster: Cluster, name: str, members: list[tuple[list[sqlite3.Row], float]]
) -> None:
    now, centroid = timestamp(), cluster.total.astype("<f4").tobytes()
    rows = [(row, similarity) for same, similarity in members for row in same]
    times = [row["time"] for row, _ in rows]
    if cluster.id is None:
        cluster.id = connection.execute(
            "INSERT INTO gaps (opened, changed, encoder, centroid) VALUES (?, ?, ?, ?)",
            (min(times), now, name, centroid),
        ).lastrowid
    else:
        connection.execute("UPDATE gaps SET centroid = ?, encoder = ? WHERE id = ?", (centroid, name, cluster.id))
        connection.execute(
            "UPDATE gaps SET state = 'open', changed = ? WHERE id = ? AND state = 'answered' AND changed < ?",
            (now, cluster.id, max(times)),
        )
    connection.executemany(
        "INSERT OR IGNORE INTO gap_questions (question_id, gap, similarity, person, time) VALUES (?, ?, ?, ?, ?)",
        [(row["id"], cluster.id, round(similarity, 4), row["person"], row["time"]) for row, similarity in rows],
    )
    cluster.members.clear()


def ranked(connection: sqlite3.Connection, *, state: State | None = State.OPEN, limit: int = 20) -> list[Gap]:
    """Return the gaps in a state, or all with ``None``; first those that most people asked about lately.

    The wordings of each gap are those of its newest questions; :func:`find` returns all of them.
    """
    best = connection.execute(
        "SELECT * FROM ranked_gaps WHERE state = coalesce(?, state) ORDER BY rank DESC, gap LIMIT ?",
        (state, limit),
    ).fetchall()
    return [_gap(connection, row, _LISTED) for row in best]


def find(connection: sqlite3.Connection, number: int) -> Gap:
    """Return one gap with all its wordings.

    Raises:
        NoSuchGapError: There is no gap with this number, or no questions are left in it.
    """
    row = connection.execute("SELECT * FROM ranked_gaps WHERE gap = ?", (number,)).fetchone()
    if row is None:
        raise NoSuchGapError(number)
    return _gap(connection, row, -1)


def _gap(connection: sqlite3.Connection, row: sqlite3.Row, limit: int) -> Gap:
    """Return a gap with the wordings of its newest questions, up to ``limit`` of them (-1 for all)."""
    connection.create_function("normal", 1, normal, deterministic=True)
    # SQLite takes the other columns from the latest question, which has the highest number.
    asked = connection.execute(
        """SELECT question AS text, language, count(*) AS times, count(DISTINCT coalesce(q.person, '')) AS people,
                q.time AS last, q.id, similarity, max(q.seq)
            FROM (SELECT * FROM gap_members WHERE gap = ? ORDER BY time DESC LIMIT ?) AS m
            JOIN questions AS q ON q.id = m.question_id
            GROUP BY normal(question) ORDER BY people DESC, similarity DESC, q.id""",
        (row["gap"], limit),
    ).fetchall()
    [(candidates,)] = connection.execute("SELECT candidates FROM questions WHERE id = ?", (asked[0]["id"],)).fetchall()
    return Gap(
        id=row["gap"],
        state=State(row["state"]),
        note=row["note"],
        opened=row["opened"],
        people=row["people"],
        questions=row["questions"],
        last=row["last"],
        rank=row["rank"],
        asked=tuple(Wording(*wording[:-1]) for wording in asked),
        nearest=tuple((hit["id"], hit["score"]) for hit in json.loads(candidates)[:3]),
    )


def mark(connection: sqlite3.Connection, number: int, state: State, note: str | None = None) -> None:
    """Set a gap's state.

    Raises:
        NoSuchGapError: There is no gap with this number.
    """
    changed = connection.execute(
        "UPDATE gaps SET state = ?, note = coalesce(?, note), changed = ? WHERE id = ?",
        (str(state), note, timestamp(), number),
    ).rowcount
    if not changed:
        raise NoSuchGapError(number)


def note_index(
    connection: sqlite3.Connection, version: str, encoder: str, built: str, snippets: Mapping[str, tuple[str, str]]
) -> None:
    """Record an index version with its encoder's key, and its snippets in place of those of an earlier version.

    ``snippets`` holds the title and the topic of each by its id. The caller has begun a transaction.
    """
    connection.execute(
        "INSERT OR REPLACE INTO index_versions VALUES (?, ?, ?, ?)", (version, encoder, built, len(snippets))
    )
    connection.execute("DELETE FROM snippets")
    connection.executemany(
        "INSERT INTO snippets VALUES (?, ?, ?)", [(name, *about) for name, about in snippets.items()]
    )
