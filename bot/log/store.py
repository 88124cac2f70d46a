"""Every statement that changes the log, each a function of a connection; whoever calls them opens the transaction."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path

from sqlite_utils import Database

from bot.log.entries import Delivery, Row, timestamp
from bot.log.schema import latency_step, migrations

BUSY_SECONDS = 0.25
"""How long a statement waits for another program's lock; short, for answers wait behind it once."""

COLUMNS = (
    "id",
    "time",
    "question",
    "asked",
    "language",
    "surface",
    "decision",
    "confidence",
    "margin",
    "snippet",
    "topic",
    "candidates",
    "index_version",
    "latency_ms",
    "truncated",
    "person",
    "chat",
    "edit_of",
    "follow_up_of",
)
"""What is stored of a question when it is recorded."""
DELIVERY_COLUMNS = ("delivery", "delivered_at")
"""What is added once it is known what became of the answer."""
_INSERT = (
    f"INSERT INTO questions ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))}) ON CONFLICT (id) DO NOTHING"
)
_values = itemgetter(*COLUMNS)


def open_for_writing(path: Path, *, busy_seconds: float = BUSY_SECONDS) -> sqlite3.Connection:
    """Open the log, making or migrating it as needed.

    Raises:
        sqlite3.Error, OSError: it cannot be opened, written or understood.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        # People's questions are nobody else's business; SQLite gives the files beside it the same mode.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
    try:
        # Deleted text is overwritten with zeros instead of being left in free pages.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        # A commit survives the end of this process; the writer syncs the file itself about once a second.
        connection.execute("PRAGMA synchronous = NORMAL")
        # For the same reason no commit has to copy the write-ahead log back, unless it has grown to 32 MB.
        connection.execute("PRAGMA wal_autocheckpoint = 8000").fetchall()
        database = Database(connection, execute_plugins=False)
        if migrations.pending(database):
            migrations.apply(database)
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open an existing log so that nothing can be changed through the connection; rows are :class:`sqlite3.Row`.

    Raises:
        sqlite3.Error: there is no such file or it is not a log.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what the body does, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def insert(connection: sqlite3.Connection, row: Row) -> None:
    """Write one question; a row that is there already is left alone."""
    written = connection.execute(_INSERT, _values(row))
    if row["vector"] is not None and written.rowcount:
        connection.execute("INSERT INTO vectors (seq, vector) VALUES (?, ?)", (written.lastrowid, row["vector"]))


def take_up(connection: sqlite3.Connection) -> int:
    """Make the rows written since the last time searchable and count them; return how many there were."""
    last, newest = connection.execute("SELECT seq, (SELECT max(seq) FROM questions) FROM taken_up").fetchone()
    if newest is None or newest <= last:
        return 0
    rows = {"last": last, "newest": newest}
    new = "FROM questions AS q WHERE q.seq > :last AND q.seq <= :newest"
    taken = connection.execute(
        f"INSERT INTO questions_fts (rowid, question) SELECT q.seq, q.question {new}", rows
    ).rowcount
    connection.execute(
        f"INSERT INTO daily SELECT substr(q.time, 1, 10), q.language, q.surface, q.decision, count(*) {new} "
        "GROUP BY 1, 2, 3, 4 "
        "ON CONFLICT DO UPDATE SET questions = questions + excluded.questions",
        rows,
    )
    connection.execute(
        f"INSERT INTO daily_latency SELECT substr(q.time, 1, 10), {latency_step('q')}, count(*) {new} GROUP BY 1, 2 "
        "ON CONFLICT DO UPDATE SET questions = questions + excluded.questions",
        rows,
    )
    connection.execute(
        "INSERT INTO daily_snippets SELECT substr(q.time, 1, 10), value ->> 'id', count(*) "
        "FROM questions AS q, json_each(q.candidates) "
        "WHERE q.seq > :last AND q.seq <= :newest AND value ->> 'shown' GROUP BY 1, 2 "
        "ON CONFLICT DO UPDATE SET quoted = quoted + excluded.quoted",
        rows,
    )
    connection.execute("UPDATE taken_up SET seq = ?", (newest,))
    return taken


def set_delivery(connection: sqlite3.Connection, entry_id: str, outcome: Delivery, moment: str) -> None:
    """Note what became of an answer."""
    connection.execute(
        "UPDATE questions SET delivery = ?, delivered_at = ? WHERE id = ?", (str(outcome), moment, entry_id)
    )


def vote(connection: sqlite3.Connection, entry_id: str, person: str, value: int) -> bool:
    """Set, change or (0) take back a person's vote; ``False``, and nothing happens, if somebody else asked."""
    if not _may_judge(connection, entry_id, person):
        return False
    if value:
        connection.execute(
            "INSERT INTO votes (question_id, person, value, time) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET value = excluded.value, time = excluded.time",
            (entry_id, person, 1 if value > 0 else -1, timestamp()),
        )
    else:
        connection.execute("DELETE FROM votes WHERE question_id = ? AND person = ?", (entry_id, person))
    return True


def request(connection: sqlite3.Connection, entry_id: str, person: str) -> bool:
    """Note that a person wishes an answer to be added; ``False``, and nothing happens, if somebody else asked."""
    if not _may_judge(connection, entry_id, person):
        return False
    connection.execute(
        "INSERT OR IGNORE INTO requests (question_id, person, time) VALUES (?, ?, ?)", (entry_id, person, timestamp())
    )
    return True


def _may_judge(connection: sqlite3.Connection, entry_id: str, person: str) -> bool:
    # A question that is not here may be in another replica's log: then who asked shows when the logs are merged.
    row = connection.execute("SELECT person FROM questions WHERE id = ?", (entry_id,)).fetchone()
    return row is None or row[0] == person


def set_opt_out(connection: sqlite3.Connection, person: str, out: bool) -> None:
    """Note whether a person's questions may be written."""
    if out:
        connection.execute("INSERT OR IGNORE INTO opt_outs (person, time) VALUES (?, ?)", (person, timestamp()))
    else:
        connection.execute("DELETE FROM opt_outs WHERE person = ?", (person,))
        # What they asked before may now be put into gaps after all.
        connection.execute("UPDATE grouped SET seq = 0, time = ''")


def opt_outs(connection: sqlite3.Connection) -> set[str]:
    """Return everybody whose questions must not be written."""
    return {row[0] for row in connection.execute("SELECT person FROM opt_outs")}


def forget(connection: sqlite3.Connection, person: str) -> int:
    """Delete a person's questions, votes and wishes; return the number of questions.

    Copies of the text stay in the file until :func:`scrub`, which is noted as owed.
    """
    # A gap's centroid is made of its members' vectors, so it is made anew without this person's.
    connection.execute(
        "UPDATE gaps SET centroid = NULL WHERE id IN "
        "(SELECT gap FROM gap_questions JOIN questions AS q ON question_id = q.id WHERE q.person = ?)",
        (person,),
    )
    deleted = connection.execute("DELETE FROM questions WHERE person = ?", (person,)).rowcount
    for table in ("votes", "requests"):
        connection.execute(f"DELETE FROM {table} WHERE person = ?", (person,))
    connection.execute(
        "DELETE FROM gaps WHERE centroid IS NULL AND NOT EXISTS (SELECT 1 FROM gap_questions WHERE gap = gaps.id)"
    )
    now = timestamp()
    connection.execute("INSERT OR REPLACE INTO forgotten (person, time) VALUES (?, ?)", (person, now))
    connection.execute("INSERT INTO scrubs VALUES (?, ?)", (person, now))
    return deleted


def scrubs_owed(connection: sqlite3.Connection) -> set[str]:
    """Return the people who were forgotten and whose text may still lie in copies or in unused parts of the file."""
    return {row[0] for row in connection.execute("SELECT person FROM scrubs")}


def scrub(connection: sqlite3.Connection, *, patience: float = 5.0) -> bool:
    """Rewrite the search index, the file and its write-ahead log without deleted text; manages its own transactions.

    Overwriting deleted cells (``secure_delete``) is not enough: the search index keeps words until its segments are
    merged, pages keep what was moved within them, and the write-ahead log keeps old pages.

    Returns:
        ``False`` if other programs were reading for so many seconds; then it is still owed.
    """
    with transaction(connection):
        take_up(connection)
        connection.execute("INSERT INTO questions_fts (questions_fts) VALUES ('rebuild')")
    connection.execute("VACUUM")
    deadline = time.monotonic() + patience
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    connection.execute("DELETE FROM scrubs")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return True


def export_person(connection: sqlite3.Connection, person: str) -> bytes:
    """Return everything the log holds of a person as JSON (UTF-8)."""
    questions = []
    for row in connection.execute("SELECT * FROM questions WHERE person = ? ORDER BY time, id", (person,)):
        question = dict(row)
        question["candidates"] = json.loads(question["candidates"])
        del question["seq"]
        questions.append(question)
    tables = {
        table: [
            dict(row) for row in connection.execute(f"SELECT * FROM {table} WHERE person = ? ORDER BY time", (person,))
        ]
        for table in ("votes", "requests", "opt_outs")
    }
    return json.dumps({"person": person, "questions": questions, **tables}, ensure_ascii=False, indent=2).encode()


def delete_before(connection: sqlite3.Connection, days: int, *, limit: int) -> int:
    """Delete up to ``limit`` questions older than so many days, oldest first; return how many there were."""
    oldest_kept = timestamp(datetime.now(UTC) - timedelta(days=days))
    for table in ("votes", "requests"):
        connection.execute(
            f"DELETE FROM {table} WHERE time < ? AND NOT EXISTS (SELECT 1 FROM questions WHERE id = question_id)",
            (oldest_kept,),
        )
    return connection.execute(
        "DELETE FROM questions WHERE seq IN (SELECT seq FROM questions WHERE time < ? ORDER BY time LIMIT ?)",
        (oldest_kept, limit),
    ).rowcount
