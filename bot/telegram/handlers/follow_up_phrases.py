"""Which messages go on from a quote: the phrases of ``follow_ups.yaml``, and questions that lean on what was said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from bot.messages.quote_facts import QuoteFact
from bot.messages.talk_phrases import short_readings
from index.question.grammar import grammar, load_yaml, normal, one_slip_away, slips_of
from index.question.message import Message
from index.question.word_patterns import alternatives, expression, fold
from index.text.dates import dates_found

_LONGEST = 12
"""A message of more words goes on from nothing."""
_FRAGMENT = 4
"""A fragment has no more words."""
_LEAST_LETTERS = 5
"""A slip in a shorter word more often makes another word."""
_LONGEST_ENDING = 4
"""Where so many letters at most differ, two words are forms of one."""
_WHOLE = 3
"""With so many words that say something, a pronoun needs no quote to be understood."""
_LEAST_NAMED = 2
"""A pronoun behind so many of them stands for what they name."""
_FILLER = "~"
"""Stands before a word that may stand anywhere in a phrase."""
_FILLERS = rf"(?:{_FILLER}\S+ )*?"
_ANY_ORDER = "&"
"""Stands between the parts of a phrase that may come in any order."""
_WORD_OF_PHRASE = re.compile(r"(?<!\w)(\w+ )")
_CYRILLIC = re.compile(r"[а-я]")
_LETTERS = re.compile(r"[^\W_]+")
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
    bot: re.Pattern[str]
    """What is asked about the bot in words that may also ask about a quote."""
    fillers: frozenset[str]
    vocabulary: frozenset[str]
    """All words that can stand in one of the phrases."""
    slips: Mapping[str, str]
    """Words that are often mistyped, by what remains without one letter."""
    beginnings: Mapping[str, str]
    """Words of languages that put endings to their words, by their first letters."""


def fact_asked(text: str) -> QuoteFact | None:
    """Return what a message asks about the quote before it, ``None`` if it asks something else."""
    line = _line(text)
    phrases = _phrases()
    if not line or phrases.bot.fullmatch(line):
        return None
    return next((fact for fact, pattern in phrases.facts.items() if pattern.fullmatch(line)), None)


def asks_for_more(text: str) -> bool:
    """Return whether a message asks for nothing but more about the same."""
    line, phrases = _line(text), _phrases()
    return bool(line and phrases.more.fullmatch(line) and not phrases.bot.fullmatch(line))


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
    """Return the normal forms of a short message, fillers marked; nothing if a word is in no phrase.

    One that was typed in Latin letters, or on the wrong keyboard, is read as it was meant: "otkuda eto".
    """
    phrases = _phrases()
    if line := _known_words(text, phrases):
        return line
    return next((line for reading in short_readings(text) if (line := _known_words(reading, phrases))), "")


def _known_words(text: str, phrases: _Phrases) -> str:
    found = _WORD.findall(fold(text).replace("’", "'"))
    if not 0 < len(found) <= _LONGEST:
        return ""
    line = ""
    for typed in (part for word in found for part in word.split("-")):
        word = _meant(typed, phrases)
        if word not in phrases.vocabulary:
            return ""
        line += f"{_FILLER if word in phrases.fillers else ''}{word} "
    return line


def _meant(word: str, phrases: _Phrases) -> str:
    plain = normal(word)
    if plain in phrases.vocabulary or len(plain) < _LEAST_LETTERS:
        return plain
    if slip := next(one_slip_away(plain, phrases.slips), None):
        return slip
    for length in range(len(plain) - 1, max(_LEAST_LETTERS, len(plain) - _LONGEST_ENDING) - 1, -1):
        if plain[:length] in phrases.beginnings:
            return phrases.beginnings[plain[:length]]
    return plain


@cache
def _phrases() -> _Phrases:
    data: dict[str, Any] = load_yaml(files("bot.locales").joinpath("follow_ups.yaml"))
    languages: dict[str, _Language] = {}
    patterns: dict[str, list[str]] = {"more": [], "bot": [], **{fact.value: [] for fact in QuoteFact}}
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
    more, bot = re.compile(_any(patterns["more"])), re.compile(_any(patterns["bot"]))
    vocabulary = frozenset(fillers).union(
        *(_LETTERS.findall(pattern.pattern) for pattern in (*facts.values(), more, bot))
    )
    slips = slips_of(mistyped)
    beginnings = {
        word[:length]: word
        # The shortest last, for it counts.
        for word in sorted(vocabulary, key=lambda word: (-len(word), word))
        if _CYRILLIC.match(word)
        for length in range(max(_LEAST_LETTERS, len(word) - _LONGEST_ENDING), len(word) + 1)
    }
    opening = re.compile(_any(openings))
    return _Phrases(
        languages, opening, frozenset(closings), facts, more, bot, frozenset(fillers), vocabulary, slips, beginnings
    )


def _with_fillers(template: str, classes: Mapping[str, list[str]]) -> str:
    """Return the expression of a phrase, to be matched against a line in which fillers are marked.

    The fillers themselves are in no expression: there are hundreds of both, and their product takes long to compile.
    """
    in_any_order = _ANY_ORDER in template
    parts = [
        _WORD_OF_PHRASE.sub(rf"{_FILLER}?\1", expression(part.strip(), classes))
        for part in template.split(_ANY_ORDER if in_any_order else "…")
    ]
    if not in_any_order:
        return _FILLERS + _FILLERS.join(parts) + _FILLERS
    # Only words of such phrases come here, so any of them may stand beside these.
    return "".join(map(_somewhere, parts)) + r"(?:\S+ )+"


def _somewhere(part: str) -> str:
    """Return the expression that looks for a part anywhere ahead, or for its absence where the part forbids words."""
    forbidden = part.startswith("(?!")
    return rf"(?{'!' if forbidden else '='}(?:\S+ )*?{part.replace('(?!', '(?:', 1) if forbidden else part})"


def _any(patterns: Iterable[str]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns)
