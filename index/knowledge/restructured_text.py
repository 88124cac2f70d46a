"""Directives of reStructuredText, which people mix into Markdown: ``.. note::`` with an indented text, and remarks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.knowledge.markdown_lines import block_lines, line_of, parse_lines

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock

_DIRECTIVE = re.compile(r"\.\.[ \t]+(?P<name>[A-Za-z][\w:+.-]*?)::(?:[ \t]+(?P<argument>.*))?$")
_ANY_DIRECTIVE = re.compile(r"^[ \t]*\.\.[ \t]+[A-Za-z][\w:+.-]*?::", re.MULTILINE)
_REMARK = re.compile(r"\.\.(?:[ \t]|$)")
_OPTION = re.compile(r":[\w-]+:(?:[ \t].*)?$")
_TITLED = frozenset(
    "admonition topic sidebar rubric dropdown details collapse tab tab-item card grid-item-card".split()
)
"""Their argument is a title."""
_CODE = frozenset({"code", "code-block", "sourcecode", "parsed-literal", "prompt", "math"})
_TEXT_ALONE = frozenset(
    "figure container class only grid grid-item tab-set tabs versionadded versionchanged deprecated".split()
)
"""Their argument is for a program; what is indented below is text."""
_UNREAD = frozenset(
    "image toctree contents index meta include literalinclude raw highlight role default-role sectnum sectionauthor"
    " codeauthor currentmodule module automodule autoclass autofunction autosummary graphviz mermaid uml plot plantuml"
    " bibliography footbibliography todolist youtube video tags".split()
)


def add_directives(parser: MarkdownIt) -> None:
    """Let a parser read directives."""
    parser.block.ruler.before("fence", "directive", _directive, {"alt": ["list"]})


def _directive(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    line = line_of(state, start)
    if state.is_code_block(start) or not _REMARK.match(line) or not _ANY_DIRECTIVE.search(state.src):
        return False
    if silent:
        return True
    state.line, lines = block_lines(state, start, end)
    found = _DIRECTIVE.match(line)
    if not found or found["name"] in _UNREAD:
        return True  # a picture, a list of contents, a target or a remark
    name, argument = found["name"], (found["argument"] or "").strip()
    options = next((number for number, each in enumerate(lines) if not _OPTION.match(each)), len(lines))
    body = lines[options:]
    if name in _CODE:
        token = state.push("fence", "code", 0)
        token.content, token.map = "\n".join([*([argument] if name == "math" else []), *body]), [start, state.line]
        return True
    titled = state.push("titled_open", "div", 1)
    titled.info, titled.map = argument if name in _TITLED else "", [start, state.line]
    if name in _TITLED | _TEXT_ALONE:
        argument = ""
    parse_lines(state, [argument, *body], start + options)
    state.push("titled_close", "div", -1)
    return True
