"""The words of a message in the form in which phrases match them."""

from __future__ import annotations

import re
from itertools import pairwise

from index.question.grammar import Kind, Words, candidates, grammar, normal
from index.question.word_patterns import fold

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[?!.…]+(?=[\s\"')]|\Z)|\n|[,;:()–—]|(?<=\s)-(?=\s)")
_SENTENCE_END = re.compile(r"[?!…\n]")
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st no nr vs eg ie etc inc ltd co approx г гг им тыс млн млрд руб ул обл акад ж жж мың".split()
)


_WITHIN_JOINED = frozenset({Kind.INTRODUCTION, Kind.SUBJECT})
"""A profession may be joined to another; elsewhere a joined word is another word: "well-known"."""
_LONGEST_CLAUSE = 9
_LEAST_NAMED = 2


class Message:
    """The words of a message. Not changed once made."""

    def __init__(self, text: str, words: Words) -> None:
        starts: list[int] = []
        ends: list[int] = []
        normal_forms: list[str] = []
        marked: dict[int, str] = {}
        joined: set[int] = set()
        places, place, end = [0], 0, -1
        for token in _TOKEN.finditer(fold(text)):
            found = token[0]
            if found[0].isalnum():
                start = token.start()
                if end + 1 == start and text[end] in "-.":
                    joined.add(len(starts))
                end = start + len(found)
                word = normal(found)
                starts.append(start)
                ends.append(end)
                normal_forms.append(word)
                place += len(word) + 1
                places.append(place)
            else:
                number = len(starts)
                marked[number] = marked.get(number, "") + found
        self.text, self.words = text, words
        self.starts, self.ends, self.normal = starts, ends, normal_forms
        self.marked = marked
        """Punctuation, by the number of the word behind it."""
        self.joined = joined
        """Words that a hyphen or a full stop joins to the one before, as in "well-known" and "A.Baitursynuly"."""
        self._known = grammar().phrases
        self._line = " ".join(normal_forms) + " "
        self._places = places
        self._place_of = dict(zip(places, range(len(places)), strict=True))

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
        best: tuple[int, Kind] | None = None
        for phrase in known:
            match = phrase.compiled.match(self._line, place, limit)
            end = self._end(phrase.kind, self._place_of[match.end()], stop) if match else 0
            if end > (best[0] if best else number) and (parted or phrase.kind is not Kind.TAG):
                best = end, phrase.kind
        return best

    def _end(self, kind: Kind, end: int, stop: int) -> int:
        """Return where a phrase that matched up to ``end`` ends; 0 where something forbids that it stands there."""
        if kind is Kind.CLAUSE:
            start = end
            end = next((number for number in range(start, stop) if number in self.marked), stop)
            asks = not self.words.ask.isdisjoint(self.normal[start:end])
            ended = end < stop or stop in self.marked
            return 0 if asks or not ended or end - start > _LONGEST_CLAUSE else end
        if kind is Kind.ASIDE and end != stop and end not in self.marked:
            return 0
        return 0 if end in self.joined and kind not in _WITHIN_JOINED else end

    def within(self, before: re.Pattern[str], behind: re.Pattern[str], first: int, last: int) -> tuple[int, int] | None:
        """Return the words between a pattern at ``first`` and another that ends before ``last``, if there are any."""
        limit = self._places[last]
        opened = before.match(self._line, self._places[first], limit)
        closed = opened and behind.search(self._line, opened.end(), limit)
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

    def leans(self, first: int, last: int) -> bool:
        """Tell whether a pronoun stands for something outside: the clause names too little before it."""
        pronouns = (number for number in range(first, last) if self.normal[number] in self.words.lean)
        pronoun = next(pronouns, None)
        return pronoun is not None and self.content(first, pronoun) < _LEAST_NAMED
