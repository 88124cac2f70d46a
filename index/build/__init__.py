"""From a knowledge folder to a published version."""

from __future__ import annotations

from typing import Protocol


class Report(Protocol):
    """What a build shows while it runs."""

    def step(self, name: str, total: int | None = None) -> None:
        """Show that a step begins, and of how many parts it consists where that is known."""

    def advance(self, count: int) -> None:
        """Show that ``count`` more parts of the step are done."""

    def say(self, text: str) -> None:
        """Show something the operator should read."""


class Silent:
    """A report that shows nothing."""

    def step(self, name: str, total: int | None = None) -> None:
        """Show nothing."""

    def advance(self, count: int) -> None:
        """Show nothing."""

    def say(self, text: str) -> None:
        """Show nothing."""
