"""Which wordings of a gap may be taken over, and how they are spelled."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.text.spelling import correct_typos

if TYPE_CHECKING:
    from bot.review.gap_store import Wording
    from index.search.index import Index

_REDACTED = re.compile(r"\[(?:phone|e-mail|card|token|username)\]")
_WORD = re.compile(r"[^\W\d_]+")
_LEAST = 5
"""Letters; a slip in a shorter word more often makes another word."""
_BEGINNING, _ALIKE = 3, 8
"""So many letters must be right for so many snippets to be looked through."""


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
    """Return a question with each unknown word replaced that is one slip away from a word of the knowledge.

    The snippets that the question finds come first, then those that hold a word with the same beginning.
    """
    unknown = [word for word in _WORD.findall(question) if len(word) >= _LEAST and not index.knows(word, language)]
    if not unknown:
        return question
    near = [hit.snippet for hit in index.answer(question, language).hits]
    for word in unknown:
        begun = index.prefixes.find(word[:_BEGINNING], [language], _ALIKE)
        near += (*begun.titled, *begun.others)
    texts = (text for each in near for text in (each.title, each.text, *each.questions))
    read = correct_typos(question, lambda word: word not in unknown, texts)
    words = iter(_WORD.findall(read))
    return _WORD.sub(lambda word: _cased(next(words), word[0]), question)


def _cased(word: str, like: str) -> str:
    """Return a word with a small first letter where it takes the place of a word in small letters."""
    return word[:1].lower() + word[1:] if like[:1].islower() and word[1:].islower() else word
