"""SQL views of the log: what the review commands and Datasette both show, in one text for both.

People who opted out stay in the counts. Their questions are left out wherever reviewers read them to improve the
knowledge: in the unanswered questions and in the gaps.
"""

from __future__ import annotations

PERCENTILES = ", ".join(
    f"min(latency_ms) FILTER (WHERE share >= {percent / 100}) AS p{percent}" for percent in (50, 95, 99)
)
"""Percentiles by nearest rank; ``share`` is ``cume_dist()`` over ``latency_ms``."""
_DAY = "substr(time, 1, 10)"
_CONSENTING = "(person IS NULL OR person NOT IN (SELECT person FROM opt_outs))"

VIEWS = (
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
        WHERE (decision IN ('none', 'closest') OR vote < 0 OR requested) AND {_CONSENTING}
            AND NOT EXISTS (SELECT 1 FROM questions AS later WHERE later.edit_of = q.id)""",
    f"CREATE VIEW gap_members AS SELECT * FROM gap_questions WHERE {_CONSENTING}",
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
