"""A small log with a question that tries to be a program."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from bot.database import transaction
from bot.querylog import schema
from bot.review.gap_store import note_index
from tests.support.log_answers import entry, open_log

EVIL = '<script>alert(1)</script><img src=x onerror=alert(1)> {"href": "javascript:alert(1)", "label": "x"}'


async def fill(folder: Path) -> str:
    """Write a small log and return the id of the question that tries to be a program."""
    log = open_log(folder)
    evil = await log.record(entry(EVIL, "none", person=1))
    await log.vote(evil, 1, -1)
    await log.record(entry("What is lithium?", "answer", person=2, language="ru"))
    await log.close()
    with closing(schema.open_log(folder / "queries.db")) as connection, transaction(connection):
        note_index(connection, "v1", "encoder", "2026-11-01", {"resources/never": ("Never", "resources")})
        connection.execute("INSERT INTO gaps (opened, changed, encoder) VALUES ('2026', '2026', 'e')")
        connection.execute(
            "INSERT INTO gap_questions (question_id, gap, similarity, person, time) "
            "SELECT id, 1, 0.9, person, time FROM questions WHERE id = ?",
            (evil,),
        )
    return evil
