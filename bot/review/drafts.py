"""Drafts: acts of reviewers that are not published yet, in ``DATA/review.db``, with who did what and when.

A draft knows which of its texts came from which question, so that what somebody deletes goes from it too.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from sqlite_utils import Migrations

from bot.database import transaction
from bot.querylog.entry import timestamp
from bot.review.acts import Act, as_json, from_json, without
from bot.review.knowledge_edit import Change, EditedFolder, TeachError
from bot.review.review_db import review_db
from index.errors import UserFacingError

if TYPE_CHECKING:
    from sqlite_utils import Database

MIGRATIONS = Migrations("drafts")

_TABLES = (
    """
    CREATE TABLE drafts (
        id INTEGER PRIMARY KEY AUTOINCREMENT, act TEXT NOT NULL, author TEXT NOT NULL, time TEXT NOT NULL,
        gap INTEGER, question_ids TEXT NOT NULL, version TEXT,
        state TEXT NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'published', 'removed'))
    )""",
    "CREATE INDEX drafts_state ON drafts (state, id)",
    """
    CREATE TABLE draft_history (
        id INTEGER PRIMARY KEY AUTOINCREMENT, draft INTEGER NOT NULL, time TEXT NOT NULL, author TEXT NOT NULL,
        state TEXT NOT NULL, version TEXT
    )""",
    "CREATE INDEX draft_history_draft ON draft_history (draft, id)",
)


@MIGRATIONS(name="0001_drafts")
def _drafts(database: Database) -> None:
    for statement in _TABLES:
        database.conn.execute(statement)


@MIGRATIONS(name="0002_texts_of_questions")
def _texts_of_questions(database: Database) -> None:
    # A JSON object.
    database.conn.execute("ALTER TABLE drafts ADD COLUMN taken TEXT NOT NULL DEFAULT '{}'")
    database.conn.execute("CREATE INDEX drafts_gap ON drafts (gap, id)")


class NoSuchDraftError(UserFacingError):
    """There is no draft with this number, or it is a draft no longer."""


class DraftState(StrEnum):
    """What has become of an act."""

    DRAFT = "draft"
    PUBLISHED = "published"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Draft:
    """An act as a reviewer saved it."""

    id: int
    act: Act
    author: str
    time: str
    """When it was saved, as the log writes times."""
    gap: int | None
    """The gap it came from."""
    question_ids: tuple[str, ...]
    """Entry ids of the questions that it should answer."""
    state: DraftState
    version: str | None
    """The version of the index that it was published with."""
    taken: Mapping[str, str] = field(default_factory=dict)
    """The texts in the act that came from questions, by entry id."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a draft."""

    draft: Draft
    time: str
    author: str
    state: DraftState
    """What the draft became: ``draft`` when it was saved, or when its publication was undone."""
    version: str | None


@dataclass(frozen=True, slots=True)
class Overlay:
    """All drafts applied to a folder in the order in which they were saved."""

    changes: list[Change]
    conflicts: list[tuple[Draft, str]]
    """Drafts that cannot be applied, each with the reason; their files are as without them."""

    @property
    def blocked(self) -> frozenset[int]:
        """The numbers of the drafts that cannot be applied."""
        return frozenset(draft.id for draft, _ in self.conflicts)


class Drafts:
    """The drafts of one data folder. Safe to use from several threads and processes."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def add(
        self,
        act: Act,
        author: str,
        gap: int | None = None,
        question_ids: Sequence[str] = (),
        taken: Mapping[str, str] | None = None,
    ) -> int:
        """Save an act as a draft and return its number."""
        now = timestamp()
        with self._changing() as connection:
            number = connection.execute(
                "INSERT INTO drafts (act, author, time, gap, question_ids, taken) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    as_json(act), author, now, gap, json.dumps([*question_ids]),
                    json.dumps(dict(taken or {}), ensure_ascii=False),
                ),
            ).lastrowid  # fmt: skip
            assert number is not None  # noqa: S101 - an INSERT has one
            _note(connection, [number], author, DraftState.DRAFT, now)
        return number

    def all(self) -> list[Draft]:
        """Return the drafts that are neither published nor removed, the oldest first."""
        return self._where("state = 'draft' ORDER BY id")

    def of(self, ids: Iterable[int]) -> list[Draft]:
        """Return the drafts with these numbers, whatever became of them."""
        return self._where("id IN (SELECT value FROM json_each(?)) ORDER BY id", json.dumps([*ids]))

    def remove(self, draft: int, author: str) -> None:
        """Remove a draft.

        Raises:
            NoSuchDraftError: There is none with this number, or it is published or removed already.
        """
        with self._changing() as connection:
            self._move(connection, [draft], author, DraftState.DRAFT, DraftState.REMOVED)

    def published(self, ids: Sequence[int], version: str, author: str) -> None:
        """Mark drafts as published with a version.

        Raises:
            NoSuchDraftError: One of them is no draft any more; then none is marked.
        """
        with self._changing() as connection:
            self._move(connection, ids, author, DraftState.DRAFT, DraftState.PUBLISHED, version)

    def undone(self, ids: Sequence[int], author: str) -> None:
        """Make drafts again of drafts that were published.

        Raises:
            NoSuchDraftError: One of them is not published; then none is changed.
        """
        with self._changing() as connection:
            self._move(connection, ids, author, DraftState.PUBLISHED, DraftState.DRAFT)

    def history(self, gap: int) -> list[Event]:
        """Return what happened to the drafts for a gap, the newest first."""
        with self._open() as connection:
            rows = connection.execute(
                f"SELECT h.time, h.author, h.state, h.version, {_COLUMNS} FROM draft_history AS h "
                "JOIN drafts AS d ON d.id = h.draft WHERE d.gap = ? ORDER BY h.id DESC",
                (gap,),
            ).fetchall()
        return [Event(_draft(row[4:]), row[0], row[1], DraftState(row[2]), row[3]) for row in rows]

    def forget_questions(self, deleted: Callable[[Iterable[str]], set[str]]) -> None:
        """Take what came from deleted questions out of every draft that is not published, down to its last trace.

        What is published is public, and stays.

        Args:
            deleted: Tells which of some entry ids are those of deleted questions.
        """
        with self._open() as connection:
            with transaction(connection):
                rows = connection.execute(
                    f"SELECT {_COLUMNS} FROM drafts AS d WHERE state <> 'published' AND taken <> '{{}}' ORDER BY id"
                ).fetchall()
                drafts = [_draft(row) for row in rows]
                gone = deleted({number for draft in drafts for number in draft.taken})
                changed = [draft for draft in drafts if gone & draft.taken.keys()]
                for draft in changed:
                    _forget(connection, draft, gone)
            if changed:
                connection.execute("VACUUM")

    def _where(self, condition: str, *values: object) -> list[Draft]:
        with self._open() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM drafts AS d WHERE {condition}", values).fetchall()
        return [_draft(row) for row in rows]

    @staticmethod
    def _move(
        connection: sqlite3.Connection,
        ids: Sequence[int],
        author: str,
        before: DraftState,
        after: DraftState,
        version: str | None = None,
    ) -> None:
        for number in ids:
            changed = connection.execute(
                "UPDATE drafts SET state = ?, version = ? WHERE id = ? AND state = ?", (after, version, number, before)
            ).rowcount
            if not changed:
                raise NoSuchDraftError(f"Draft {number} is not there any more; somebody published or removed it.")
        _note(connection, ids, author, after, timestamp(), version)

    def _open(self) -> AbstractContextManager[sqlite3.Connection]:
        return review_db(self._data, MIGRATIONS)

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._open() as connection, transaction(connection):
            yield connection


def overlay(drafts: Iterable[Draft], folder: Path) -> Overlay:
    """Apply drafts to a folder as it is now, without writing anything.

    A draft that cannot be applied is left out whole, and told.
    """
    edited = EditedFolder(folder)
    conflicts: list[tuple[Draft, str]] = []
    for draft in drafts:
        attempt = EditedFolder(folder, edited.changes())
        try:
            draft.act.apply(attempt)
        except TeachError as error:
            conflicts.append((draft, str(error)))
        else:
            edited = attempt
    return Overlay(edited.changes(), conflicts)


_COLUMNS = "d.id, d.act, d.author, d.time, d.gap, d.question_ids, d.state, d.version, d.taken"


def _draft(row: Sequence[str]) -> Draft:
    number, act, author, time, gap, ids, state, version, taken = row
    return Draft(
        int(number), from_json(act), author, time, int(gap) if gap else None, tuple(json.loads(ids)),
        DraftState(state), version, json.loads(taken),
    )  # fmt: skip


def _forget(connection: sqlite3.Connection, draft: Draft, gone: set[str]) -> None:
    """Take the texts of deleted questions out of a draft; one that does nothing else is removed with them."""
    kept = {number: text for number, text in draft.taken.items() if number not in gone}
    act = without(draft.act, {*draft.taken.values()} - {*kept.values()})
    if act is None:
        connection.execute("DELETE FROM draft_history WHERE draft = ?", (draft.id,))
        connection.execute("DELETE FROM drafts WHERE id = ?", (draft.id,))
        return
    ids = [each for each in draft.question_ids if each not in gone]
    connection.execute(
        "UPDATE drafts SET act = ?, question_ids = ?, taken = ? WHERE id = ?",
        (as_json(act), json.dumps(ids), json.dumps(kept, ensure_ascii=False), draft.id),
    )


def _note(
    connection: sqlite3.Connection,
    ids: Iterable[int],
    author: str,
    state: DraftState,
    time: str,
    version: str | None = None,
) -> None:
    connection.executemany(
        "INSERT INTO draft_history (draft, time, author, state, version) VALUES (?, ?, ?, ?, ?)",
        [(number, time, author, state, version) for number in ids],
    )
