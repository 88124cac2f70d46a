"""Split a message into the questions that it asks."""

from __future__ import annotations

import re
from itertools import pairwise

from index.question.frames import core
from index.question.grammar import Words, grammar
from index.question.message import Message
from index.question.word_patterns import fold

# A question ends at its mark, with what closes a quotation or bracket behind it, and at the end of a line.
_END = re.compile(r"\?[\"')\]]*(?=\s|[^\W\d_])|\n+")
_ITEM = re.compile(r"\(?\d{1,2}[.)](?!\d)|[a-eа-д]\)|[•·*●▪‣>]|[-–—](?=\s)")
_NUMBERED = re.compile(r"(?:^|(?<=[\s:;,.?!]))\(?(\d)[.)]\s+(?=[^\W\d_])")
_LEAST_CONTENT, _LEAST_CONTENT_BEHIND = 2, 3
"""A clause with fewer words of its own, or less than a name, cannot be asked alone: "and when", "and what was paid"."""
_AT_END = " \t\n,;"


def split_questions(text: str, language: str) -> tuple[str, ...]:
    """Return the questions of a message in order; one question comes back as it is.

    What only tells something belongs to the question behind it, or to the one before where none follows. A question
    that leans on an earlier one by a pronoun stays as it was written.

    Args:
        text: A message, as ``clean`` returns it.
        language: Its language; one without words of its own is read as English.
    """
    languages = grammar().languages
    words = languages.get(language, languages["en"])
    pieces = [part for piece in _pieces(text) for part in _split_at_links(piece, words)]
    if len(pieces) == 1:
        return (text,)
    parts: list[str] = []
    told = ""
    for piece in pieces:
        if _continues(piece, parts, told, words):
            parts[-1] = f"{parts[-1]} {piece}"
        elif any(map(str.isalpha, piece)) and _can_be_asked(piece, language, words):
            parts.append(f"{told}\n{piece}".strip())
            told = ""
        else:
            told = f"{told}\n{piece}".strip()
    if told and parts:
        parts[-1] = f"{parts[-1]}\n{told}"
    return tuple(parts) if len(parts) > 1 else (text,)


def _pieces(text: str) -> list[str]:
    """Return what stands between question marks, ends of lines and numbers of a list."""
    edges = [0, *(end.end() for end in _END.finditer(text))]
    numbers = list(_NUMBERED.finditer(text))
    # Only numbers that count up from one are those of a list: a sentence may end in "step 2."
    if len(numbers) > 1 and [number[1] for number in numbers] == [str(place + 1) for place in range(len(numbers))]:
        edges += [number.start() for number in numbers]
    edges = sorted({*edges, len(text)})
    pieces = (text[start:end].strip() for start, end in pairwise(edges))
    return [piece for piece in pieces if piece] or [text]


def _split_at_links(piece: str, words: Words) -> list[str]:
    """Split a sentence at its conjunctions, where each side has a question word and enough words of its own."""
    if words.link.isdisjoint(fold(piece).split()):
        return [piece]
    message = Message(piece, words)
    normal = message.normal
    parts, first, place = [], 0, 0
    for number in range(1, len(normal)):
        if normal[number] not in words.link or number <= first:
            continue
        after = number + 1
        while after < len(normal) and (normal[after] in words.link or normal[after] in words.also):
            after += 1
        # Where question words do not stand anywhere, a question begins with one, or with a preposition and one.
        begins = words.asks_anywhere or not words.ask.isdisjoint(normal[after : after + 2])
        whole = (
            begins
            and not message.leans(after, len(normal))
            and _asks_enough(message, after, len(normal), _LEAST_CONTENT_BEHIND)
        )
        if whole and _asks_enough(message, first, number, _LEAST_CONTENT):
            parts.append(piece[place : message.starts[number]].rstrip(_AT_END))
            first, place = after, message.starts[after]
    return [*parts, piece[place:]]


def _asks_enough(message: Message, first: int, last: int, least: int) -> bool:
    """Tell whether some words hold a question word, and a name or so many words that tell what they ask about."""
    named = any(message.text[start].isupper() for start in message.starts[first + 1 : last])
    enough = named or message.content(first, last) >= least
    return enough and not message.words.ask.isdisjoint(message.normal[first:last])


def _continues(piece: str, parts: list[str], told: str, words: Words) -> bool:
    """Tell whether a piece belongs to the question before it: the rest of a line, or "And when?"."""
    if not parts or told or _ITEM.match(piece):
        return False
    message = Message(piece, words)
    if not parts[-1].endswith(("?", ".", "!", "…", '"', ")")):
        return piece[0].islower() and not message.asks(0, len(message.normal))
    return piece.endswith("?") and not message.content(0, len(message.normal))


def _can_be_asked(piece: str, language: str, words: Words) -> bool:
    """Tell whether a piece is a question with words of its own, or an item of a list."""
    asked = core(piece, language).text
    message = Message(asked, words)
    content = message.content(0, len(message.normal))
    if _ITEM.match(piece):
        return content > 0
    return content > 0 and (piece.endswith("?") or message.asks(0, len(message.normal)))
