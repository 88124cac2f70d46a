"""Recognise names of people, places, companies and countries, in English, Russian and Kazakh.

The names of the countries are those of CLDR, by way of Babel.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from index.text.terms import fold

_CACHE = 32_768
_WORD = re.compile(
    r"(?<![^\W_])(?:[^\W\d_]\.){2,}|united (?:kingdom|states)\b|соедин[её]нн\w{2,3} (?:королевств|штат)\w*"
    r"|[^\W\d_][^\W_]*(?:(?<=[a-zA-Z])['’]s\b)?",
    re.IGNORECASE,
)
_LATIN = re.compile(r"[a-z0-9]+")
_SENTENCE_MARKS = frozenset('.!?:\n«“"')
_LONGEST = 40
"""Longer words are no names, and only cost time."""
_STEM, _SHORT_STEM = 4, 3
"""So many letters stay of a word without its endings."""

# For folded words. What is behind the stem of a name in Russian and Kazakh, the adjectives made of it included. The
# two languages share letters, so that an ending of one may be the stem of the other. All forms of a
# word still lose the same.
_ENDING = re.compile(
    r"(?:(?:ов|ев|ий)?ск(?:ий|ая|ое|ие|ого|ому|им|ом|ой|ую|их|ими)|(?:мен|бен|пен)|[лдт][ае]р|[лдт][ыи]к|ами|ями"
    r"|ах|ях|ам|ям|ов|ев|ой|ей|ом|ем|ым|им|ою|его|ого|[аяыиуюеьйнтдгк])$"
)
# Countries under names that are not in CLDR: shorter ones, and the words for their people.
_MORE_COUNTRIES = {
    "GB": "britain british britons england english scotland scottish uk gb"
    " британ англи англо шотланд агылшын улыбритан",
    "US": "usa us america american сша америк акш",
    "KZ": "kz kazakh qazaq казах казак",
    "CN": "chinese китая китаю китае китаем",
    "FR": "french",
    "RU": "русск российск орыс рф",
    "DE": "немец неми герман",
    "TR": "turkey turkish турецк турк",
    "JP": "japanese япон жапон",
    "IN": "indian индийск индия индии индию индий унди",
    "UA": "ukrain украин",
    "AE": "uae emirates оаэ эмират",
    "KR": "korea korean корей корея кореи корее",
    "CA": "canadian",
    "EU": "eu ес ео евросоюз",
    "ES": "spanish испан",
    "SE": "swedish шведск",
    "DK": "danish датск",
    "FI": "finnish финск",
    "NL": "dutch holland голланд",
    "IT": "italian итальян",
    "CH": "swiss",
    "NO": "norwegian",
}
# Countries whose names are everyday words or first names, or beginnings of such.
_AMBIGUOUS_COUNTRIES = frozenset(
    "TG TD ML PE CU OM JE GE GN NE IR NU CI GG IM WS JO GH CQ BS BT LR KM TO индия кения".split()
)
_LEAST_PREFIX = 5
_ACRONYM = 6


class Name(NamedTuple):
    """A word of a text that may be a name."""

    word: str
    key: str
    start: int
    capital: bool
    """Whether it has a capital letter that does not come from the beginning of a sentence."""

    @property
    def end(self) -> int:
        """Where the word ends in its text."""
        return self.start + len(self.word)

    @property
    def is_country(self) -> bool:
        """Whether it names a country or something of it."""
        return self.key.isupper()

    @property
    def is_latin(self) -> bool:
        """Whether it is in Latin letters and begins with a capital one: a name, in Russian and Kazakh."""
        return self.word.isascii() and self.word[0].isupper()

    @property
    def is_acronym(self) -> bool:
        """Whether it is short and has more than one capital letter."""
        return len(self.word) <= _ACRONYM and _capitals(self.word) > 1


@lru_cache(maxsize=_CACHE)
def name_key(word: str) -> str:
    """Return what all forms of a name have in common: the country, or the folded word without its endings."""
    folded = _bare(word)
    if len(folded) < _LONGEST and (code := country(folded)):
        return code
    return _without_endings(folded, _STEM)


@lru_cache(maxsize=_CACHE)
def short_key(word: str) -> str:
    """Return a key that even the forms of a name of three letters have in common, and other words too."""
    return _without_endings(_bare(word), _SHORT_STEM)


def _bare(word: str) -> str:
    return fold(word).replace(".", "").replace("’", "'").removesuffix("'s")


def _without_endings(folded: str, least: int) -> str:
    if _LATIN.fullmatch(folded):
        return folded[:-1] if len(folded) > _STEM and folded.endswith("s") and not folded.endswith("ss") else folded
    while len(folded) < _LONGEST and (ending := _ENDING.search(folded)) and ending.start() >= least:
        folded = folded[: ending.start()]
    return folded


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    """Return the beginnings of the words for countries and what is theirs: the codes, in capitals."""
    from babel import Locale

    found: dict[str, str] = {}
    for language in ("en", "ru", "kk"):
        for code, name in Locale(language).territories.items():
            folded = fold(name)
            if len(code) == 2 and code.isalpha() and folded.isalpha() and not {code, folded} & _AMBIGUOUS_COUNTRIES:
                found[folded] = code
                # Uzbekistan, Uzbek; Russia, Russian; Германия, германский.
                stem = re.sub(r"(?:ist|и?ст|ыст)[aа][nн]$|и?[яаыио]$|[aey]$", "", folded)
                if len(stem) >= _LEAST_PREFIX:
                    found[stem] = code
                elif folded.endswith("ия"):
                    found[folded[:-1]] = code
    for code, beginnings in _MORE_COUNTRIES.items():
        found |= dict.fromkeys(beginnings.split(), code)
    return found


@lru_cache(maxsize=_CACHE)
def country(folded: str) -> str | None:
    """Return the code of the country that a folded word names or belongs to, as ``GB`` for "британский"."""
    countries = _countries()
    if " " in folded:
        return "GB" if "kingdom" in folded or "королевств" in folded else "US"
    if folded in countries:
        return countries[folded]
    for length in range(len(folded) - 1, _STEM - 1, -1):
        # A short beginning needs a short ending: "китая", but not "малина".
        most = 7 if length >= _LEAST_PREFIX else 5
        if (code := countries.get(folded[:length])) and len(folded) - length <= most and not folded.endswith("ium"):
            return code
    return None


def words_of(text: str) -> Iterator[Name]:
    """Yield the words of ``text`` as possible names; a capital letter counts only within a sentence."""
    end, initial = 0, False
    for match in _WORD.finditer(text):
        word, start = match[0], match.start()
        capital = False
        if not word.islower():
            begins = end == 0 or not (initial or _SENTENCE_MARKS.isdisjoint(text[end:start]))
            capital = (word[0].isupper() and not begins) or _capitals(word) > 1
        yield Name(word, name_key(word), start, capital)
        end, initial = match.end(), len(word) == 1


def _capitals(word: str) -> int:
    return sum(map(str.isupper, word))


def keys(text: str) -> frozenset[str]:
    """Return the keys of the words of ``text``."""
    return frozenset(map(name_key, _WORD.findall(text)))


def short_keys(text: str) -> frozenset[str]:
    """Return the short keys of the words of ``text`` with a capital letter."""
    return frozenset(short_key(word) for word in _WORD.findall(text) if not word.islower())


def may_name(text: str, names: frozenset[str], but: frozenset[str]) -> bool:
    """Tell quickly whether ``text`` may have a name.

    Args:
        text: Any text.
        names: The keys of known names.
        but: The keys of names that do not matter.
    """
    for place, word in enumerate(_WORD.findall(text)):
        key = name_key(word)
        if key not in but and ((not word.islower() and (place or word.isascii())) or key.isupper() or key in names):
            return True
    return False
