"""Dates in the words of a language."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from babel import UnknownLocaleError
from babel.dates import format_date

_ENGLISH = "en_GB"
"""British English: day before month."""
_MONTHS = {"ru": "LLLL y\u202f'г'.", "kk": "y\u202f'ж'. MMMM"}
_YEARS = {"ru": "y\u00a0'год'", "kk": "y\u202f'ж'."}
# "At" a month, as an attribute: the ending follows the last sound of each.
_KAZAKH_MONTHS = (
    "қаңтардағы", "ақпандағы", "наурыздағы", "сәуірдегі", "мамырдағы", "маусымдағы",
    "шілдедегі", "тамыздағы", "қыркүйектегі", "қазандағы", "қарашадағы", "желтоқсандағы",
)  # fmt: skip


@lru_cache(maxsize=4096)
def date_in_words(written: str, language: str, attributive: bool = False) -> str:
    """Return an ISO 8601 date, with or without day and month, in words; any other text comes back unchanged.

    Args:
        written: The date.
        language: The language of the words; English where no dates are known in it.
        attributive: As it stands before a noun, where that is another form: in Kazakh.
    """
    parts = written.split("-")
    try:
        numbers = [int(part) for part in parts]
        day = date(*[*numbers, 1, 1][:3])
    except (TypeError, ValueError):
        return written
    if attributive and language == "kk":
        return _kazakh_attribute(day, len(parts))
    if len(parts) == 1:
        return format_date(day, _YEARS[language], locale=language) if language in _YEARS else written
    form = _MONTHS.get(language, "LLLL y") if len(parts) == 2 else "long"
    try:
        return format_date(day, form, locale=_ENGLISH if language == "en" else language)
    except (UnknownLocaleError, ValueError):
        return format_date(day, form, locale=_ENGLISH)


def _kazakh_attribute(day: date, parts: int) -> str:
    """Return a date with so many parts as it stands before "жағдай" (state)."""
    words = [f"{day.year}\u00a0жылғы"]
    if parts == 3:
        words.append(str(day.day))
    if parts > 1:
        words.append(_KAZAKH_MONTHS[day.month - 1])
    return "\u00a0".join(words)
