"""What a running bot has done so far, in numbers."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

LATENCY_STEPS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds, in seconds, between which answers are counted by how long they took."""


@dataclass(slots=True)
class Tally:
    """What was done since the start."""

    started: float = field(default_factory=time.monotonic)
    questions: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Answered questions by decision and language."""
    errors: Counter[str] = field(default_factory=Counter)
    """Calls to Telegram that failed, by what went wrong."""
    latency: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_STEPS) + 1))
    """How many answers fell into each step, and (last) above them all."""
    seconds: float = 0.0
    """How long all answers took together, from the receipt of the question."""

    @property
    def answered(self) -> int:
        """How many questions were answered."""
        return self.questions.total()

    def add(self, decision: str, language: str, seconds: float) -> None:
        """Count an answer that was delivered so many seconds after its question came."""
        self.questions[decision, language] += 1
        self.latency[bisect_left(LATENCY_STEPS, seconds)] += 1
        self.seconds += seconds

    def failed(self, kind: str) -> None:
        """Count a call to Telegram that failed."""
        self.errors[kind] += 1
