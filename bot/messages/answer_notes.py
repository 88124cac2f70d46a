"""Lines that say how a question was read and what of it the passages hold."""

from __future__ import annotations

from bot.locales import Texts
from bot.messages.telegram_text import safe
from index.search.answer import Answer
from index.search.contradiction import DifferenceKind


def read_as(answer: Answer, texts: Texts, most: int = 256) -> list[str]:
    """Return the line with the question as it was looked up, where its typos or its alphabet were corrected.

    No more than ``most`` UTF-16 code units of the question are repeated.
    """
    if answer.read_as == answer.understood:
        return []
    return [f"<i>{texts('answer-read-as', question=safe(answer.read_as, '…', most))}</i>"]


def what_differs(answer: Answer, texts: Texts, most: int = 60) -> list[str]:
    """Return the line with the first thing that the question states and the best passage does not hold.

    No more than ``most`` UTF-16 code units are repeated of what each states.
    """
    if not answer.differences:
        return []
    difference = answer.differences[0]
    asked = safe(difference.asked, limit=most)
    if difference.kind is DifferenceKind.NEGATION:
        return [texts("differs-negation")]
    if difference.kind is DifferenceKind.ROLE:
        return [texts("differs-roles")]
    if difference.found:
        return [texts("differs-found", asked=asked, found=safe(difference.found, limit=most))]
    return [texts("differs-missing", asked=asked)]


def more_about(answer: Answer, texts: Texts) -> list[str]:
    """Return the line with the number of other passages about a question that only names a subject."""
    return [texts("answer-more-about", count=answer.more_about)] if answer.more_about else []
