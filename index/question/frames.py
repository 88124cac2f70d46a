"""Take the question out of the words around it: greetings, thanks, introductions, requests and fillers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.question.grammar import CLOSING, OPENING, Kind, grammar
from index.question.message import Message
from index.question.things import Role, is_name, named_thing

_INTRODUCING = frozenset({Kind.INTRODUCTION, Kind.SUBJECT})
_REQUEST = frozenset({Kind.REQUEST})
_MIDDLE = frozenset({Kind.ANYWHERE})

# A command or the bot's name, by which a message in a group begins.
_ADDRESS = re.compile(r"\s*(?:/\w+(?:@\w+)?|@\w+)[\s,:;!.–—-]*")
_QUOTED = re.compile(r"""\s*(["'*_])(?=\S)(.*\S)\1([\s?!.…]*)""", re.DOTALL)
_AT_START = re.compile(r"(?:[\s,;:.!?…–—)•·●▪‣>#*]|-(?=\s))+")
_AT_END = " \t\n,;:.!…–—(-"
_NUMBER, _LETTER = re.compile(r"\d{1,2}"), re.compile("[a-eа-д]")
_LONGEST_ADDRESSEE, _LEAST_CONTENT = 3, 2
_BRACKETS = re.compile(r"\(\s*\)")


@dataclass(frozen=True, slots=True)
class Core:
    """What a question asks."""

    text: str
    """The question without the words around it; empty where nothing is asked."""
    about: bool
    """Whether it only names a thing, and asks what that is."""


@dataclass(frozen=True, slots=True)
class _Rest:
    """What is left of a sentence: its words from ``first`` to before ``last``."""

    start: int
    """The first word of the sentence."""
    first: int
    last: int
    asked: bool
    """Whether the sentence ends with a question mark."""
    introduces: Kind | None = None
    """Whether it only tells about the person who asks."""
    requested: bool = False
    """Whether a request to be told was taken away."""


def core(text: str, language: str) -> Core:
    """Return what ``text`` asks, without the words around it.

    A text without such words stays as it is but for spaces and its end: what is a question by a question word or by its
    question mark ends with a question mark, whatever stood behind it.

    Args:
        text: One question, as ``clean`` returns it.
        language: Its language; one without phrases of its own is read as English.
    """
    languages = grammar().languages
    if address := _ADDRESS.match(text):
        text = text[address.end() :]
    if (quoted := _QUOTED.fullmatch(text)) and quoted[1] not in quoted[2]:
        text = quoted[2] + quoted[3]
    message = Message(text.strip(), languages.get(language, languages["en"]))
    rests = [_without_frame(message, start, stop) for start, stop in message.sentences()]
    kept = _content(message, [rest for rest in rests if rest.first < rest.last])
    if not kept:
        return Core("", about=False)
    if len(kept) == 1:
        return _asked(message, kept[0])
    texts = [_text(message, rest.first, rest.last) for rest in kept]
    closed = [_ended(part, rest.asked) if rest.asked else f"{part}." for part, rest in zip(texts, kept, strict=True)]
    return Core(" ".join([*closed[:-1], _ended(texts[-1], _asks(message, kept[-1]))]), about=False)


def _without_frame(message: Message, start: int, stop: int) -> _Rest:
    """Take from both ends of a sentence what does not ask."""
    first, requested, greeted = _behind_number(message, start, stop), False, False
    while first < stop:
        found = message.phrase(first, stop, OPENING)
        if found is None and greeted:
            found = _addressee(message, first, stop)
        if found is None:
            told = _told_in_first_person(message, first, stop)
            found = (told, Kind.INTRODUCTION) if first < told < stop else _introduction(message, first, stop)
            if found and found[0] == stop:
                return _Rest(start, first, stop, message.has_question_mark(stop), introduces=found[1])
        if found is None:
            break
        first, kind = found
        greeted = kind is Kind.EDGE
        requested |= kind is Kind.REQUEST
        first = _behind_number(message, first, stop)
    last = _closing(message, first, stop)
    introduces = Kind.INTRODUCTION if _told_in_first_person(message, first, last) == last > first else None
    asked = message.has_question_mark(stop)
    return _Rest(start, first, last, asked, introduces, requested or last < stop)


def _behind_number(message: Message, first: int, stop: int) -> int:
    """Pass the number or letter of a list, as in ``2)``."""
    mark = message.marked.get(first + 1, "")[:1] if first + 1 < stop else ""
    word = message.normal[first] if mark else ""
    numbered = (mark in {".", ")", ":"} and _NUMBER.fullmatch(word)) or (mark == ")" and _LETTER.fullmatch(word))
    return first + 1 if numbered else first


def _closing(message: Message, first: int, stop: int) -> int:
    """Return the first of the words from which on only phrases follow that may close a sentence."""
    known = grammar()
    if first == stop or (
        message.normal[stop - 1] not in known.closing and known.closing_on.isdisjoint(message.normal[first:stop])
    ):
        return stop
    reached, last = {stop}, stop
    for number in range(stop - 1, first - 1, -1):
        found = message.phrase(number, stop, CLOSING)
        # Behind an auxiliary, "I need to know" is part of a question: "Do I need to know …?"
        inverted = number > first and message.normal[number - 1] in message.words.begin
        if found and found[0] in reached and not inverted:
            reached.add(number)
            last = number
    # Nothing is asked by question words alone, so what stands behind them is no frame: "what can you tell me".
    left = message.normal[first:last]
    return stop if last < stop and left and message.words.ask.issuperset(left) else last


def _introduction(message: Message, first: int, stop: int) -> tuple[int, Kind] | None:
    """Return where a clause about the person who asks ends: at a request, at a question, or with the sentence."""
    found = message.phrase(first, stop, _INTRODUCING)
    if found is None:
        return None
    after, kind = found
    words, normal = message.words, message.normal
    if words.first_person:
        ended = _told_in_first_person(message, first, stop)
        commas = (number for number in range(after, stop) if message.follows_comma(number))
        place = ended or next(commas, 0)
        return (place, kind) if place else None
    for number in range(max(after - 1, first + 1), stop):
        request = message.phrase(number, stop, _REQUEST)
        if request and request[0] < stop:
            return number, kind
    if stop < len(normal) and not message.has_question_mark(stop):
        return stop, kind
    starts = [number for number in range(max(after - 1, first + 1), stop) if _may_begin(message, number)]
    for number in starts:
        if message.follows_comma(number) or normal[number - 1] in words.link:
            return number, kind
    asking = next((number for number in starts if normal[number] in words.ask), stop)
    # The Russian particle "ли" stands behind the first word of its question.
    return (asking - 1 if asking < stop and normal[asking] in words.whether else asking), kind


def _may_begin(message: Message, number: int) -> bool:
    """Tell whether a question can begin at a word."""
    words, word = message.words, message.normal[number]
    if word in words.ask or (word in words.begin and message.follows_comma(number)):
        return True
    # A preposition before the question word belongs to the question: "в каком году", "in which year".
    return word in words.within_names and not words.ask.isdisjoint(message.normal[number + 1 : number + 2])


def _told_in_first_person(message: Message, first: int, last: int) -> int:
    """Return where clauses end in which, as Kazakh verbs show, people tell about themselves; 0 where there are none."""
    endings, place = message.words.first_person, 0
    if not endings:
        return 0
    for number in range(first, last):
        word = message.normal[number]
        if word in message.words.ask:
            break
        told = word.endswith(endings) and word not in grammar().anywhere
        if told and (number + 1 == last or message.follows_comma(number + 1)):
            place = number + 1
    return place


def _addressee(message: Message, first: int, stop: int) -> tuple[int, Kind] | None:
    """Return where a name behind a greeting ends: "Hi Aigerim, …"."""
    # A name at the end of the message is no addressee: "Hi, uranium!"
    most = min(first + _LONGEST_ADDRESSEE, stop, len(message.normal) - 1)
    end = next((number for number in range(first + 1, most + 1) if number in message.marked or number == stop), None)
    if end is None or message.asks(first, end):
        return None
    capitals = all(message.text[message.starts[number]].isupper() for number in range(first, end))
    return (end, Kind.OPENING) if capitals else None


def _content(message: Message, rests: Sequence[_Rest]) -> list[_Rest]:
    """Leave out what only tells about the person who asks, unless the question leans on it or nothing else is said.

    Neighbours that are whole become one, so that the text between them stays as it is.
    """
    telling = [rest for rest in rests if rest.introduces is None]
    if not telling:
        telling = list(rests)
    elif len(telling) < len(rests):
        question = telling[0]
        leans = message.leans(question.first, question.last)
        subjects = [rest for rest in rests if rest.introduces is Kind.SUBJECT and rest.start < question.start]
        telling = (subjects if leans else []) + telling
    telling = _without_asides(message, telling)
    joined: list[_Rest] = []
    for rest in telling:
        if joined and joined[-1].last == rest.first:
            before = joined.pop()
            requested = before.requested or rest.requested
            rest = _Rest(before.start, before.first, rest.last, rest.asked, None, requested)
        joined.append(rest)
    return joined


def _without_asides(message: Message, rests: Sequence[_Rest]) -> list[_Rest]:
    """Leave out sentences about the people who talk, where another asks something that can be understood alone."""
    asking = [rest for rest in rests if _asks(message, rest)]
    if not asking or len(rests) == 1:
        return list(rests)
    question = asking[0]
    named = message.normal[question.first : question.last]
    whole = message.content(question.first, question.last) >= _LEAST_CONTENT and message.words.person.isdisjoint(named)
    whole = whole and not message.leans(question.first, question.last)
    return [rest for rest in rests if not (whole and rest not in asking and _is_personal(message, rest))]


def _is_personal(message: Message, rest: _Rest) -> bool:
    said = message.normal[rest.first : rest.last]
    personal = any(word in message.words.person or word.endswith(message.words.personal) for word in said)
    return personal and not any(word[0].isdigit() for word in said)


def _asked(message: Message, rest: _Rest) -> Core:
    """Make the core of what is left where only one sentence, or several neighbours, are."""
    words, normal = message.words, message.normal
    first, last, asked, topic = rest.first, rest.last, rest.asked, False
    if rest.requested and last - first > 1:
        if normal[first] in words.about and normal[first + 1] not in words.ask:
            first, topic = first + 1, True
        elif normal[first] in words.whether:
            first, asked = first + 1, True
    if thing := named_thing(message, first, last):
        return Core(_text(message, *thing), about=True)
    asks = message.asks(first, last)
    if not asks and is_name(message, first, last, Role.TOPIC if topic else Role.ALONE):
        first += topic and normal[first] in words.articles and last - first > 1
        return Core(_text(message, first, last), about=True)
    return Core(_ended(_text(message, first, last), asked or asks), about=False)


def _asks(message: Message, rest: _Rest) -> bool:
    return rest.asked or message.asks(rest.first, rest.last)


def _text(message: Message, first: int, last: int) -> str:
    """Return the text of some words, without phrases that may stand anywhere and the commas around them."""
    text = message.text
    place = message.ends[first - 1] if first else 0
    if opened := _AT_START.match(text, place):
        place = min(opened.end(), message.starts[first])
    elif first:
        place = message.starts[first]
    end = message.starts[last] if last < len(message.starts) else len(text)
    parts, number = [], last if grammar().anywhere.isdisjoint(message.normal[first:last]) else first
    while number < last:
        found = message.phrase(number, last, _MIDDLE)
        if found is None:
            number += 1
            continue
        parts.append(text[place : message.starts[number]].rstrip(" ,"))
        number = found[0]
        place = message.ends[number - 1]
        while place < end and text[place] in " ,":
            place += 1
    parts.append(text[place:end].rstrip(_AT_END))
    return _BRACKETS.sub("", " ".join(filter(None, parts))).rstrip(_AT_END + "?")


def _ended(text: str, asked: bool) -> str:
    if (quoted := _QUOTED.fullmatch(text)) and quoted[1] not in quoted[2]:
        text = quoted[2].rstrip(_AT_END + "?")
    return f"{text}?" if asked and text else text
