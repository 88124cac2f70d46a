"""The log's tables; a migration that has been released is never changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlite_utils import Database, Migrations

from bot.database import LOCK_SECONDS, connect
from bot.querylog.views import VIEWS

MIGRATIONS = Migrations("query-log")

_TABLES = (
    """
    CREATE TABLE questions (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        time TEXT NOT NULL,
        question TEXT NOT NULL,
        asked TEXT,
        language TEXT NOT NULL,
        surface TEXT NOT NULL,
        decision TEXT NOT NULL,
        confidence REAL NOT NULL,
        margin REAL,
        snippet TEXT,
        topic TEXT,
        candidates TEXT NOT NULL,
        index_version TEXT NOT NULL,
        latency_ms REAL NOT NULL,
        truncated INTEGER NOT NULL DEFAULT 0,
        person TEXT,
        chat TEXT,
        edit_of TEXT,
        follow_up_of TEXT,
        delivery TEXT NOT NULL DEFAULT 'pending',
        delivered_at TEXT
    )""",
    "CREATE TABLE vectors (seq INTEGER PRIMARY KEY, vector BLOB NOT NULL)",
    # A vote taken back stays, as 0.
    """
    CREATE TABLE votes (
        question_id TEXT NOT NULL, person TEXT NOT NULL, value INTEGER NOT NULL, time TEXT NOT NULL,
        PRIMARY KEY (question_id, person)
    ) WITHOUT ROWID""",
    """
    CREATE TABLE requests (
        question_id TEXT NOT NULL, person TEXT NOT NULL, time TEXT NOT NULL,
        PRIMARY KEY (question_id, person)
    ) WITHOUT ROWID""",
    """
    CREATE VIRTUAL TABLE questions_fts USING fts5 (
        question, content="questions", content_rowid="seq", tokenize='unicode61 remove_diacritics 2'
    )""",
    # A copy of what the state database says, so that queries and views can leave these people out.
    "CREATE TABLE opt_outs (person TEXT PRIMARY KEY, time TEXT NOT NULL) WITHOUT ROWID",
    # Files that a forgotten person's rows must be deleted from too, and erasures that are not finished. Rewrite is 0
    # for somebody of whom the log itself held no row: then only the copies need looking through.
    "CREATE TABLE backups (path TEXT PRIMARY KEY, time TEXT NOT NULL)",
    "CREATE TABLE scrubs (person TEXT NOT NULL, time TEXT NOT NULL, rewrite INTEGER NOT NULL)",
)
_REVIEW_TABLES = (
    # What each index version was made with, and the snippets of the newest: vectors of different encoders do not
    # compare, and a snippet nobody was ever shown appears in no question.
    """
    CREATE TABLE index_versions (
        version TEXT PRIMARY KEY, encoder TEXT NOT NULL, built TEXT, snippets INTEGER NOT NULL
    )""",
    "CREATE TABLE snippets (id TEXT PRIMARY KEY, title TEXT NOT NULL, topic TEXT NOT NULL)",
    """
    CREATE TABLE gaps (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered', 'will-not-cover')),
        note TEXT, opened TEXT NOT NULL, changed TEXT NOT NULL, encoder TEXT NOT NULL, centroid BLOB
    )""",
    # Ranking gaps needs who asked and when, and the questions' own rows lie all over the file.
    """
    CREATE TABLE gap_questions (
        question_id TEXT PRIMARY KEY, gap INTEGER NOT NULL, similarity REAL NOT NULL, person TEXT, time TEXT
    )""",
)
_INDEXES = (
    # Holds what figures and filters need, so that neither reads the rows themselves.
    "CREATE INDEX questions_time ON questions (time, decision, language, surface, topic, snippet, latency_ms)",
    "CREATE INDEX questions_person ON questions (person, time)",
    "CREATE INDEX questions_undelivered ON questions (time) WHERE delivery IN ('failed', 'forbidden')",
    "CREATE INDEX questions_edit_of ON questions (edit_of) WHERE edit_of IS NOT NULL",
    "CREATE INDEX votes_time ON votes (time)",
    "CREATE INDEX requests_time ON requests (time)",
    "CREATE INDEX gap_questions_gap ON gap_questions (gap, person, time)",
    "CREATE INDEX gap_questions_newest ON gap_questions (gap, time)",
    "CREATE INDEX gap_questions_typical ON gap_questions (gap, similarity, time)",
)
_TRIGGERS = (
    """
    CREATE TRIGGER questions_inserted AFTER INSERT ON questions BEGIN
        INSERT INTO questions_fts (rowid, question) VALUES (new.seq, new.question);
    END""",
    """
    CREATE TRIGGER questions_deleted AFTER DELETE ON questions BEGIN
        INSERT INTO questions_fts (questions_fts, rowid, question) VALUES ('delete', old.seq, old.question);
        DELETE FROM votes WHERE question_id = old.id;
        DELETE FROM requests WHERE question_id = old.id;
        DELETE FROM vectors WHERE seq = old.seq;
        DELETE FROM gap_questions WHERE question_id = old.id;
    END""",
)


@MIGRATIONS(name="0001_query_log")
def _query_log(database: Database) -> None:
    for statement in (*_TABLES, *_REVIEW_TABLES, *_INDEXES, *_TRIGGERS, *VIEWS):
        database.conn.execute(statement)


def open_log(path: Path, *, busy_seconds: float = LOCK_SECONDS) -> sqlite3.Connection:
    """Open a log, or a copy of one, for writing; make it where there is none.

    Raises:
        sqlite3.Error, OSError: It cannot be opened, written or understood.
    """
    return connect(path, [MIGRATIONS], busy_seconds=busy_seconds)
