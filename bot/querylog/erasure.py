"""Other files with the same people's questions: backups, broken files set aside, and the logs of other replicas."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from bot.querylog.entry import timestamp
from bot.querylog.schema import migrations
from bot.querylog.statements import forget, open_for_writing, scrub, scrubs_owed, take_up, transaction

BACKUPS = "backups"
"""The folder beside the log in which backups are kept unless the operator names another place."""
_LOCK_SECONDS = 30.0
_MERGE_ROWS = 1000
_CARRIED_OVER = {
    "opt_outs": ("person", "time"),
    "forgotten": ("person", "time"),
    "scrubs": ("person", "time"),
    "backups": ("path", "time"),
}
"""What is owed to people, which must not be lost with a broken file."""

Salvaged = Mapping[str, Sequence[tuple[str, str]]]
"""Rows of the tables of a broken file that could still be read."""


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


def salvage(broken: Path) -> Salvaged:
    """Return what a broken log still tells of opting out, forgetting and backups."""
    found: dict[str, list[tuple[str, str]]] = {}
    # Without a write-ahead log to be read too, nothing needs to be made beside the file.
    how = "mode=ro" if Path(f"{broken}-wal").exists() else "immutable=1"
    address = f"{broken.absolute().as_uri()}?{how}"
    for table, columns in _CARRIED_OVER.items():
        with suppress(sqlite3.Error), closing(sqlite3.connect(address, uri=True)) as connection:
            found[table] = [tuple(row) for row in connection.execute(f"SELECT {', '.join(columns)} FROM {table}")]
    return found


def carry_over(connection: sqlite3.Connection, salvaged: Salvaged) -> None:
    """Write what :func:`salvage` found into the log that was begun in the broken one's place."""
    with transaction(connection):
        for table, rows in salvaged.items():
            columns = ", ".join(_CARRIED_OVER[table])
            connection.executemany(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES (?, ?)", rows)


def forget_in_copies(log: Path, connection: sqlite3.Connection, person: str, until: str) -> list[str]:
    """Delete a person, up to a moment, from every copy; return a sentence for each in which that could not be done."""
    failures = []
    for path in copies(log, connection):
        try:
            with closing(open_for_writing(path, busy_seconds=_LOCK_SECONDS)) as copy:
                with transaction(copy):
                    forget(copy, person, until)
                if not scrub(copy):
                    failures.append(f"{path} is in use; a deleted person's text may still lie in its unused parts.")
                copy.execute("PRAGMA journal_mode = DELETE")
        except (sqlite3.Error, OSError) as error:
            failures.append(
                f"{path} may hold questions somebody had deleted, and cannot be changed ({error}): delete it."
            )
    return failures


def merge(log: Path, other: Path) -> tuple[int, list[str]]:
    """Add another log's questions, votes, wishes, vectors and opt-outs to this one.

    Rows that are here already stay as they are, so merging twice changes nothing; of two votes the later counts. What
    people had deleted from one of the logs is in neither afterwards. Gaps are not merged: they are made again from the
    questions.

    Returns:
        How many questions were new, and what could not be done for people who were forgotten.

    Raises:
        sqlite3.Error, OSError: one of the files cannot be opened, or the other is no query log.
    """
    with tempfile.TemporaryDirectory(dir=log.parent, prefix="merge-") as folder:
        source = _current_form(other, Path(folder))
        with closing(open_for_writing(log, busy_seconds=_LOCK_SECONDS)) as connection:
            connection.execute("ATTACH ? AS other", (str(source),))
            with transaction(connection):
                _merge_forgotten(connection)
            new, last = 0, ""
            # A piece at a time, so that a running bot gets its turn in between.
            while ids := connection.execute(
                "SELECT id FROM other.questions WHERE id > ? ORDER BY id LIMIT ?", (last, _MERGE_ROWS)
            ).fetchall():
                with transaction(connection):
                    new += _merge_questions(connection, last, ids[-1][0])
                    take_up(connection)
                last = ids[-1][0]
                time.sleep(0.01)
            with transaction(connection):
                _merge_judgements(connection)
            connection.execute("DETACH other")
            return new, settle(connection, log) if scrubs_owed(connection) else []


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


def _merge_forgotten(connection: sqlite3.Connection) -> None:
    """Delete here what people had deleted from the other log; what they asked after that stays."""
    news = connection.execute(
        "SELECT person, time FROM other.forgotten AS o WHERE NOT EXISTS "
        "(SELECT 1 FROM main.forgotten AS f WHERE f.person = o.person AND f.time >= o.time)"
    ).fetchall()
    for person, until in news:
        forget(connection, person, until)


def _merge_questions(connection: sqlite3.Connection, after: str, upto: str) -> int:
    columns = ", ".join(row[1] for row in connection.execute("PRAGMA main.table_info(questions)") if row[1] != "seq")
    new = connection.execute(
        f"INSERT OR IGNORE INTO main.questions ({columns}) SELECT {columns} FROM other.questions AS q "
        "WHERE q.id > ? AND q.id <= ? AND NOT EXISTS "
        "(SELECT 1 FROM main.forgotten AS f WHERE f.person = q.person AND q.time <= f.time) ORDER BY q.id",
        (after, upto),
    ).rowcount
    connection.execute(
        "INSERT OR IGNORE INTO main.vectors SELECT q.seq, v.vector FROM other.questions AS o "
        "JOIN other.vectors AS v ON v.seq = o.seq JOIN main.questions AS q ON q.id = o.id WHERE o.id > ? AND o.id <= ?",
        (after, upto),
    )
    return new


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
        failure
        for person, until in sorted(scrubs_owed(connection).items())
        for failure in forget_in_copies(log, connection, person, until)
    ]
    if not scrub(connection):
        failures.append(
            f"{log} is in use; a deleted person's text may still lie in its unused parts until the bot has tidied it."
        )
    return failures
