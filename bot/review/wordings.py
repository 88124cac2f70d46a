"""Which wordings of a gap may be taken over, and how they are spelled."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.text.terms import fold

if TYPE_CHECKING:
    from bot.review.gap_store import Wording
    from index.search.index import Index

_REDACTED = re.compile(r"\[(?:phone|e-mail|card|token|username)\]")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Offer:
    """A wording as it is offered to a reviewer."""

    number: int
    """Its number in the gap, from 1."""
    wording: Wording
    text: str
    """The wording with its misspellings corrected."""
    is_fit: bool
    """Whether it may be taken over."""

    @property
    def is_corrected(self) -> bool:
        """Whether a misspelling was corrected."""
        return self.text != self.wording.text


def is_fit(question: str) -> bool:
    """Return whether a question may be published: it is not empty, and nothing in it was redacted."""
    return bool(question.strip()) and not _REDACTED.search(question) and "\ufffd" not in question


def offers(asked: Iterable[Wording], index: Index | None) -> list[Offer]:
    """Return the wordings of a gap as they are offered; without an index no misspelling is noticed.

    Questions of people who opted out are not in a gap.
    """
    return [
        Offer(
            number,
            each,
            spelled(each.text, each.language, index) if index and is_fit(each.text) else each.text,
            is_fit(each.text),
        )
        for number, each in enumerate(asked, 1)
    ]


def spelled(question: str, language: str, index: Index) -> str:
    """Return a question with the words corrected that are one slip away from a word of the snippets it finds.

    The index corrects such words when it looks a question up. A question that is read in another alphabet, or with
    other words around it, stays as it was typed.
    """
    answer = index.answer(question, language)
    typed, read = _WORD.findall(answer.understood), _WORD.findall(answer.read_as)
    if len(typed) != len(read) or answer.language != language:
        return question
    slips = {one: other for one, other in zip(typed, read, strict=True) if one.casefold() != other.casefold()}
    # Another alphabet changes first letters, a slip never does.
    if any(fold(one)[:1] != fold(other)[:1] for one, other in slips.items()):
        return question
    return _WORD.sub(lambda word: _cased(slips.get(word[0], word[0]), word[0]), question)


def _cased(word: str, like: str) -> str:
    """Return a word with a small first letter where it takes the place of a word in small letters."""
    return word[:1].lower() + word[1:] if like[:1].islower() and word[1:].islower() else word
