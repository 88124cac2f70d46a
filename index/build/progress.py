"""What a build tells while it runs."""

from __future__ import annotations

from typing import Protocol


class Report(Protocol):
    """What a build tells while it runs."""

    def step(self, name: str, total: int | None = None) -> None:
        """A step begins, of ``total`` parts where that is known."""

    def advance(self, count: int) -> None:
        """``count`` more parts of the step are done."""

    def say(self, text: str) -> None:
        """Something the operator should read."""


class Silent:
    """A report to nobody."""

    def step(self, name: str, total: int | None = None) -> None:
        """Say nothing."""

    def advance(self, count: int) -> None:
        """Say nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""
