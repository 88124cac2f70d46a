"""Turn a text into the terms by which questions and snippets are compared.

A text has two kinds of terms: the stems of its words, where the language has a stemmer, and the character 4-grams of
its words, which survive typing errors and inflection.
"""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import Stemmer
from numpy.typing import NDArray

from index.text.codes import codes
from index.text.kazakh import kazakh_stem

GRAM = 4
"""Length of the character n-grams. On English and Russian questions, lengths of 3 and 5 find slightly less."""

# By ISO 639-1 code. Norwegian has a code for each of its written forms besides its own.
_SNOWBALL = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian",
    "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "st": "sesotho", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
_ENGLISH, _KAZAKH = "en", "kk"
_STEMMED_TWICE = frozenset({"fr"})
"""Without its accent, the ending of "rechargée" is only recognised behind another. Of the pairs of frequent French
words that share a stem with their accents, 86 % share it without, and 98 % where the stem is stemmed again."""
STEMMED_LANGUAGES = frozenset({*_SNOWBALL, _KAZAKH})
"""The languages whose words have stems."""
OTHER_ALPHABETS = frozenset({"ar", "el", "fa", "hi", "hy", "kk", "ne", "ru", "ta", "yi"})
"""Those of them that are not written in Latin letters. A word in Latin letters is a name in them, or a term."""

# A word is a number with its groups of thousands and its fraction, or a run of letters, digits and underscores. A unit
# written close behind a number, as in 55bn, is a word of its own. Vowels of Indian scripts, and points of Hebrew and
# Arabic ones, are marks within a word.
_MARKS = r"\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0b82\u0bbe-\u0bcd"
_WORD = re.compile(
    r"(?<!\d)\d{1,3}(?:[ ,\u00a0\u202f]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)+|(?<!\w)\d+(?=[^\W\d_])"
    rf"|\w+(?:[{_MARKS}]+\w*)*"
)
_GROUPS = re.compile(r"[ ,\u00a0\u202f](?=\d{3}(?!\d))")
# An acronym is one word, with dots (B.G.S.) and in the plural (REEs, MoUs).
_DOTTED = re.compile(r"(?<![^\W_])(?:[^\W\d_]\.){2,}(?:[^\W\d_](?![^\W_]))?")
_PLURAL_ACRONYM = re.compile(r"(?<!\w)([A-Z][A-Za-z]?[A-Z]{1,4})s(?!\w)")
_STEM_MARK, _GRAM_MARK, _CODE_MARK = "s", "g", "c"

# Letters that people replace by a similar one: ё in Russian, Kazakh letters missing on a Russian keyboard, and Latin
# letters with a mark. The last entry is the dot that remains of İ in lower case.
_FOLD: dict[int, int | str] = {**str.maketrans("ёәқңөұүһіғłøđħŧı", "еакноуухигlodhti")}
_FOLD |= {
    code: base
    for code in (*range(0xDF, 0x250), *range(0x1E00, 0x1F00))
    if (base := unicodedata.normalize("NFD", chr(code))[0].translate(_FOLD)).isascii()
}
_FOLD[0x307] = ""

_SynonymTable = dict[str, list[tuple[tuple[str, ...], str]]]
"""By first stem: the stems of each synonym, and the term that stands for its group."""


def fold(text: str) -> str:
    """Return ``text`` in the form in which terms are compared: NFKC, lower case, similar letters made one."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_FOLD)


def words(text: str) -> list[str]:
    """Return the folded words and numbers of ``text`` in order.

    Numbers have one spelling: ``6,218``, ``6 218`` and ``6218`` are the same, and so are ``1.18`` and ``1,18``.
    """
    text = _DOTTED.sub(lambda acronym: acronym[0].replace(".", ""), _PLURAL_ACRONYM.sub(r"\1", text))
    found: list[str] = _WORD.findall(fold(text))
    return [_GROUPS.sub("", word).replace(",", ".") if word[0].isdigit() else word for word in found]


def code_term(code: str) -> str:
    """Return the term that stands for a code."""
    return _CODE_MARK + code


class Terms:
    """Turns texts into terms, given groups of synonyms. Safe to use from several threads."""

    def __init__(self, synonyms: Sequence[Sequence[str]] = ()) -> None:
        self.synonyms = tuple(tuple(group) for group in synonyms)
        # A Snowball object keeps state between calls, so only one thread may use it at a time.
        self._lock = threading.Lock()
        self._stemmers: dict[str, Stemmer.Stemmer] = {}
        self._groups = [[words(phrase) for phrase in group] for group in synonyms]
        self._synonyms: dict[str, _SynonymTable] = {}

    def stems(self, text: str, language: str) -> list[str]:
        """Return the stems of the words of ``text``, and one more term for each synonym group it mentions."""
        stems = self._stem(words(text), language)
        groups = (name for start in range(len(stems)) for _, name in self._mentions(stems, start, language))
        return [*(_STEM_MARK + stem for stem in stems), *groups, *map(code_term, codes(text))]

    def question_stems(self, question: str, language: str) -> list[str]:
        """Return the stems of a question, with the name of its group in place of each longest synonym.

        All synonyms of a group thus ask for the same, and one that no snippet contains is not an unknown word.
        """
        stems = self._stem(words(question), language)
        terms, start = [], 0
        while start < len(stems):
            length, name = max(self._mentions(stems, start, language), default=(1, _STEM_MARK + stems[start]))
            terms.append(name)
            start += length
        return [*terms, *map(code_term, codes(question))]

    def _mentions(self, stems: list[str], start: int, language: str) -> Iterator[tuple[int, str]]:
        """Yield each synonym that begins at ``start``: how many stems it has, and the name of its group."""
        table = self._synonyms.get(language)
        if table is None:
            table = self._synonyms[language] = self._table(language)
        for phrase, name in table.get(stems[start], ()):
            if tuple(stems[start : start + len(phrase)]) == phrase:
                yield len(phrase), name

    def grams(self, text: str) -> list[str]:
        """Return the character n-grams of the words of ``text``; each edge of a word counts as a character."""
        return [gram for word in words(text) for gram in _grams_of_word(word)]

    def _stem(self, found: list[str], language: str) -> list[str]:
        if language not in OTHER_ALPHABETS:
            return self._snowball(found, language)
        # A name in Latin letters is the same word in every language.
        latin = [word for word in found if word.isascii()]
        others = [word for word in found if not word.isascii()]
        own = map(kazakh_stem, others) if language == _KAZAKH else iter(self._snowball(others, language))
        english = iter(self._snowball(latin, _ENGLISH))
        return [next(english) if word.isascii() else next(own) for word in found]

    def _snowball(self, found: list[str], language: str) -> list[str]:
        if not found or language not in _SNOWBALL:
            return found
        with self._lock:
            stemmer = self._stemmers.get(language)
            if stemmer is None:
                stemmer = self._stemmers[language] = Stemmer.Stemmer(_SNOWBALL[language])
            stems = list(stemmer.stemWords(found))
            return list(stemmer.stemWords(stems)) if language in _STEMMED_TWICE else stems

    def _table(self, language: str) -> _SynonymTable:
        table: _SynonymTable = {}
        for number, group in enumerate(self._groups):
            for phrase in filter(None, group):
                stems = tuple(self._stem(phrase, language))
                table.setdefault(stems[0], []).append((stems, f"={number}"))
        return table


@lru_cache(maxsize=65_536)
def _grams_of_word(word: str) -> tuple[str, ...]:
    edged = f"_{word}_"
    if len(edged) <= GRAM:
        return (_GRAM_MARK + edged,)
    return tuple(_GRAM_MARK + edged[i : i + GRAM] for i in range(len(edged) - GRAM + 1))


@lru_cache(maxsize=262_144)
def term_hash(term: str) -> int:
    """Return 63 bits of the term's BLAKE2b hash. An index keeps terms as sorted numbers and needs no strings."""
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=8).digest(), "big") >> 1


def term_hashes(terms: Iterable[str]) -> NDArray[np.int64]:
    """Return the distinct hashes of ``terms``, sorted, shape (n,)."""
    return np.array(sorted({term_hash(term) for term in terms}), dtype=np.int64)
