"""How the SQLite files of the bot are opened: the query log and the state of the running bot.

Both are private, keep a write-ahead log and overwrite deleted text. A broken file is moved aside and a new one begun.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Migrations

logger = logging.getLogger(__name__)

DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What using a database may raise; the second where SQLite quotes text of a damaged file in its message."""

_BUSY_SECONDS = 0.25
"""How long the bot waits for another program's lock; answers wait behind it."""
_MEMORY = Path(":memory:")


def passing(error: Exception) -> bool:
    """Return whether the disk, missing rights or another program caused an error, so that it may pass."""
    # Among SQLite's operational errors a wrong statement (1) stays wrong, and so does text that is no UTF-8 (no code).
    operational = isinstance(error, sqlite3.OperationalError) and primary_code(error) > sqlite3.SQLITE_ERROR
    return operational or isinstance(error, OSError)


def damaged(error: Exception) -> bool:
    """Return whether an error says that the file is no sound database."""
    return primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def primary_code(error: Exception) -> int:
    """Return SQLite's primary result code of an error, 0 where it has none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def log_problem(text: str) -> None:
    """Write to the program's log what the operator should know."""
    logger.error("%s", text)


def open_database(
    path: Path,
    migrations: Sequence[Migrations],
    *,
    memory_fallback: bool = False,
    on_problem: Callable[[str], None] = log_problem,
) -> sqlite3.Connection:
    """Open a database of the bot. A broken file is moved aside and a new one begun.

    Args:
        path: The file; it and its folder are made where they are missing.
        migrations: Sets of migrations; those not yet applied are applied.
        memory_fallback: Whether memory takes the place of a file that cannot be opened.
        on_problem: Is told, in a sentence for the operator, what was wrong with the file.

    Raises:
        sqlite3.Error, OSError: The file cannot be opened, and memory may not take its place.
    """
    try:
        try:
            return connect(path, migrations)
        except DATABASE_ERRORS as error:
            if passing(error):
                raise
            move_aside(path, error, on_problem)
            return connect(path, migrations)
    except (*DATABASE_ERRORS, OSError) as error:
        if not memory_fallback:
            raise
        on_problem(f"{path} cannot be opened ({error}). What the bot should remember is lost when it stops.")
        return connect(_MEMORY, migrations)


def connect(
    path: Path,
    migrations: Sequence[Migrations],
    *,
    busy_seconds: float = _BUSY_SECONDS,
    write_ahead: bool = True,
) -> sqlite3.Connection:
    """Open a database for writing as it is; make it (mode 0600) where there is none, and apply pending migrations.

    Args:
        path: The file.
        migrations: Sets of migrations.
        busy_seconds: How long to wait for another program's lock.
        write_ahead: Whether a write-ahead log is kept. Without one, readers wait for writers, but the database can be
            read where the disk has no room left.

    Raises:
        sqlite3.Error, OSError: It cannot be opened, written or understood.
    """
    if path != _MEMORY:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            # Made here and not by SQLite, which gives the files beside it the same mode.
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
    try:
        # Deleted text is overwritten with zeros instead of being left in free pages.
        connection.execute("PRAGMA secure_delete = ON")
        if write_ahead:
            _begin_write_ahead_log(connection, busy_seconds)
        # A commit survives the end of this process. Whoever needs it to survive a power cut asks for more.
        connection.execute("PRAGMA synchronous = NORMAL")
        _migrate(connection, migrations)
    except BaseException:
        connection.close()
        raise
    return connection


def _begin_write_ahead_log(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Keep a write-ahead log. SQLite does not wait where two programs begin one at once, so this does."""
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _migrate(connection: sqlite3.Connection, migrations: Sequence[Migrations]) -> None:
    from sqlite_utils import Database  # a tenth of a second to import; whoever only reads does without

    database = Database(connection, execute_plugins=False)
    for each in migrations:
        if each.pending(database):
            # Under the lock, for another program may be applying them too; then there is nothing left to apply.
            with transaction(connection):
                each.apply(database)


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open an existing database so that nothing can be changed through the connection; rows are ``sqlite3.Row``.

    Raises:
        sqlite3.Error: There is no such file.
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
        with suppress(*DATABASE_ERRORS):
            connection.execute("ROLLBACK")
        raise


def move_aside(path: Path, error: Exception, on_problem: Callable[[str], None] = log_problem) -> None:
    """Give a broken database, with the files beside it, another name.

    Raises:
        OSError: It cannot be renamed.
    """
    aside = path.with_name(f"{path.name}.broken-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    on_problem(
        f"{path} is broken ({error}). It was moved to {aside} and a new one begun. "
        f"This prints what can be saved of it: sqlite3 {aside} .recover"
    )
