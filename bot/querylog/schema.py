"""The log's tables and views; a migration that has been released is never changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlite_utils import Database, Migrations

from bot.database import connect

MIGRATIONS = Migrations("query-log")

_LOCK_SECONDS = 30.0
"""How long a command in a terminal waits for the bot's lock."""
PERCENTILES = ", ".join(
    f"min(latency_ms) FILTER (WHERE share >= {percent / 100}) AS p{percent}" for percent in (50, 95, 99)
)
"""Percentiles by nearest rank; ``share`` is ``cume_dist()`` over ``latency_ms``."""
_DAY = "substr(time, 1, 10)"
CONSENTING = "(person IS NULL OR person NOT IN (SELECT person FROM opt_outs))"
"""SQL condition on the questions of people who did not opt out."""

_TABLES = (
    """
    CREATE TABLE questions (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time TEXT NOT NULL,
        question TEXT NOT NULL, asked TEXT, language TEXT NOT NULL, surface TEXT NOT NULL,
        decision TEXT NOT NULL, confidence REAL NOT NULL, margin REAL,
        snippet TEXT, topic TEXT, candidates TEXT NOT NULL,
        index_version TEXT NOT NULL, latency_ms REAL NOT NULL, truncated INTEGER NOT NULL DEFAULT 0,
        person TEXT, chat TEXT, edit_of TEXT, follow_up_of TEXT,
        delivery TEXT NOT NULL DEFAULT 'pending', delivered_at TEXT
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
# What the review commands and Datasette both show, in one text for both. People who opted out stay in the counts. Their
# questions are left out wherever reviewers read them to improve the knowledge: in the unanswered questions and in the
# gaps.
_VIEWS = (
    # Every candidate of every question as a row.
    """CREATE VIEW candidates AS
        SELECT q.id AS question_id, q.time, each.key + 1 AS rank,
            each.value ->> 'id' AS snippet, each.value ->> 'language' AS language, each.value ->> 'score' AS score,
            each.value ->> 'shown' AS shown, each.value ->> 'question' AS example_question,
            each.value ->> 'hash' AS hash, each.value -> 'parts' AS parts
        FROM questions AS q, json_each(q.candidates) AS each""",
    # A vote taken back stays in the table as 0.
    """CREATE VIEW counted_votes AS
        SELECT votes.time, votes.value, q.id AS question_id, q.question, q.decision, q.language, q.snippet
        FROM votes JOIN questions AS q ON q.id = votes.question_id AND q.person = votes.person
        WHERE votes.value <> 0""",
    """CREATE VIEW questions_and_feedback AS
        SELECT q.*,
            (SELECT nullif(value, 0) FROM votes WHERE question_id = q.id AND person = q.person) AS vote,
            EXISTS (SELECT 1 FROM requests WHERE question_id = q.id AND person = q.person) AS requested,
            (SELECT gap FROM gap_questions WHERE question_id = q.id) AS gap
        FROM questions AS q""",
    # A question that was edited later is left out: what counts is what it became.
    f"""CREATE VIEW unanswered_questions AS
        SELECT * FROM questions_and_feedback AS q
        WHERE (decision IN ('none', 'closest') OR vote < 0 OR requested) AND {CONSENTING}
            AND NOT EXISTS (SELECT 1 FROM questions AS later WHERE later.edit_of = q.id)""",
    f"CREATE VIEW gap_members AS SELECT * FROM gap_questions WHERE {CONSENTING}",
    # Each person counts by the age of their latest question: half after 30 days, a quarter after 60.
    """CREATE VIEW ranked_gaps AS
        WITH askers AS (
            SELECT gap, count(*) AS questions, max(time) AS last FROM gap_members GROUP BY gap, person
        )
        SELECT gaps.id AS gap, gaps.state, count(*) AS people, sum(askers.questions) AS questions,
            max(askers.last) AS last,
            sum(pow(0.5, max(julianday('now') - julianday(askers.last), 0) / 30)) AS rank,
            (SELECT q.question FROM gap_members AS m JOIN questions AS q ON q.id = m.question_id
                WHERE m.gap = gaps.id ORDER BY m.similarity DESC, m.time DESC LIMIT 1) AS typical_question,
            gaps.note, gaps.opened
        FROM askers JOIN gaps ON gaps.id = askers.gap GROUP BY gaps.id""",
    f"""CREATE VIEW daily_figures AS
        SELECT {_DAY} AS day, decision, language, surface, count(*) AS questions FROM questions GROUP BY 1, 2, 3, 4""",
    # The last 90 days: SQLite reads every row of a view with a window function, whatever is asked of it.
    f"""CREATE VIEW daily_latency AS
        SELECT day, count(*) AS questions, {PERCENTILES} FROM (
            SELECT {_DAY} AS day, latency_ms,
                cume_dist() OVER (PARTITION BY {_DAY} ORDER BY latency_ms) AS share
            FROM questions WHERE time >= date('now', '-89 days')
        ) GROUP BY day""",
    f"""CREATE VIEW quoted_snippets AS
        SELECT {_DAY} AS day, snippet, count(*) AS quoted FROM questions WHERE decision = 'answer' GROUP BY 1, 2""",
)


@MIGRATIONS(name="0001_query_log")
def _query_log(database: Database) -> None:
    for statement in (*_TABLES, *_REVIEW_TABLES, *_INDEXES, *_TRIGGERS, *_VIEWS):
        database.conn.execute(statement)


_GAP_COLUMNS = (
    # Why a question was not answered, and what it states that the first passage does not hold (JSON).
    "ALTER TABLE questions ADD COLUMN reason TEXT",
    "ALTER TABLE questions ADD COLUMN differences TEXT",
    # Who changed a gap last (nobody: the program did), the index version of which all its questions were asked last,
    # the version that answered them, and the gap that took them over.
    "ALTER TABLE gaps ADD COLUMN changed_by TEXT",
    "ALTER TABLE gaps ADD COLUMN checked TEXT",
    "ALTER TABLE gaps ADD COLUMN answered_by TEXT",
    "ALTER TABLE gaps ADD COLUMN merged_into INTEGER",
    # The centroid is the sum over so many wordings.
    "ALTER TABLE gaps ADD COLUMN wordings INTEGER NOT NULL DEFAULT 0",
    # A number for the wording, which whoever asks it again brings to the same gap; the reviewer who put it there; what
    # gaps are chosen by; and the hash of the passage with which a version answered it when the gap closed by itself.
    "ALTER TABLE gap_questions ADD COLUMN wording INTEGER",
    "ALTER TABLE gap_questions ADD COLUMN placed_by TEXT",
    "ALTER TABLE gap_questions ADD COLUMN language TEXT",
    "ALTER TABLE gap_questions ADD COLUMN reason TEXT",
    "ALTER TABLE gap_questions ADD COLUMN answered_with TEXT",
    "CREATE INDEX gap_questions_wording ON gap_questions (wording, gap)",
    "CREATE INDEX gap_questions_chosen ON gap_questions (gap, language, reason)",
    # Questions recorded before reasons were kept have the one that their decision tells.
    """CREATE VIEW reasons AS
        SELECT id, CASE decision
            WHEN 'answer' THEN 'wrong-passage'
            WHEN 'closest' THEN coalesce(reason, 'uncertain')
            ELSE coalesce(reason, 'nothing-near') END AS reason
        FROM questions""",
    # As before, without what the editors have decided not to cover: nobody has to look at that again.
    "DROP VIEW unanswered_questions",
    f"""CREATE VIEW unanswered_questions AS
        SELECT * FROM questions_and_feedback AS q
        WHERE (decision IN ('none', 'closest') OR vote < 0 OR requested) AND {CONSENTING}
            AND coalesce(reason, '') <> 'not-covered'
            AND NOT EXISTS (SELECT 1 FROM questions AS later WHERE later.edit_of = q.id)""",
)


@MIGRATIONS(name="0002_gaps_across_versions")
def _gaps_across_versions(database: Database) -> None:
    for statement in _GAP_COLUMNS:
        database.conn.execute(statement)


_LONG_LOGS = (
    "CREATE INDEX questions_snippet ON questions (snippet, time, decision)",
    "DROP VIEW daily_latency",
    # Many questions take the same time, so there are fewer rows to sort.
    f"""CREATE VIEW daily_latency AS
        SELECT day, sum(number) AS questions, {PERCENTILES} FROM (
            SELECT day, latency_ms, number,
                sum(number) OVER (PARTITION BY day ORDER BY latency_ms) * 1.0 / sum(number) OVER (PARTITION BY day)
                AS share
            FROM (
                SELECT {_DAY} AS day, latency_ms, count(*) AS number FROM questions
                WHERE time >= date('now', '-89 days') GROUP BY 1, 2
            )
        ) GROUP BY day""",
)


@MIGRATIONS(name="0003_long_logs")
def _long_logs(database: Database) -> None:
    for statement in _LONG_LOGS:
        database.conn.execute(statement)


_GAP_HISTORY = (
    # What a gap was when it was made and after each change, and who did it (nobody: the program).
    """
    CREATE TABLE gap_history (
        id INTEGER PRIMARY KEY, gap INTEGER NOT NULL, time TEXT NOT NULL, author TEXT, made INTEGER NOT NULL,
        state TEXT NOT NULL, note TEXT, answered_by TEXT
    )""",
    "CREATE INDEX gap_history_gap ON gap_history (gap, id)",
    """
    CREATE TRIGGER gaps_made AFTER INSERT ON gaps BEGIN
        INSERT INTO gap_history (gap, time, author, made, state, note, answered_by)
        VALUES (new.id, new.changed, new.changed_by, 1, new.state, new.note, new.answered_by);
    END""",
    """
    CREATE TRIGGER gaps_changed AFTER UPDATE OF changed ON gaps BEGIN
        INSERT INTO gap_history (gap, time, author, made, state, note, answered_by)
        VALUES (new.id, new.changed, new.changed_by, 0, new.state, new.note, new.answered_by);
    END""",
    """
    CREATE TRIGGER gaps_deleted AFTER DELETE ON gaps BEGIN
        DELETE FROM gap_history WHERE gap = old.id;
    END""",
)


@MIGRATIONS(name="0004_gap_history")
def _gap_history(database: Database) -> None:
    for statement in _GAP_HISTORY:
        database.conn.execute(statement)


def open_log(path: Path) -> sqlite3.Connection:
    """Open a log, or a copy of one, for writing; make it where there is none. Rows are ``sqlite3.Row``.

    Raises:
        sqlite3.Error, OSError: It cannot be opened, written or understood.
    """
    connection = connect(path, [MIGRATIONS], busy_seconds=_LOCK_SECONDS)
    connection.row_factory = sqlite3.Row
    return connection
