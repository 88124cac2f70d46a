"""Tables, JSON and text on standard output: with colours in a terminal, plain elsewhere."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

_MARKS = {
    "answer": "green",
    "closest": "yellow",
    "none": "red",
    "open": "yellow",
    "answered": "green",
    "will-not-cover": "dim",
}
_PLAIN_WIDTH = 1_000_000


def console() -> Console:
    """Return the console: colours and wrapped lines in a terminal, plain whole lines elsewhere."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    return Console(highlight=False, soft_wrap=not terminal, width=None if terminal else _PLAIN_WIDTH)


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print rows under headings, or the text ``empty`` without rows. Only a terminal cuts long cells."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    cells = [["" if cell is None else one_line(str(cell)) for cell in row] for row in rows]
    if not cells:
        click.echo(empty)
        return
    out = console()
    terminal = out.is_terminal
    table = Table(box=box.SIMPLE_HEAD if terminal else None, pad_edge=False, expand=False)
    for column in columns:
        table.add_column(column, overflow="fold" if terminal else "ignore", no_wrap=not terminal)
    for row in cells:
        table.add_row(*(f"[{_MARKS[cell]}]{cell}[/]" if cell in _MARKS else escape(cell) for cell in row))
    with out.capture() as printed:
        out.print(table)
    for line in printed.get().splitlines():
        click.echo(line.rstrip())


def one_line(text: str) -> str:
    """Return a text on one line without control characters; a question must not control the reviewer's terminal."""
    words = " ".join(text.split())
    return "".join("\ufffd" if unicodedata.category(character) == "Cc" else character for character in words)
