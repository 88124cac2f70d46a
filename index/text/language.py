"""Recognise the language of a text, and judge how well an encoder reads a language."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from index.text.terms import words

UNKNOWN = "und"
"""ISO 639-2 code of an undetermined language; in such text only character n-grams match."""

_WORD = re.compile(r"[^\W\d_]+")
_KAZAKH_LETTERS = re.compile("[әғқңөұүһі]")
_CYRILLIC = re.compile("[а-яё]")

# An encoder that reads a language needs one to two and a half tokens a word; one that does not needs a token a letter.
_KNOWN_TOKENS_PER_WORD, _UNKNOWN_TOKENS_PER_WORD = 2.6, 3.6
_SAMPLE_LINES, _SAMPLE_CHARACTERS = 100, 200
READABLE = 0.5
"""Legibility from which the vectors of a text are worth comparing."""

# The function words of a language make up a third or more of its running text.
_ENGLISH = frozenset(
    """
    the of and to in a is was are were for on by with at from as that this it its an be been has have had not or but
    which who what when where why how does do did can could will would should he she they his her their we you i
    """.split()
)
_KAZAKH_IN_RUSSIAN_LETTERS = frozenset(
    """
    мен бен пен туралы бойынша кандай кашан канша кайда неге калай болды бар жок жане немесе деген екен емес бул сол
    осы жылы жылгы казак казакстан казакстанда казакстаннын улыбритания не нелер ким кім ушин кай сайын пайдалы
    казба
    """.split()
)

_RUSSIAN = frozenset(
    """
    и в во на с со по о об от для из у к ко за что это этот эта эти как кто где когда куда откуда почему зачем какой
    какая какое какие каком какую сколько чем чём кем кому кого ли был была было были будет есть нет который которая
    которые его её ее их он она они мы вы такой такая такое между при про или до после через года году год лет
    """.split()
)


def detect_language(text: str, default: str = UNKNOWN) -> str:
    """Return ``en``, ``ru`` or ``kk``, or ``default`` where the text shows none of these three.

    Kazakh differs from Russian by nine letters that Russian lacks. Where people type Kazakh on a Russian keyboard, only
    its frequent words show it.
    """
    folded = text.casefold()
    found = _WORD.findall(folded)
    cyrillic = _CYRILLIC.search(folded) or _KAZAKH_LETTERS.search(folded)
    english = sum(word in _ENGLISH for word in found)
    russian = sum(word in _RUSSIAN for word in found)
    spelled = sum(_KAZAKH_LETTERS.search(word) is not None for word in found)
    typed = sum(word in _KAZAKH_IN_RUSSIAN_LETTERS for word in found)
    # Names of companies are often in Latin letters, so only more English function words outweigh the Cyrillic ones.
    if cyrillic and max(russian, spelled, typed) >= english:
        # A Russian sentence may name a Kazakh place or person in Kazakh letters.
        return "kk" if spelled > russian or (typed > russian and typed * 4 >= len(found)) else "ru"
    return "en" if english and english * 12 >= len(found) else default


def legibility(lines: Sequence[str], count_tokens: Callable[[str], int]) -> float:
    """Judge how well an encoder reads the language of ``lines``, 0 to 1, by the number of tokens it makes of a word."""
    sample = [line[:_SAMPLE_CHARACTERS] for line in lines[:_SAMPLE_LINES]]
    per_word = sum(map(count_tokens, sample)) / max(1, sum(len(words(line)) for line in sample))
    span = _UNKNOWN_TOKENS_PER_WORD - _KNOWN_TOKENS_PER_WORD
    return round(min(1.0, max(0.0, (_UNKNOWN_TOKENS_PER_WORD - per_word) / span)), 3)
