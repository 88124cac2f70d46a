"""Other files with the same people's questions: backups, broken files set aside, and the logs of other replicas."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from bot.log.entries import timestamp
from bot.log.schema import migrations
from bot.log.store import forget, open_for_writing, scrub, scrubs_owed, take_up, transaction

BACKUPS = "backups"
"""The folder beside the log in which backups are kept unless the operator names another place."""
_LOCK_SECONDS = 30.0
_MERGE_ROWS = 1000


def back_up(log: Path, target: Path | None = None) -> Path:
    """Copy the log, as of one moment, while it is being written; return the copy's path (mode 0600).

    The copy is remembered, so that people who have their questions deleted are deleted from it too.

    Raises:
        FileExistsError: there is something at the target.
        sqlite3.Error, OSError: the log cannot be read or the copy not written.
    """
    target = target or log.parent / BACKUPS / f"{log.stem}-{datetime.now(UTC).strftime('%Y%m%dT%H%M%S')}{log.suffix}"
    if target.exists():
        raise FileExistsError(f"{target} exists already")
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f"{target.name}.part")
    beside.unlink(missing_ok=True)
    with closing(open_for_writing(log, busy_seconds=_LOCK_SECONDS)) as connection:
        try:
            os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            connection.execute("VACUUM INTO ?", (str(beside),))
            # Noted before the copy gets its name, so that there is never a copy nobody knows of.
            connection.execute("INSERT OR REPLACE INTO backups VALUES (?, ?)", (str(target.absolute()), timestamp()))
            beside.rename(target)
        finally:
            beside.unlink(missing_ok=True)
    return target


def copies(log: Path, connection: sqlite3.Connection) -> Iterator[Path]:
    """Yield every file made by this program, other than the log itself, that may hold the log's rows."""
    known = {Path(row[0]) for row in connection.execute("SELECT path FROM backups")}
    known.update(log.parent.glob(f"{BACKUPS}/*{log.suffix}"))
    known.update(path for path in log.parent.glob(f"{log.name}.broken-*") if not path.name.endswith(("-wal", "-shm")))
    yield from sorted(path for path in known if path.exists())


def forget_in_copies(log: Path, connection: sqlite3.Connection, person: str) -> list[str]:
    """Delete a person from every copy; return a sentence for each in which that could not be done."""
    failures = []
    for path in copies(log, connection):
        try:
            with closing(open_for_writing(path, busy_seconds=_LOCK_SECONDS)) as copy:
                with transaction(copy):
                    forget(copy, person)
                if not scrub(copy):
                    failures.append(f"{path} is in use; a deleted person's text may still lie in its unused parts.")
                copy.execute("PRAGMA journal_mode = DELETE")
        except (sqlite3.Error, OSError) as error:
            failures.append(
                f"{path} may hold questions somebody had deleted, and cannot be changed ({error}): delete it."
            )
    return failures


def merge(log: Path, other: Path) -> int:
    """Add another log's questions, votes, wishes, vectors and opt-outs to this one; return how many questions were new.

    Rows that are here already stay as they are, so merging twice changes nothing; of two votes the later counts. People
    who had their questions deleted here are not brought back. Gaps are not merged: they are made again from the
    questions.

    Raises:
        sqlite3.Error, OSError: one of the files cannot be opened, or the other is no query log.
    """
    with tempfile.TemporaryDirectory(dir=log.parent, prefix="merge-") as folder:
        source = _current_form(other, Path(folder))
        with closing(open_for_writing(log, busy_seconds=_LOCK_SECONDS)) as connection:
            connection.execute("ATTACH ? AS other", (str(source),))
            before = _count(connection)
            last = ""
            # A piece at a time, so that a running bot gets its turn in between.
            while ids := connection.execute(
                "SELECT id FROM other.questions WHERE id > ? ORDER BY id LIMIT ?", (last, _MERGE_ROWS)
            ).fetchall():
                with transaction(connection):
                    _merge_questions(connection, last, ids[-1][0])
                    take_up(connection)
                last = ids[-1][0]
                time.sleep(0.01)
            with transaction(connection):
                _merge_judgements(connection)
            return _count(connection) - before


def _current_form(other: Path, folder: Path) -> Path:
    """Return the path of a copy of a log, brought to the present schema."""
    with closing(sqlite3.connect(f"{other.absolute().as_uri()}?mode=ro", uri=True)) as original:
        names = {row[0] for row in original.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"questions", "votes", migrations.migrations_table} <= names:
            raise sqlite3.DatabaseError(f"{other} is not a query log")
        copy = folder / "other.db"
        with closing(sqlite3.connect(copy, isolation_level=None)) as target:
            original.backup(target)
            migrations.apply(Database(target, execute_plugins=False))
    return copy


def _merge_questions(connection: sqlite3.Connection, after: str, upto: str) -> None:
    columns = ", ".join(row[1] for row in connection.execute("PRAGMA main.table_info(questions)") if row[1] != "seq")
    connection.execute(
        f"INSERT OR IGNORE INTO main.questions ({columns}) SELECT {columns} FROM other.questions AS q "
        "WHERE q.id > ? AND q.id <= ? AND NOT EXISTS "
        "(SELECT 1 FROM main.forgotten AS f WHERE f.person = q.person AND q.time <= f.time) ORDER BY q.id",
        (after, upto),
    )
    connection.execute(
        "INSERT OR IGNORE INTO main.vectors SELECT q.seq, v.vector FROM other.questions AS o "
        "JOIN other.vectors AS v ON v.seq = o.seq JOIN main.questions AS q ON q.id = o.id WHERE o.id > ? AND o.id <= ?",
        (after, upto),
    )


def _merge_judgements(connection: sqlite3.Connection) -> None:
    kept = "NOT EXISTS (SELECT 1 FROM main.forgotten AS f WHERE f.person = o.person AND o.time <= f.time)"
    connection.execute(
        f"INSERT INTO main.votes SELECT * FROM other.votes AS o WHERE {kept} ON CONFLICT DO UPDATE "
        "SET value = excluded.value, time = excluded.time WHERE excluded.time > votes.time"
    )
    connection.execute(f"INSERT OR IGNORE INTO main.requests SELECT * FROM other.requests AS o WHERE {kept}")
    connection.execute("INSERT OR IGNORE INTO main.opt_outs SELECT * FROM other.opt_outs")
    connection.execute("INSERT OR IGNORE INTO main.index_versions SELECT * FROM other.index_versions")
    connection.execute("UPDATE main.grouped SET seq = 0, time = ''")


def _count(connection: sqlite3.Connection) -> int:
    count: int = connection.execute("SELECT count(*) FROM main.questions").fetchone()[0]
    return count


def forget_everywhere(log: Path, person: str) -> tuple[int, list[str]]:
    """Delete a person from the log and every copy of it; return the number of questions and what could not be done.

    Raises:
        sqlite3.Error, OSError: the log itself cannot be written.
    """
    with closing(open_for_writing(log, busy_seconds=_LOCK_SECONDS)) as connection:
        return forget_with(connection, log, person)


def forget_with(connection: sqlite3.Connection, log: Path, person: str) -> tuple[int, list[str]]:
    """Do what :func:`forget_everywhere` does over an open connection."""
    with transaction(connection):
        deleted = forget(connection, person)
    return deleted, settle(connection, log)


def settle(connection: sqlite3.Connection, log: Path) -> list[str]:
    """Do for everybody who was forgotten what is still owed; return what could not be done.

    A log that other programs keep busy stays owed; a copy that cannot be changed does not, since only the operator can
    help.
    """
    failures = [
        failure for person in sorted(scrubs_owed(connection)) for failure in forget_in_copies(log, connection, person)
    ]
    if not scrub(connection):
        failures.append(
            f"{log} is in use; a deleted person's text may still lie in its unused parts until the bot has tidied it."
        )
    return failures
