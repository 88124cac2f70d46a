"""Recognise that a question swaps the roles which a passage gives to two countries.

The Kazakh ambassador to the United Kingdom is not the British ambassador to Kazakhstan.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from index.text.folded import beginnings_of, folded
from index.text.names import Name, words_of
from index.text.terms import fold

# All patterns are for folded words or text.
_THINGS = {
    "ambassador": r"ambassador|envoy|посол\b|посл(?:а|у|ом|ы|ов|ами)\b|посланн|елши(?!л)",
    "embassy": r"embass(?:y|ies)|посольств|елшилиг|елшиликт",
    "company": r"compan|firm|business|investor|компани|фирм|предприят|инвестор|касипорын",
    "investment": r"invest(?!or)|инвести",
    "export": r"export|экспорт|suppl|поставк|жеткиз",
    "import": r"import|импорт",
    "student": r"student|студент",
    "university": r"universit|университет",
    "loan": r"loan|credit|кредит|заем|займ|несие|карыз",
}
_THING = re.compile(r"\b(?:" + "|".join(f"(?P<{name}>{pattern})" for name, pattern in _THINGS.items()) + ")")
_BEGINNINGS = beginnings_of(
    "ambassador envoy посол посла елши embassy company firm business investor компания фирма предприятие инвестор"
    " касипорын invest export import экспорт supply поставка жеткизу импорт student студент university университет"
    " loan credit кредит заем займ несие карыз"
)
_OFFICES = frozenset({"ambassador", "embassy"})
"""Of each pair of countries there are two, so that one country that differs is enough."""
_TO = re.compile(r"\b(?:to|in|into|for|within|в|во|при)\s+(?:the\s+)?$")
_FROM = re.compile(r"\b(?:from|из)\s+(?:the\s+)?$")
_OF = re.compile(r"\b(?:of|with)\s+(?:the\s+)?$")
_PAUSE = re.compile(r"[,;:()—]")
_TO_ENDING = re.compile(r"(?:[дт][ае](?:г[ыи](?:[а-я]{1,5})?)?|[гк][ае])$")
_FROM_ENDING = re.compile(r"[дтн][ае]н$")
_PREPOSITION = 12
"""A preposition stands within so many characters before a country, with its article."""
_SENTENCE_END = re.compile(r"[.!?;]\s")
_WINDOW = 5
"""A country belongs to a thing that is at most so many words away."""


class Direction(NamedTuple):
    """That a thing of one country is in another, or goes there."""

    thing: str
    source: str | None
    target: str | None


def swapped_countries(question: str, language: str, held: frozenset[Direction]) -> Iterator[str]:
    """Yield the words by which a question contradicts the roles of two countries in a passage.

    Args:
        question: A question.
        language: Its language.
        held: What the passage says.
    """
    form = folded(question)
    for direction in directions(question, language):
        if _contradicts(direction, held) and (match := re.search(rf"\b(?:{_THINGS[direction.thing]})\w*", form.text)):
            yield form.words(*match.span())


def may_tell_direction(text: str) -> bool:
    """Tell quickly whether a text may say which things of which countries are in which others."""
    form = folded(text)
    return form.may_hold(_BEGINNINGS) and _THING.search(form.text) is not None


def directions(text: str, language: str) -> frozenset[Direction]:
    """Return which things of which countries are in which others, in each sentence of ``text``."""
    if not may_tell_direction(text):
        return frozenset()
    found = set()
    for sentence in _SENTENCE_END.split(text):
        words = list(words_of(sentence))
        if not any(word.is_country for word in words):
            continue
        for place, word in enumerate(words):
            if match := _THING.match(fold(word.word)):
                found.add(_direction(str(match.lastgroup), sentence, language, words, place))
    return frozenset(direction for direction in found if direction.source or direction.target)


def _direction(thing: str, sentence: str, language: str, words: list[Name], place: int) -> Direction:
    """Return the nearest country of each role around the thing at ``place``."""
    source = target = None
    near = range(max(0, place - _WINDOW), min(len(words), place + _WINDOW + 1))
    for other in sorted(near, key=lambda other: abs(other - place)):
        word = words[other]
        first, last = sorted((word, words[place]), key=lambda item: item.start)
        between = sentence[first.end : last.start]
        if not word.is_country or word.word == "us" or _PAUSE.search(between):
            continue
        role = _role(sentence, language, word)
        # In English, what is behind a thing belongs to it only by a preposition.
        if role == "of" and language == "en" and other > place and not _OF.search(fold(between)):
            continue
        if (role == "to") != (thing == "import" and role != "from"):
            target = target or word.key
        else:
            source = source or word.key
    return Direction(thing, source, target)


def _role(sentence: str, language: str, word: Name) -> str:
    """Return ``to``, ``from`` or ``of``: how a country is joined to what is said."""
    form, before = fold(word.word), fold(sentence[max(0, word.start - _PREPOSITION) : word.start])
    if _FROM.search(before) or (language == "kk" and _FROM_ENDING.search(form)):
        return "from"
    if _TO.search(before) or (language == "kk" and _TO_ENDING.search(form)):
        return "to"
    return "of"


def _contradicts(asked: Direction, held: frozenset[Direction]) -> bool:
    """Tell whether a passage has the direction only between other countries, or the other way round."""
    same = [direction for direction in held if direction.thing == asked.thing]
    if asked.thing in _OFFICES:
        return bool(same) and not any(_agree(asked, direction) for direction in same)
    reverse = Direction(asked.thing, asked.target, asked.source)
    return bool(asked.source and asked.target) and reverse in same and asked not in same


def _agree(one: Direction, other: Direction) -> bool:
    return all(a is None or b is None or a == b for a, b in ((one.source, other.source), (one.target, other.target)))
