"""Read a question typed in the wrong alphabet: on the wrong keyboard layout, or transliterated.

Every reading is only a proposal. The index uses one when it knows the words of the reading but not those typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

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


def possible_readings(text: str) -> Iterator[tuple[str, str]]:
    """Yield the languages and spellings that ``text`` may be meant in; none where it mixes alphabets."""
    lower = unicodedata.normalize("NFC", text).lower().replace("i̇", "i")
    if _CYRILLIC.search(lower):
        if not _LATIN.search(lower):
            yield "en", text.translate(_ENGLISH_KEYS)
    elif _LATIN.search(lower):
        yield "ru", text.translate(_RUSSIAN_KEYS)
        yield "kk", text.translate(_KAZAKH_KEYS)
        yield "ru", _RUSSIAN.sub(lambda match: _RUSSIAN_LETTERS[match[0]], _Y_AFTER_VOWEL.sub("й", lower))
        yield "kk", _KAZAKH.sub(lambda match: _KAZAKH_LETTERS[match[0]], lower)
