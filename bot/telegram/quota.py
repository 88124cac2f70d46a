"""How many questions one person may ask in a minute."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from enum import Enum

PERIOD = 60.0
"""The seconds over which a quota counts."""
_PEOPLE = 20_000
"""People who are counted; those not seen for longest are forgotten first."""


class Verdict(Enum):
    """What to do with a question."""

    TAKE = "take"
    NOTE = "note"
    """Over the quota for the first time: tell the person."""
    DROP = "drop"
    """Over the quota, and the person was told."""


class Quota:
    """A limit for each person over a sliding minute.

    Args:
        limit: Questions in a minute; 0 allows any number.
        clock: Returns the time in seconds.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._taken: OrderedDict[int, deque[float]] = OrderedDict()
        self._told: set[int] = set()

    async def ask(self, person: int, at: float | None = None) -> Verdict:
        """Count one more question of a person, unless the quota is used up.

        Args:
            person: Who asks.
            at: When the question was written, by one clock for all calls; by default now. Questions that waited while
                the bot was away count for the minute in which they were written.
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
