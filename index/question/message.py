"""The words of a message in the form in which phrases match them."""

from __future__ import annotations

import re
from itertools import pairwise

from index.question.grammar import Kind, Words, candidates, fold, grammar, normal

_TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[?!.…]+(?=[\s\"')]|\Z)|\n|[,;:()–—]|(?<=\s)-(?=\s)")
_SENTENCE_END = re.compile(r"[?!…\n]")
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st no nr vs eg ie etc inc ltd co approx г гг им тыс млн млрд руб ул обл акад ж жж мың".split()
)


class Message:
    """The words of a message. Not changed once made."""

    __slots__ = ("_known", "_place_of", "_places", "_joined", "ends", "marked", "normal", "starts", "text", "words")

    def __init__(self, text: str, words: Words) -> None:
        self.text, self.words = text, words
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.normal: list[str] = []
        self.marked: dict[int, str] = {}
        """Punctuation, by the number of the word behind it."""
        self._known = grammar().phrases
        places, place = [0], 0
        for token in _TOKEN.finditer(fold(text)):
            found = token[0]
            if found[0].isalnum():
                start, end = token.span()
                self.starts.append(start)
                self.ends.append(end)
                word = normal(found)
                self.normal.append(word)
                place += len(word) + 1
                places.append(place)
            else:
                number = len(self.normal)
                self.marked[number] = self.marked.get(number, "") + found
        self._joined = " ".join(self.normal) + " "
        self._places = places
        self._place_of = {place: number for number, place in enumerate(places)}

    def sentences(self) -> list[tuple[int, int]]:
        """Return the first word of each sentence and the one behind its last.

        A full stop behind an abbreviation or a single letter ends none.
        """
        count = len(self.normal)
        stops = [number for number, marks in self.marked.items() if 0 < number < count and self._ends(number, marks)]
        return list(pairwise([0, *stops, count])) if count else []

    def _ends(self, number: int, marks: str) -> bool:
        if _SENTENCE_END.search(marks):
            return True
        word = self.normal[number - 1]
        return "." in marks and len(word) > 1 and word not in _ABBREVIATIONS

    def has_question_mark(self, stop: int) -> bool:
        """Tell whether the sentence that ends before the word ``stop`` ends with a question mark."""
        return "?" in self.marked.get(stop, "")

    def follows_comma(self, number: int) -> bool:
        """Tell whether a comma, dash or the like stands before a word."""
        return not {",", ";", ":", "–", "—", "-"}.isdisjoint(self.marked.get(number, ""))

    def phrase(self, number: int, stop: int, kinds: frozenset[Kind]) -> tuple[int, Kind] | None:
        """Return where the longest phrase of ``kinds`` that begins at a word ends, and its kind."""
        word = self.normal[number]
        if word not in self._known or not (known := candidates(word, kinds)):
            return None
        place, limit = self._places[number], self._places[stop]
        parted = number == 0 or number in self.marked
        if not known.any.match(self._joined, place, limit):
            return None
        best: tuple[int, Kind] | None = None
        for phrase in known.phrases:
            match = phrase.compiled.match(self._joined, place, limit)
            # A phrase with a repeated part that stops at any word may match nothing.
            if match and match.end() > self._places[best[0] if best else number]:
                end = self._place_of[match.end()]
                aside = phrase.kind is Kind.ASIDE and end != stop and end not in self.marked
                if not aside and (parted or phrase.kind is not Kind.TAG):
                    best = end, phrase.kind
        return best

    def within(self, before: re.Pattern[str], behind: re.Pattern[str], first: int, last: int) -> tuple[int, int] | None:
        """Return the words between a pattern at ``first`` and another that ends before ``last``, if there are any."""
        limit = self._places[last]
        opened = before.match(self._joined, self._places[first], limit)
        closed = opened and behind.search(self._joined, opened.end(), limit)
        if not opened or not closed or closed.start() <= opened.end():
            return None
        return self._place_of[opened.end()], self._place_of[closed.start()]

    def asks(self, start: int, stop: int) -> bool:
        """Tell whether a question word stands among these words, or a word that makes a question of a sentence."""
        words = self.words
        found = self.normal[start:stop]
        return bool(found) and (found[0] in words.begin or not words.ask.isdisjoint(found))

    def content(self, start: int, stop: int) -> int:
        """Count the words that say what a question is about."""
        return sum(word not in self.words.empty for word in self.normal[start:stop])
