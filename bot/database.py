"""Provisional."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlite_utils import Database, Migrations

DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)


def open_database(path: Path, migrations: Sequence[Migrations], *, memory_fallback: bool = False) -> sqlite3.Connection:
    """Open."""
    if str(path) != ":memory:":
        with suppress(OSError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, timeout=1.0)
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA journal_mode = WAL")
    for each in migrations:
        each.apply(Database(connection))
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with suppress(*DATABASE_ERRORS):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
