"""The language in a file's name: known codes, and what a code of a country was meant to be."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_SUFFIX = re.compile(r"\.([A-Za-z]{2})$")


class Suffix(NamedTuple):
    """What stands before the ending of a file's name: ``slug.ru.md``."""

    stem: str
    """The name without ending and language."""
    language: str | None
    mistaken: str | None = None
    """Letters that look like a language and are none, as ``kz``."""


def split_suffix(stem: str) -> Suffix:
    """Split the name of a file, without its ending, into the name and its language; unknown codes stay in the name."""
    found = _SUFFIX.search(stem)
    if not found:
        return Suffix(stem, None)
    code = found[1].lower()
    if code in _codes():
        return Suffix(stem[: found.start()], code)
    return Suffix(stem, None, code)


def meant_by(code: str) -> str | None:
    """Return the language that somebody means who writes the code of its country, such as kk for kz."""
    from babel.core import get_global
    from babel.languages import get_official_languages

    territory = code.upper()
    spoken = [name for name in get_official_languages(territory, de_facto=True) if name in _codes()]
    likely = get_global("likely_subtags")
    at_home = (name for name in spoken if str(likely.get(name, "")).endswith(f"_{territory}"))
    return next(at_home, next(iter(spoken), None))


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    """Return the codes of two letters that ISO 639-1 gives to languages, by way of CLDR."""
    from babel import Locale

    return frozenset(code for code in map(str, Locale("en").languages) if len(code) == 2)
