"""Strip the endings of Kazakh words.

Kazakh puts endings one behind the other: a noun may carry the plural, then a possessor, then a case; a verb the voice,
a negation and a tense, and as a participle a noun's endings behind them. The vowels of an ending follow those of the
word, and its first consonant the sound before it: ``-да``, ``-де``, ``-та`` and ``-те`` are one case. Words come here
in the form in which terms are compared, where қ is к and ң is н, so that few variants remain.

No well-kept library with a permissive licence does this. The rules know no dictionary and sometimes cut too much. Words
of questions and of passages are cut alike, so they still meet.
"""

from __future__ import annotations

import re
from functools import lru_cache

_PLURAL = "[лдт][ае]р"
_POSSESSOR = "[ыи]?м|[ыи]?м[ыи]з|[ыи]?н[ыи]з|с[ыи]н?|[ыи]н?"
"""My; our; your; his, her or their, behind a vowel and behind a consonant, with the н before a case."""
_CASE = "[ндт][ыи]н|[гк][ае]|н[ае]|[ндт][ыи]|н?[дт][ае](?:г[ыи])?|[дтн][ае]н|[мбп]ен"
"""Of; to, without and with a possessor before it; the object; in, and what is in; from; with. A lone ``-а`` behind a
possessor is not cut, nor is a lone ``-п`` of a verb: too many words end in them by themselves."""
_NOUN = f"(?:{_PLURAL})?(?:{_POSSESSOR})?(?:{_CASE})?"

_VOICE = "[ыи][лн]"
_NEGATION = "[мбп][ае]"
_TENSE = "[гк][ае]н|[аей]т[ыи]н|[аей]?[дт][ыи](?:[мнк]|н[ыи]з)?|[ыи]п|у|с[ае]"
"""Participles of the past and of habit; past and present with their persons; converb; infinitive; if."""
_VERB = f"(?:{_VOICE})?(?:{_NEGATION})?(?:{_TENSE})"

_LEAST_STEM = 3
_LETTERS = f"[^\\W\\d_]{{{_LEAST_STEM},}}?"
# Names of countries end in -стан, which looks like a case.
_ENDINGS = re.compile(f"({_LETTERS}стан|{_LETTERS})(?:{_VERB})?{_NOUN}")
_HARD = str.maketrans("бг", "пк")
"""A word that ends in п or к has б or г there before a vowel: кітап, кітабы."""


@lru_cache(maxsize=16_384)
def kazakh_stem(word: str) -> str:
    """Return a folded Kazakh word without its endings; what is not Cyrillic is returned as it is."""
    if word.isascii():
        return word
    stem = _ENDINGS.fullmatch(word)
    if not stem:
        return word
    return stem[1][:-1] + stem[1][-1].translate(_HARD)
