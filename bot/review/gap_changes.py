"""What the options of ``log gaps`` change about gaps."""

from __future__ import annotations

import getpass
import os
import sqlite3
from dataclasses import dataclass

import click

from bot.review import gap_store
from bot.review.queries import entry


def user_name() -> str:
    """Return the name of who runs the command; gaps keep it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in a container
        return f"user {os.getuid()}"


@dataclass(frozen=True, slots=True)
class GapChange:
    """One change of gaps, as the options of the command ask for it. At most one of the first four is given."""

    mark: str | None
    merge: int | None
    split: str | None
    """Beginnings or ends of entry ids, with commas between them."""
    move: str | None
    """The same."""
    to: int | None
    note: str | None

    def check(self, gap: int | None) -> bool:
        """Return whether there is anything to change.

        Raises:
            click.UsageError: The options do not go together, or the number of the gap is missing.
        """
        options = {"--mark": self.mark, "--merge": self.merge, "--split": self.split, "--move": self.move}
        chosen = [name for name, value in options.items() if value is not None]
        if len(chosen) > 1:
            raise click.UsageError(f"{' and '.join(chosen)}: give one at a time.")
        if (self.to is None) != (self.move is None):
            raise click.UsageError("--move ID,ID and --to GAP belong together.")
        if chosen and gap is None and self.move is None:
            raise click.UsageError(f"{chosen[0]} needs the number of a GAP.")
        return bool(chosen)

    def apply(self, connection: sqlite3.Connection, gap: int) -> int:
        """Make the change, say what was done, and return the number of the gap to show.

        Raises:
            UserFacingError: There is no such gap or question, or the change is not possible.
        """
        by = user_name()
        if self.mark is not None:
            gap_store.mark(connection, gap, gap_store.State(self.mark), self.note, by)
        elif self.merge is not None:
            gap_store.merge(connection, gap, self.merge, by)
            click.echo(f"Gap {self.merge} is part of gap {gap} now.", err=True)
        elif self.split is not None:
            number = gap_store.split(connection, gap, _entries(connection, self.split), by)
            click.echo(f"Split off gap {gap}: gap {number}.", err=True)
        elif self.move is not None and self.to is not None:
            gap_store.move(connection, _entries(connection, self.move), self.to, by)
            click.echo(f"Moved to gap {self.to}.", err=True)
            return self.to
        return gap


def _entries(connection: sqlite3.Connection, ids: str) -> list[str]:
    return [str(entry(connection, each)["id"]) for each in ids.replace(",", " ").split()]
