"""CommonMark with tables, strikethrough, footnotes and definition lists, without what other programs put between words.

The rules here know what Obsidian, Hugo, Jekyll, kramdown and Docusaurus add to Markdown. Whatever is no word for a
reader becomes a token ``removed``, or nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

REMOVED = "removed"
"""The type of a token that stands for something that no reader sees."""

_WIKILINK = re.compile(r"(?P<embed>!)?\[\[(?P<page>[^\[\]|\n]*)(?:\\?\|(?P<words>[^\[\]\n]*))?\]\]")
_INVISIBLE = re.compile(
    r"""
      \{\{.*?\}\} | \{%.*?%\} | <%.*?%>             # templates and shortcodes
    | %%.*?%%                                       # remarks in Obsidian
    | \[\^[^\]\s]+\]                                # marks of footnotes that are missing
    | \{[:\#.][^{}\n]*\}(?=[ \t]*(?:\n|\Z))         # attributes in kramdown and Pandoc
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_NAME = re.compile(r"(?<=\s)\^[A-Za-z0-9-]{2,}(?=\s*\Z)")
_HIGHLIGHT = re.compile(r"(?<!\w)==(?=[^\s=])|(?<=[^\s=])==(?!\w)")
CONTENTS = re.compile(r"\s*\[\[?_?TOC_?\]?\]\s*|.*\{:toc\}\s*", re.IGNORECASE | re.DOTALL)
"""The place of a table of contents."""
_BOX_LINE = re.compile(r':::|=== "|--8<--')
"""A line that begins or ends a box or a tab, or includes another file."""


@lru_cache(maxsize=1)
def markdown_parser() -> MarkdownIt:
    """Return the parser."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.admon import admon_plugin
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.footnote import footnote_plugin

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.use(footnote_plugin).use(deflist_plugin).use(admon_plugin)
    parser.inline.ruler.before("escape", "wikilink", _wikilink)
    parser.inline.ruler.before("escape", "highlight", _highlight)
    parser.inline.ruler.after("footnote_ref", "invisible", _invisible)
    for name, rule in (("remark", _remark), ("container", _container)):
        parser.block.ruler.before("fence", name, rule, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    return parser


def _wikilink(state: StateInline, silent: bool) -> bool:
    """``[[Page|words]]`` is read as its words; an embedded ``![[file]]`` is not read."""
    found = _WIKILINK.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        page, _, section = found["page"].partition("#")
        words = found["words"] or page.rpartition("/")[2].removesuffix(".md") or section
        if found["embed"]:
            state.push(REMOVED, "", 0)
        else:
            state.pending += words.strip()
    state.pos = found.end()
    return True


def _highlight(state: StateInline, silent: bool) -> bool:
    """``==words==`` are words."""
    found = _HIGHLIGHT.match(state.src, state.pos, state.posMax)
    if found:
        state.pos = found.end()
    return bool(found)


def _invisible(state: StateInline, silent: bool) -> bool:
    """Templates, remarks, marks and attributes are no words."""
    source = state.src
    found = _INVISIBLE.match(source, state.pos, state.posMax) or _BLOCK_NAME.match(source, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        state.push(REMOVED, "", 0)
    state.pos = found.end()
    return True


def _remark(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Lines between two ``%%`` are a remark of whoever wrote the text."""
    if not _line(state, start).startswith("%%"):
        return False
    first = _line(state, start)[2:].rstrip()
    last = start
    if first.endswith("%%"):
        pass
    elif "%%" in first:
        return False
    else:
        last = next((line for line in range(start + 1, end) if _line(state, line).rstrip().endswith("%%")), -1)
        if last < 0:
            return False
    if not silent:
        state.line = last + 1
    return True


def _container(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """What stands in a box is read, and the lines around it are not."""
    if not _BOX_LINE.match(_line(state, start)):
        return False
    if not silent:
        state.line = start + 1
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]
