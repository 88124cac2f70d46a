"""Which messages go on from a quote: the phrases of ``follow_ups.yaml``, and questions that lean on what was said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml

from bot.messages.quote_facts import QuoteFact
from index.question.grammar import grammar, normal, without_one
from index.question.message import Message
from index.question.word_patterns import alternatives, expression, fold
from index.text.dates import dates_found

_LONGEST = 12
"""A message of more words goes on from nothing."""
_FRAGMENT = 4
"""A fragment has no more words."""
_LEAST_LETTERS = 5
"""A slip in a shorter word more often makes another word."""
_WHOLE = 3
"""With so many words that say something, a pronoun needs no quote to be understood."""
_LEAST_NAMED = 2
"""A pronoun behind so many of them stands for what they name."""
_FILLER = "~"
"""Stands before a word that may stand anywhere in a phrase."""
_FILLERS = rf"(?:{_FILLER}\S+ )*?"
_WORD_OF_PHRASE = re.compile(r"(?<!\w)(\w+ )")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


class Lean(Enum):
    """How much a message needs what was said before."""

    NOT = "not"
    """It is a question of its own."""
    SHORT = "short"
    """It may be one, but is so short that it may also go on."""
    QUESTION = "question"
    """It is a whole question that begins like a continuation: "and who is Gavin Harper?"."""
    THING = "thing"
    """It goes on with something else: "what about lithium?"."""
    FRAGMENT = "fragment"
    """It says nothing alone: "in 2023?", "since when?"."""
    PRONOUN = "pronoun"
    """A pronoun stands for something outside: "who owns it?"."""


@dataclass(frozen=True, slots=True)
class Leaning:
    """How a message leans, and the words of it that say something."""

    how: Lean
    added: str = ""


@dataclass(frozen=True)
class _Language:
    """The words of one language that tell how a message leans."""

    prepositions: frozenset[str]
    empty: frozenset[str]
    vague: frozenset[str]
    at_end: frozenset[str]


@dataclass(frozen=True)
class _Phrases:
    """What ``follow_ups.yaml`` holds, for all languages together where a short message does not tell its own."""

    languages: Mapping[str, _Language]
    openings: re.Pattern[str]
    closings: frozenset[str]
    facts: Mapping[QuoteFact, re.Pattern[str]]
    more: re.Pattern[str]
    fillers: frozenset[str]
    vocabulary: frozenset[str]
    """All words that can stand in one of the phrases."""
    slips: Mapping[str, str]
    """Words that are often mistyped, by what remains without one letter."""


def fact_asked(text: str) -> QuoteFact | None:
    """Return what a message asks about the quote before it, ``None`` if it asks something else."""
    line = _line(text)
    phrases = _phrases()
    return next((fact for fact, pattern in phrases.facts.items() if pattern.fullmatch(line)), None) if line else None


def asks_for_more(text: str) -> bool:
    """Return whether a message asks for nothing but more about the same."""
    line = _line(text)
    return bool(line and _phrases().more.fullmatch(line))


def leaning(text: str, understood: str, language: str) -> Leaning:
    """Return how a message leans on what was said before.

    Args:
        text: What was typed.
        understood: The question in it, without the words around it.
        language: Its language.
    """
    known = _phrases()
    languages = known.languages
    own = languages.get(language, languages["en"])
    words = grammar().languages.get(language, grammar().languages["en"])
    whole = Message(text, words)
    if not 0 < len(whole.normal) <= _LONGEST:
        return Leaning(Lean.NOT)
    opened = bool(known.openings.match(" ".join(whole.normal) + " ")) or whole.normal[-1] in known.closings
    asked = Message(understood, words)
    line = " ".join(asked.normal) + " "
    opening = known.openings.match(line)
    start, stop = len(opening[0].split()) if opening else 0, len(asked.normal)
    empty = words.empty | own.empty
    stop -= stop > start and asked.normal[stop - 1] in known.closings
    content = [number for number in range(start, stop) if asked.normal[number] not in empty]
    added = " ".join(understood[asked.starts[number] : asked.ends[number]] for number in content)
    asks = asked.asks(start, stop)
    pronouns = words.lean - own.vague
    pronoun = next((number for number in range(start, stop) if asked.normal[number] in pronouns), stop)
    points = pronoun < stop or (start < stop and asked.normal[stop - 1] in own.at_end)
    if points and len(content) < _WHOLE and asked.content(start, pronoun) < _LEAST_NAMED:
        return Leaning(Lean.PRONOUN, added)
    preposed = start < stop and asked.normal[start] in own.prepositions and not asks
    only_date = bool(content) and _without_dates(added) == ""
    if (opened or stop - start <= _FRAGMENT) and (preposed or only_date or (not content and asks)):
        return Leaning(Lean.FRAGMENT, added)
    if opened and content:
        return Leaning(Lean.QUESTION if asks and len(content) > 1 else Lean.THING, added)
    short = content and stop - start <= _FRAGMENT and len(content) <= (1 if asks else 2)
    if short and (asks or text.rstrip().endswith("?")):
        return Leaning(Lean.SHORT, added)
    return Leaning(Lean.NOT)


def _without_dates(text: str) -> str:
    for found in reversed(dates_found(text)):
        text = text[: found.start] + text[found.end :]
    return text.strip()


@lru_cache(maxsize=1024)
def _line(text: str) -> str:
    """Return the normal forms of a short message, fillers marked; nothing if a word is in no phrase."""
    found = _WORD.findall(fold(text).replace("’", "'"))
    if not 0 < len(found) <= _LONGEST:
        return ""
    phrases = _phrases()
    words = [_meant(part, phrases) for word in found for part in word.split("-")]
    if not phrases.vocabulary.issuperset(words):
        return ""
    return "".join(f"{_FILLER if word in phrases.fillers else ''}{word} " for word in words)


def _meant(word: str, phrases: _Phrases) -> str:
    plain = normal(word)
    if plain in phrases.vocabulary or len(plain) < _LEAST_LETTERS:
        return plain
    return next((phrases.slips[rest] for rest in without_one(plain) if rest in phrases.slips), plain)


@cache
def _phrases() -> _Phrases:
    data: dict[str, Any] = yaml.safe_load(files("bot.locales").joinpath("follow_ups.yaml").read_text("utf-8"))
    languages: dict[str, _Language] = {}
    patterns: dict[str, list[str]] = {"more": [], **{fact.value: [] for fact in QuoteFact}}
    openings: list[str] = []
    closings: set[str] = set()
    mistyped: list[str] = []
    fillers: set[str] = set()
    for language, own in data.items():
        classes = {name: alternatives(members) for name, members in own["classes"].items()}
        sets = {
            name: frozenset(alternatives(own[name].split())) for name in ("prepositions", "empty", "vague", "at_end")
        }
        openings += [expression(template, classes) for template in own["openings"]]
        closings.update(alternatives(own["closings"].split()))
        languages[language] = _Language(**sets)
        for name, found in patterns.items():
            found += [_with_fillers(template, classes) for template in own[name]]
        mistyped += alternatives(own["mistyped"].split())
        fillers.update(classes["filler"])
    facts = {fact: re.compile(_any(patterns[fact.value])) for fact in QuoteFact}
    more = re.compile(_any(patterns["more"]))
    vocabulary = frozenset(fillers).union(
        *(re.findall(r"[^\W_]+", pattern.pattern) for pattern in (*facts.values(), more))
    )
    slips = {rest: word for word in mistyped for rest in without_one(word)}
    opening = re.compile(_any(openings))
    return _Phrases(languages, opening, frozenset(closings), facts, more, frozenset(fillers), vocabulary, slips)


def _with_fillers(template: str, classes: Mapping[str, list[str]]) -> str:
    """Return the expression of a phrase, to be matched against a line in which fillers are marked.

    The fillers themselves are in no expression: there are hundreds of both, and their product takes long to compile.
    """
    parts = [_WORD_OF_PHRASE.sub(rf"{_FILLER}?\1", expression(part.strip(), classes)) for part in template.split("…")]
    return _FILLERS + _FILLERS.join(parts) + _FILLERS


def _any(patterns: Iterable[str]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns)
