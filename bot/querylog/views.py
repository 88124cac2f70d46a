"""Views of the query log that terminal commands and Datasette share."""

VIEWS = (
    """
    CREATE VIEW candidates AS
    SELECT q.id AS question_id, q.time, each.key + 1 AS rank,
        each.value ->> 'id' AS snippet, each.value ->> 'language' AS language, each.value ->> 'score' AS score,
        each.value ->> 'shown' AS shown, each.value ->> 'question' AS example_question,
        each.value ->> 'hash' AS hash, each.value -> 'parts' AS parts
    FROM questions AS q, json_each(q.candidates) AS each""",
    """
    CREATE VIEW counted_votes AS
    SELECT votes.time, votes.value, q.id AS question_id, q.question, q.decision, q.language, q.snippet
    FROM votes JOIN questions AS q ON q.id = votes.question_id AND q.person = votes.person
    WHERE votes.value <> 0""",
)
