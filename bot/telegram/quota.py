"""How much one person may ask."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from enum import Enum

PERIOD = 60.0
"""The seconds over which a quota counts."""
_PEOPLE = 20_000


class Verdict(Enum):
    """What to do with something a person sends."""

    TAKE = "take"
    NOTE = "note"
    """Over the quota for the first time: say so."""
    DROP = "drop"
    """Over the quota, and told already."""


class Quota:
    """So many a minute for each person, over a sliding minute; memory for the 20,000 last seen.

    Args:
        limit: how many a minute; 0 allows any number.
        clock: the time in seconds.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._taken: OrderedDict[int, deque[float]] = OrderedDict()
        self._told: set[int] = set()

    def ask(self, person: int, at: float | None = None) -> Verdict:
        """Count one more from a person, unless the quota is used up.

        Args:
            at: when it was said, by a clock common to all calls; now by the quota's own if not given. What waited while
                the bot was away is so counted by when it was written, not by when the bot got round to it.
        """
        if not self._limit:
            return Verdict.TAKE
        now = self._clock() if at is None else at
        taken = self._taken.setdefault(person, deque(maxlen=self._limit))
        self._taken.move_to_end(person)
        if len(self._taken) > _PEOPLE:
            gone, _ = self._taken.popitem(last=False)
            self._told.discard(gone)
        if len(taken) < self._limit or taken[0] <= now - PERIOD:
            taken.append(now)
            self._told.discard(person)
            return Verdict.TAKE
        if person in self._told:
            return Verdict.DROP
        self._told.add(person)
        return Verdict.NOTE
