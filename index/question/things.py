"""Tell whether a question only asks what something is, and what."""

from __future__ import annotations

import re
from enum import Enum

from index.question.grammar import Frame
from index.question.message import Message

_POSSESSIVE = re.compile(r"'s\b|s'(?!\w)")


class Role(Enum):
    """How words that may be a name stand in a question."""

    THING = "what is …"
    PERSON = "who is …"
    TOPIC = "tell me about …"
    ALONE = "…"


_MOST_WORDS = {Role.THING: 5, Role.PERSON: 4, Role.TOPIC: 5, Role.ALONE: 3}
"""A longer phrase tells more than the name of a thing."""


def named_thing(message: Message, first: int, last: int) -> tuple[int, int] | None:
    """Return the words of the thing, where the question is what that is."""
    words = message.words
    normal = message.normal
    frames: tuple[Frame, ...] = words.what_before.get(normal[first], ()) + words.what_behind.get(normal[last - 1], ())
    for frame in frames:
        if found := message.within(frame.before, frame.after, first, last):
            start, end = found
            if normal[start] in words.articles and end - start > 1:
                if frame.only_names:
                    continue
                start += 1
            if is_name(message, start, end, Role.PERSON if frame.only_names else Role.THING):
                return start, end
    return None


def is_name(message: Message, first: int, last: int, role: Role) -> bool:
    """Tell whether the words from ``first`` to before ``last`` may be the name of a thing and nothing more."""
    words, normal = message.words, message.normal[first:last]
    inner = [number for number, word in enumerate(normal) if word in words.within_names]
    if not words.no_name.isdisjoint(normal) or not 0 < len(normal) - len(inner) <= _MOST_WORDS[role]:
        return False
    if inner and (role is Role.PERSON or inner[0] == 0 or inner[-1] == len(normal) - 1):
        return False
    if words.relating and any(word.endswith(words.relating) for word in normal[:-1]):
        return False
    if _POSSESSIVE.search(message.text, message.starts[first], message.ends[last - 1]):
        return False
    capital = [message.text[start].isupper() for start in message.starts[first:last]]
    if role is Role.PERSON:
        return len(set(capital)) == 1
    # Behind "what is", a preposition belongs to a name only between capitals: "the price of copper" is none.
    return role is not Role.THING or all(capital[number - 1] and capital[number + 1] for number in inner)
