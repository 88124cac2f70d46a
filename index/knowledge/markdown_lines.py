"""What rules for blocks of Markdown have in common: the lines of a text as the parser holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token


def line_of(state: StateBlock, number: int) -> str:
    """Return a line without what indents it."""
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def block_lines(state: StateBlock, start: int, end: int) -> tuple[int, list[str]]:
    """Return where the lines below ``start`` that are indented more than it end, and those lines without the indent."""
    last = start + 1
    while last < end and (state.isEmpty(last) or state.sCount[last] > state.sCount[start]):
        last += 1
    while last > start + 1 and state.isEmpty(last - 1):
        last -= 1
    indents = [state.sCount[number] for number in range(start + 1, last) if not state.isEmpty(number)]
    if not indents:
        return last, []
    return last, state.getLines(start + 1, last, min(indents), False).split("\n")


def parse_lines(state: StateBlock, lines: Sequence[str], first: int) -> None:
    """Parse lines that are not those of the text, as if they stood in it from line ``first`` on."""
    tokens: list[Token] = []
    state.md.block.parse("\n".join(lines), state.md, state.env, tokens)
    for token in tokens:
        token.map = [number + first for number in token.map] if token.map else None
        token.level += state.level
    state.tokens += tokens
