"""Find out which language the files of a folder are in, where no suffix tells.

English, Russian and Kazakh are recognised by rules of this project's own. For the others the library py3langid proposes
a language, and the words of that language must confirm it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from itertools import islice
from operator import itemgetter

from index.text.language import UNKNOWN, detect_language
from index.text.terms import STEMMED_LANGUAGES, words
from index.text.word_frequency import function_words

_SAMPLE_TEXTS, _SAMPLE_CHARACTERS = 200, 2000
_SERBIAN_LETTERS = frozenset("ђјљњћџ")
_NORWEGIAN_FORMS = frozenset({"nb", "nn"})
"""The two written forms of Norwegian differ too little for short texts; both are read as Norwegian."""
_LEAST_WORDS = 5
"""Fewer words show no language to the library."""
_ENGLISH_TEXT, _ENGLISH_BY_CHANCE = 0.15, 3
"""Share of English function words above which a text is certainly English, and how many look like them by chance. In
subtitles they make up 48 % of the words; of other languages with a stemmer at most 8 % of the words look like them."""
_LEAST_CONFIRMING = 0.1
"""Share of function words of the language that the library proposes."""


def language_of(texts: Iterable[str]) -> str:
    """Return the language of most of the ``texts``, judged on a sample of them.

    Where most are too short to show any, all of them together are one text.
    """
    sample = [text[:_SAMPLE_CHARACTERS] for text in islice(texts, _SAMPLE_TEXTS)]
    by_rules = Counter(map(_by_rules, sample))
    language, count = max(by_rules.items(), key=itemgetter(1), default=(UNKNOWN, 0))
    if language and language != UNKNOWN and count * 2 > len(sample):
        return language
    identifier = cache(_identifier)  # Loaded once where it is needed, and gone behind this call.
    languages = Counter(_by_rules(text) or _by_library(text, identifier()) for text in sample)
    most = max(languages, key=languages.__getitem__, default=UNKNOWN)
    if most != UNKNOWN:
        return most
    joined = "\n".join(sample)[:_SAMPLE_CHARACTERS]
    return _by_rules(joined) or _by_library(joined, identifier())


def _identifier() -> Callable[[str], str]:
    """Load the library with its 120 MB, and return what names the likeliest of the languages that have a stemmer."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(STEMMED_LANGUAGES.intersection(identifier.labels) - _NORWEGIAN_FORMS)
    return lambda text: str(identifier.classify(text)[0])


def _by_rules(text: str) -> str | None:
    """Return the language of a text, or ``None`` where it may be another than the rules say."""
    language, found = detect_language(text), words(text)
    if len(found) < _LEAST_WORDS or language == "kk":
        return language
    if language == "en":
        certain = _count(found, "en") > _ENGLISH_TEXT * len(found) + _ENGLISH_BY_CHANCE
    else:
        certain = language == "ru" and _SERBIAN_LETTERS.isdisjoint(text.casefold())
    return language if certain else None


def _by_library(text: str, identify: Callable[[str], str]) -> str:
    found, language = words(text), identify(text)
    count = _count(found, language)
    confirmed = count > _count(found, "en") and count >= _LEAST_CONFIRMING * len(found)
    return language if confirmed else detect_language(text)


def _count(found: list[str], language: str) -> int:
    common = function_words(language)
    return sum(word in common for word in found)
