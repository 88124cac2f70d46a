"""Recognise that a question swaps who follows whom in an office."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from index.search.known_names import KnownNames
from index.text.folded import beginnings_of, folded
from index.text.names import Name, words_of
from index.text.terms import fold

# All patterns are for folded words or text.
_SUCCEEDS = re.compile(
    r"\b(?:replac\w+|succeed\w*|succession|successor\w*|predecessor\w*|follow(?:s|ed)?"
    r"|(?:took|takes?|taken?|taking) over|(?:came|comes?) after"
    r"|смен(?:ил|ит|ять|яет|ивш|ен)\w*|смену|замен(?:ил|ит|яет|ивш|ен)\w*|преемни\w+|предшественни\w+"
    r"|алмастыр\w*|ауыстыр\w*|орнына|изба?сар\w*|кейинги|кейин)\b"
)
_BEGINNINGS = beginnings_of(
    "replace succeed predecessor follow took take came come сменил смену заменил преемник предшественник алмастыру"
    " ауыстыру орнына избасар изасар кейин"
)
_BY = re.compile(r"\s+by\b")
_RUSSIAN_PASSIVE = re.compile(r"(?:смен|замен)ен[аыо]?$")
_OBJECT_ENDING = re.compile(r"[дтн][ыи]$")
_KAZAKH_WHOM = re.compile(r"\bким(?:нин|ди|нен)\b")
_PRONOUN = re.compile(r"\s+(?:from\s+)?(?:her|him|them)\b")
_SENTENCE_END = re.compile(r"[.!?]\s")


class Succession(NamedTuple):
    """That one person follows another, by the keys of their surnames."""

    new: str
    old: str


def swapped_people(question: str, language: str, held: frozenset[Succession], known: KnownNames) -> Iterator[str]:
    """Yield the word by which a question makes the one who follows the one who is followed, or the reverse.

    Args:
        question: A question.
        language: Its language.
        held: What a passage says.
        known: The names of the whole knowledge.
    """
    form = folded(question)
    match = _SUCCEEDS.search(form.text)
    people = _people(question, known) if match else []
    if match and people and any(_reversed(form.text, match, language, people, pair) for pair in held):
        yield form.words(*match.span())


def may_tell_succession(text: str) -> bool:
    """Tell quickly whether a text may say who follows whom."""
    return folded(text).may_hold(_BEGINNINGS)


def _people(text: str, known: KnownNames) -> list[Name]:
    """Return the words of ``text`` that may name a person."""
    return [
        name
        for name in words_of(text)
        if not name.is_country
        and name.key not in known.common
        and name.key not in known.frequent
        and (name.key in known.names or name.capital)
    ]


def successions(text: str, language: str, known: KnownNames) -> Iterator[Succession]:
    """Yield who follows whom by the sentences of ``text``."""
    if not may_tell_succession(text):
        return
    for sentence in _SENTENCE_END.split(text):
        form = fold(sentence)
        match = _SUCCEEDS.search(form)
        people = _people(sentence, known) if match and len(form) == len(sentence) else []
        if match and people:
            new, old = _sides(form, match, language, people)
            if new and old and new.key != old.key:
                yield Succession(new.key, old.key)


def _sides(form: str, match: re.Match[str], language: str, people: Sequence[Name]) -> tuple[Name | None, Name | None]:
    """Return the surnames of who follows and of who is followed."""
    before = [name for name in people if name.start < match.start()]
    after = [name for name in people if name.start >= match.end()]
    runs_before, runs_after = _surnames(form, before), _surnames(form, after)
    word = match[0]
    if language == "kk":
        old = runs_before[-1] if word.startswith(("орнына", "кейин")) and runs_before else None
        if old is None:
            old = next((name for name in runs_before if _OBJECT_ENDING.search(fold(name.word))), None)
        new = next((name for name in [*runs_after, *runs_before] if name is not old), None)
        return new, old
    if word.startswith(("successor", "преемни", "смену")):
        possessive = word.startswith("successor") and bool(runs_before) and "s successor" in form
        old = runs_before[-1] if possessive else next(iter(runs_after), None)
        new = next((name for name in [*runs_before, *runs_after] if name is not old), None)
        return new, old
    first = next(iter(runs_before), None)
    if runs_before and not form[runs_before[-1].end : match.start()].strip():
        first = runs_before[-1]  # "X is no more: Y took over X"
    second = next(iter(runs_after), None)
    if word.startswith(("predecessor", "предшественни")) or _is_passive(form, match):
        return second, first
    return first, second


def _is_passive(form: str, match: re.Match[str]) -> bool:
    return bool(_BY.match(form, match.end()) or _RUSSIAN_PASSIVE.search(match[0]))


def _surnames(form: str, people: Sequence[Name]) -> list[Name]:
    """Return the last word of each name of several words."""
    return [
        name
        for place, name in enumerate(people)
        if place + 1 == len(people) or form[name.end : people[place + 1].start].strip()
    ]


def _reversed(form: str, match: re.Match[str], language: str, people: Sequence[Name], held: Succession) -> bool:
    """Tell whether a question makes the follower of ``held`` the one who is followed."""
    new = next((name for name in people if name.key == held.new), None)
    old = next((name for name in people if name.key == held.old), None)
    if new is None and old is None:
        return False
    if new is not None and old is not None:
        return _first_follows(form, match, language, new, old) != (new.start < old.start)
    asked = new or old
    follows = _lone_follows(form, match, language, asked) if asked else None
    return follows is not None and follows != (new is not None)


def _first_follows(form: str, match: re.Match[str], language: str, one: Name, other: Name) -> bool:
    """Tell whether a question says of the first of two names that this person follows the other."""
    first, second = sorted((one, other), key=lambda name: name.start)
    word = match[0]
    if language == "kk":
        if word.startswith(("орнына", "кейин")):
            return second.start < match.start() and first.start < second.start
        return _OBJECT_ENDING.search(fold(first.word)) is None
    if word.startswith(("predecessor", "предшественни")) or _is_passive(form, match):
        return False
    return not ("s successor" in form or "смену" in word)


def _lone_follows(form: str, match: re.Match[str], language: str, name: Name) -> bool | None:
    """Tell whether the one person in a question follows or is followed; ``None`` where it does not say."""
    word = match[0]
    behind = name.start > match.start()
    if language == "kk":
        if word.startswith(("орнына", "кейин")):
            return _KAZAKH_WHOM.search(form) is not None
        return _OBJECT_ENDING.search(fold(name.word)) is None
    if word.startswith(("successor", "преемни")):
        return False
    if word.startswith(("predecessor", "предшественни")):
        return True
    if language == "ru":
        if re.search(r"\bкто\b", form):
            return False
        return True if re.search(r"\b(?:кого|кому|кем)\b", form) and not _is_passive(form, match) else None
    if not behind and _PRONOUN.match(form, match.end()):
        return None  # the pronoun may be that very person
    return (not behind) != _is_passive(form, match)
