"""Blocks that Pandoc adds to Markdown: lines that stay lines, tables drawn as a grid, and examples with numbers."""

from __future__ import annotations

import re
from itertools import count, groupby
from typing import TYPE_CHECKING

from index.knowledge.markdown_lines import line_of, parse_lines

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore

_LINE = re.compile(r"\|(?:[ \t]+(?P<words>.*[^|\s]))?[ \t]*$")
_BORDER = re.compile(r"\+(?:[-=:]{3,}\+)+[ \t]*$")
_FENCE = re.compile(r"[ \t>]*(```+|~~~+)")
_NUMBERED = re.compile(r"(?P<indent>[ \t]*)(?:\(@(?P<label>[\w-]*)\)|(?P<hash>#)\.)(?=[ \t]+\S)")
_REFERENCE = re.compile(r"\(@(?P<label>[\w-]+)\)")


def add_pandoc(parser: MarkdownIt) -> None:
    """Let a parser read these blocks."""
    parser.core.ruler.after("normalize", "numbered", _number)
    parser.block.ruler.before("table", "grid", _grid)
    parser.block.ruler.after("table", "line_block", _line_block)


def _number(state: StateCore) -> None:
    """Give examples, ``(@)`` and ``(@label)``, and the items of lists with ``#.`` their numbers."""
    if "(@" not in state.src and "#." not in state.src:
        return
    examples, items, fence = count(1), count(1), ""
    numbers: dict[str, str] = {}
    lines = state.src.split("\n")
    for place, line in enumerate(lines):
        if found := _FENCE.match(line):
            fence = "" if fence and found[1].startswith(fence) else fence or found[1]
        elif not fence and (found := _NUMBERED.match(line)):
            number = str(next(items if found["hash"] else examples))
            if found["label"]:
                numbers.setdefault(found["label"], number)
            lines[place] = f"{found['indent']}{number}.{line[found.end() :]}"
        elif line and not line[0].isspace():
            items = count(1)
    state.src = _REFERENCE.sub(lambda found: f"({numbers.get(found[1], found[0][1:-1])})", "\n".join(lines))


def _line_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read lines that begin with ``|`` and are no rows of a table as one paragraph."""
    if silent or state.is_code_block(start):
        return False
    words: list[str] = []
    while start + len(words) < end and (found := _LINE.match(line_of(state, start + len(words)))):
        words.append(found["words"] or "")
    if not any(words) or (len(words) == 1 and start + 1 < end and not state.isEmpty(start + 1)):
        return False
    opening = state.push("paragraph_open", "p", 1)
    inline = state.push("inline", "", 0)
    state.push("paragraph_close", "p", -1)
    state.line = start + len(words)
    opening.map = inline.map = [start, state.line]
    inline.content, inline.children = "\n".join(words), []
    return True


def _grid(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a table drawn with ``+---+`` and ``|``."""
    if state.is_code_block(start) or not _BORDER.match(line_of(state, start)):
        return False
    last = start + 1
    while last < end and line_of(state, last)[:1] in ("|", "+"):
        last += 1
    lines = [line_of(state, number) for number in range(start, last)]
    if len(lines) < 3 or not _BORDER.match(lines[-1]):
        return False
    if silent:
        return True
    rows = [list(group) for is_row, group in groupby(lines, key=lambda line: line.startswith("|")) if is_row]
    cells = [[" ".join(" ".join(cell).split()) for cell in zip(*map(_cells, row), strict=False)] for row in rows]
    head, *others = [f"| {' | '.join(row)} |" for row in cells]
    parse_lines(state, [head, "|" + "---|" * len(cells[0]), *others], start)
    state.line = last
    return True


def _cells(line: str) -> list[str]:
    return line.strip().strip("|").split("|")
