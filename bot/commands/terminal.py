"""Tables, JSON and text on standard output: with colours in a terminal, plain elsewhere."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from bot.commands.standard_streams import takes_every_character

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

_MARKS = {
    "answer": "green",
    "closest": "yellow",
    "none": "red",
    "open": "yellow",
    "answered": "green",
    "will-not-cover": "dim",
}
_PLAIN_WIDTH = 1_000_000
_LEAST_TEXT = 40
"""Columns that a long text needs beside others; with fewer it stands above them."""


def is_terminal() -> bool:
    """Return whether lines are cut to a width, which FORCE_COLOR does not ask for."""
    return sys.stdout.isatty()


def console(*, whole: bool = False) -> Console:
    """Return the console: colours and wrapped lines in a terminal, plain whole lines elsewhere, or if so wanted."""
    from rich import console

    class Console(console.Console):
        def on_broken_pipe(self) -> None:
            raise  # as everywhere else; rich would end the program here

    whole = whole or not is_terminal()
    return Console(highlight=False, soft_wrap=whole, width=_PLAIN_WIDTH if whole else None)


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print a value as JSON, with escapes where the output cannot encode every character."""
    click.echo(json.dumps(value, ensure_ascii=not takes_every_character(), indent=indent, default=str))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str, text: str = "") -> None:
    """Print rows under headings; only a terminal cuts them.

    Args:
        columns: The headings.
        rows: A cell for each heading.
        empty: What to print without rows.
        text: The heading of the column that people read. In a narrow terminal its cells stand above the others, whole.
    """
    cells = [["" if cell is None else one_line(str(cell)) for cell in row] for row in rows]
    if not cells:
        click.echo(empty)
        return
    out = console()
    if is_terminal() and text and out.width - _width(columns, cells, text) < _LEAST_TEXT:
        lines = list(_stacked(out, columns, cells, text))
    else:
        lines = _lines(out, _table(columns, cells, text, wrapped=is_terminal()))
    for line in lines:
        click.echo(line.rstrip(), color=out.is_terminal or None)


def _width(columns: Sequence[str], cells: Sequence[Sequence[str]], text: str) -> int:
    """Return the width of all columns but that of the text."""
    from rich.cells import cell_len

    by_column = zip(columns, *cells, strict=True)
    return sum(3 + max(map(cell_len, column)) for column in by_column if column[0] != text)


def _table(columns: Sequence[str], cells: Iterable[Sequence[str]], text: str, *, wrapped: bool) -> Table:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD if wrapped else None, pad_edge=False, expand=False)
    for column in columns:
        # Beside a text that wraps, an id or a number stays whole.
        whole = not wrapped or bool(text and column != text)
        table.add_column(column, overflow="fold" if wrapped else "ignore", no_wrap=whole)
    for row in cells:
        table.add_row(*(f"[{_MARKS[cell]}]{cell}[/]" if cell in _MARKS else escape(cell) for cell in row))
    return table


def _lines(out: Console, shown: RenderableType) -> list[str]:
    with out.capture() as printed:
        out.print(shown)
    return printed.get().splitlines()


def _stacked(out: Console, columns: Sequence[str], cells: Sequence[Sequence[str]], text: str) -> Iterator[str]:
    """Yield each text in the whole width and, below it, the other cells of its row."""
    from rich.text import Text

    at = columns.index(text)
    others = [[cell for position, cell in enumerate(row) if position != at] for row in (columns, *cells)]
    # Wider than the terminal, if need be: a terminal breaks a line without cutting anything off.
    details = _table(others[0], others[1:], "", wrapped=False)
    details.collapse_padding = True
    heading, *below = _lines(console(whole=True), details)
    yield from _lines(out, Text(text, style="bold"))
    yield f"  {heading}"
    for row, line in zip(cells, below, strict=True):
        yield from _lines(out, Text(row[at], style="bold"))
        yield f"  {line}"


def one_line(text: str) -> str:
    """Return a text on one line without control characters; a question must not control the reviewer's terminal."""
    words = " ".join(text.split())
    return "".join("\ufffd" if unicodedata.category(character) == "Cc" else character for character in words)
