"""The months by their names in English, Russian and Kazakh, in all cases.

The names are those of CLDR, by way of Babel.
"""

from __future__ import annotations

import re
from functools import lru_cache

from index.text.folded import beginnings_of
from index.text.terms import fold

_WORDS = 16_384
# For folded words.
_RUSSIAN_ENDING = re.compile(r"[ьяюеауйи]|ем|ом|[её]м|(?:ов|ев)?ск[а-я]{1,4}")
_KAZAKH_ENDING = re.compile(
    r"(?:[ыи]н?|с[ыи]н?)?(?:[дтн][аеыи]н?|[гк][аеыи]|[мбп]ен|[нтд][ыи]н)?(?:г[ыи](?:н[аеыи]н?)?)?"
)


@lru_cache(maxsize=1)
def _months() -> dict[str, tuple[int, bool]]:
    """Return the names of the months in CLDR, folded: their numbers, and whether a name is an abbreviation."""
    from babel import Locale

    names = {"sept": (9, True), "мае": (5, False), "маем": (5, False)}
    for language in ("en", "ru", "kk"):
        for widths in Locale(language).months.values():
            # The Kazakh abbreviations are everyday words, of Russian too.
            for width in ("wide",) if language == "kk" else ("abbreviated", "wide"):
                for number, name in widths[width].items():
                    names[fold(name).strip(".")] = (number, width == "abbreviated")
    return names


@lru_cache(maxsize=1)
def _kazakh_months() -> frozenset[str]:
    from babel import Locale

    return frozenset(map(fold, Locale("kk").months["format"]["wide"].values()))


@lru_cache(maxsize=1)
def month_beginnings() -> frozenset[str]:
    """Return the beginnings of the names of all months."""
    return beginnings_of(" ".join(_months()))


@lru_cache(maxsize=_WORDS)
def month_of(word: str) -> tuple[int, bool] | None:
    """Return the number of the month that a folded word names in any case, and whether it is abbreviated."""
    names = _months()
    if word in names or word.isascii():
        return names.get(word)
    for name, (number, short) in names.items():
        if short or name.isascii() or word[:2] != name[:2]:
            continue
        if name in _kazakh_months() and word.startswith(name) and _KAZAKH_ENDING.fullmatch(word, len(name)):
            # Kazan is a city, and its name in Russian cases is no October in Kazakh.
            return None if name == "казан" and word[len(name) :] in {"и", "ы"} else (number, False)
        stem = name if name == "май" else name.rstrip("ьяйеа")
        if len(stem) > 2 and word.startswith(stem) and _RUSSIAN_ENDING.fullmatch(word, len(stem)):
            return number, False
        if name.endswith("к") and word.startswith(f"{name[:-1]}г") and _KAZAKH_ENDING.fullmatch(word, len(name)):
            return number, False
    return None


def is_month(word: str) -> bool:
    """Tell whether a word names a month."""
    return month_of(fold(word)) is not None
