"""Find snippets by words that are still being typed: in their titles, the names in them, and their text.

All words of all translations are sorted, so those that begin alike are neighbours, and so are their postings. A word
weighs its inverse document frequency within a language, as in the lexical index. A snippet is found if it holds most of
the weight that was typed.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.knowledge.snippet import Snippet
from index.text.terms import words
from index.version.snippet_db import SnippetDatabase

_QUESTION, _TEXT, _NAME, _TITLE = range(4)
_FIELD_BITS = 2
_WORTH = np.array([0.2, 0.4, 0.7, 1.0], np.float32)
"""What a word is worth in an example question, in the text, as a name in it, and in the title."""
_EXACT = 0.2
"""How much more the whole word is worth than a beginning."""
_LEAST_COVERAGE = 0.6
"""The share of the weight of all typed words that a translation must hold."""
_NEARLY = 0.95
"""A language that someone prefers is taken if it holds so much of what the best language holds."""
_LEAST_LETTERS, _MOST_DROPPED = 4, 4
"""A word that begins no word is cut: another ending may follow what is left."""
_LAST_CODE_POINT = "\U0010ffff"
_CAPITAL = re.compile(r"[^\W\d_][\w'’-]*")


class Begun(NamedTuple):
    """The snippets that hold what somebody is typing, best first."""

    titled: tuple[Snippet, ...]
    """Those whose title holds all of it."""
    others: tuple[Snippet, ...]
    is_word: bool
    """Whether what was typed ends with a whole word of the knowledge."""


class PrefixSearch:
    """Snippets by what somebody is typing; safe to use from several threads.

    Args:
        snippets: All snippets. Their words are collected at the first search.
        languages: The languages of the knowledge.
    """

    def __init__(self, snippets: SnippetDatabase, languages: Sequence[str]) -> None:
        self._snippets, self._languages = snippets, languages
        self._index: PrefixIndex | None = None
        self._collecting = Lock()

    def find(self, text: str, languages: Iterable[str | None], limit: int) -> Begun:
        """Return the snippets that hold what was typed.

        Args:
            text: What was typed so far.
            languages: The languages in which they are wanted, where these hold it.
            limit: Largest number of snippets.
        """
        wanted = [self._languages.index(language) for language in languages if language in self._languages]
        index, typed = self._words(), words(text)
        found = [(self._snippets.translation(hit.number), hit.in_title) for hit in index.find(typed, wanted, limit)]
        return Begun(
            tuple(snippet for snippet, in_title in found if in_title),
            tuple(snippet for snippet, in_title in found if not in_title),
            bool(typed) and index.has_word(typed[-1]),
        )

    def _words(self) -> PrefixIndex:
        with self._collecting:
            if self._index is None:
                snippets = self._snippets
                self._index = PrefixIndex(snippets.every_translation(), snippets.languages, snippets.snippet_numbers)
            return self._index


class PrefixHit(NamedTuple):
    """A translation that holds what was typed."""

    number: int
    in_title: bool
    """Whether its title holds all of it."""


class PrefixIndex:
    """The words of all translations. Immutable, and safe to use from several threads.

    Args:
        snippets: All translations in the order of their numbers.
        languages: The language of each, as a number.
        owners: The snippet of each, as a number.
    """

    def __init__(self, snippets: Iterable[Snippet], languages: NDArray[np.int16], owners: NDArray[np.int32]) -> None:
        self._languages, self._owners = languages, owners
        self._sizes = np.bincount(languages).astype(np.float32)
        known: dict[str, int] = {}
        ids, codes = array("i"), array("i")
        for number, snippet in enumerate(snippets):
            for word, field in _fields(snippet).items():
                ids.append(known.setdefault(word, len(known)))
                codes.append(number << _FIELD_BITS | field)
        self._words = sorted(known)
        rank = np.empty(len(known), np.int32)
        rank[[known[word] for word in self._words]] = np.arange(len(known), dtype=np.int32)
        ranks = rank[np.frombuffer(ids, np.int32)] if len(ids) else np.zeros(0, np.int32)
        self._postings = np.frombuffer(codes, np.int32)[np.argsort(ranks, kind="stable")] if len(ids) else ranks
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(ranks, minlength=len(known)))]).astype(np.int64)

    def has_word(self, word: str) -> bool:
        """Tell whether a translation holds this very word, as ``index.text.terms.words`` writes it."""
        place = bisect_left(self._words, word)
        return place < len(self._words) and self._words[place] == word

    def find(self, words_typed: Iterable[str], preferred: Sequence[int], limit: int) -> list[PrefixHit]:
        """Return the translations that hold some words or words that begin with them, best first.

        Args:
            words_typed: The words, as ``index.text.terms.words`` writes them.
            preferred: Languages in which to show them, as numbers. One that holds less of the words is passed over.
            limit: Largest number of hits; no two of them are of one snippet.
        """
        typed = list(dict.fromkeys(words_typed))
        if not typed or not len(self._languages):
            return []
        total = np.zeros(len(self._sizes), np.float32)
        held = np.zeros(len(self._languages), np.float32)
        score = np.zeros(len(self._languages), np.float32)
        in_title = np.ones(len(self._languages), np.bool_)
        for word in typed:
            worth = self._worth(word, whole=word != typed[-1])
            found = worth > 0
            frequency = np.bincount(self._languages[found], minlength=len(self._sizes))
            weight = np.log((self._sizes + 1) / (frequency + 0.5)).astype(np.float32)
            total += weight
            held += np.where(found, weight[self._languages], 0)
            score += worth * weight[self._languages]
            in_title &= worth >= _WORTH[_TITLE]
        coverage = (held / np.maximum(total, 1e-6)[self._languages]).astype(np.float32)
        enough = np.flatnonzero(coverage >= _LEAST_COVERAGE)
        if not len(enough):
            return []
        other = self._languages[enough] != self._language(coverage, enough, preferred)
        order = enough[np.lexsort(np.stack([-score[enough], ~in_title[enough], other]))]
        _, firsts = np.unique(self._owners[order], return_index=True)
        return [PrefixHit(int(n), bool(in_title[n])) for n in order[np.sort(firsts)[:limit]]]

    def _language(self, coverage: NDArray[np.float32], enough: NDArray[np.intp], preferred: Sequence[int]) -> int:
        """Return the language in which to show what was found."""
        languages = self._languages[enough]
        best = [float(coverage[enough[languages == number]].max(initial=0)) for number in range(len(self._sizes))]
        for number in preferred:
            if best[number] >= _NEARLY * max(best):
                return number
        counts = np.bincount(languages, minlength=len(best))
        return max(range(len(best)), key=lambda number: (best[number], counts[number]))

    def _worth(self, word: str, *, whole: bool) -> NDArray[np.float32]:
        """Return what a typed word is worth in each translation: the most that a word beginning with it is there.

        A short word that is whole begins too many others.
        """
        worth = np.zeros(len(self._languages), np.float32)
        least = max(_LEAST_LETTERS, len(word) - _MOST_DROPPED)
        for end in range(len(word), min(least, len(word)) - 1, -1):
            beginning = word[:end]
            first = bisect_left(self._words, beginning)
            last = bisect_left(self._words, beginning + _LAST_CODE_POINT, first)
            if whole and len(word) < _LEAST_LETTERS:
                last = first + self.has_word(word)
            if first == last:
                continue
            self._add(worth, first, last, 0.0)
            if end == len(word) and self._words[first] == word:
                self._add(worth, first, first + 1, _EXACT)
            break
        return worth

    def _add(self, worth: NDArray[np.float32], first: int, last: int, more: float) -> None:
        """Raise what translations are worth by the postings of neighbouring words; a better field counts last."""
        postings = self._postings[self._starts[first] : self._starts[last]]
        numbers, fields = postings >> _FIELD_BITS, postings & (1 << _FIELD_BITS) - 1
        for field in (_QUESTION, _TEXT, _NAME, _TITLE):
            there = numbers[fields == field]
            worth[there] = np.maximum(worth[there], _WORTH[field] + more)


def _fields(snippet: Snippet) -> dict[str, int]:
    """Return the words of a translation, each with the best field that holds it."""
    found = dict.fromkeys(words("\n".join(snippet.questions)), _QUESTION)
    found.update(dict.fromkeys(words(snippet.text), _TEXT))
    beginnings = {start for start, _ in snippet.sentences}
    names = (
        name[0] for name in _CAPITAL.finditer(snippet.text) if name[0][0].isupper() and name.start() not in beginnings
    )
    found.update(dict.fromkeys(words(" ".join([*names, *snippet.speakers])), _NAME))
    found.update(dict.fromkeys(words(snippet.title), _TITLE))
    return found
