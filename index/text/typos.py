"""Correct typos: read an unknown word as a word of the snippets found that differs from it by a single slip."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import zip_longest

from index.text.terms import fold

_LEAST_LETTERS = 5
"""A slip in a shorter word more often makes another real word than a misspelling."""
_WORD = re.compile(rf"[^\W\d_]{{{_LEAST_LETTERS - 1},}}")


def correct_typos(text: str, known: Callable[[str], bool], found: Iterable[str]) -> str:
    """Return ``text`` with unknown words replaced by words of the snippets that were found for it.

    People rarely mistype the first letter of a word, so a word with another first letter is never a correction.

    Args:
        text: A question.
        known: Tells whether a word is known; such words stay as they are.
        found: Texts of the snippets found for the question, best first. Only their words count as corrections, and the
            first word that is one slip away wins: it stands where the answer is expected.
    """
    corrected = composed = unicodedata.normalize("NFC", text)
    unknown = [word for word in _WORD.finditer(composed) if len(word[0]) >= _LEAST_LETTERS and not known(word[0])]
    if not unknown:
        return text
    by_initial: dict[str, dict[str, str]] = {}
    for word in _WORD.findall(unicodedata.normalize("NFC", " ".join(found))):
        folded = fold(word)
        by_initial.setdefault(folded[0], {}).setdefault(folded, word)
    for mistyped in reversed(unknown):
        folded = fold(mistyped[0])
        words = by_initial.get(folded[0], {})
        meant = folded if folded in words else next((word for word in words if _one_slip_apart(folded, word)), folded)
        if meant != folded:
            corrected = corrected[: mistyped.start()] + words[meant] + corrected[mistyped.end() :]
    return text if corrected == composed else corrected


def _one_slip_apart(one: str, other: str) -> bool:
    """Tell whether two different words differ by one letter too many, too few or wrong, or by two neighbours swapped.

    These are the four slips of Damerau (1964), which made up four fifths of the misspellings he saw.
    """
    if abs(len(one) - len(other)) > 1:
        return False
    start = next(i for i, pair in enumerate(zip_longest(one, other)) if pair[0] != pair[1])
    here, there = one[start:], other[start:]
    return (
        here[1:] == there
        or here == there[1:]
        or here[1:] == there[1:]
        or (here[:2] == there[1::-1] and here[2:] == there[2:])
    )
