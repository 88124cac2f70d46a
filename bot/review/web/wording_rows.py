"""The wordings of a gap in a form: ticked or not, each with the text that is taken over."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.review.acts import Asked
from bot.review.gap_store import Gap
from bot.review.snippet_edit import one_line
from bot.review.web.frame import Review
from bot.review.wordings import is_fit, offers
from index.errors import UserFacingError
from index.evaluation.evaluation_set import normal, read_evaluation
from index.knowledge.files import EVALUATION_FILE
from index.knowledge.lint import HTML

_LONGEST = 300
"""Characters of a question; `check` refuses longer ones."""
_PICK, _TEXT = "pick-", "wording-"
CANNOT_TEACH = "This is an evaluation question: it measures the bot, so it cannot teach it, too. Leave it out."


@dataclass(frozen=True, slots=True)
class Row:
    """A wording in a form."""

    id: str
    """Entry id of a question of this wording."""
    language: str
    typed: str
    """As it was typed."""
    text: str
    """As it would be taken over."""
    picked: bool
    problem: str = ""
    """Why it cannot be taken over as it is."""

    @property
    def is_corrected(self) -> bool:
        """Whether the text differs from what was typed."""
        return self.text != self.typed

    @property
    def asked(self) -> Asked:
        """The question as it is taken over."""
        return Asked(self.language, self.text)


@dataclass(frozen=True, slots=True)
class Rows:
    """The wordings of a form."""

    all: tuple[Row, ...]
    note: str = ""
    """What the reviewer should know of them."""

    @property
    def picked(self) -> tuple[Row, ...]:
        """Those that are ticked."""
        return tuple(row for row in self.all if row.picked)

    @property
    def questions(self) -> tuple[Asked, ...]:
        """The ticked questions as they are taken over."""
        return tuple(row.asked for row in self.picked)

    @property
    def ids(self) -> tuple[str, ...]:
        """The entry ids of the ticked ones."""
        return tuple(row.id for row in self.picked)

    @property
    def problem(self) -> str:
        """Why the form cannot be saved; empty where it can."""
        if not self.picked:
            return "Tick at least one question."
        return next((row.problem for row in self.picked if row.problem), "")


async def offered(review: Review, gap: Gap, *, correct: bool = True, measuring: str = "") -> Rows:
    """Return all wordings of a gap, ticked where they may be taken over.

    Args:
        review: The parts of the server.
        gap: The gap.
        correct: Whether misspellings are corrected.
        measuring: Why an evaluation question is left out; empty where it is not.
    """
    note = ""
    known = await asyncio.to_thread(_evaluation_questions, review.settings.knowledge_dir) if measuring else ()
    found = offers(gap.asked, None)
    if correct:
        try:
            found = await review.index.run(lambda index: offers(gap.asked, index))
        except UserFacingError as error:
            note = f"Misspellings are not looked for, because the index cannot be opened: {error}"
    rows = (
        Row(each.wording.id, each.wording.language, each.wording.text, each.text, not problem, problem)
        for each in found
        for problem in [_problem(each.text) or (measuring if normal(each.text) in known else "")]
    )
    return Rows(tuple(rows), note)


def _evaluation_questions(folder: Path) -> frozenset[str]:
    """Return the evaluation questions of a folder, in the form in which wordings are compared."""
    return frozenset(normal(each.text) for each in read_evaluation(folder / EVALUATION_FILE).questions)


def sent(connection: sqlite3.Connection, gap: int, given: Mapping[str, str]) -> Rows:
    """Return the wordings as a reviewer sent them; those that were deleted meanwhile are left out."""
    ids = [name.removeprefix(_TEXT) for name in given if name.startswith(_TEXT)]
    known = _members(connection, gap, ids)
    rows = []
    for each in ids:
        if each in known:
            typed, language = known[each]
            text = one_line(given[f"{_TEXT}{each}"])
            rows.append(Row(each, language, typed, text, f"{_PICK}{each}" in given, _problem(text)))
    gone = len(ids) - len(rows)
    note = f"{gone} of the questions were deleted or moved meanwhile; they are left out." if gone else ""
    return Rows(tuple(rows), note)


def _members(connection: sqlite3.Connection, gap: int, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the text and the language of those questions that are in a gap, without those of people who opted out."""
    found = connection.execute(
        "SELECT q.id, q.question, q.language FROM gap_members AS m JOIN questions AS q ON q.id = m.question_id "
        "WHERE m.gap = ? AND m.question_id IN (SELECT value FROM json_each(?))",
        (gap, json.dumps([*ids])),
    )
    return {number: (question, language) for number, question, language in found}


def _problem(text: str) -> str:
    if not text:
        return "A ticked question has no text."
    if not is_fit(text):
        return "A person's data was removed from this question. Write it without the brackets, or untick it."
    if HTML.search(text):
        return "HTML is not allowed. Write this question without it, or untick it."
    if len(text) > _LONGEST:
        return f"This question is longer than {_LONGEST} characters. Shorten it."
    return ""
