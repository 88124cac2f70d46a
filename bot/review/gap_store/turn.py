"""Only one program at a time asks the questions of gaps again: the bot or the review pages, whichever came first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from bot.database import primary_code


@contextmanager
def turn(connection: sqlite3.Connection) -> Iterator[bool]:
    """Yield whether it is this program's turn; another one has it until its own body ends, or the program.

    An empty database beside the log is locked, for SQLite gives the lock back however a program ends. The log itself
    stays free for writing.
    """
    [log] = [file for _, name, file in connection.execute("PRAGMA database_list") if name == "main"]
    with closing(sqlite3.connect(f"{log}-closing" if log else ":memory:", timeout=0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY:
                raise
            yield False
        else:
            yield True
