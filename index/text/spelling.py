"""Read a question as it was meant: typed on the wrong keyboard layout, transliterated, or with typos."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import zip_longest

from index.text.terms import fold

_QWERTY = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`" + 'QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>~'
_JCUKEN = "йцукенгшщзхъфывапролджэячсмитьбюё" + "ЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЁ"
_RUSSIAN_KEYS = str.maketrans(_QWERTY, _JCUKEN)
_ENGLISH_KEYS = str.maketrans(_JCUKEN, _QWERTY)
# The Kazakh layout is the Russian one with its own letters on the row of digits.
_KAZAKH_KEYS = {**_RUSSIAN_KEYS, **str.maketrans("2345890-=", "әіңғүұқөһ")}

# Everyday spellings, beside ISO 9 and the spelling in passports. Character n-grams cope with what stays ambiguous.
_RUSSIAN_LETTERS = {
    "shch": "щ", "sch": "щ", "yo": "ё", "jo": "ё", "zh": "ж", "kh": "х", "ts": "ц", "ch": "ч", "sh": "ш", "yu": "ю",
    "ju": "ю", "iu": "ю", "ya": "я", "ja": "я", "ia": "ия", "ye": "е", "eh": "э",
    "a": "а", "b": "б", "v": "в", "w": "в", "g": "г", "d": "д", "e": "е", "z": "з",
    "i": "и", "y": "ы", "j": "й", "k": "к", "l": "л", "m": "м", "n": "н", "o": "о", "p": "п", "r": "р", "s": "с",
    "t": "т", "u": "у", "f": "ф", "h": "х", "c": "ц", "q": "к", "x": "кс", "'": "ь", "’": "ь", "š": "ш", "č": "ч",
    "ž": "ж",
}  # fmt: skip
# The Latin alphabet of 2021, the one of 2018 with acutes, and what people write without either.
_KAZAKH_LETTERS = {
    "sh": "ш", "ch": "ч", "zh": "ж", "kh": "х", "gh": "ғ", "ng": "ң", "ya": "я", "yu": "ю", "ia": "ия", "a": "а",
    "ä": "ә", "á": "ә", "b": "б", "v": "в", "g": "г", "ğ": "ғ", "ǵ": "ғ", "d": "д", "e": "е", "j": "ж", "z": "з",
    "i": "и", "ı": "і", "k": "к", "q": "қ", "l": "л", "m": "м", "n": "н", "ñ": "ң", "ń": "ң", "o": "о", "ö": "ө",
    "ó": "ө", "p": "п", "r": "р", "s": "с", "ş": "ш", "t": "т", "u": "у", "ū": "ұ", "ü": "ү", "ú": "ү", "ý": "у",
    "w": "у", "y": "ы", "f": "ф", "h": "х", "x": "х", "c": "ц", "’": "", "'": "",
}  # fmt: skip


def _by_longest(letters: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(letters, key=len, reverse=True))))


_RUSSIAN, _KAZAKH = _by_longest(_RUSSIAN_LETTERS), _by_longest(_KAZAKH_LETTERS)
_Y_AFTER_VOWEL = re.compile(r"(?<=[aeiouy])y(?![aeiou])")
_LATIN, _CYRILLIC = re.compile(r"[a-zà-ɏ]"), re.compile(r"[а-яё]")

_CACHE = 4096
_LEAST_LETTERS = 5
"""A slip in a shorter word more often makes another real word than a misspelling."""
_WORD = re.compile(rf"[^\W\d_]{{{_LEAST_LETTERS - 1},}}")


def possible_readings(text: str) -> Iterator[tuple[str, str]]:
    """Yield the languages and spellings that ``text`` may be meant in; none where it mixes alphabets.

    Each is only a proposal. The index uses one when it knows the words of the reading but not those typed.
    """
    lower = unicodedata.normalize("NFC", text).lower().replace("i̇", "i")
    if _CYRILLIC.search(lower):
        if not _LATIN.search(lower):
            yield "en", text.translate(_ENGLISH_KEYS)
    elif _LATIN.search(lower):
        yield "ru", text.translate(_RUSSIAN_KEYS)
        yield "kk", text.translate(_KAZAKH_KEYS)
        yield "ru", _RUSSIAN.sub(lambda match: _RUSSIAN_LETTERS[match[0]], _Y_AFTER_VOWEL.sub("й", lower))
        yield "kk", _KAZAKH.sub(lambda match: _KAZAKH_LETTERS[match[0]], lower)


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
    words = [_words_of(snippet_text) for snippet_text in found]
    for mistyped in reversed(unknown):
        folded = fold(mistyped[0])
        alike = [own.get(folded[0], {}) for own in words]
        if any(folded in own for own in alike):
            continue
        near = (word for own in alike for other, word in own.items() if _one_slip_apart(folded, other))
        if meant := next(near, None):
            corrected = corrected[: mistyped.start()] + meant + corrected[mistyped.end() :]
    return text if corrected == composed else corrected


@lru_cache(maxsize=_CACHE)
def _words_of(text: str) -> Mapping[str, Mapping[str, str]]:
    """Return the words of a text by first letter, as they stand by their folded form."""
    words: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for word in _WORD.findall(unicodedata.normalize("NFC", text)):
        folded = fold(word)
        words[folded[0]].setdefault(folded, word)
    return dict(words)


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
