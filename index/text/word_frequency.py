"""Know the words that say nothing of a subject, because everybody uses them all the time.

A knowledge folder of a hundred passages lacks many of them, and without these lists "please" would weigh like the
rarest name. The words of each language stand in its file of ``common_words/``. The weights are looked up at build time
only: the index keeps them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from importlib import resources

import yaml

from index.text.terms import Terms, term_hash

_WORDS_OF_TEXT = 1_000
"""A word weighs as if every passage had so many words. Passages are shorter, but questions hold more such words."""
_LEAST_WEIGHT = 0.1
_FUNCTION_WORD = 10**-3.25
"""Share of a text's words from which a word counts as a function word."""


@cache
def common_words(language: str) -> dict[str, float]:
    """Return the common words of a language, and how many of a text's words each one is, as a share.

    A language without a list has none.
    """
    file = resources.files("index.text").joinpath("common_words", f"{language}.yaml")
    if not file.is_file():
        return {}
    levels: dict[str, str] = yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - only text
    return {word: 10 ** (float(zipf) - 9) for zipf, words in levels.items() for word in words.split()}


@cache
def function_words(language: str) -> frozenset[str]:
    """Return the words by which a text shows that it is in a language, folded."""
    return frozenset(word for word, share in common_words(language).items() if share > _FUNCTION_WORD)


def common_terms(terms: Terms, languages: Iterable[str]) -> dict[int, float]:
    """Return the inverse document frequency of the stems and n-grams of common words, by their hashes.

    Args:
        terms: Makes the terms of words.
        languages: The languages whose words count. A term of several languages is as common as in the one that uses it
            most.
    """
    found: dict[int, float] = {}
    for language in languages:
        shares: defaultdict[str, float] = defaultdict(float)
        for word, share in common_words(language).items():
            for term in {*terms.stems(word, language), *terms.grams(word)}:
                shares[term] += share
        for term, share in shares.items():
            weight = max(_LEAST_WEIGHT, -math.log(share * _WORDS_OF_TEXT))
            found[term_hash(term)] = min(weight, found.get(term_hash(term), weight))
    return found
