"""How a person's questions are deleted from the log and from every copy of it, down to the last trace in the files."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bot.database import transaction
from bot.querylog.entry import timestamp
from bot.querylog.schema import open_log

BACKUPS = "backups"
"""The folder beside the log in which backups are kept unless the operator names another place."""
_READERS_SECONDS = 5.0
"""How long to wait for other programs that are reading the log."""


def back_up(log: Path, target: Path | None = None) -> Path:
    """Copy the log, as of one moment, while it is being written; return the copy's path (mode 0600).

    The log remembers the copy, so that people who have their questions deleted are deleted from it too.

    Raises:
        FileExistsError: There is something at the target.
        sqlite3.Error, OSError: The log cannot be read or the copy not written.
    """
    target = target or log.parent / BACKUPS / f"{log.stem}-{datetime.now(UTC).strftime('%Y%m%dT%H%M%S')}{log.suffix}"
    if target.exists():
        raise FileExistsError(f"{target} exists already")
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f"{target.name}.part")
    beside.unlink(missing_ok=True)
    with closing(open_log(log)) as connection:
        try:
            os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            connection.execute("VACUUM INTO ?", (str(beside),))
            # Noted before the copy gets its name, so that there is never a copy nobody knows of.
            connection.execute("INSERT OR REPLACE INTO backups VALUES (?, ?)", (str(target.absolute()), timestamp()))
            beside.rename(target)
        finally:
            beside.unlink(missing_ok=True)
    return target


def forget_everywhere(log: Path, person: str) -> tuple[int, list[str]]:
    """Delete a person from the log and every copy of it; return the number of questions and what could not be done.

    Raises:
        sqlite3.Error, OSError: The log itself cannot be written.
    """
    with closing(open_log(log)) as connection:
        with transaction(connection):
            deleted = forget(connection, person)
        return deleted, finish_erasures(connection, log)


def forget(connection: sqlite3.Connection, person: str, until: str | None = None) -> int:
    """Delete a person's questions, votes and wishes, up to a moment or all; return the number of questions.

    Traces of the text stay in the files until :func:`finish_erasures`; the log notes that they do.
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
        "DELETE FROM gaps WHERE centroid IS NULL AND merged_into IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM gap_questions WHERE gap = gaps.id)"
    )
    connection.execute(
        "INSERT INTO scrubs (person, time, rewrite) VALUES (?, ?, ?)", (person, until, any(deleted.values()))
    )
    return deleted["questions"]


def unfinished_erasures(connection: sqlite3.Connection) -> dict[str, str]:
    """Return who was forgotten, up to which moment, and may still be in copies or in unused parts of the file."""
    return dict(connection.execute("SELECT person, max(time) FROM scrubs GROUP BY person").fetchall())


def finish_erasures(connection: sqlite3.Connection, log: Path) -> list[str]:
    """Delete everybody who was forgotten from every copy, and overwrite the last traces; return what could not be done.

    A log that other programs keep busy is tried again later. A copy that cannot be changed is not, since only the
    operator can help.
    """
    newest = _newest(connection)
    failures = [
        failure
        for person, until in sorted(unfinished_erasures(connection).items())
        for failure in _forget_in_copies(log, connection, person, until)
    ]
    if not _overwrite_traces(connection, newest):
        failures.append(
            f"{log} is in use; a deleted person's text may still lie in its unused parts until the bot has tidied it."
        )
    return failures


def _copies(log: Path, connection: sqlite3.Connection) -> Iterator[Path]:
    """Yield every file made by this program, other than the log itself, that may hold the log's rows."""
    known = {Path(row[0]) for row in connection.execute("SELECT path FROM backups")}
    known.update(log.parent.glob(f"{BACKUPS}/*{log.suffix}"))
    known.update(path for path in log.parent.glob(f"{log.name}.broken-*") if not path.name.endswith(("-wal", "-shm")))
    yield from sorted(path for path in known if path.exists())


def _forget_in_copies(log: Path, connection: sqlite3.Connection, person: str, until: str) -> list[str]:
    """Delete a person, up to a moment, from every copy; return a sentence for each in which that could not be done."""
    failures = []
    for path in _copies(log, connection):
        try:
            with closing(open_log(path)) as copy:
                with transaction(copy):
                    forget(copy, person, until)
                if not _overwrite_traces(copy, _newest(copy)):
                    failures.append(f"{path} is in use; a deleted person's text may still lie in its unused parts.")
                copy.execute("PRAGMA journal_mode = DELETE")
        except (sqlite3.Error, OSError) as error:
            failures.append(
                f"{path} may hold questions somebody had deleted, and cannot be changed ({error}): delete it."
            )
    return failures


def _newest(connection: sqlite3.Connection) -> int:
    """Return the number of the last unfinished erasure; later ones are left to whoever looks next."""
    [(newest,)] = connection.execute("SELECT coalesce(max(rowid), 0) FROM scrubs").fetchall()
    return int(newest)


def _overwrite_traces(connection: sqlite3.Connection, newest: int) -> bool:
    """Rewrite the search index, the file and its write-ahead log without deleted text; manages its own transactions.

    Where no row was deleted there is no such text, and nothing is rewritten.

    Overwriting deleted cells (``secure_delete``) is not enough: the search index keeps words until its segments are
    merged, pages keep what was moved within them, and the write-ahead log keeps old pages.

    Args:
        connection: The log or a copy of it.
        newest: The last erasure that is finished by this.

    Returns:
        ``False`` if other programs went on reading; then it must be done again.
    """
    rewrite = connection.execute("SELECT 1 FROM scrubs WHERE rewrite AND rowid <= ?", (newest,)).fetchone()
    if rewrite:
        connection.execute("INSERT INTO questions_fts (questions_fts) VALUES ('rebuild')")
        connection.execute("VACUUM")
        deadline = time.monotonic() + _READERS_SECONDS
        while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
    connection.execute("DELETE FROM scrubs WHERE rowid <= ?", (newest,))
    if rewrite:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return True
