"""Tries: one at a time, each in a process of its own, with its progress and its result in ``review.db``."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass
from typing import Any

from filelock import FileLock, Timeout
from sqlite_utils import Database, Migrations

from bot.database import open_for_reading
from bot.querylog.entry import timestamp
from bot.review.publishing.tried import Tried
from bot.review.publishing.words import PublishError, problem
from bot.review.review_db import review_db
from bot.settings import LOG_FILE, Settings

MIGRATIONS = Migrations("tries")
_PROGRAM = "bot.review.publishing.try_out"
_SETTINGS = {"knowledge_dir", "data_dir", "encoder", "encoder_query_prefix", "encoder_passage_prefix"}
_OUT_OF_MEMORY = "The system stopped the try, probably because memory ran out. Nothing was changed; try again later."
_STOPPED = "The try was stopped before it was finished. Nothing was changed; try again."


@MIGRATIONS(name="0001_tries")
def _tries(database: Database) -> None:
    # The newest try alone. What it did so far and what was said are lists of texts.
    database.conn.execute(
        """CREATE TABLE tries (
            id INTEGER PRIMARY KEY AUTOINCREMENT, author TEXT NOT NULL, time TEXT NOT NULL,
            steps TEXT NOT NULL DEFAULT '[]', said TEXT NOT NULL DEFAULT '[]', result TEXT, problem TEXT
        )"""
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the last try is."""

    author: str
    time: str
    """When it began, as the log writes times."""
    running: bool
    steps: tuple[str, ...]
    """What it has done and, as the last, what it is doing."""
    said: tuple[str, ...]
    """What editors should read, such as problems of passages."""
    problem: str | None
    """Why it ended without a result."""


class Tries:
    """The tries of one data folder.

    Args:
        settings: Names the folders and the encoder.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._unwritten: str | None = None

    def start(self, author: str, drafts: Sequence[int]) -> None:
        """Begin to try drafts.

        Raises:
            PublishError: Another try is running.
            sqlite3.Error, OSError: It cannot be recorded.
        """
        lock = self._lock()
        try:
            lock.acquire(timeout=1)  # longer than anybody takes to see whether it is locked
        except Timeout as error:
            whose = found.author if (found := self.progress()) else "Another reviewer"
            raise PublishError(f"{whose} is trying drafts right now. Wait until that is finished.") from error
        try:
            with self._open() as connection:
                connection.execute("DELETE FROM tries")
                connection.execute("INSERT INTO tries (author, time) VALUES (?, ?)", (author, timestamp()))
            self._unwritten = None
            threading.Thread(target=self._run, args=(lock, drafts), name="try", daemon=True).start()
        except BaseException:
            lock.release()
            raise

    def progress(self) -> Progress | None:
        """Return how far the last try is, ``None`` if there was none.

        Raises:
            sqlite3.Error, OSError: It cannot be read.
        """
        row = self._row()
        if row is None:
            return None
        ended = row["result"] or row["problem"] or self._unwritten
        running = not ended and self._is_locked()
        if not ended and not running:
            row = self._row() or row  # it may have ended in between
        wrong = row["problem"] or self._unwritten
        return Progress(
            author=row["author"],
            time=row["time"],
            running=running,
            steps=tuple(json.loads(row["steps"])),
            said=tuple(json.loads(row["said"])),
            problem=wrong if wrong or running or row["result"] else _STOPPED,
        )

    def result(self) -> tuple[str, Tried] | None:
        """Return who tried last and the result with the texts of the questions; ``None`` where there is none.

        Raises:
            sqlite3.Error, OSError: It cannot be read.
        """
        row = self._row()
        if row is None or not row["result"]:
            return None
        try:
            tried = Tried.from_json(row["result"])
        except ValueError:  # of another version of the program
            return None
        return row["author"], tried.with_questions(self._texts(tried))

    def forget(self) -> None:
        """Forget the last try, because it was published.

        Raises:
            sqlite3.Error, OSError: It cannot be recorded.
        """
        with self._open() as connection:
            connection.execute("DELETE FROM tries")

    def _run(self, lock: FileLock, drafts: Sequence[int]) -> None:
        """Start the program and record what it prints, in a thread."""
        try:
            self._record(problem=self._follow(drafts))
        except (sqlite3.Error, OSError) as error:
            self._unwritten = problem(error, self._settings)
        finally:
            lock.release()

    def _follow(self, drafts: Sequence[int]) -> str | None:
        """Record the steps and the result of the program; return what is wrong where there is no result."""
        steps, said = list[str](), list[str]()
        command = [sys.executable, "-m", _PROGRAM]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:  # noqa: S603
            assert program.stdin is not None  # noqa: S101 - it is a pipe
            assert program.stdout is not None  # noqa: S101
            try:
                with suppress(BrokenPipeError):  # it died; that is seen below
                    print(self._task(drafts), file=program.stdin, flush=True)
                for line in program.stdout:
                    match json.loads(line):
                        case {"step": str(step)}:
                            steps.append(step)
                            self._record(steps=json.dumps(steps))
                        case {"said": str(text)}:
                            said.append(text)
                            self._record(said=json.dumps(said))
                        case {"problem": str(text)}:
                            return text
                        case {"tried": str(result)}:
                            self._record(result=result)
                            return None
                code = program.wait()
            finally:
                program.kill()
        return _OUT_OF_MEMORY if code == -signal.SIGKILL else _STOPPED

    def _task(self, drafts: Sequence[int]) -> str:
        given = self._settings.model_dump(mode="json", include=_SETTINGS)
        return json.dumps({"settings": given | {"index_dir": str(self._settings.index_home)}, "drafts": list(drafts)})

    def _record(self, **columns: str | None) -> None:
        with self._open() as connection:
            names = ", ".join(f"{name} = :{name}" for name in columns)
            connection.execute(f"UPDATE tries SET {names}", columns)

    def _row(self) -> Mapping[str, Any] | None:
        with self._open() as connection:
            row: Mapping[str, Any] | None = connection.execute("SELECT * FROM tries").fetchone()
            return row

    def _texts(self, tried: Tried) -> dict[str, tuple[str, str]]:
        """Return the language and the text of every question in a result that the log still holds."""
        log = self._settings.data_dir / LOG_FILE
        if not log.exists():
            return {}
        ids = json.dumps([each.id for each in (*tried.of_drafts, *tried.replayed)])
        with closing(open_for_reading(log)) as connection:
            found = connection.execute(
                "SELECT id, language, coalesce(asked, question) FROM questions "
                "WHERE id IN (SELECT value FROM json_each(?))",
                (ids,),
            )
            return {number: (language, text) for number, language, text in found.fetchall()}

    def _is_locked(self) -> bool:
        lock = self._lock()
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        return False

    def _lock(self) -> FileLock:
        folder = self._settings.data_dir / "review"
        folder.mkdir(parents=True, exist_ok=True)
        # The thread that follows the program releases what another one has acquired.
        return FileLock(folder / "try.lock", thread_local=False)

    def _open(self) -> AbstractContextManager[sqlite3.Connection]:
        return review_db(self._settings.data_dir, MIGRATIONS)
