"""What a press on a button leads to."""

from __future__ import annotations

from dataclasses import dataclass

from bot.messages.answers import Rendered


@dataclass(frozen=True, slots=True)
class Reaction:
    """The answer to a press: a word for who pressed, and perhaps a message."""

    word: str = ""
    message: Rendered | None = None
    below: bool = False
    """Send the message as a new one below, instead of in the place of the one with the button."""
    alert: bool = False
    """Show the word in a window that must be closed, for it is all that happens."""
