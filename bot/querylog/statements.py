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
from ulid import ULID

from bot.querylog.entry import Delivery, Row, timestamp
from bot.querylog.schema import latency_step, migrations

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
EXPORTED_ROWS = 5_000
"""How many rows of each kind a person's own copy of their data holds; Telegram delivers no file above 50 MB."""
_EXPORTED_BYTES = 16_000_000
_UNKNOWN_A_DAY = 50
"""On how many questions that are not in this log a person may vote or wish in a day."""
_OTHER_CLOCKS = timedelta(days=1)
"""How far the clock of the replica that answered may be ahead."""
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


def vote(connection: sqlite3.Connection, entry_id: str, person: str, days: int, value: int) -> bool:
    """Set, change or (0) take back a person's vote; ``False``, and nothing happens, if it is not theirs to give.

    Args:
        days: For how many days rows are kept; 0 for ever.
    """
    if not _may_judge(connection, entry_id, person, days):
        return False
    connection.execute(
        "INSERT INTO votes (question_id, person, value, time) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET value = excluded.value, time = excluded.time",
        (entry_id, person, (value > 0) - (value < 0), timestamp()),
    )
    return True


def request(connection: sqlite3.Connection, entry_id: str, person: str, days: int) -> bool:
    """Note that a person wishes an answer to be added; ``False``, and nothing happens, if it is not theirs to wish."""
    if not _may_judge(connection, entry_id, person, days):
        return False
    connection.execute(
        "INSERT OR IGNORE INTO requests (question_id, person, time) VALUES (?, ?, ?)", (entry_id, person, timestamp())
    )
    return True


def _may_judge(connection: sqlite3.Connection, entry_id: str, person: str, days: int) -> bool:
    row = connection.execute("SELECT person FROM questions WHERE id = ?", (entry_id,)).fetchone()
    if row:
        return bool(row[0] == person)
    # A question that is not here may be in another replica's log: then who asked shows when the logs are merged. Or the
    # button is forged, so only ids that a replica can have made are taken, and a bounded number of them.
    return _made_lately(entry_id, days) and _unknown_today(connection, entry_id, person) < _UNKNOWN_A_DAY


def _made_lately(entry_id: str, days: int) -> bool:
    """Return whether this is an id as :func:`new_id` writes it, of a row that would still be kept."""
    try:
        parsed = ULID.from_str(entry_id)
    except ValueError:
        return False
    now = time.time()
    oldest = now - timedelta(days=days).total_seconds() if days else 0.0
    return str(parsed) == entry_id and oldest <= parsed.milliseconds / 1000 <= now + _OTHER_CLOCKS.total_seconds()


def _unknown_today(connection: sqlite3.Connection, entry_id: str, person: str) -> int:
    """Return on how many other questions that are not here a person voted or wished in the last day."""
    since = timestamp(datetime.now(UTC) - timedelta(days=1))
    judged = " UNION ".join(
        f"SELECT question_id FROM {table} WHERE person = :person AND time >= :since" for table in ("votes", "requests")
    )
    [(count,)] = connection.execute(
        f"SELECT count(*) FROM ({judged}) AS judged WHERE question_id <> :id "
        "AND NOT EXISTS (SELECT 1 FROM questions WHERE id = question_id)",
        {"person": person, "since": since, "id": entry_id},
    ).fetchall()
    return int(count)


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


def forget(connection: sqlite3.Connection, person: str, until: str | None = None) -> int:
    """Delete a person's questions, votes and wishes, up to a moment or all; return the number of questions.

    Copies of the text stay in the file until :func:`scrub`, which is noted as owed.
    """
    if until is None:
        # What was written while the clock was ahead has a later time than now.
        times = " UNION ALL ".join(
            f"SELECT max(time) AS time FROM {table} WHERE person = :person"
            for table in ("questions", "votes", "requests")
        )
        [(newest,)] = connection.execute(f"SELECT max(time) FROM ({times})", {"person": person}).fetchall()
        until = max(timestamp(), newest or "")
    # A gap's centroid is made of its members' vectors, so it is made anew without this person's.
    connection.execute(
        "UPDATE gaps SET centroid = NULL WHERE id IN "
        "(SELECT gap FROM gap_questions JOIN questions AS q ON question_id = q.id WHERE q.person = ? AND q.time <= ?)",
        (person, until),
    )
    deleted = {
        table: connection.execute(f"DELETE FROM {table} WHERE person = ? AND time <= ?", (person, until)).rowcount
        for table in ("questions", "votes", "requests")
    }
    connection.execute(
        "DELETE FROM gaps WHERE centroid IS NULL AND NOT EXISTS (SELECT 1 FROM gap_questions WHERE gap = gaps.id)"
    )
    connection.execute(
        "INSERT INTO forgotten (person, time) VALUES (?, ?) ON CONFLICT DO UPDATE SET time = max(time, excluded.time)",
        (person, until),
    )
    connection.execute(
        "INSERT INTO scrubs (person, time, rewrite) VALUES (?, ?, ?)", (person, until, any(deleted.values()))
    )
    return deleted["questions"]


def scrubs_owed(connection: sqlite3.Connection) -> dict[str, str]:
    """Return who was forgotten, up to which moment, and may still be in copies or in unused parts of the file."""
    return dict(connection.execute("SELECT person, max(time) FROM scrubs GROUP BY person").fetchall())


def scrub(connection: sqlite3.Connection, *, patience: float = 5.0) -> bool:
    """Rewrite the search index, the file and its write-ahead log without deleted text; manages its own transactions.

    Where no row went there is no such text, and nothing is rewritten.

    Overwriting deleted cells (``secure_delete``) is not enough: the search index keeps words until its segments are
    merged, pages keep what was moved within them, and the write-ahead log keeps old pages.

    Returns:
        ``False`` if other programs were reading for so many seconds; then it is still owed.
    """
    if not connection.execute("SELECT 1 FROM scrubs WHERE rewrite").fetchone():
        connection.execute("DELETE FROM scrubs")
        return True
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
    """Return what the log holds of a person as JSON (UTF-8), the newest first, and how much was left out as too old.

    It is put together row by row, for the rows of somebody who asks all day would fill the memory.
    """
    connection.execute("BEGIN")
    document = bytearray(f'{{"person": {json.dumps(person)}'.encode())
    left_out = {}
    for table in ("questions", "votes", "requests", "opt_outs"):
        document += f',\n"{table}": ['.encode()
        [(count,)] = connection.execute(f"SELECT count(*) FROM {table} WHERE person = ?", (person,)).fetchall()
        begun, written = len(document), 0
        for row in connection.execute(
            f"SELECT * FROM {table} WHERE person = ? ORDER BY time DESC LIMIT ?", (person, EXPORTED_ROWS)
        ):
            fields = dict(row)
            fields.pop("seq", None)
            if "candidates" in fields:
                fields["candidates"] = json.loads(fields["candidates"])
            text = json.dumps(fields, ensure_ascii=False, indent=2).encode()
            if len(document) - begun + len(text) > _EXPORTED_BYTES:
                break
            document += (b",\n" if written else b"\n") + text
            written += 1
        document += b"]"
        left_out[table] = count - written
    document += f',\n"older_left_out": {json.dumps(left_out)}}}\n'.encode()
    return bytes(document)


def delete_before(connection: sqlite3.Connection, moment: datetime, *, limit: int) -> int:
    """Delete up to ``limit`` questions older than a moment, oldest first; return how many there were."""
    oldest_kept = timestamp(moment)
    for table in ("votes", "requests"):
        connection.execute(
            f"DELETE FROM {table} WHERE time < ? AND NOT EXISTS (SELECT 1 FROM questions WHERE id = question_id)",
            (oldest_kept,),
        )
    return connection.execute(
        "DELETE FROM questions WHERE seq IN (SELECT seq FROM questions WHERE time < ? ORDER BY time LIMIT ?)",
        (oldest_kept, limit),
    ).rowcount
