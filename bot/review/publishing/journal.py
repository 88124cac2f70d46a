"""What was published and what is being published, in ``review.db``: a kill in between can be finished or taken back."""

from __future__ import annotations

import json
import sqlite3
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlite_utils import Database, Migrations

from bot.database import transaction
from bot.querylog.entry import timestamp
from bot.review.publishing.file_changes import FileChange
from bot.review.review_db import review_db

MIGRATIONS = Migrations("publications")

_TABLES = (
    # Drafts and gaps are lists of numbers in JSON.
    """
    CREATE TABLE publications (
        id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, author TEXT NOT NULL, time TEXT NOT NULL,
        version TEXT NOT NULL, previous TEXT, undoes INTEGER REFERENCES publications (id), title TEXT NOT NULL,
        drafts TEXT NOT NULL, gaps TEXT NOT NULL, commit_hash TEXT, note TEXT NOT NULL DEFAULT ''
    )""",
    # A file that is NULL before is new; one that is NULL after was removed.
    """
    CREATE TABLE publication_files (
        publication INTEGER NOT NULL REFERENCES publications (id), name TEXT NOT NULL, before BLOB, after BLOB,
        PRIMARY KEY (publication, name)
    )""",
)


@MIGRATIONS(name="0001_publications")
def _publications(database: Database) -> None:
    for statement in _TABLES:
        database.conn.execute(statement)


class State(StrEnum):
    """How far a publication has come."""

    BEGUN = "begun"
    """Whether its version is live tells whether it is to be finished or taken back."""
    DONE = "done"
    TAKEN_BACK = "taken back"
    """It was stopped before its version was live, and the files are as they were."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a publication is to change."""

    author: str
    version: str
    """The version that it makes live."""
    previous: str | None
    """The version that is live before."""
    title: str
    """What it is about, in a line."""
    changes: tuple[FileChange, ...]
    drafts: tuple[int, ...] = ()
    gaps: tuple[int, ...] = ()
    """The gaps that the drafts are about."""
    undoes: int | None = None
    """Number of the publication that it takes back, if it does."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a publication besides its files and its version."""

    commit_hash: str | None = None
    """``None`` where the knowledge folder is in no git checkout, or git refused."""
    notes: tuple[str, ...] = ()
    """What did not work, each in a sentence."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication as it is recorded."""

    id: int
    state: State
    time: str
    """When it began, as the log writes times."""
    plan: Plan
    outcome: Outcome
    undone: bool
    """Whether a later publication took it back."""


class Journal:
    """The publications of a data folder.

    Args:
        data: The folder.
    """

    def __init__(self, data: Path) -> None:
        self._data = data

    def begin(self, plan: Plan) -> Publication:
        """Record a publication, before anything is changed.

        Raises:
            sqlite3.Error, OSError: It cannot be recorded.
        """
        with self._open() as connection:
            with transaction(connection):
                number = connection.execute(
                    """INSERT INTO publications (state, author, time, version, previous, undoes, title, drafts, gaps)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                    (
                        State.BEGUN, plan.author, timestamp(), plan.version, plan.previous, plan.undoes, plan.title,
                        json.dumps(plan.drafts), json.dumps(plan.gaps),
                    ),
                ).lastrowid  # fmt: skip
                connection.executemany(
                    "INSERT INTO publication_files VALUES (?, ?, ?, ?)",
                    [(number, each.name, each.before, each.after) for each in plan.changes],
                )
            [begun] = _read(connection, "id = ?", number)
            return begun

    def end(self, number: int, state: State, outcome: Outcome) -> None:
        """Record how a publication ended. Until then it counts as begun.

        Raises:
            sqlite3.Error, OSError: It cannot be recorded.
        """
        with self._open() as connection:
            connection.execute(
                "UPDATE publications SET state = ?, commit_hash = ?, note = ? WHERE id = ?",
                (state, outcome.commit_hash, "\n".join(outcome.notes), number),
            )

    def unfinished(self) -> Publication | None:
        """Return the publication that has begun and not ended.

        Raises:
            sqlite3.Error, OSError: The database cannot be read.
        """
        with self._open() as connection:
            return next(iter(_read(connection, "state = ?", State.BEGUN)), None)

    def last(self) -> Publication | None:
        """Return the newest publication that nobody has taken back, ``None`` if there is none.

        Raises:
            sqlite3.Error, OSError: The database cannot be read.
        """
        with self._open() as connection:
            made = "state = ? AND undoes IS NULL AND NOT undone"
            return next(iter(_read(connection, made, State.DONE, limit=1)), None)

    def publication(self, number: int) -> Publication:
        """Return a publication by its number.

        Raises:
            sqlite3.Error, OSError: The database cannot be read.
        """
        with self._open() as connection:
            [found] = _read(connection, "id = ?", number)
            return found

    def written(self, version: str) -> dict[str, str]:
        """Return the SHA-256 of each file that the publications of a version have written, empty where they removed it.

        Raises:
            sqlite3.Error, OSError: The database cannot be read.
        """
        with self._open() as connection:
            made = _read(connection, f"state = '{State.DONE}' AND version = ?", version)
            return {change.name: change.hash for each in reversed(made) for change in each.plan.changes}

    def newest(self, limit: int) -> list[Publication]:
        """Return the newest publications, the latest first.

        Raises:
            sqlite3.Error, OSError: The database cannot be read.
        """
        with self._open() as connection:
            return _read(connection, "state <> ?", State.BEGUN, limit=limit)

    def _open(self) -> AbstractContextManager[sqlite3.Connection]:
        return review_db(self._data, MIGRATIONS)


def _read(connection: sqlite3.Connection, where: str, value: object, *, limit: int = -1) -> list[Publication]:
    rows = connection.execute(
        f"""SELECT * FROM (
            SELECT *, EXISTS (SELECT 1 FROM publications AS o WHERE o.undoes = p.id AND o.state = ?) AS undone
            FROM publications AS p
        ) WHERE {where} ORDER BY id DESC LIMIT ?""",
        (State.DONE, value, limit),
    ).fetchall()
    return [_publication(connection, row) for row in rows]


def _publication(connection: sqlite3.Connection, row: sqlite3.Row) -> Publication:
    files = connection.execute(
        "SELECT name, before, after FROM publication_files WHERE publication = ? ORDER BY name", (row["id"],)
    )
    return Publication(
        id=row["id"],
        state=State(row["state"]),
        time=row["time"],
        plan=Plan(
            author=row["author"],
            version=row["version"],
            previous=row["previous"],
            title=row["title"],
            changes=tuple(FileChange(*each) for each in files.fetchall()),
            drafts=tuple(json.loads(row["drafts"])),
            gaps=tuple(json.loads(row["gaps"])),
            undoes=row["undoes"],
        ),
        outcome=Outcome(row["commit_hash"], tuple(row["note"].splitlines())),
        undone=bool(row["undone"]),
    )
