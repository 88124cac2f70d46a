"""Mend slips of the finger: a word that nobody knows is read as one that differs by a single slip."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import zip_longest

from index.search.lexical_index import fold

_LEAST_LETTERS = 5
"""A slip in a shorter word more often makes another word than a misspelling."""
_WORD = re.compile(rf"[^\W\d_]{{{_LEAST_LETTERS - 1},}}")


def mend(text: str, known: Callable[[str], bool], held: Iterable[str]) -> str:
    """Return ``text`` with each word that is not ``known`` replaced by the first word of ``held`` one slip away.

    ``held`` are the texts that were found for it, best first, so that only words count that stand where the answer is
    expected. People rarely mistype a word's first letter; where that differs it is another word.
    """
    mended = composed = unicodedata.normalize("NFC", text)
    strange = [word for word in _WORD.finditer(composed) if len(word[0]) >= _LEAST_LETTERS and not known(word[0])]
    if not strange:
        return text
    by_initial: dict[str, dict[str, str]] = {}
    for word in _WORD.findall(unicodedata.normalize("NFC", " ".join(held))):
        folded = fold(word)
        by_initial.setdefault(folded[0], {}).setdefault(folded, word)
    for slipped in reversed(strange):
        folded = fold(slipped[0])
        words = by_initial.get(folded[0], {})
        meant = folded if folded in words else next((word for word in words if _one_slip_apart(folded, word)), folded)
        if meant != folded:
            mended = mended[: slipped.start()] + words[meant] + mended[slipped.end() :]
    return text if mended == composed else mended


def _one_slip_apart(one: str, other: str) -> bool:
    """Tell whether a letter too many, too few or wrong, or two neighbours swapped, is all in which two words differ.

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
