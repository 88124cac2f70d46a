"""Turn the patterns of words in ``frames.yaml`` into regular expressions.

A phrase is a pattern of words. A word may have endings or none, ``скажи(те)`` or ``добр(ый|ого)``; ``(a|b c)`` is one
of several, ``{name}`` one of a class, ``_`` any word; ``?`` behind it makes it optional, ``*`` and ``+`` let it repeat,
``{0,3}`` says how often it may stand there; ``!(a|b)`` forbids that one of these comes next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

# Letters that people replace by a similar one. One character stays one character, so that places stay the same.
_FOLD = str.maketrans("ёәғқңөұүһі", "еагкноуухи")
DROPPED = re.compile(r"['-]")

_ELEMENT = re.compile(
    r"(!?)(\((?:[^()]|\([^()]*\))*\)|\{[a-z_]+\}|[^\s(){}?*+]+(?:\([^)]*\))?)([?*+]|\{\d,\d\})?(?:\s+|$)"
)
_REPEATS = {"": "", "?": "?", "*": "{0,5}", "+": "{1,8}"}
"""Bounded, because a message may repeat a word a thousand times."""
# Not the bars between endings.
_BAR = re.compile(r"\|(?![^(|]*(?:\|[^(|]*)*\))")
_ENDINGS = re.compile(r"([^\s(]+)\(([^)]*)\)")


def fold(text: str) -> str:
    """Return ``text`` in lower case with similar letters made one, each character in its place."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    return lower.translate(_FOLD)


def alternatives(members: Sequence[str]) -> list[str]:
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
    word = DROPPED.sub("", fold(word))
    match = _ENDINGS.fullmatch(word)
    if not match:
        return [word]
    return [match[1], *(match[1] + ending for ending in match[2].split("|"))]


def _elements(template: str) -> Iterator[tuple[bool, str, str]]:
    place = 0
    while place < len(template):
        match = _ELEMENT.match(template, place)
        if not match:
            raise ValueError(f"frames.yaml: {template!r} cannot be read from character {place}")
        yield bool(match[1]), match[2], match[3] or ""
        place = match.end()


def _choices(body: str, classes: Mapping[str, list[str]]) -> list[str]:
    if body.startswith("{"):
        return classes[body[1:-1]]
    if not body.startswith("("):
        return alternatives([body])
    named: list[str] = []
    plain: list[str] = []
    for choice in _BAR.split(body[1:-1]):
        (named if choice.startswith("{") else plain).append(choice)
    return [*alternatives(plain), *(member for name in named for member in classes[name[1:-1]])]


def expression(template: str, classes: Mapping[str, list[str]]) -> str:
    """Return the regular expression of a template, to be matched against normal forms with a space behind each."""
    parts = []
    for forbids, body, repeat in _elements(template):
        if body == "_":
            parts.append(rf"(?:\S+ ){_REPEATS.get(repeat, repeat)}")
            continue
        longest_first = sorted(set(_choices(body, classes)), key=len, reverse=True)
        choices = "|".join(f"{choice} " for choice in longest_first).replace("_", r"\S+")
        parts.append(f"(?!{choices})" if forbids else f"(?:{choices}){_REPEATS.get(repeat, repeat)}")
    return "".join(parts)


def edge_words(template: str, classes: Mapping[str, list[str]], *, at_end: bool = False) -> set[str]:
    """Return the words with which the phrases of a template can begin, or end."""
    found: set[str] = set()
    elements = list(_elements(template))
    for _, body, repeat in reversed(elements) if at_end else elements:
        found.update(choice.split()[-1 if at_end else 0] for choice in _choices(body, classes))
        if repeat not in ("?", "*") and not repeat.startswith("{0"):
            break
    return found
