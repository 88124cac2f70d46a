"""Read the phrases around a question from ``frames.yaml``, and find them in a list of words.

A phrase is a pattern of words. A word may have endings or none, ``скажи(те)`` or ``добр(ый|ого)``; ``(a|b c)`` is one
of several, ``{name}`` one of a class, ``_`` any word; ``?`` behind it makes it optional, ``*`` lets it repeat, ``{0,3}``
says how often it may stand there; ``!(a|b)`` forbids that one of these comes next.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

_PHRASES = Path(__file__).with_name("frames.yaml")

# Letters that people replace by a similar one. One character stays one character, so that places stay the same.
_FOLD = str.maketrans("ёәғқңөұүһі", "еагкноуухи")
_DROPPED = re.compile(r"['-]")
_REPEATED_LETTER = re.compile(r"([^\W\d_])\1{2,}")
_LEAST_LETTERS = 5
"""A slip in a shorter word more often makes another real word than a misspelling."""

_ELEMENT = re.compile(
    r"(!?)(\((?:[^()]|\([^()]*\))*\)|\{[a-z_]+\}|[^\s(){}?*+]+(?:\([^)]*\))?)([?*+]|\{\d,\d\})?(?:\s+|$)"
)
_REPEATS = {"": "", "?": "?", "*": "{0,5}", "+": "{1,8}"}
"""Bounded, because a message may repeat a word a thousand times."""
# Not the bars between endings.
_BAR = re.compile(r"\|(?![^(|]*(?:\|[^(|]*)*\))")
_ENDINGS = re.compile(r"([^\s(]+)\(([^)]*)\)")


_NAMES = " (name)"
_ENDING_LISTS = ("first_person", "relating")
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
    TAG = "tag"
    """At the end, with punctuation or the beginning of the sentence before it."""
    REQUEST = "request"
    """Asks to be told; what is to be told comes before or behind it."""
    INTRODUCTION = "introduction"
    """Begins a clause about the person who asks."""
    SUBJECT = "subject"
    """Begins such a clause, which may also name what the question is about."""


@dataclass(frozen=True, eq=False)
class Phrase:
    """A pattern of words; made an expression only when its first word occurs somewhere, because few of them ever do."""

    kind: Kind
    template: str
    classes: Mapping[str, list[str]]

    @cached_property
    def pattern(self) -> str:
        """The expression, to be matched against normal forms with a space behind each."""
        return _expression(self.template, self.classes)

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


def load_yaml(path: Path) -> Any:
    """Read a data file of this package."""
    # Imported here, because what only measures or lists an index has no question to read.
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)(path.read_text("utf-8")).get_data()


def fold(text: str) -> str:
    """Return ``text`` in lower case with similar letters made one, each character in its place."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    return lower.translate(_FOLD)


@lru_cache(maxsize=65_536)
def normal(word: str) -> str:
    """Return the form in which a folded word is compared; one slip in a word often mistyped is corrected."""
    word = _REPEATED_LETTER.sub(r"\1", _DROPPED.sub("", word))
    known = grammar()
    if len(word) < _LEAST_LETTERS or word in known.known:
        return word
    meant = (known.slips[rest] for rest in _without_one(word) if rest in known.slips)
    # The last letter is the ending of a word more often than a slip.
    return next((other for other in meant if other[-1] == word[-1]), word)


@dataclass(frozen=True, eq=False)
class Candidates:
    """The phrases of some kinds that begin with a word."""

    phrases: tuple[Phrase, ...]
    any: re.Pattern[str]
    """Matches where one of them does."""


@cache
def candidates(word: str, kinds: frozenset[Kind]) -> Candidates | None:
    """Return the phrases of ``kinds`` that begin with a word of the grammar, ``None`` where there are none."""
    found = tuple(phrase for phrase in grammar().phrases[word] if phrase.kind in kinds)
    return Candidates(found, re.compile("|".join(phrase.pattern for phrase in found))) if found else None


@cache
def grammar() -> Grammar:
    """Return the phrases of ``frames.yaml``."""
    by_first: dict[str, list[Phrase]] = defaultdict(list)
    languages: dict[str, Words] = {}
    mistyped: set[str] = set()
    known: set[str] = set()
    for language, data in load_yaml(_PHRASES).items():
        classes = {name: _alternatives(members) for name, members in data["classes"].items()}
        for kind in Kind:
            for template in data.get(kind.value) or ():
                phrase = Phrase(kind, template, classes)
                for first in _edge_words(template, classes):
                    by_first[first].append(phrase)
        languages[language] = _words(data["words"], data["what"], classes, asks_anywhere=data["asks_anywhere"])
        mistyped.update(_alternatives(data["mistyped"].split()))
        known.update(word for members in classes.values() for member in members for word in member.split())
    known.update(by_first)
    slips = {rest: word for word in sorted(mistyped) for rest in _without_one(word)}
    phrases = {first: tuple(found) for first, found in by_first.items()}
    return Grammar(phrases, languages, slips, frozenset(known))


def _words(
    words: Mapping[str, str], what: Sequence[str], classes: Mapping[str, list[str]], *, asks_anywhere: bool
) -> Words:
    sets = {name: frozenset(_alternatives(text.split())) for name, text in words.items()}
    before: dict[str, list[Frame]] = defaultdict(list)
    behind: dict[str, list[Frame]] = defaultdict(list)
    for template in what:
        only_names = template.endswith(_NAMES)
        first, _, last = (part.strip() for part in template.removesuffix(_NAMES).partition("…"))
        patterns = [re.compile(_expression(first, classes)), re.compile(rf"(?<!\S){_expression(last, classes)}$")]
        for word in _edge_words(first or last, classes, at_end=not first):
            (before if first else behind)[word].append(Frame(*patterns, only_names))
    return Words(
        **{name: members for name, members in sets.items() if name not in (*_ENDING_LISTS, "empty")},
        **{name: tuple(sorted(sets[name])) for name in _ENDING_LISTS},
        empty=frozenset().union(*(sets[name] for name in _EMPTY_LISTS)),
        asks_anywhere=asks_anywhere,
        what_before={word: tuple(frames) for word, frames in before.items()},
        what_behind={word: tuple(frames) for word, frames in behind.items()},
    )


def _alternatives(members: Sequence[str]) -> list[str]:
    """Return the normal forms of all spellings that the entries of a class stand for."""
    found = []
    for member in members:
        for entry in _BAR.split(member):
            spellings = [""]
            for word in entry.split():
                spellings = [f"{text} {form}".strip() for text in spellings for form in _forms(word)]
            found += spellings
    return found


def _forms(word: str) -> list[str]:
    word = _DROPPED.sub("", fold(word))
    match = _ENDINGS.fullmatch(word)
    if not match:
        return [word]
    return [match[1], *(match[1] + ending for ending in match[2].split("|"))]


def _elements(template: str) -> Iterator[tuple[bool, str, str]]:
    place = 0
    while place < len(template):
        match = _ELEMENT.match(template, place)
        if not match:
            raise ValueError(f"{_PHRASES.name}: {template!r} cannot be read from character {place}")
        yield bool(match[1]), match[2], match[3] or ""
        place = match.end()


def _choices(body: str, classes: Mapping[str, list[str]]) -> list[str]:
    if body.startswith("{"):
        return classes[body[1:-1]]
    if not body.startswith("("):
        return _alternatives([body])
    named, plain = [], []
    for choice in _BAR.split(body[1:-1]):
        (named if choice.startswith("{") else plain).append(choice)
    return [*_alternatives(plain), *(member for name in named for member in classes[name[1:-1]])]


def _expression(template: str, classes: Mapping[str, list[str]]) -> str:
    parts = []
    for forbids, body, repeat in _elements(template):
        if body == "_":
            parts.append(rf"(?:\S+ ){_REPEATS.get(repeat, repeat)}")
            continue
        longest_first = sorted(set(_choices(body, classes)), key=len, reverse=True)
        choices = "|".join(f"{choice} " for choice in longest_first).replace("_", r"\S+")
        parts.append(f"(?!{choices})" if forbids else f"(?:{choices}){_REPEATS.get(repeat, repeat)}")
    return "".join(parts)


def _edge_words(template: str, classes: Mapping[str, list[str]], *, at_end: bool = False) -> set[str]:
    """Return the words with which the phrases of a template can begin, or end."""
    found: set[str] = set()
    elements = list(_elements(template))
    for _, body, repeat in reversed(elements) if at_end else elements:
        found.update(choice.split()[-1 if at_end else 0] for choice in _choices(body, classes))
        if repeat not in ("?", "*"):
            break
    return found


def _without_one(word: str) -> Iterator[str]:
    """Yield the word, and what remains without each letter but the first."""
    yield word
    for place in range(1, len(word)):
        yield word[:place] + word[place + 1 :]
