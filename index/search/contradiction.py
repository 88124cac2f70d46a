"""Find what a question states and a passage does not hold, or contradicts: such a passage does not surely answer."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import chain

from index.knowledge.snippet import Snippet
from index.search.known_names import KnownNames, names_in
from index.search.passage_facts import Found, PassageFacts, passage_facts
from index.search.roles import may_tell_direction, swapped_countries
from index.search.successions import may_tell_succession, swapped_people
from index.text.codes import codes, words_of_code
from index.text.dates import DateFound, dates_found
from index.text.folded import folded
from index.text.names import Name, keys, may_name, short_key
from index.text.negation import negation
from index.text.quantities import Quantity, ordinals, quantities
from index.text.terms import fold


class DifferenceKind(StrEnum):
    """What differs."""

    DATE = "date"
    NUMBER = "number"
    ORDINAL = "ordinal"
    NAME = "name"
    NEGATION = "negation"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that a question states and a passage does not hold."""

    kind: DifferenceKind
    asked: str
    """The words of the question."""
    found: str | None = None
    """What the passage says instead, where it says one such thing."""


# For folded text.
_OR = re.compile(r"\b(?:or|или|либо|алде|немесе)\b|\s(?:ма|ме|ба|бе|па|пе)\s*,")
_MOST_BETWEEN = 25
"""So many characters lie at most between two alternatives, and between a date and what changes its meaning."""
_SINCE = re.compile(r"\b(?:since|after|начиная с|после|с|со)\s+(?:the\s+)?$")
_UNTIL = re.compile(r"\b(?:before|until|till|до)\s+(?:the\s+)?$")
_BEHIND = r"[\s-]*(?:год[а-я]*|жыл[а-я]*|[а-я]{2,3})?\s*"
_SINCE_BEHIND, _UNTIL_BEHIND = re.compile(_BEHIND + r"(?:бери|кейин)\b"), re.compile(_BEHIND + r"дейин\b")
# "My second question" is about no second anything.
_ABOUT_QUESTION = frozenset({"quest", "thing", "point", "вопро", "сурак"})
# A passage tells a century by its years, too.
_CENTURY = frozenset({"centu", "век", "века", "веке", "гасыр"})
_ROMAN = re.compile("[IVXLІХ]+")
_SAME_SPELLING = 0.8
"""How alike an unknown name and one of the passage must be to count as the same, 0 to 1."""
_SHORT = 8
"""Letters of a name of three letters with its longest ending."""
_ALIKE = 5
"""Words that share so many letters have one stem, or as many as the key of one has."""
_MOST_NAMES = 5
"""A question with more names that a passage lacks is not about it; comparing spellings takes time."""


def differences(
    question: str, language: str, translations: Sequence[Snippet], names: KnownNames, *, today: date
) -> tuple[Difference, ...]:
    """Return what ``question`` states and no translation of a snippet holds.

    Args:
        question: The question as it was read: with typos corrected.
        language: Its language.
        translations: The snippet in all its languages, the one that is shown first. A name may be spelled as in any.
        names: The names of the whole knowledge, for questions without capital letters.
        today: The day to which "last year" refers.
    """
    passage = passage_facts(translations)
    return tuple(
        chain(
            _dates(question, passage, today),
            _numbers(question, passage),
            _ordinals(question, passage),
            _codes(question, passage),
            _names(question, language, passage, names),
            _negation(question, language, passage),
            _roles(question, language, passage, names),
        )
    )


def _alternatives(question: str, found: Sequence[Found]) -> Iterator[list[Found]]:
    """Yield what a question states in groups, of which the passage must hold one: "in 2023 or 2024"."""
    group: list[Found] = []
    for item in found:
        if group and item.start >= group[-1].end:
            between = folded(question).text[group[-1].end : item.start]
            if len(between) > _MOST_BETWEEN or not _OR.search(between):
                yield group
                group = []
        group.append(item)
    if group:
        yield group


def _dates(question: str, passage: PassageFacts, today: date) -> Iterator[Difference]:
    form = folded(question)
    for group in _alternatives(question, dates_found(question, today)):
        asked = [item for item in group if isinstance(item, DateFound)]
        if any(_holds_date(form.text, item, passage) for item in asked):
            continue
        first = asked[0]

        def as_exact(item: Found, first: DateFound = first) -> bool:
            return isinstance(item, DateFound) and item.stated.is_as_exact_as(first.stated)

        found = passage.instead(dates_found, as_exact)
        yield Difference(DifferenceKind.DATE, form.words(first.start, first.end), found)


def _holds_date(form: str, asked: DateFound, passage: PassageFacts) -> bool:
    """Tell whether a passage holds a date that the question means."""
    stated, held = asked.stated, passage.dates
    if any(other.includes(stated) for other in held):
        return True
    years = {other.year for other in held if other.year}
    if stated.year is None:
        return False
    if stated.month is not None:
        # The passage may state the year elsewhere: "on 12 March".
        bare = replace(stated, year=None)
        return stated.year in years and any(other.year is None and other.includes(bare) for other in held)
    if any(quantity.value == stated.year for quantity in passage.quantities):
        return True  # "1200" alone may be a year or not
    before = max(0, asked.start - _MOST_BETWEEN)
    if _SINCE.search(form, before, asked.start) or _SINCE_BEHIND.match(form, asked.end):
        return any(year > stated.year for year in years)
    if _UNTIL.search(form, before, asked.start) or _UNTIL_BEHIND.match(form, asked.end):
        return any(year < stated.year for year in years)
    return False


def _numbers(question: str, passage: PassageFacts) -> Iterator[Difference]:
    for group in _alternatives(question, quantities(question)):
        asked = [item for item in group if isinstance(item, Quantity)]
        if any(_holds_number(item, passage) for item in asked):
            continue
        first = asked[0]

        def of_unit(item: Found, first: Quantity = first) -> bool:
            return isinstance(item, Quantity) and item.unit == first.unit != ""

        words = folded(question).words(first.start, first.end)
        yield Difference(DifferenceKind.NUMBER, words, passage.instead(quantities, of_unit))


def _holds_number(asked: Quantity, passage: PassageFacts) -> bool:
    """Tell whether the passage holds a number; it need not repeat a word ("the two ministers"), only not contradict."""
    if any(asked.equals(other) for other in passage.quantities):
        return True
    if any(asked.value == stated.year for stated in passage.dates):
        return True  # "cargo 2024 tonnes"
    if not asked.measured and asked.value in passage.digits:
        return True  # "COVID 19" for COVID-19
    if not asked.digits:
        return not any(other.unit == asked.unit != "" for other in passage.quantities)
    return any(ordinal.number == asked.value for ordinal in passage.ordinals)


def _ordinals(question: str, passage: PassageFacts) -> Iterator[Difference]:
    for asked in ordinals(question):
        held = passage.ordinals
        if asked.noun in _ABOUT_QUESTION | _CENTURY or any(other.number == asked.number for other in held):
            continue
        # Whatever happens for the first time may be told without the word.
        if asked.number == 1 and not any(other.noun == asked.noun != "" for other in held):
            continue
        if any(other.digits and other.value == asked.number for other in passage.quantities):
            continue
        words = folded(question).words(asked.start, asked.end)
        yield Difference(DifferenceKind.ORDINAL, words, passage.instead(ordinals, lambda _: True))


def _codes(question: str, passage: PassageFacts) -> Iterator[Difference]:
    asked = codes(question)
    if asked and asked.isdisjoint(passage.codes):
        yield Difference(DifferenceKind.NAME, words_of_code(question, min(asked)))


def _names(question: str, language: str, passage: PassageFacts, known: KnownNames) -> Iterator[Difference]:
    if not may_name(question, known.names, passage.quoted_keys):
        return
    asked = [name for name in names_in(question, language, known) if not _ROMAN.fullmatch(name.word)]
    every = keys(question)
    # A frequent place in an example question often stands for a government.
    lacking = [
        name for name in asked if name.key not in (passage.quoted_keys if name.key in known.frequent else passage.keys)
    ]
    for name in lacking[:_MOST_NAMES]:
        replaced = known.held(name.key, every, passage.keys) or _has_alternative(question, name, asked, lacking, known)
        if not replaced and not _is_variant(name, passage, known):
            yield Difference(DifferenceKind.NAME, name.word)


def _has_alternative(
    question: str, name: Name, asked: Sequence[Name], lacking: Sequence[Name], known: KnownNames
) -> bool:
    """Tell whether a held name can replace one that is not: the surname beside it, or the other side of an "or"."""
    place = asked.index(name)
    for other in asked[max(0, place - 2) : place + 3]:
        if other in lacking:
            continue
        first, last = sorted((name, other), key=lambda item: item.start)
        between = question[first.end : last.start]
        # An unknown word in front of a name is part of it; a known one, as "Kathy" before "Benham", is another name.
        is_part = not name.is_country and not other.is_country and name.key not in known.names
        if other is last and between.isspace() and is_part:
            return True
        if len(between) <= _MOST_BETWEEN and _OR.search(fold(between)):
            return True
    return False


def _is_variant(name: Name, passage: PassageFacts, known: KnownNames) -> bool:
    """Tell whether a name may be a word of the passage in another form or spelling."""
    if name.is_country:
        return False
    if not name.word.isascii() and len(name.word) <= _SHORT and short_key(name.word) in passage.short_keys:
        return True
    if name.word[0].islower():
        # Another word of the same stem is as good: "finance" and "financial", «каспий» and «Транскаспийский».
        stem = name.key[:_ALIKE]
        if any(stem in key for key in passage.keys):
            return True
    return name.key not in known.names and bool(difflib.get_close_matches(name.key, passage.keys, 1, _SAME_SPELLING))


def _negation(question: str, language: str, passage: PassageFacts) -> Iterator[Difference]:
    asked = negation(question, language)
    if asked and not passage.denies:
        yield Difference(DifferenceKind.NEGATION, asked)


def _roles(question: str, language: str, passage: PassageFacts, known: KnownNames) -> Iterator[Difference]:
    if may_tell_direction(question):
        for words in swapped_countries(question, language, passage.directions):
            yield Difference(DifferenceKind.ROLE, words)
    if may_tell_succession(question):
        for words in swapped_people(question, language, passage.successions(known), known):
            yield Difference(DifferenceKind.ROLE, words)
