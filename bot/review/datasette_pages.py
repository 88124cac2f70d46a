"""The log's pages for Datasette as data: tables with facets and search, ready-made queries, and a dashboard."""

from __future__ import annotations

from typing import Any

from bot.querylog.statements import COLUMNS, DELIVERY_COLUMNS

DATABASE = "queries"
"""Name Datasette gives the log: its file's name without suffix."""

_DAY = "coalesce(nullif(:day, ''), date('now'))"
_COLOURS = {"domain": ["answer", "closest", "none"], "range": ["#2a7f62", "#e0a030", "#b5413c"]}

TABLES: dict[str, Any] = {
    "questions": {
        "description": "Every question, redacted, with what was decided and shown. People and chats are pseudonyms. "
        "More facets, such as surface and topic: in the menu of a column's heading.",
        "sort_desc": "time",
        "size": 50,
        "facets": ["decision", "language"],
        "label_column": "question",
        "fts_table": "questions_fts",
        "fts_pk": "seq",
        "columns": {
            "time": "UTC",
            "asked": "what the index was asked, if that is not what was typed (follow-ups)",
            "confidence": "calibrated probability that the first candidate answers",
            "margin": "lead of the first candidate's score",
            "candidates": "JSON: every candidate with score, score parts, content hash and whether it was shown",
            "edit_of": "id of the question of which this is an edited form",
            "delivery": "what became of the answer",
        },
    },
    "votes": {
        "description": "One vote a person and question; +1, -1, or 0 for one taken back.",
        "sort_desc": "time",
        "facets": ["value"],
    },
    "requests": {"description": "Who asked for an answer to be added.", "sort_desc": "time"},
    "gaps": {
        "description": "Questions left unanswered, grouped by meaning; see the query of the same name.",
        "facets": ["state"],
    },
    "gap_questions": {"description": "Which question is in which gap."},
    "snippets": {"description": "The passages of the index seen last."},
    "index_versions": {"description": "Index versions seen by the review commands."},
    "daily": {"description": "Questions a day by language, surface and decision.", "sort_desc": "day"},
    "daily_latency": {"description": "Questions a day by latency, in steps named by their upper end."},
    "daily_snippets": {"description": "How often each passage was shown a day."},
    "candidates": {"description": "Every candidate of every question as a row; give a question_id.", "hidden": True},
} | {
    table: {"hidden": True}
    for table in (
        "vectors",
        "taken_up",
        "scrubs",
        "forgotten",
        "backups",
        "opt_outs",
        "counted_votes",
        "grouped",
        "clock",
    )
}

_LISTED = (
    "q.time, q.question, q.decision, round(q.confidence, 2) AS confidence, q.language, q.surface, q.snippet, q.delivery"
)
_LEFT_OPEN = " UNION ".join(
    f"SELECT * FROM ({kind} ORDER BY q.time DESC LIMIT 200)"
    for kind in (
        "SELECT q.id, q.time FROM questions AS q WHERE q.decision = 'none'",
        "SELECT q.id, q.time FROM questions AS q WHERE q.decision = 'closest'",
        "SELECT q.id, q.time FROM votes AS v JOIN questions AS q ON q.id = v.question_id AND q.person = v.person "
        "WHERE v.value < 0",
        "SELECT q.id, q.time FROM requests AS r JOIN questions AS q ON q.id = r.question_id AND q.person = r.person",
    )
)
# Percentile by nearest rank over counted steps: the first step at which so many have passed.
_PERCENTILES = """
    WITH steps AS (
        SELECT day, ms, questions, sum(questions) OVER (PARTITION BY day ORDER BY ms) AS passed,
            sum(questions) OVER (PARTITION BY day) AS total
        FROM daily_latency WHERE day >= {since}
    )
    SELECT day, sum(questions) AS questions, min(CASE WHEN passed >= total * 0.5 THEN ms END) AS p50,
        min(CASE WHEN passed >= total * 0.95 THEN ms END) AS p95,
        min(CASE WHEN passed >= total * 0.99 THEN ms END) AS p99
    FROM steps GROUP BY day ORDER BY day"""

_ELSEWHERE = ("id", "chat", "snippet", "topic", "candidates")
"""Columns that a question's page shows otherwise: in its address, or as rows of candidates."""
_REPLAY = [
    *((name, f"q.{name}") for name in (*COLUMNS, *DELIVERY_COLUMNS) if name not in _ELSEWHERE),
    ("vote", "(SELECT value FROM counted_votes WHERE question_id = q.id)"),
    ("asked to be added", "(SELECT time FROM requests AS r WHERE r.question_id = q.id AND r.person = q.person)"),
    ("in gap", "(SELECT gap FROM gap_questions WHERE question_id = q.id)"),
]

_REPLAYED_FIELDS = " UNION ALL ".join(
    f"SELECT '{name}' AS what, {value} AS value, NULL AS score, NULL AS score_parts, NULL AS hash FROM q"
    for name, value in _REPLAY
)

QUERIES: dict[str, Any] = {
    "day": {
        "title": "Questions of a day",
        "description": "The day as 2026-11-23 (UTC); empty for today.",
        "sql": f"""SELECT q.id, {_LISTED}
            FROM questions AS q WHERE q.time >= {_DAY} AND q.time < date({_DAY}, '+1 day')
            ORDER BY q.time DESC LIMIT 1000""",
    },
    "search": {
        "title": "Search",
        "description": "The newest questions with these words; lith* for every word that begins so. On a long log this "
        "is faster than searching the table of questions, which also counts and sorts everything it finds.",
        "sql": f"""SELECT q.id, {_LISTED}
            FROM questions AS q WHERE q.seq IN (
                SELECT rowid FROM questions_fts WHERE questions_fts MATCH
                    '"' || replace(replace(replace(trim(:words), '"', ''), ' ', '" "') || '"', '*"', '"*')
            ) ORDER BY q.seq DESC LIMIT 200""",
    },
    "unanswered": {
        "title": "Unanswered",
        "description": "The newest questions with no answer or only near ones, a thumbs down, or a wish to add one.",
        "sql": f"""SELECT q.id, {_LISTED},
                (SELECT value FROM counted_votes WHERE question_id = q.id) AS vote,
                (SELECT gap FROM gap_questions WHERE question_id = q.id) AS gap
            FROM ({_LEFT_OPEN}) AS chosen JOIN questions AS q ON q.id = chosen.id
            WHERE NOT EXISTS (SELECT 1 FROM questions AS later WHERE later.edit_of = q.id)
            ORDER BY q.time DESC LIMIT 200""",
    },
    "gaps_ranked": {
        "title": "Gaps",
        "description": "Unanswered questions by meaning. State: open, answered, will-not-cover; empty for open.",
        "sql": """WITH sized AS (
                SELECT g.id, g.state, g.note, count(DISTINCT m.person) AS people, count(*) AS questions,
                    max(m.time) AS last
                FROM gaps AS g JOIN gap_questions AS m ON m.gap = g.id
                WHERE g.state = coalesce(nullif(:state, ''), 'open')
                GROUP BY g.id ORDER BY people DESC, last DESC LIMIT 100
            )
            SELECT id AS gap, state, people, questions, last,
                (SELECT question FROM questions WHERE id =
                    (SELECT question_id FROM gap_questions WHERE gap = sized.id ORDER BY similarity DESC LIMIT 1)
                ) AS typical_question, note
            FROM sized ORDER BY people DESC, last DESC""",
    },
    "gap": {
        "title": "One gap",
        "description": "The questions of a gap, the most typical first.",
        "sql": f"""SELECT q.id, round(m.similarity, 2) AS typical, {_LISTED}
            FROM (SELECT * FROM gap_questions WHERE gap = :gap ORDER BY similarity DESC, time DESC LIMIT 1000) AS m
            JOIN questions AS q ON q.id = m.question_id ORDER BY m.similarity DESC, m.time DESC""",
    },
    "replay": {
        "title": "One question's full replay",
        "description": "Everything known of a question, by its id, and every candidate as it was then.",
        "sql": f"""WITH q AS (SELECT * FROM questions WHERE id = :id)
            {_REPLAYED_FIELDS}
            UNION ALL
            SELECT * FROM (
                SELECT 'candidate ' || c.rank || iif(c.shown, ', shown', ''),
                    c.snippet || ' [' || c.language || '] ' || coalesce(s.title, '(not in the newest index)')
                        || coalesce(' - by its question: ' || c.example_question, ''), c.score, c.parts, c.hash
                FROM candidates AS c LEFT JOIN snippets AS s ON s.id = c.snippet
                WHERE c.question_id = :id ORDER BY c.rank
            )""",
    },
    "votes_by_question": {
        "title": "Votes",
        "description": "The newest votes. Value: 1 or -1; empty for both.",
        "sql": """SELECT question_id, time, value, question, decision, language, snippet
            FROM counted_votes WHERE (:value = '' OR value = CAST(:value AS INTEGER)) ORDER BY time DESC LIMIT 500""",
    },
    "undelivered": {
        "title": "Not delivered",
        "description": "The newest answers that could not be sent, or that the bot was not allowed to send.",
        "sql": f"""SELECT q.id, {_LISTED}
            FROM questions AS q WHERE q.delivery IN ('failed', 'forbidden') ORDER BY q.time DESC LIMIT 500""",
    },
    "languages": {
        "title": "Languages",
        "description": "Questions by language and how they were decided.",
        "sql": """SELECT language, sum(questions) AS questions,
                sum(questions) FILTER (WHERE decision = 'answer') AS answer,
                sum(questions) FILTER (WHERE decision = 'closest') AS closest,
                sum(questions) FILTER (WHERE decision = 'none') AS none
            FROM daily GROUP BY language ORDER BY questions DESC""",
    },
    "latency": {
        "title": "Latency",
        "description": "Percentiles a day, in milliseconds.",
        "sql": _PERCENTILES.format(since="''") + " DESC",
    },
    "most_quoted": {
        "title": "Most quoted passages",
        "sql": """SELECT d.snippet, s.title, sum(d.quoted) AS quoted, max(d.day) AS last FROM daily_snippets AS d
            LEFT JOIN snippets AS s ON s.id = d.snippet GROUP BY d.snippet ORDER BY quoted DESC LIMIT 500""",
    },
    "never_quoted": {
        "title": "Passages never quoted",
        "sql": """SELECT id, title, topic FROM snippets
            WHERE id NOT IN (SELECT snippet FROM daily_snippets) ORDER BY id""",
    },
}

_SINCE = "TRUE [[ AND day >= date('now', '-' || CAST(:days AS INTEGER) || ' days') ]]"


def _chart(title: str, sql: str, mark: dict[str, Any], **encoding: Any) -> dict[str, Any]:
    display = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "height": 300,
        "mark": mark,
        "encoding": encoding,
    }
    return {"title": title, "db": DATABASE, "library": "vega-lite", "query": sql, "display": display}


def _metric(title: str, sql: str, suffix: str = "") -> dict[str, Any]:
    return {
        "title": title,
        "db": DATABASE,
        "library": "metric",
        "query": sql,
        "display": {"field": "value", "prefix": "", "suffix": suffix},
    }


_DAYS = {"field": "day", "type": "temporal", "title": None}
_TIP = {"tooltip": True}

DASHBOARD: dict[str, Any] = {
    "title": "What people ask",
    "description": "Counted a day (UTC), up to a second ago.",
    "layout": [
        ["questions", "answered", "down", "wishes"],
        ["volume", "volume", "volume", "decisions"],
        ["languages", "languages", "latency", "latency"],
        ["quoted", "quoted", "never", "never"],
    ],
    "filters": {"days": {"name": "Days", "type": "number", "default": 30, "min": 1, "step": 1}},
    "charts": {
        "questions": _metric("Questions", f"SELECT coalesce(sum(questions), 0) AS value FROM daily WHERE {_SINCE}"),
        "answered": _metric(
            "Answered",
            "SELECT coalesce(round(100.0 * sum(questions) FILTER (WHERE decision = 'answer') / sum(questions)), 0) "
            "AS value "
            f"FROM daily WHERE {_SINCE}",
            " %",
        ),
        "down": _metric(
            "Thumbs down",
            "SELECT count(*) AS value FROM votes WHERE value < 0 "
            "[[ AND time >= date('now', '-' || CAST(:days AS INTEGER) || ' days') ]]",
        ),
        "wishes": _metric(
            "Please add this",
            "SELECT count(*) AS value FROM requests WHERE TRUE "
            "[[ AND time >= date('now', '-' || CAST(:days AS INTEGER) || ' days') ]]",
        ),
        "volume": _chart(
            "Questions a day",
            f"SELECT day, decision, sum(questions) AS questions FROM daily WHERE {_SINCE} GROUP BY 1, 2",
            {"type": "bar"} | _TIP,
            x={**_DAYS, "timeUnit": "yearmonthdate"},
            y={"field": "questions", "type": "quantitative", "title": None},
            color={"field": "decision", "type": "nominal", "scale": _COLOURS},
        ),
        "decisions": _chart(
            "Decisions",
            f"SELECT decision, sum(questions) AS questions FROM daily WHERE {_SINCE} GROUP BY 1",
            {"type": "arc"} | _TIP,
            theta={"field": "questions", "type": "quantitative"},
            color={"field": "decision", "type": "nominal", "scale": _COLOURS},
        ),
        "languages": _chart(
            "Languages a day",
            f"SELECT day, language, sum(questions) AS questions FROM daily WHERE {_SINCE} GROUP BY 1, 2",
            {"type": "bar"} | _TIP,
            x={**_DAYS, "timeUnit": "yearmonthdate"},
            y={"field": "questions", "type": "quantitative", "stack": "normalize", "title": None},
            color={"field": "language", "type": "nominal"},
        ),
        "latency": _chart(
            "Latency (ms)",
            "WITH daily_percentiles AS ("
            + _PERCENTILES.format(since="date('now', '-' || CAST(coalesce(:days, 30) AS INTEGER) || ' days')")
            + ") "
            "SELECT day, 'p50' AS percentile, p50 AS ms FROM daily_percentiles "
            "UNION ALL SELECT day, 'p95', p95 FROM daily_percentiles "
            "UNION ALL SELECT day, 'p99', p99 FROM daily_percentiles",
            {"type": "line", "point": True} | _TIP,
            x=_DAYS,
            y={"field": "ms", "type": "quantitative", "title": None},
            color={"field": "percentile", "type": "nominal"},
        ),
        "quoted": _chart(
            "Most quoted passages",
            f"SELECT snippet, sum(quoted) AS quoted FROM daily_snippets WHERE {_SINCE} "
            "GROUP BY 1 ORDER BY 2 DESC LIMIT 15",
            {"type": "bar"} | _TIP,
            y={"field": "snippet", "type": "nominal", "sort": "-x", "title": None, "axis": {"labelLimit": 300}},
            x={"field": "quoted", "type": "quantitative", "title": None},
        ),
        "never": {
            "title": "Passages never quoted (the first 12)",
            "db": DATABASE,
            "library": "table",
            "display": {},
            "query": "SELECT id, title FROM snippets WHERE id NOT IN "
            f"(SELECT snippet FROM daily_snippets WHERE {_SINCE}) ORDER BY id LIMIT 12",
        },
    },
}

SETTINGS = {
    # One page must never keep the machine busy: a query is stopped after two seconds, a facet after one.
    "sql_time_limit_ms": 2000,
    "facet_time_limit_ms": 1000,
    "suggest_facets": "off",
    "allow_download": "off",
    "default_page_size": 50,
    "truncate_cells_html": 300,
}


def metadata() -> dict[str, Any]:
    """Return Datasette's metadata for the log."""
    queries = {name: {"hide_sql": True, **query} for name, query in QUERIES.items()}
    return {
        "title": "Query log",
        "description": "What people asked, and what they were shown. Start with the dashboard or the queries; "
        "nothing can be changed here.",
        "databases": {
            DATABASE: {"tables": TABLES, "queries": queries, "description": "Counts are up to a second behind."}
        },
        "plugins": {"datasette-dashboards": {"overview": DASHBOARD}},
    }
