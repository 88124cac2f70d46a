"""From a knowledge folder to a published version."""

from __future__ import annotations


class Report:
    """What a build shows while it runs; this one shows nothing."""

    def step(self, name: str, total: int | None = None) -> None:
        """Show that a step begins, and of how many parts it consists where that is known."""

    def advance(self, count: int) -> None:
        """Show that ``count`` more parts of the step are done."""

    def say(self, text: str) -> None:
        """Show something the operator should read."""
