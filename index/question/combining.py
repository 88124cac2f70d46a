"""Put a follow-up and the question before it together into one question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from index.text.dates import dates_found
from index.text.names import Name

_END = " ?!.…"

NamesIn = Callable[[str], Iterable[Name]]


def combinations(before: str, follow_up: str, added: str, names_in: NamesIn) -> Iterator[str]:
    """Yield the questions that a follow-up and the question before it may mean together, the likeliest first.

    What the follow-up adds takes the place of something of its kind: "trade in 2024?" and "and in 2023?" are "trade in
    2023?". Otherwise it stands behind the question.

    Args:
        before: The question before, or a title in its place.
        follow_up: What was asked then.
        added: What of it says something.
        names_in: Finds the names in a text.
    """
    if replaced := _with_date(before, added) or _with_name(before, added, names_in):
        yield replaced
    yield f"{before.rstrip(_END)}? {follow_up}"


def _with_date(before: str, added: str) -> str | None:
    """Return the question with its date replaced by that of the addition, which must be nothing else."""
    old, new = dates_found(before), dates_found(added)
    if not old or len(new) != 1 or len(old) != 1:
        return None
    start, end = old[0].start, old[0].end
    return before[:start] + added[new[0].start : new[0].end] + before[end:]


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
