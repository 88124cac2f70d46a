"""Times, numbers and languages as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

from babel import Locale, UnknownLocaleError


def short_time(text: str | None, now: datetime | None = None) -> str:
    """Return a time of the log (UTC) as people say it: ``today 14:05``, ``3 Nov`` or ``3 Nov 2025``."""
    if not text:
        return ""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    now = now or datetime.now(UTC)
    days = (now.date() - moment.date()).days
    if days in (0, 1):
        return f"{'today' if days == 0 else 'yesterday'} {moment:%H:%M}"
    day = f"{moment.day} {moment:%b}"
    return day if moment.year == now.year else f"{day} {moment.year}"


def count(number: int, noun: str, several: str | None = None) -> str:
    """Return a number with its noun: ``1 person``, ``1,204 people``."""
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"


def language_name(code: str) -> str:
    """Return the English name of a language, or its code where it has none."""
    try:
        return str(Locale.parse(code).get_display_name("en") or code)
    except (UnknownLocaleError, ValueError):
        return code


FILTERS = {"short_time": short_time, "count": count, "language": language_name}
"""What templates may use, by name."""
