"""The interface texts: a folder of Fluent files for each language, and phrases in YAML.

The texts are Telegram HTML, written by translators. Arguments must be escaped by the caller. A knowledge folder may
bring texts of its own: in other languages, or in place of the program's.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from babel import Locale, UnknownLocaleError
from fluent.runtime import FluentBundle, FluentResource

from bot.locales.written_dates import date_in_words
from index.knowledge.profile import Profile

LANGUAGES = {"en": "English", "ru": "Русский", "kk": "Қазақша"}
"""The languages of the program's own texts by code, each under its own name."""
FALLBACK = "en"
_NOBODY = Profile()


class Texts:
    """The interface texts in one language, or in English where that language lacks one."""

    def __init__(self, locales: Locales, language: str) -> None:
        self.language = language
        self._locales = locales
        self._bundles = locales.bundles(language)
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

    def within(self, language: str) -> Texts:
        """Return the texts for the labels around a quote in ``language``: in it where there are any, else these."""
        return self._locales.exactly(language) or self

    def date(self, written: str, *, attributive: bool = False) -> str:
        """Return an ISO 8601 date, with or without day and month, in words; any other text comes back unchanged.

        Args:
            written: The date.
            attributive: As it stands before a noun, where that is another form: in Kazakh.
        """
        return date_in_words(written, self.language, attributive)


class Locales:
    """The interface texts of one bot: the program's own, and those that its knowledge brings.

    Args:
        profile: What the knowledge says of itself.
        spoken: The languages of the knowledge.
    """

    def __init__(self, profile: Profile = _NOBODY, spoken: Iterable[str] = LANGUAGES) -> None:
        self._brought = profile.texts
        self._texts: dict[str, Texts] = {}
        written = {*LANGUAGES, *profile.texts}
        wanted = [language for language in profile.languages or spoken if language in written]
        # English comes first among the languages of a knowledge that does not say which it prefers.
        ordered = wanted if profile.languages else sorted(wanted, key=[*LANGUAGES, *wanted].index)
        self.languages = {language: language_name(language) for language in ordered or [FALLBACK]}
        """The languages that people can choose for buttons and notes, by code, each under its own name."""
        self.default = FALLBACK if FALLBACK in self.languages else next(iter(self.languages))

    def texts(self, *preferences: str | None) -> Texts:
        """Return the texts in the first of these languages that can be chosen (``ru-RU`` is ``ru``)."""
        for preference in preferences:
            language = (preference or "").replace("_", "-").split("-")[0].lower()
            if language in self.languages:
                return self._in(language)
        return self._in(self.default)

    def exactly(self, language: str) -> Texts | None:
        """Return the texts in a language, whether it can be chosen or not; ``None`` where there are none."""
        return self._in(language) if language in LANGUAGES or language in self._brought else None

    def bundles(self, language: str) -> list[FluentBundle]:
        """Return where to look for a text, best first: the knowledge's, the program's, the program's in English."""
        found = [_parsed(language, self._brought[language])] if language in self._brought else []
        found += [_bundle(language)] if language in LANGUAGES else []
        return found if language == FALLBACK else [*found, _bundle(FALLBACK)]

    def _in(self, language: str) -> Texts:
        if language not in self._texts:
            self._texts[language] = Texts(self, language)
        return self._texts[language]


def language_name(language: str) -> str:
    """Return a language's name in itself, with a capital letter; its code where it is unknown."""
    if language in LANGUAGES:
        return LANGUAGES[language]
    try:
        return str(Locale(language).get_display_name() or language).capitalize()
    except (UnknownLocaleError, ValueError):
        return language


@cache
def _program() -> Locales:
    return Locales()


def texts_for(*preferences: str | None) -> Texts:
    """Return the program's own texts in the first of these languages that it has, else in English."""
    return _program().texts(*preferences)


def _parsed(language: str, text: str) -> FluentBundle:
    bundle = FluentBundle([language], use_isolating=False)
    bundle.add_resource(FluentResource(text))
    return bundle


@cache
def _bundle(language: str) -> FluentBundle:
    sections = files(__name__).joinpath(language).iterdir()
    return _parsed(language, "\n".join(section.read_text("utf-8") for section in sections))
