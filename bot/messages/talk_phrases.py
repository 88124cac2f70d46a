"""What people write that asks nothing of the knowledge: small talk, questions about the bot, commands in words."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Any

import regex

from index.question.frames import core
from index.question.grammar import grammar, load_yaml, normal, one_slip_away, slips_of
from index.question.letters import clean
from index.question.word_patterns import alternatives, edge_words, expression, fold
from index.text.spelling import possible_readings

_LONGEST, _MOST_WORDS = 200, 24
"""Characters and words; a longer message tells or asks something."""
_MOST_STRANGE = 1
"""Words that stand in no phrase: the country of "are you the embassy of …"."""
_MOST_READ = 6
"""A message of more words is not read in other letters."""
_I_AFTER_VOWEL = re.compile(r"(?<=[аеиоуыэюяәөұү])[иі]")
_LEAST_LETTERS = 5
"""A slip in a shorter word more often makes another word."""
_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_LETTERS = re.compile(r"[^\W_]+")
_EMOJI = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}|[:;=]-?[)(DPp]|\)\)|<3")


class TalkKind(StrEnum):
    """The kinds of phrases in ``talk.yaml``. Where a message holds several, the first of them decides."""

    CHOOSE = "choose"
    TOPICS = "topics"
    SOURCES = "sources"
    PRIVACY = "privacy"
    MY_DATA = "my_data"
    FORGET = "forget"
    LANGUAGE = "language"
    ABOUT = "about"
    START = "start"
    HELP = "help"
    INSULT = "insult"
    MAKER = "maker"
    OFFICIAL = "official"
    MACHINE = "machine"
    HUMAN = "human"
    RECENT = "recent"
    LANGUAGES = "languages"
    TRUST = "trust"
    IDENTITY = "identity"
    ABILITIES = "abilities"
    COMPLAINT = "complaint"
    READY = "ready"
    HOW = "how"
    THANKS = "thanks"
    BYE = "bye"
    HELLO = "hello"
    OK = "ok"
    LAUGH = "laugh"


_BESIDE, _BOT, _EMPTY = "beside", "bot", "empty"
_RANK = {kind.value: rank for rank, kind in enumerate(TalkKind)} | {_BESIDE: len(TalkKind)}
_COMMANDS = frozenset(list(TalkKind)[: list(TalkKind).index(TalkKind.INSULT)])
_UNNAMED = frozenset({TalkKind.INSULT, TalkKind.HUMAN})
"""Kinds that are recognised by their words where none stands for the bot."""
_CLOSING = frozenset({TalkKind.THANKS, TalkKind.BYE})
_GREETINGS = frozenset({TalkKind.HELLO, TalkKind.HOW}) | _CLOSING


@dataclass(frozen=True, slots=True)
class Talk:
    """What a message is."""

    kind: TalkKind
    language: str | None
    """The language of the phrase; ``None`` where it belongs to none. For ``CHOOSE`` the language that is chosen."""


@dataclass(frozen=True, eq=False)
class _Phrase:
    kind: str
    language: str | None
    pattern: str
    """A regular expression, to be matched against normal forms with a space behind each."""

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern, compiled when its first word occurs."""
        return re.compile(self.pattern)


@dataclass(frozen=True)
class _Phrases:
    by_first: Mapping[str, tuple[_Phrase, ...]]
    """The phrases that begin with a word; those of kinds that decide first come first."""
    vocabulary: frozenset[str]
    slips: Mapping[str, str]
    """Words that are often mistyped, by what remains without one letter."""
    words: Mapping[str, Mapping[str, frozenset[str]]]
    """The single words of each language: those that stand for the bot, those that say nothing, those of each kind."""


# The handlers look at a message more than once, one after the other.
@lru_cache(maxsize=8)
def recognise(text: str) -> Talk | None:
    """Return what small talk, question about the bot or command a message is; ``None`` for a question of its own.

    Args:
        text: The message. Only what consists of such phrases alone counts, for what else it says may ask something.
    """
    if len(text) > _LONGEST:
        return None
    return _as_typed(text) or _as_meant(text)


def _as_meant(text: str) -> Talk | None:
    """Return what a short message is that was typed in Latin letters or on the wrong keyboard: "kto tebya sozdal"."""
    return next((talk for reading in short_readings(text) if (talk := _as_typed(reading))), None)


def short_readings(text: str) -> Iterator[str]:
    """Yield what a message of a few words may mean in the letters of another alphabet; nothing for a longer one."""
    if len(text.split()) <= _MOST_READ:
        for _, reading in possible_readings(text):
            yield _I_AFTER_VOWEL.sub("й", reading)


def _as_typed(text: str) -> Talk | None:
    folded = fold(unicodedata.normalize("NFKC", text).replace("’", "'"))
    typed = _WORDS.findall(folded)
    if not typed:
        return Talk(TalkKind.LAUGH, None) if _EMOJI.search(text) else None
    if len(typed) > _MOST_WORDS:
        return None
    phrases = _phrases()
    words: list[str] = []
    strange = 0
    for word in typed:
        words.append(_meant(word, phrases))
        strange += words[-1] not in phrases.vocabulary
        if strange > _MOST_STRANGE:
            return _nothing_else(text, words, phrases)
    found, end = _cover(words, phrases)
    if end == len(words):
        return _decide(found, "?" in folded)
    return _by_words(words, phrases) or _nothing_else(text, words, phrases)


def _by_words(words: Sequence[str], phrases: _Phrases) -> Talk | None:
    """Return what a message is that no phrases cover, but that holds nothing but words of such messages."""
    said = frozenset(words)
    for language, sets in phrases.words.items():
        named = not sets[_BOT].isdisjoint(said)
        beside = sets[_EMPTY] | sets[_BOT] if named else sets[_EMPTY]
        for kind, own in sets.items():
            if (named or kind in _UNNAMED) and kind in _RANK and not own.isdisjoint(said) and said <= own | beside:
                return Talk(TalkKind(kind), language)
    return None


def _cover(words: Sequence[str], phrases: _Phrases) -> tuple[list[_Phrase], int]:
    """Return the longest phrases that follow one another from the beginning on, and how many words they take."""
    line = "".join(f"{word} " for word in words)
    found: list[_Phrase] = []
    number = place = 0
    while number < len(words):
        best, longest = None, place
        for phrase in phrases.by_first.get(words[number], ()):
            match = phrase.compiled.match(line, place)
            if match and match.end() > longest:
                best, longest = phrase, match.end()
        if best is None:
            break
        found.append(best)
        number += line.count(" ", place, longest)
        place = longest
    return found, number


def _decide(found: Sequence[_Phrase], asked: bool) -> Talk | None:
    """Return what a message of these phrases is. "Sources?" asks for those of the quote before."""
    said = [phrase for phrase in found if phrase.kind not in _COMMANDS | {_BESIDE, TalkKind.HELLO}]
    # Beside anything else the word is no command: "great help, thanks".
    first = min(said or found, key=lambda phrase: _RANK[phrase.kind])
    if first.kind == _BESIDE or (asked and first.kind == TalkKind.SOURCES):
        return None
    return Talk(TalkKind(first.kind), first.language)


def _nothing_else(text: str, words: Sequence[str], phrases: _Phrases) -> Talk | None:
    """Return the greeting that a message begins with, if all else in it asks nothing either: "Hi, hope all is well".

    Args:
        text: The message.
        words: Its first words.
        phrases: All phrases.
    """
    if "?" in text or not any(phrase.kind in _GREETINGS for phrase in phrases.by_first.get(words[0], ())):
        return None
    found, _ = _cover(words, phrases)
    greeting = next((phrase for phrase in found if phrase.kind in _GREETINGS), None)
    if greeting is None:
        return None
    language = greeting.language or ""
    known = grammar().languages
    tells = greeting.kind in _CLOSING and phrases.vocabulary.issuperset(words)
    if known.get(language, known["en"]).ask.isdisjoint(words) and (
        tells or not _LETTERS.search(core(clean(text), language).text)
    ):
        return Talk(TalkKind(greeting.kind), greeting.language)
    return None


def _meant(word: str, phrases: _Phrases) -> str:
    """Return the normal form of a folded word, with one slip corrected in a word that is often mistyped."""
    word = normal(word)
    if word in phrases.vocabulary or len(word) < _LEAST_LETTERS:
        return word
    return next(one_slip_away(word, phrases.slips), word)


@cache
def _phrases() -> _Phrases:
    sections: dict[str, Any] = load_yaml(files("bot.locales").joinpath("talk.yaml"))
    by_first: defaultdict[str, list[_Phrase]] = defaultdict(list)
    vocabulary: set[str] = set()
    mistyped: set[str] = set()
    words: dict[str, dict[str, frozenset[str]]] = {}
    for language, section in sections.items():
        classes = {name: alternatives(members) for name, members in section.pop("classes").items()}
        mistyped.update(alternatives(str(section.pop("mistyped")).split()))
        words[language] = {
            kind: frozenset(alternatives(line.split())) for kind, line in section.pop("words", {}).items()
        }
        vocabulary.update(*words[language].values())
        for kind, templates in section.items():
            for template in templates:
                phrase = _Phrase(kind, None if language == "any" else language, expression(template, classes))
                vocabulary.update(_LETTERS.findall(phrase.pattern))
                for first in edge_words(template, classes):
                    by_first[first].append(phrase)
    ordered = {first: tuple(sorted(found, key=lambda p: _RANK[p.kind])) for first, found in by_first.items()}
    return _Phrases(
        ordered, frozenset(vocabulary), slips_of(mistyped), {name: sets for name, sets in words.items() if sets}
    )
