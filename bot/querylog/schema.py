"""The log's tables, as numbered migrations; nothing is ever changed in a migration that has been released."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("query-log")


@migrations(name="0001_questions")
def _questions(db: Database) -> None:
    db.conn.execute("""
        CREATE TABLE questions (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
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
    db.conn.execute("CREATE TABLE vectors (seq INTEGER PRIMARY KEY, vector BLOB NOT NULL)")
    db.conn.execute("CREATE TABLE opt_outs (person TEXT PRIMARY KEY, time TEXT NOT NULL) WITHOUT ROWID")
    db.conn.execute("""
        CREATE TRIGGER questions_deleted AFTER DELETE ON questions BEGIN
            DELETE FROM votes WHERE question_id = old.id;
            DELETE FROM requests WHERE question_id = old.id;
            DELETE FROM vectors WHERE seq = old.seq;
        END""")


@migrations(name="0002_filters_and_search")
def _filters_and_search(db: Database) -> None:
    # Each begins with what is filtered by and holds what is counted then, so that no count reads the rows themselves.
    facets = ("decision", "language", "surface", "topic")
    for column in facets:
        others = ", ".join(other for other in facets if other != column)
        db.conn.execute(f"CREATE INDEX questions_{column} ON questions ({column}, time, {others})")
    db.conn.execute("CREATE INDEX votes_down ON votes (time) WHERE value < 0")
    db.conn.execute("CREATE INDEX questions_undelivered ON questions (time) WHERE delivery IN ('failed', 'forbidden')")
    db.conn.execute("CREATE INDEX requests_time ON requests (time)")
    db.conn.execute("""
        CREATE VIRTUAL TABLE questions_fts USING fts5 (
            question, content="questions", content_rowid="seq", tokenize='unicode61 remove_diacritics 2'
        )""")
    # Counts a day, so that no overview has to read every row.
    db.conn.execute("""
        CREATE TABLE daily (
            day TEXT NOT NULL, language TEXT NOT NULL, surface TEXT NOT NULL, decision TEXT NOT NULL,
            questions INTEGER NOT NULL,
            PRIMARY KEY (day, language, surface, decision)
        ) WITHOUT ROWID""")
    db.conn.execute("""
        CREATE TABLE daily_latency (
            day TEXT NOT NULL, ms REAL NOT NULL, questions INTEGER NOT NULL, PRIMARY KEY (day, ms)
        ) WITHOUT ROWID""")
    db.conn.execute("""
        CREATE TABLE daily_snippets (
            day TEXT NOT NULL, snippet TEXT NOT NULL, quoted INTEGER NOT NULL, PRIMARY KEY (day, snippet)
        ) WITHOUT ROWID""")
    # Searching and counting cost more than the row itself, so rows are taken up in groups, after their answers are out:
    # everything up to this seq has been. (Hence AUTOINCREMENT: a seq used again would be passed over.)
    db.conn.execute("CREATE TABLE taken_up (seq INTEGER NOT NULL)")
    db.conn.execute("INSERT INTO taken_up VALUES (0)")
    db.conn.execute(f"""
        CREATE TRIGGER questions_taken_out AFTER DELETE ON questions WHEN old.seq <= (SELECT seq FROM taken_up) BEGIN
            INSERT INTO questions_fts (questions_fts, rowid, question) VALUES ('delete', old.seq, old.question);
            UPDATE daily SET questions = questions - 1 WHERE day = substr(old.time, 1, 10)
                AND language = old.language AND surface = old.surface AND decision = old.decision;
            DELETE FROM daily WHERE day = substr(old.time, 1, 10) AND questions = 0;
            UPDATE daily_latency SET questions = questions - 1
                WHERE day = substr(old.time, 1, 10) AND ms = {latency_step("old")};
            DELETE FROM daily_latency WHERE day = substr(old.time, 1, 10) AND questions = 0;
            UPDATE daily_snippets SET quoted = quoted - 1 WHERE day = substr(old.time, 1, 10)
                AND snippet IN (SELECT value ->> 'id' FROM json_each(old.candidates) WHERE value ->> 'shown');
            DELETE FROM daily_snippets WHERE day = substr(old.time, 1, 10) AND quoted = 0;
        END""")


@migrations(name="0003_review")
def _review(db: Database) -> None:
    db.conn.execute("CREATE INDEX questions_edit_of ON questions (edit_of) WHERE edit_of IS NOT NULL")
    db.conn.execute("""
        CREATE VIEW candidates AS
        SELECT q.id AS question_id, q.time, each.key + 1 AS rank,
            each.value ->> 'id' AS snippet, each.value ->> 'language' AS language, each.value ->> 'score' AS score,
            each.value ->> 'shown' AS shown, each.value ->> 'question' AS example_question,
            each.value ->> 'hash' AS hash, each.value -> 'parts' AS parts
        FROM questions AS q, json_each(q.candidates) AS each""")
    # A vote counts if the asker gave it; another's can only have come in by merging logs.
    db.conn.execute("""
        CREATE VIEW counted_votes AS
        SELECT votes.time, votes.value, q.id AS question_id, q.question, q.decision, q.language, q.snippet
        FROM votes JOIN questions AS q ON q.id = votes.question_id AND q.person = votes.person""")
    # What each index version was made with, and the passages of the newest: vectors of different encoders do not
    # compare, and a passage nobody was ever shown appears in no question.
    db.conn.execute(
        "CREATE TABLE index_versions "
        "(version TEXT PRIMARY KEY, encoder TEXT NOT NULL, built TEXT, snippets INTEGER NOT NULL)"
    )
    db.conn.execute("CREATE TABLE snippets (id TEXT PRIMARY KEY, title TEXT NOT NULL, topic TEXT NOT NULL)")
    db.conn.execute("""
        CREATE TABLE gaps (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered', 'will-not-cover')),
            note TEXT, opened TEXT NOT NULL, changed TEXT NOT NULL, encoder TEXT NOT NULL, centroid BLOB
        )""")
    db.conn.execute(
        "CREATE TABLE gap_questions (question_id TEXT PRIMARY KEY, gap INTEGER NOT NULL, similarity REAL NOT NULL)"
    )
    db.conn.execute("CREATE INDEX gap_questions_gap ON gap_questions (gap)")
    db.conn.execute("""
        CREATE TRIGGER questions_left_gap AFTER DELETE ON questions BEGIN
            DELETE FROM gap_questions WHERE question_id = old.id;
        END""")
    # Files that people's rows must be deleted from too, and work that is still owed to somebody who was forgotten.
    db.conn.execute("CREATE TABLE backups (path TEXT PRIMARY KEY, time TEXT NOT NULL)")
    db.conn.execute("CREATE TABLE scrubs (person TEXT NOT NULL, time TEXT NOT NULL)")
    # So that an older copy or another replica's log does not bring back what somebody had deleted.
    db.conn.execute("CREATE TABLE forgotten (person TEXT PRIMARY KEY, time TEXT NOT NULL) WITHOUT ROWID")


@migrations(name="0004_one_index_of_filters")
def _one_index_of_filters(db: Database) -> None:
    # An index for each filter cost more to write than the row itself. In one, by time, every filter is looked up and
    # every facet counted without reading a row: a tenth to half a second over a million.
    for column in ("decision", "language", "surface", "topic", "time"):
        db.conn.execute(f"DROP INDEX questions_{column}")
    db.conn.execute("CREATE INDEX questions_time ON questions (time, decision, language, surface, topic)")


@migrations(name="0005_members_of_gaps_and_newest_votes")
def _members_of_gaps_and_newest_votes(db: Database) -> None:
    # Ranking gaps needs who asked and when of all their questions, and those rows lie all over the file.
    db.conn.execute("ALTER TABLE gap_questions ADD COLUMN person TEXT")
    db.conn.execute("ALTER TABLE gap_questions ADD COLUMN time TEXT")
    db.conn.execute(
        "UPDATE gap_questions SET (person, time) = (SELECT person, time FROM questions WHERE id = question_id)"
    )
    db.conn.execute("DROP INDEX gap_questions_gap")
    db.conn.execute("CREATE INDEX gap_questions_gap ON gap_questions (gap, person, time)")
    db.conn.execute("CREATE INDEX gap_questions_newest ON gap_questions (gap, time)")
    db.conn.execute("CREATE INDEX votes_time ON votes (time)")
    # Up to which row, and from which votes and wishes on, nothing is left to be put into gaps; ``since`` is the oldest
    # question that was considered.
    db.conn.execute("CREATE TABLE grouped (seq INTEGER NOT NULL, time TEXT NOT NULL, since TEXT NOT NULL)")
    db.conn.execute("INSERT INTO grouped VALUES (0, '', '')")
    db.conn.execute("CREATE INDEX gap_questions_typical ON gap_questions (gap, similarity, time)")


@migrations(name="0006_votes_taken_back")
def _votes_taken_back(db: Database) -> None:
    # A vote taken back stays, as 0: without its time, merging would bring back the older vote of another log.
    db.conn.execute("DROP VIEW counted_votes")
    db.conn.execute("""
        CREATE VIEW counted_votes AS
        SELECT votes.time, votes.value, q.id AS question_id, q.question, q.decision, q.language, q.snippet
        FROM votes JOIN questions AS q ON q.id = votes.question_id AND q.person = votes.person
        WHERE votes.value <> 0""")


@migrations(name="0007_scrubs_that_rewrite")
def _scrubs_that_rewrite(db: Database) -> None:
    # Of somebody of whom no row was here only the copies need looking through.
    db.conn.execute("ALTER TABLE scrubs ADD COLUMN rewrite INTEGER NOT NULL DEFAULT 1")


@migrations(name="0008_clock")
def _clock(db: Database) -> None:
    # One row: the latest time that was believed, and for how long a clock far ahead of it has been watched.
    db.conn.execute("CREATE TABLE clock (believed TEXT NOT NULL, doubted_seconds REAL)")
    db.conn.execute(
        "INSERT INTO clock (believed) SELECT coalesce(max(time), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) FROM questions"
    )


def latency_step(row: str) -> str:
    """Return SQL for the upper end of the step in which a row's latency is counted.

    Steps are a tenth of a millisecond wide below 10 ms, one below 100 ms, and ten above.
    """
    width = f"CASE WHEN {row}.latency_ms < 10 THEN 0.1 WHEN {row}.latency_ms < 100 THEN 1.0 ELSE 10.0 END"
    return f"round((CAST({row}.latency_ms / ({width}) AS INTEGER) + 1) * ({width}), 1)"
