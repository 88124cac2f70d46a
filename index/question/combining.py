"""Put a follow-up and the question before it together into one question."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from index.question.grammar import Words
from index.question.message import Message
from index.text.dates import dates_found
from index.text.names import Name, name_key

_END = " ?!.…"
_MOST_REPLACED = 5
"""So many words of a question are tried in turn, and no more: each costs a look-up."""
_LONGEST_THING = 2
"""A thing of more words takes the place of no single word."""

NamesIn = Callable[[str], Iterable[Name]]


def combination(before: str, follow_up: str) -> str:
    """Return a question, or a title in its place, with a follow-up behind it."""
    return f"{before.rstrip(_END)}? {follow_up}"


def replaced(before: str, added: str, names_in: NamesIn) -> str | None:
    """Return a question in which what a follow-up adds takes the place of a date or name.

    "Trade in 2024?" and "and in 2023?" are "trade in 2023?".

    Args:
        before: The question before, or a title in its place.
        added: The words of the follow-up that say something.
        names_in: Finds the names in a text.
    """
    return _with_date(before, added) or _with_name(before, added, names_in)


def substitutions(before: str, added: str, words: Words, but: Collection[str]) -> Iterator[str]:
    """Yield the questions in which a short addition takes the place of one word that says something.

    "Is copper on the list?" and "what about tungsten?" are "is tungsten on the list?", among others.

    Args:
        before: The question before.
        added: The words of the follow-up that say something.
        words: The words of the language of both.
        but: The keys of names, which stay.
    """
    if len(added.split()) > _LONGEST_THING or dates_found(added):
        return
    message = Message(before, words)
    places = [
        number
        for number, word in enumerate(message.normal)
        if word not in words.empty and not word[0].isdigit() and name_key(word) not in but
    ]
    for number in places[:_MOST_REPLACED]:
        yield before[: message.starts[number]] + added + before[message.ends[number] :]


def _with_date(before: str, added: str) -> str | None:
    """Return the question with its date replaced by that of the addition."""
    old, new = dates_found(before), dates_found(added)
    if len(old) != 1 or len(new) != 1:
        return None
    return before[: old[0].start] + added[new[0].start : new[0].end] + before[old[0].end :]


def _with_name(before: str, added: str, names_in: NamesIn) -> str | None:
    """Return the question with a name replaced by the addition, which must begin with a name."""
    new = list(names_in(added))
    if not new or new[0].start:
        return None
    country = new[0].is_country
    old = [name for name in names_in(before) if name.is_country is country]
    known = {name.key for name in new}
    if not old or any(name.key in known for name in old):
        return None
    first = last = old[0]
    # A name of several words goes as a whole.
    for name in old[1:]:
        if not country and before[last.end : name.start].strip("-. ") == "":
            last = name
    return before[: first.start] + added + before[last.end :]
