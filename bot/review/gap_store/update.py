"""New questions are put into gaps."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

import numpy as np

from bot.database import transaction
from bot.querylog.entry import timestamp
from bot.review.gap_store.membership import add_wordings, wording_key
from bot.review.grouping import DTYPE, Cluster, Signature, group, total
from bot.review.signatures import Asked, Signatures

_BATCH = 2000
"""Different questions grouped at once; their mutual similarities take 16 MB."""
_WRITTEN = 50
"""So many wordings are written at once; the bot waits a quarter of a second for another program's lock."""
# Half-typed inline queries are left out unless the person voted or asked for an answer.
_UNGROUPED = """
    SELECT q.id, q.time, q.person, coalesce(q.asked, q.question) AS text, q.language, q.index_version,
        reasons.reason AS reason
    FROM unanswered_questions AS q JOIN reasons ON reasons.id = q.id
    WHERE q.time >= ? AND q.gap IS NULL AND (q.surface <> 'inline' OR q.vote < 0 OR q.requested)
    ORDER BY q.time"""
_LATEST = "SELECT max(question_id) FROM gap_questions WHERE gap = ? GROUP BY wording"
_COMPARED = """
    SELECT coalesce(q.asked, q.question) AS text, q.language, q.candidates, vectors.vector, i.encoder
    FROM questions AS q LEFT JOIN vectors ON vectors.seq = q.seq
    LEFT JOIN index_versions AS i ON i.version = q.index_version WHERE q.id = ?"""
# A reviewer's decision counts for more than where the wording was put last.
_GAP_OF_WORDING = """
    SELECT gap, max(similarity) AS similarity FROM gap_questions WHERE wording = ?
    GROUP BY gap ORDER BY max(placed_by IS NOT NULL) DESC, max(time) DESC LIMIT 1"""


def update(connection: sqlite3.Connection, signatures: Signatures, *, since: str = "") -> int:
    """Put every unanswered question that is in no gap yet into one.

    A question joins the gap in which its wording lies or the one it is near to, or begins a new one. An answered gap
    opens again when it is joined by a question that was asked later. Questions of people who opted out are left out.

    Args:
        connection: The log, open for writing.
        signatures: What questions are compared by. Gaps made with other signatures are converted first.
        since: Only questions asked from this moment on.

    Returns:
        How many questions were put into gaps.
    """
    with transaction(connection):
        add_wordings(connection)
    rows = connection.execute(_UNGROUPED, (since,)).fetchall()
    wordings: dict[int, list[sqlite3.Row]] = {}
    for row in rows:
        wordings.setdefault(wording_key(row["text"]), []).append(row)
    different = _without_known(connection, wordings)
    clusters = _clusters(connection, signatures)
    for start in range(0, len(different), _BATCH):
        batch = different[start : start + _BATCH]
        made = [_signature(connection, signatures, same[-1]["id"]) for _, same in batch]
        clusters = group(made, clusters, signatures.bounds)
        joined = [cluster for cluster in clusters if cluster.members]
        for first in range(0, len(joined), _WRITTEN):
            with transaction(connection):
                for cluster in joined[first : first + _WRITTEN]:
                    _store(connection, cluster, signatures, batch)
    return len(rows)


def _without_known(
    connection: sqlite3.Connection, wordings: Mapping[int, list[sqlite3.Row]]
) -> list[tuple[int, list[sqlite3.Row]]]:
    """Put the wordings that lie in a gap already there; return the others."""
    unknown = []
    every = list(wordings.items())
    for first in range(0, len(every), _WRITTEN):
        with transaction(connection):
            for wording, same in every[first : first + _WRITTEN]:
                if known := connection.execute(_GAP_OF_WORDING, (wording,)).fetchone():
                    _join(connection, known["gap"], [(wording, same, known["similarity"])])
                else:
                    unknown.append((wording, same))
    return unknown


def _signature(connection: sqlite3.Connection, signatures: Signatures, entry: str) -> Signature:
    """Return the signature of a question, made of the stored embedding where that is of this encoder."""
    row = connection.execute(_COMPARED, (entry,)).fetchone()
    known = row["vector"] is not None and row["encoder"] == signatures.encoder
    embedding = np.frombuffer(row["vector"], "<f2").astype(np.float32) if known else None
    candidates = [(each["id"], each["score"]) for each in json.loads(row["candidates"])]
    return signatures.signature(Asked(row["text"], row["language"], candidates, embedding))


def _clusters(connection: sqlite3.Connection, signatures: Signatures) -> list[Cluster]:
    clusters = []
    for gap in connection.execute(
        "SELECT id, encoder, centroid, wordings FROM gaps WHERE merged_into IS NULL ORDER BY id"
    ).fetchall():
        if gap["centroid"] is not None and gap["encoder"] == signatures.name:
            clusters.append(Cluster(gap["id"], np.frombuffer(gap["centroid"], DTYPE), gap["wordings"]))
        # Members came or went, or the signatures are others: the sum is made again from what is there.
        elif latest := connection.execute(_LATEST, (gap["id"],)).fetchall():
            made = [_signature(connection, signatures, entry) for (entry,) in latest]
            cluster = Cluster(gap["id"], total(made), len(made))
            _note(connection, cluster, signatures.name)
            clusters.append(cluster)
    return clusters


def _note(connection: sqlite3.Connection, cluster: Cluster, name: str) -> None:
    """Store by what new questions find a gap."""
    connection.execute(
        "UPDATE gaps SET centroid = ?, wordings = ?, encoder = ? WHERE id = ?",
        (cluster.total.tobytes(), cluster.size, name, cluster.id),
    )


def _store(
    connection: sqlite3.Connection,
    cluster: Cluster,
    signatures: Signatures,
    batch: Sequence[tuple[int, list[sqlite3.Row]]],
) -> None:
    """Write the members that were put into a cluster just now."""
    members = [(*batch[row], signatures.certainty(likeness)) for row, likeness in cluster.members]
    if cluster.id is None:
        now, opened = timestamp(), min(row["time"] for _, same, _ in members for row in same)
        cluster.id = connection.execute(
            "INSERT INTO gaps (opened, changed, encoder, checked) VALUES (?, ?, '', ?)",
            (opened, now, members[0][1][0]["index_version"]),
        ).lastrowid
    _note(connection, cluster, signatures.name)
    _join(connection, int(cluster.id or 0), members)
    cluster.members.clear()


def _join(connection: sqlite3.Connection, gap: int, members: Sequence[tuple[int, list[sqlite3.Row], float]]) -> None:
    """Put questions, given as their wording, the rows and the similarity, into a gap, and open it where it must be."""
    connection.executemany(
        "INSERT OR IGNORE INTO gap_questions (question_id, gap, similarity, person, time, wording, language, reason) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (row["id"], gap, round(similarity, 4), row["person"], row["time"], wording, row["language"], row["reason"])
            for wording, same, similarity in members
            for row in same
        ],
    )
    rows = [row for _, same, _ in members for row in same]
    newest = max(rows, key=lambda row: row["time"])
    reopened = connection.execute(
        "UPDATE gaps SET state = 'open', changed = ?, changed_by = NULL, answered_by = NULL, checked = ? "
        "WHERE id = ? AND state = 'answered' AND changed < ?",
        (timestamp(), newest["index_version"], gap, newest["time"]),
    ).rowcount
    if reopened:
        connection.execute("UPDATE gap_questions SET answered_with = NULL WHERE gap = ?", (gap,))
    # What was asked of another version than all the rest has to be asked again.
    elif {row["index_version"] for row in rows} != {_checked(connection, gap)}:
        connection.execute("UPDATE gaps SET checked = NULL WHERE id = ?", (gap,))


def _checked(connection: sqlite3.Connection, gap: int) -> str | None:
    version: str | None = connection.execute("SELECT checked FROM gaps WHERE id = ?", (gap,)).fetchone()[0]
    return version
