"""What a try and an error mean, in the words of somebody who writes passages and no programs."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from bot.review.publishing.file_changes import CANDIDATE_FOLDER
from bot.review.publishing.tried import passage_in
from bot.settings import Settings
from index.errors import UserFacingError
from index.knowledge.files import (
    EVALUATION_FILE,
    NOT_COVERED_FILE,
    PROFILE_FILE,
    SOURCES_FILE,
    SYNONYMS_FILE,
    TOPICS_FILE,
)
from index.knowledge.languages import split_suffix

if TYPE_CHECKING:
    from bot.review.publishing.tried import Tried
    from index.version.candidate import WorseQuestion


class PublishError(UserFacingError):
    """Something cannot be tried, published or undone now; nothing was changed, and the text says what to do."""


EXPECTED = (UserFacingError, OSError, sqlite3.Error)
"""What may go wrong with files, databases and builds. Anything else is a mistake in the program."""
OUT_OF_MEMORY = "The memory of the server ran out. Nothing was changed; try again later."
DAYS = 30
"""So many days of the log are asked again."""

_NAMED = 5
_STEPS = {
    "Copying the knowledge": "Copying the passages",
    "Reading knowledge": "Reading the passages",
    "Loading encoder": "Starting the search",
    "Embedding": "Learning what is new",
    "Indexing": "Putting the new version together",
    "Asking the new version for its own snippets": "Looking for some passages by their own words",
    "Evaluating": "Asking the test questions",
    "Calibrating": "Measuring how certain its answers are",
}
"""What the steps of a build are called for reviewers, by how their names begin."""
_FILES = {
    SOURCES_FILE: "the sources",
    TOPICS_FILE: "the topics",
    PROFILE_FILE: "what the bot says of itself",
    EVALUATION_FILE: "the test questions",
    SYNONYMS_FILE: "the synonyms",
    NOT_COVERED_FILE: "the questions that are not covered",
}
_FULL = (errno.ENOSPC, errno.EDQUOT)


def problem(error: Exception, settings: Settings) -> str:
    """Return why something could not be done, in a sentence that says what to do."""
    said = str(error)
    # What copies many files tells the reason of each only as text.
    if getattr(error, "errno", None) in _FULL or "disk is full" in said or os.strerror(errno.ENOSPC) in said:
        return "The disk is full. Free some space, then try again."
    if "out of memory" in said:
        return OUT_OF_MEMORY
    if "another build is running" in said:
        return "A new version is being built right now. Wait until that is finished, then try again."
    if isinstance(error, OSError):
        return without_folders(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.", settings)
    if isinstance(error, sqlite3.Error):
        return f"The reviewers' database cannot be used: {error}."
    return without_folders(said, settings)


def without_folders(text: str, settings: Settings) -> str:
    """Return a text in which files are named as they are below the folders of the knowledge and the data."""
    copied, knowledge, data = settings.data_dir / CANDIDATE_FOLDER, settings.knowledge_dir, settings.data_dir
    places = (each for folder in (copied, knowledge, settings.index_home, data) for each in (folder.resolve(), folder))
    for place in places:
        text = text.replace(f"{place}/", "").replace(f"{place}: ", "")
    return text


def step(name: str) -> str:
    """Return what a step of a build does."""
    return next((said for begin, said in _STEPS.items() if name.startswith(begin)), name)


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
        return f"The other questions of the last {DAYS} days are answered as before."
    return f"Nobody asked anything in the last {DAYS} days."


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}" if number else ""


class ByHand(NamedTuple):
    """Something in the folder that changed without a draft."""

    what: str
    """The title of a passage, or what a file is for."""
    language: str | None
    """Of a translation."""
    passage: str | None
    """The id of the passage, where it is one."""


def by_hand(tried: Tried) -> Iterator[ByHand]:
    """Yield what changed in the folder without a draft."""
    for name in tried.by_hand:
        passage = passage_in(name)
        if title := tried.titles.get(passage):
            yield ByHand(title, split_suffix(name.rpartition(".")[0]).language, passage)
        else:
            yield ByHand(_FILES.get(name, name), None, None)


def verdict(tried: Tried) -> str:
    """Return whether the candidate may be published, in one sentence."""
    if tried.may_be_published:
        return "The test questions are answered well enough, so this can be published."
    if not tried.verdict.shortfalls:
        return "This cannot be published: the test questions cannot be asked."
    if tried.verdict.worse:
        return "This cannot be published: the bot would answer the test questions worse than now."
    return "This cannot be published: the bot would not answer the test questions well enough."


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


def remedy(tried: Tried) -> str:
    """Return what can be done about a candidate that may not be published."""
    if tried.verdict.worse:
        return (
            "What to do: remove the draft that caused it, or write it so that it says clearly what only it answers; "
            f"then try again. If a test question is out of date, an editor corrects it in {EVALUATION_FILE}."
        )
    return (
        "No draft caused this: no test question is answered worse than now. "
        f"What to do: an editor looks at the test questions and at what is demanded of them, in {EVALUATION_FILE}."
    )
