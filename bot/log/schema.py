"""The log's tables, as numbered migrations; nothing is ever changed in a migration that has been released."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("query-log")


@migrations(name="0001_questions")
def _questions(db: Database) -> None:
    db.conn.execute("""
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
        )""")
    db.conn.execute("CREATE INDEX questions_time ON questions (time)")
    db.conn.execute("CREATE INDEX questions_person ON questions (person, time)")
    # Votes and wishes may reach another process than the one that answered, so they do not require the question's row.
    db.conn.execute("""
        CREATE TABLE votes (
            question_id TEXT NOT NULL, person TEXT NOT NULL, value INTEGER NOT NULL, time TEXT NOT NULL,
            PRIMARY KEY (question_id, person)
        ) WITHOUT ROWID""")
    db.conn.execute("""
        CREATE TABLE requests (
            question_id TEXT NOT NULL, person TEXT NOT NULL, time TEXT NOT NULL,
            PRIMARY KEY (question_id, person)
        ) WITHOUT ROWID""")
    db.conn.execute("CREATE TABLE vectors (question_id TEXT PRIMARY KEY, vector BLOB NOT NULL)")
    db.conn.execute("CREATE TABLE opt_outs (person TEXT PRIMARY KEY, time TEXT NOT NULL) WITHOUT ROWID")
    db.conn.execute("""
        CREATE TRIGGER questions_deleted AFTER DELETE ON questions BEGIN
            DELETE FROM votes WHERE question_id = old.id;
            DELETE FROM requests WHERE question_id = old.id;
            DELETE FROM vectors WHERE question_id = old.id;
        END""")
