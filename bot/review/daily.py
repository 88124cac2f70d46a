"""What the bot itself does for the reviewers: it groups what was not answered, and closes gaps that are answered."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.querylog.schema import open_log
from bot.review.gap_store import Pause, close_answered, update

if TYPE_CHECKING:
    from index import Index

_GROUPS = 5
# Half-typed inline queries do not count, as they do not in the gaps.
_FIGURES = """SELECT count(*) AS questions, count(DISTINCT coalesce(person, id)) AS people FROM unanswered_questions
    WHERE time >= :since AND (surface <> 'inline' OR vote < 0 OR requested)"""
_LARGEST = """
    WITH fresh AS (
        SELECT gap, count(DISTINCT coalesce(person, question_id)) AS people, count(*) AS questions
        FROM gap_members JOIN gaps ON gaps.id = gap WHERE time >= :since AND state = 'open' GROUP BY gap
    )
    SELECT people, (
        SELECT question FROM gap_members AS m JOIN questions AS q ON q.id = m.question_id
        WHERE m.gap = fresh.gap AND m.time >= :since ORDER BY m.similarity DESC, m.time DESC LIMIT 1
    ) AS question
    FROM fresh ORDER BY people DESC, questions DESC, gap LIMIT :most"""


@dataclass(frozen=True, slots=True)
class Group:
    """Questions of one meaning: how many people asked, and a typical wording."""

    people: int
    question: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """What was not answered: how many questions, of how many people, and the groups that most people asked about."""

    questions: int
    people: int
    groups: tuple[Group, ...]


def unanswered_since(log: Path, index: Index, since: str) -> Unanswered:
    """Group what was not answered since a moment (as the log writes it) and count it.

    Raises:
        sqlite3.Error: The log cannot be read or written now.
    """
    from bot.review.signatures import Signatures

    with closing(open_log(log)) as connection:
        [figures] = connection.execute(_FIGURES, {"since": since}).fetchall()
        if not figures["questions"]:
            return Unanswered(0, 0, ())
        update(connection, Signatures(index), since=since)
        close_answered(connection, index)
        rows = connection.execute(_LARGEST, {"since": since, "most": _GROUPS}).fetchall()
    return Unanswered(figures["questions"], figures["people"], tuple(Group(*row) for row in rows))


def close_gaps(log: Path, index: Index, pause: Pause | None = None) -> bool:
    """Close the gaps whose questions an index answers that was published just now; return whether all were asked.

    Raises:
        sqlite3.Error: The log cannot be read or written now.
    """
    with closing(open_log(log)) as connection:
        return close_answered(connection, index, pause).finished
