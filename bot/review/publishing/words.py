"""What a try and an error mean, in the words of somebody who writes passages and no programs."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING

from index.errors import UserFacingError

if TYPE_CHECKING:
    from index.version.candidate import WorseQuestion

    from bot.review.publishing.tried import Tried


class PublishError(UserFacingError):
    """Something cannot be tried, published or undone now; nothing was changed, and the text says what to do."""


EXPECTED = (UserFacingError, OSError, sqlite3.Error)
"""What may go wrong with files, databases and builds. Anything else is a mistake in the program."""
DAYS = 30
"""So many days of the log are asked again."""

_NAMED = 5
_FULL = (errno.ENOSPC, errno.EDQUOT)


def problem(error: Exception) -> str:
    """Return why something could not be done, in a sentence that says what to do."""
    if getattr(error, "errno", None) in _FULL or "disk is full" in str(error):
        return "The disk is full. Free some space, then try again."
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'} cannot be used: {error.strerror or error}."
    if isinstance(error, sqlite3.Error):
        return f"The reviewers' database cannot be used: {error}."
    return str(error)


def effect(tried: Tried) -> str:
    """Return how the answers to the last month's questions change, in one sentence."""
    won, lost = sum(each.won for each in tried.replayed), sum(each.lost for each in tried.replayed)
    other = len(tried.replayed) - won - lost
    parts = [
        _counted(won, "more question is answered", "more questions are answered"),
        _counted(lost, "is no longer answered", "are no longer answered"),
        _counted(other, "is answered differently", "are answered differently"),
    ]
    if said := ", ".join(filter(None, parts)):
        return f"Of the questions of the last {DAYS} days, {said}."
    if tried.asked:
        return f"No answer to a question of the last {DAYS} days changes."
    return f"Nobody asked anything in the last {DAYS} days."


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}" if number else ""


def verdict(tried: Tried) -> str:
    """Return whether the candidate may be published, in one sentence."""
    if tried.may_be_published:
        return "The test questions are answered well enough, so this can be published."
    return "This cannot be published: the bot would answer the test questions worse than now."


def worse(tried: Tried) -> Iterator[str]:
    """Yield a sentence for each test question that fares worse."""
    questions = tried.verdict.worse
    for each in questions[:_NAMED]:
        yield _fate(each, tried)
    if len(questions) > _NAMED:
        yield f"{len(questions) - _NAMED} more test questions fare worse."


def _fate(question: WorseQuestion, tried: Tried) -> str:
    def named(snippet: str) -> str:
        return f"“{tried.titles.get(snippet, snippet)}”"

    asked = f"“{question.text}”"
    if question.found is None:
        return f"{asked} finds no passage any more."
    if question.is_right:
        return f"{asked} still finds {named(question.found)}, but the bot is no longer sure that it answers."
    if not question.wanted:
        return f"{asked} has no answer, and now gets {named(question.found)}."
    return f"{asked} now finds {named(question.found)} instead of {' or '.join(map(named, question.wanted))}."


REMEDY = (
    "What to do: remove the draft that caused it, or write it so that it says clearly what only it answers; then try "
    "again. If a test question is out of date, an editor corrects it in evaluation.yaml."
)
