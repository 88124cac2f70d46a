"""CommonMark with tables, strikethrough, footnotes, formulas and definition lists, and what other programs add.

The rules here are for what stands between words: Obsidian, Hugo, Jekyll, kramdown, MkDocs and Pandoc put it there.
Whatever is no word for a reader becomes a token ``removed``, or nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from index.knowledge.markdown_boxes import add_boxes
from index.knowledge.markdown_lines import line_of
from index.knowledge.pandoc import add_pandoc
from index.knowledge.restructured_text import add_directives

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline

REMOVED = "removed"
"""The type of a token that stands for something that no reader sees."""

_WIKILINK = re.compile(r"(?P<embed>!)?\[\[(?P<page>[^\[\]|\n]*)(?:\\?\|(?P<words>[^\[\]\n]*))?\]\]")
_ATTRIBUTE = r"""(?:[.#][\w-]+|[\w:-]+=(?:"[^"\n]*"|'[^'\n]*'|[^\s{}"']+))"""
_LONG = r".{0,1000}?"
"""A bound, because the end of what is opened again and again and never closed would be sought again and again."""
_TEMPLATED = r"[^()\n]{0,200}?(?:\{\{[^()\n]{0,200}?\}\}|\{%[^()\n]{0,200}?%\})[^()\n]{0,200}?"
"""An address that a program puts in."""
_INVISIBLE = re.compile(
    rf"""
      \{{\{{{_LONG}\}}\}} | \{{%{_LONG}%\}} | <%{_LONG}%>            # templates and shortcodes
    | %%{_LONG}%% | \{{/\*{_LONG}\*/\}} | \{{>>{_LONG}<<\}}       # remarks in Obsidian, MDX and CriticMarkup
    | \{{--{_LONG}--\}} | \{{-[ ]{_LONG}[ ]-\}}                  # what an editor crossed out
    | \[\^[^\]\n]+\]                                            # marks of footnotes that are missing
    | \[-?@[^\]\n]+\] | \(\([\w-]{{6,}}\)\)                     # marks of literature, and of blocks in Roam and Logseq
    | \{{:?[ \t]*{_ATTRIBUTE}(?:[ \t]+{_ATTRIBUTE})*[ \t]*\}}      # attributes in kramdown and Pandoc
    | \{{:[^{{}}\n]*\}}(?=[ \t]*(?:\n|\Z))
    | !\[[^\]\n]*\]\({_TEMPLATED}\)                              # pictures with such an address
    | \[(?:\#[\w-]*|\d+|\*)\]_(?!\w)                             # marks of footnotes in reStructuredText
    | :(?:material|octicons|fontawesome|simple)-[\w-]+:           # icons in MkDocs
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_NAME = re.compile(r"(?<=\s)\^[A-Za-z0-9-]{2,}(?=\s*\Z)|\A\^[A-Za-z0-9-]+\s*\Z")
_FOR_PROGRAMS = re.compile(r"^[ \t]*(?:id|collapsed|card-[\w-]+|logseq\.[\w.-]+)::.*$", re.MULTILINE)
"""A line that Logseq writes for itself."""
_WORDS_WITHIN = (
    re.compile(r"\[(?P<name>[^\[\]():\n]+)::[ \t]*(?P<words>[^\[\]\n]*)\]"),
    re.compile(r"\([^\[\]():\n]+::[ \t]*(?P<words>[^()\n]*)\)"),
    re.compile(r"\[(?P<words>[^\[\]\n]+)\](?=\{[.#][^{}\n]*\})"),
    re.compile(r"\{(?P<sign>\+\+|==|\+ )(?P<words>[^{}\n]*?)(?:\+\+|==| \+)\}"),
    re.compile(r"\{~~[^{}\n]*?~>(?P<words>[^{}\n]*?)~~\}"),
    re.compile(rf"\[(?P<words>[^\[\]\n]+)\]\({_TEMPLATED}\)"),
    re.compile(r":(?:[\w+.-]+:)+`(?P<words>[^`<\n]+?)[ \t]*(?:<[^`>\n]+>)?`"),
    re.compile(r"\{[\w:+-]+\}`(?P<words>[^`<\n]+?)[ \t]*(?:<[^`>\n]+>)?`"),
    re.compile(r"`(?P<words>[^`<\n]+?)[ \t]*(?:<[^`>\n]+>)?`__?(?![\w`])"),
    re.compile(r"(?<=\w)\^(?P<words>[^\s^\[\]]{1,20})\^(?![\w^])"),
    re.compile(r"(?<=\w)~(?P<words>[^\s~]{1,20})~(?!~)"),
    re.compile(r"(?<![\w+])\+\+(?P<words>[A-Za-z][\w+-]*?)\+\+(?![\w+])"),
)
"""Words with signs of a program around them: fields of Dataview within a sentence, of which those in round brackets
are shown without their names; spans in Pandoc; what an editor added in CriticMarkup and GitLab; links whose address a
program puts in; roles and links in reStructuredText and MyST; what is raised or lowered in Pandoc; keys in MkDocs."""
_TEX = re.compile(r"\\\((?=[^\n()]{0,300}[_^=])[^\n]{1,300}?\\\)|\\\[(?=[^\n\]]{0,300}[_^=])[^\n]{1,300}?\\\]")
_FIELD_COLON = re.compile(r"(?<=[\w*])::(?=\s|\Z)")
_HIGHLIGHT = re.compile(r"(?<!\w)==(?=[^\s=])|(?<=[^\s=])==(?!\w)")
CONTENTS = re.compile(r"\s*\[\[?_?TOC_?\]?\]\s*|.*\{:toc\}\s*", re.IGNORECASE | re.DOTALL)
"""The place of a table of contents."""


@lru_cache(maxsize=1)
def markdown_parser() -> MarkdownIt:
    """Return the parser."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.amsmath import amsmath_plugin
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.footnote import footnote_plugin

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.use(footnote_plugin).use(deflist_plugin)
    parser.use(dollarmath_plugin, allow_space=False, allow_digits=False).use(amsmath_plugin)
    for add in (add_boxes, add_directives, add_pandoc):
        add(parser)
    parser.inline.add_terminator_char("(")
    parser.inline.ruler.before("escape", "wikilink", _wikilink)
    parser.inline.ruler.before("escape", "highlight", _highlight)
    parser.inline.ruler.after("footnote_ref", "invisible", _invisible)
    parser.inline.ruler.before("escape", "words_within", _words_within)
    parser.inline.ruler.before("escape", "tex", _tex)
    parser.block.ruler.before("fence", "tex_block", _tex_block)
    parser.core.ruler.before("inline", "for_programs", _without_lines_for_programs)
    return parser


def _without_lines_for_programs(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline":
            token.content = _FOR_PROGRAMS.sub("", token.content)


def _wikilink(state: StateInline, silent: bool) -> bool:
    """``[[Page|words]]`` is read as its words; an embedded ``![[file]]`` is not read."""
    found = _WIKILINK.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        page, _, section = found["page"].partition("#")
        words = found["words"] or page.rpartition("/")[2].removesuffix(".md") or section.partition("^")[0]
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


def _words_within(state: StateInline, silent: bool) -> bool:
    """``[name:: value]``, ``{++words++}`` and the like are words."""
    source, start = state.src, state.pos
    if _FIELD_COLON.match(source, start, state.posMax):
        found, words = 2, ":"
    else:
        within = next((each for rule in _WORDS_WITHIN if (each := rule.match(source, start, state.posMax))), None)
        if not within:
            return False
        fields = within.groupdict()
        found, words = len(within[0]), f"{fields['name']}: {fields['words']}" if "name" in fields else fields["words"]
    if not silent:
        state.pending += words
    state.pos += found
    return True


def _tex(state: StateInline, silent: bool) -> bool:
    r"""``\(a_1\)`` is a formula; brackets that are escaped around words are none."""
    found = _TEX.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        state.push("math_inline", "math", 0).content = found[0]
    state.pos = found.end()
    return True


def _tex_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    r"""Lines between ``\[`` and ``\]`` are a formula."""
    if state.is_code_block(start) or line_of(state, start).rstrip() != r"\[":
        return False
    last = next((number for number in range(start + 1, end) if line_of(state, number).rstrip() == r"\]"), None)
    if last is None:
        return False
    if not silent:
        token = state.push("math_block", "math", 0)
        token.content, token.map = state.getLines(start + 1, last, state.blkIndent, False), [start, last + 1]
        state.line = last + 1
    return True


def _invisible(state: StateInline, silent: bool) -> bool:
    """Templates, remarks, marks and attributes are no words."""
    source, start = state.src, state.pos
    found = _INVISIBLE.match(source, start, state.posMax) or _BLOCK_NAME.match(source, start, state.posMax)
    if not found:
        return False
    if not silent:
        state.push(REMOVED, "", 0)
    state.pos = found.end()
    return True
