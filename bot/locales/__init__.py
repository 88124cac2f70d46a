"""The interface texts: one Fluent file for each language, and the phrases of small talk in ``phrases.yaml``.

The texts are Telegram HTML, written by translators. Arguments must be escaped by the caller.
"""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
from importlib.resources import files

from babel.dates import format_date
from fluent.runtime import FluentBundle, FluentResource

LANGUAGES = {"en": "English", "ru": "Русский", "kk": "Қазақша"}
"""The interface languages by code, each under its own name."""
FALLBACK = "en"


class Texts:
    """The interface texts in one language, or in English where that language lacks one."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._bundles = [_bundle(language)] if language == FALLBACK else [_bundle(language), _bundle(FALLBACK)]
        self._plain: dict[str, str] = {}

    def __call__(self, name: str, /, **arguments: str | int) -> str:
        """Return the text of this name with its arguments put in.

        Raises:
            KeyError: No text has this name.
        """
        if not arguments and (known := self._plain.get(name)) is not None:
            return known
        for bundle in self._bundles:
            if bundle.has_message(name) and (pattern := bundle.get_message(name).value) is not None:
                formatted, errors = bundle.format_pattern(pattern, arguments)
                if errors:
                    raise errors[0]
                text = str(formatted)
                if not arguments:
                    self._plain[name] = text
                return text
        raise KeyError(f"no interface text is called {name!r}")

    def date(self, written: str) -> str:
        """Return an ISO 8601 date, with or without day and month, in words; any other text comes back unchanged."""
        return _date_in_words(written, self.language)


def texts_for(*preferences: str | None) -> Texts:
    """Return the texts in the first of these languages that the bot speaks (``ru-RU`` is ``ru``), else in English."""
    for preference in preferences:
        language = (preference or "").replace("_", "-").split("-")[0].lower()
        if language in LANGUAGES:
            return _texts(language)
    return _texts(FALLBACK)


@cache
def _texts(language: str) -> Texts:
    return Texts(language)


@cache
def _bundle(language: str) -> FluentBundle:
    bundle = FluentBundle([language], use_isolating=False)
    bundle.add_resource(FluentResource(files(__name__).joinpath(f"{language}.ftl").read_text("utf-8")))
    return bundle


@lru_cache(maxsize=4096)
def _date_in_words(written: str, language: str) -> str:
    parts = written.split("-")
    try:
        numbers = [int(part) for part in parts]
        day = date(*[*numbers, 1, 1][:3])
    except (TypeError, ValueError):
        return written
    if len(parts) == 1:
        return written
    if len(parts) == 2:
        return format_date(day, "y 'ж'. MMMM" if language == "kk" else "LLLL y", locale=language)
    # British English: day before month.
    return format_date(day, "long", locale="en_GB" if language == "en" else language)
