"""How the review commands print: tables where a person reads, whole lines where a program does."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence

import click

_PLAIN_WIDTH = 10_000
MARKS = {
    "answer": "green",
    "closest": "yellow",
    "none": "red",
    "open": "yellow",
    "answered": "green",
    "will-not-cover": "dim",
}


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print rows under headings; where output is not a terminal nothing is cut."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    cells = [["" if cell is None else one_line(str(cell)) for cell in row] for row in rows]
    if not cells:
        click.echo(empty)
        return
    terminal = sys.stdout.isatty()
    console = Console(soft_wrap=not terminal, width=None if terminal else _PLAIN_WIDTH, highlight=False)
    table = Table(*columns[:-1], box=box.SIMPLE_HEAD if terminal else None, pad_edge=False, expand=False)
    table.add_column(columns[-1], overflow="fold" if terminal else "ignore", no_wrap=not terminal)
    for column in table.columns[:-1]:
        column.no_wrap = True
    for row in cells:
        table.add_row(*(f"[{MARKS[cell]}]{cell}[/]" if cell in MARKS else escape(cell) for cell in row))
    with console.capture() as printed:
        console.print(table)
    for line in printed.get().splitlines():
        click.echo(line.rstrip())


def one_line(text: str) -> str:
    """Return a text in one line without control characters: what people typed must not steer a reviewer's terminal."""
    words = " ".join(text.split())
    return "".join("\ufffd" if unicodedata.category(character) == "Cc" else character for character in words)


def short_time(text: object) -> str:
    """Return the log's time as people read it, to the minute (UTC)."""
    return str(text)[:16].replace("T", " ")
