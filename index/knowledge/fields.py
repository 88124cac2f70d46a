"""The types of the fields that editors fill. Every scalar of YAML arrives as text, so pydantic converts nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from index.knowledge.files import SOURCES_FILE
from index.knowledge.yaml_lines import Plain, suggested

_ISO_DATE = re.compile(r"\d{4}(-\d{2}){0,2}", re.ASCII)
_MAX_ITEMS = 100


def is_date(text: str) -> bool:
    """Tell whether ``text`` is ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD`` and exists in the calendar."""
    if not _ISO_DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(f"{text}-01-01"[:10])  # the first month and day, where the text has none
    except ValueError:
        return False
    return True


def is_future(text: str, today: date) -> bool:
    """Tell whether an ISO date is after today wherever on earth its author is."""
    return text > (today + timedelta(days=1)).isoformat()[: len(text)]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _check(test: Callable[[str], object], reason: str) -> AfterValidator:
    """Return a validator that refuses texts which fail ``test``."""

    def check(text: str) -> str:
        if not test(text):
            raise ValueError(f"'{text}' {reason}")
        return text

    return AfterValidator(check)


def _registered(text: str, info: ValidationInfo) -> str:
    """Refuse the id of a source that is not among those of the context; ``None`` stands for unreadable ones."""
    if text and info.context is not None and text not in info.context:
        raise ValueError(f"unknown source '{text}'; add it to {SOURCES_FILE}{suggested(text, info.context)}")
    return text


def _as_list(value: Plain) -> Plain:
    items = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError("must be text or a list of texts (quote a text that contains ': ')")
    if len(items) > _MAX_ITEMS:
        raise ValueError(f"has more than {_MAX_ITEMS} entries")
    return items


def _distinct(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _english(value: Plain) -> Plain:
    return {} if value is None else {"en": value} if isinstance(value, str) else value


Line = Annotated[str, AfterValidator(_one_line)]
Filled = Annotated[Line, Field(min_length=1)]
IsoDate = Annotated[Filled, _check(is_date, "is not a date; write YYYY, YYYY-MM or YYYY-MM-DD")]
Address = Annotated[Filled, _check(re.compile(r"https?://\S+").fullmatch, "is not an http or https address")]
LanguageCode = Annotated[Filled, _check(re.compile(r"[a-z]{2,3}").fullmatch, "is not a two-letter language code")]
_LIST = (BeforeValidator(_as_list), AfterValidator(_distinct))
Lines = Annotated[tuple[Line, ...], *_LIST]
SourceIds = Annotated[tuple[Annotated[Line, AfterValidator(_registered)], ...], *_LIST, Field(min_length=1)]
ByLanguage = Annotated[dict[LanguageCode, Line], BeforeValidator(_english)]
