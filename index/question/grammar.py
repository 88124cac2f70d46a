"""Read the phrases around a question, and the words of its languages, from ``frames.yaml``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache, cached_property, lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from index.question.word_patterns import DROPPED, alternatives, edge_words, expression

_PHRASES = Path(__file__).with_name("frames.yaml")

_REPEATED_LETTER = re.compile(r"([^\W\d_])\1{2,}")
_LEAST_LETTERS = 5
"""A slip in a shorter word more often makes another real word than a misspelling."""

_NAMES = " (name)"
_EMPTY_LISTS = ("ask", "begin", "lean", "link", "also", "about", "whether", "articles", "within_names", "empty")


class Kind(Enum):
    """Where in a sentence a phrase may stand and still say nothing of what is asked."""

    ANYWHERE = "anywhere"
    EDGE = "edge"
    """At the beginning or the end."""
    OPENING = "opening"
    ASIDE = "aside"
    """At the beginning, with punctuation or the end of the sentence behind it."""
    CLOSING = "closing"
    CLAUSE = "clause"
    """Begins a clause that goes up to the next punctuation."""
    TAG = "tag"
    """At the end, with punctuation or the beginning of the sentence before it."""
    REQUEST = "request"
    """Asks to be told; what is to be told comes before or behind it."""
    INTRODUCTION = "introduction"
    """Begins a clause about the person who asks."""
    SUBJECT = "subject"
    """Begins such a clause, which may also name what the question is about."""


OPENING = frozenset({Kind.ANYWHERE, Kind.EDGE, Kind.CLAUSE, Kind.OPENING, Kind.ASIDE, Kind.REQUEST})
CLOSING = frozenset({Kind.ANYWHERE, Kind.EDGE, Kind.CLAUSE, Kind.CLOSING, Kind.TAG, Kind.REQUEST})


@dataclass(frozen=True, eq=False)
class Phrase:
    """A pattern of words; made an expression only when its first word occurs somewhere, because few of them ever do."""

    kind: Kind
    template: str
    classes: Mapping[str, list[str]]

    @cached_property
    def pattern(self) -> str:
        """The expression, to be matched against normal forms with a space behind each."""
        return expression(self.template, self.classes)

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern, compiled."""
        return re.compile(self.pattern)


@dataclass(frozen=True, eq=False)
class Frame:
    """What stands before and behind a thing when the question is what that is."""

    before: re.Pattern[str]
    after: re.Pattern[str]
    only_names: bool
    """Whether it asks so only about a name: who is Kathy Leach, but not who is the ambassador."""


@dataclass(frozen=True)
class Words:
    """What a language adds: the words by which the parts of a question are told apart, all in normal form."""

    ask: frozenset[str]
    """Question words."""
    begin: frozenset[str]
    """Words that make a question of a sentence which begins with them."""
    lean: frozenset[str]
    """Pronouns, which stand for something named before."""
    link: frozenset[str]
    """Conjunctions that join two questions or clauses."""
    also: frozenset[str]
    """Words that may follow such a conjunction."""
    about: frozenset[str]
    """Words between a request and a name."""
    whether: frozenset[str]
    """Words between a request and a clause without a question word."""
    articles: frozenset[str]
    no_name: frozenset[str]
    """Words that do not occur in the name of a thing, so what holds one asks for more than what the thing is."""
    within_names: frozenset[str]
    """Words that may stand inside a name, but neither begin nor end it."""
    empty: frozenset[str]
    """All of these that say nothing of what a question is about, and a few more."""
    asks_anywhere: bool
    """Whether a question word may stand in any place of a question, and not only at its beginning."""
    person: frozenset[str]
    """Words by which a sentence is about the person who asks, or the one who is asked."""
    personal: tuple[str, ...]
    """Endings of verbs that do the same; a clause within a sentence needs more."""
    first_person: tuple[str, ...]
    """Endings of words by which a clause is about the person who asks."""
    relating: tuple[str, ...]
    """Endings of words that have something of their own behind them, as a possessor has."""
    what_before: Mapping[str, tuple[Frame, ...]]
    """Frames by the first word before the thing."""
    what_behind: Mapping[str, tuple[Frame, ...]]
    """Frames that only stand behind the thing, by their last word."""


@dataclass(frozen=True)
class Grammar:
    """All phrases by the words they can begin with, and the words of each language."""

    phrases: Mapping[str, tuple[Phrase, ...]]
    languages: Mapping[str, Words]
    slips: Mapping[str, str]
    """Words of phrases that are often mistyped, by what remains without one letter.

    Others do not count as misspelt: a verb in another form is one letter away too.
    """
    known: frozenset[str]
    """Words that are not misspelt."""
    anywhere: frozenset[str]
    """First words of phrases that go from any place."""
    closing: frozenset[str]
    """Last words of phrases that go from the end. Few questions end with one, so this saves most of the search."""
    closing_on: frozenset[str]
    """First words of such phrases that may end with any word."""


def load_yaml(path: Traversable) -> Any:
    """Read a file of phrases."""
    # Imported here, because what only measures or lists an index has no question to read.
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)(path.read_text("utf-8")).get_data()


@lru_cache(maxsize=65_536)
def normal(word: str) -> str:
    """Return the form in which a folded word is compared; one slip in a word often mistyped is corrected."""
    word = _REPEATED_LETTER.sub(r"\1", DROPPED.sub("", word))
    known = grammar()
    if len(word) < _LEAST_LETTERS or word in known.known:
        return word
    # The last letter is the ending of a word more often than a slip.
    return next((other for other in one_slip_away(word, known.slips) if other[-1] == word[-1]), word)


@cache
def candidates(word: str, kinds: frozenset[Kind]) -> tuple[Phrase, ...]:
    """Return the phrases of ``kinds`` that begin with a word of the grammar.

    No expression of them all together is made. Matching it would be a little faster, but compiling one for each word
    takes a second in a build and much of the first answer.
    """
    return tuple(phrase for phrase in grammar().phrases[word] if phrase.kind in kinds)


@cache
def grammar() -> Grammar:
    """Return the phrases of ``frames.yaml``."""
    by_first: dict[str, list[Phrase]] = defaultdict(list)
    languages: dict[str, Words] = {}
    mistyped: set[str] = set()
    known: set[str] = set()
    closing: set[str] = set()
    closing_on: set[str] = set()
    for language, data in load_yaml(_PHRASES).items():
        classes = {name: alternatives(members) for name, members in data["classes"].items()}
        for kind in Kind:
            for template in data.get(kind.value) or ():
                phrase = Phrase(kind, template, classes)
                firsts = edge_words(template, classes)
                for first in firsts:
                    by_first[first].append(phrase)
                if kind in CLOSING:
                    lasts = edge_words(template, classes, at_end=True)
                    closing.update(lasts)
                    closing_on.update(firsts if "_" in lasts or kind is Kind.CLAUSE else ())
        languages[language] = _words(data["words"], data["what"], classes, asks_anywhere=data["asks_anywhere"])
        mistyped.update(alternatives(data["mistyped"].split()))
        known.update(word for members in classes.values() for member in members for word in member.split())
    known.update(by_first)
    slips = slips_of(mistyped)
    phrases = {first: tuple(found) for first, found in by_first.items()}
    anywhere = frozenset(first for first, found in phrases.items() if any(p.kind is Kind.ANYWHERE for p in found))
    return Grammar(
        phrases, languages, slips, frozenset(known), anywhere, frozenset(closing), frozenset(closing_on - {"_"})
    )


def _words(
    words: Mapping[str, str], what: Sequence[str], classes: Mapping[str, list[str]], *, asks_anywhere: bool
) -> Words:
    sets = {name: frozenset(alternatives(text.split())) for name, text in words.items()}
    before: dict[str, list[Frame]] = defaultdict(list)
    behind: dict[str, list[Frame]] = defaultdict(list)
    for template in what:
        only_names = template.endswith(_NAMES)
        first, _, last = (part.strip() for part in template.removesuffix(_NAMES).partition("…"))
        opened = re.compile(expression(first, classes))
        frame = Frame(opened, re.compile(rf"(?<!\S){expression(last, classes)}$"), only_names)
        for word in edge_words(first or last, classes, at_end=not first):
            (before if first else behind)[word].append(frame)
    return Words(
        ask=sets["ask"],
        begin=sets["begin"],
        lean=sets["lean"],
        link=sets["link"],
        also=sets["also"],
        about=sets["about"],
        whether=sets["whether"],
        articles=sets["articles"],
        no_name=sets["no_name"],
        within_names=sets["within_names"],
        person=sets["person"],
        personal=tuple(sorted(sets["personal"])),
        first_person=tuple(sorted(sets["first_person"])),
        relating=tuple(sorted(sets["relating"])),
        empty=frozenset().union(*(sets[name] for name in _EMPTY_LISTS)),
        asks_anywhere=asks_anywhere,
        what_before={word: tuple(frames) for word, frames in before.items()},
        what_behind={word: tuple(frames) for word, frames in behind.items()},
    )


def slips_of(words: Iterable[str]) -> dict[str, str]:
    """Return words that are often mistyped, by what remains of them without one letter, and by themselves."""
    return {rest: word for word in sorted(words) for rest in _without_one(word)}


def one_slip_away(word: str, slips: Mapping[str, str]) -> Iterator[str]:
    """Yield the words of ``slips_of`` that equal a word once each of both may have lost one letter."""
    return (slips[rest] for rest in _without_one(word) if rest in slips)


def _without_one(word: str) -> Iterator[str]:
    """Yield the word, and what remains without each letter but the first."""
    yield word
    for place in range(1, len(word)):
        yield word[:place] + word[place + 1 :]
