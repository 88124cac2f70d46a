"""Blocks that other programs add to Markdown: boxes and tabs with their titles, and lines that no reader sees.

A box is ``!!! note "Title"`` or ``=== "Tab"`` with an indented text (MkDocs), or lines between ``::: note Title`` and
``:::`` (Docusaurus, VitePress, Pandoc, MyST) or ``/// note | Title`` and ``///`` (MkDocs).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.knowledge.html_words import TITLED, TITLED_BY_FIRST
from index.knowledge.markdown_lines import block_lines, line_of

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock

_INDENT = 4
_TAB = re.compile(r'===[!+]*[ \t]+"(?P<title>[^"\n]+)"[ \t]*$')
_CONTAINER_TITLE = re.compile(
    r"""
      \s*\{?[.\w-]+\}?[ \t]*\[(?P<bracketed>.*)\]\s*$                      # note[Title]
    | \s*\{[^{}]*\btitle="(?P<attribute>[^"]*)"[^{}]*\}\s*$                # {.note title="Title"}
    | \s*(?:\{[^{}]*\}|\.?[\w-]+)[ \t]+"?(?P<words>[^{"][^"{}]*)"?(?:\{.*)?$    # note Title
    """,
    re.VERBOSE,
)
_UNSEEN_LINE = re.compile(
    r"""
      :::+[ \t]*$ | ;?--8<--. | \+\+\+[ \t]*$          # the end of a box, the name of an included file, a break in MyST
    | \*\[[^\]]+\]:[ \t]                             # what an abbreviation means
    | \([\w-]+\)=[ \t]*$                              # the name of a place in MyST
    | \\(?:newpage|pagebreak|clearpage|maketitle|tableofcontents|(?:big|med|small)skip|[vh]space\*?\{[^}]*\})[ \t]*$
    | import[ \t]+(?:[\w*{},\s$]+[ \t]from[ \t]+)?["'][^"'\n]+["'];?[ \t]*$    # programs in MDX
    | export[ \t]+(?:default|const|let|function)[ \t].*[;{}\])][ \t]*$
    """,
    re.VERBOSE,
)
_PROGRAM = (
    (
        re.compile(r"import[ \t]+(?:\w+,[ \t]*)?\{[^}]*$"),
        re.compile(r"\}[ \t]*from[ \t]+[\"'][^\"'\n]+[\"'];?[ \t]*$"),
    ),
    (
        re.compile(r"export[ \t]+(?:default|const|let|function)[ \t].*[\[({][ \t]*$"),
        re.compile(r"[\])}]+;?[ \t]*$"),
    ),
)
"""How programs in MDX that take several lines begin and end."""
_REMARK = re.compile(r"%[ \t]")
"""A line that MyST and LaTeX pass over; in the middle of a paragraph it may be about a percentage."""
_DOCUMENTED = re.compile(r"(?::::)?[ \t]+\w+(?:\.\w+)+[ \t]*")
"""The name of a program's part that mkdocstrings documents there; its options are indented below."""
_SLASHES = re.compile(r"[ \t]*[a-z][\w-]*[ \t]*(?:\|.*)?")
"""A kind of box and its title behind ``///``, as pymdownx writes them."""
_SHORTCODE = re.compile(r"\{\{[<%][ \t]*(?P<end>/?)[ \t]*(?P<name>[\w-]+)(?P<given>[^\n]*?)[ \t]*/?[>%]\}\}[ \t]*$")
_GIVEN = re.compile(r"""(?:title|label|name|header|summary)[ \t]*=[ \t]*["“`](?P<title>[^"”`\n]+)["”`]""")
_FIRST = re.compile(r"""[ \t]*["“`](?P<title>[^"”`\n]+)["”`]""")
_UNSEEN_BLOCKS = (
    ("{% comment %}", "{% endcomment %}"),
    ("{::comment}", "{:/comment}"),
    ("%%", "%%"),
    ("<%", "%>"),
    ("{{", "}}"),
    ("{%", "%}"),
    ("{/*", "*/}"),
    ("--8<--", "--8<--"),
)
"""What begins lines that no reader sees, and what ends them: remarks, templates, lists of included files."""
_TIGHT_HEADING = re.compile(r"(?P<level>#{2,6}|#(?=\u00a0))(?=[^\s#]|\u00a0)(?P<words>.+)")


def add_boxes(parser: MarkdownIt) -> None:
    """Let a parser read boxes, and pass over lines that are for programs."""
    from mdit_py_plugins.admon import admon_plugin
    from mdit_py_plugins.container import container_plugin

    admon_plugin(parser)
    container_plugin(parser, "box", validate=lambda words, _: bool(words.strip()) and not _DOCUMENTED.fullmatch(words))
    container_plugin(parser, "slashes", marker="/", validate=lambda words, _: bool(_SLASHES.fullmatch(words)))
    rules = (("shortcode", _shortcode), ("unseen", _unseen), ("tab", _tab), ("tight_heading", _tight_heading))
    for name, rule in rules:
        parser.block.ruler.before("fence", name, rule, {"alt": ["paragraph", "reference", "blockquote", "list"]})


def container_title(words: str) -> str:
    """Return the title that stands behind ``:::`` and a kind of box; empty where there is none."""
    found = _CONTAINER_TITLE.match(words)
    return (found["bracketed"] or found["attribute"] or found["words"] or "").strip() if found else ""


def _tab(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a tab: a line with its title, and the indented text below it."""
    found = None if state.is_code_block(start) else _TAB.match(line_of(state, start))
    if not found:
        return False
    if silent:
        return True
    inner = state.sCount[start] + _INDENT
    last = start + 1
    while last < end and (state.isEmpty(last) or state.sCount[last] >= inner):
        last += 1
    outer = state.parentType, state.lineMax, state.blkIndent
    state.parentType, state.lineMax, state.blkIndent = "titled", last, inner
    token = state.push("titled_open", "div", 1)
    token.info, token.map = found["title"], [start, last]
    state.md.block.tokenize(state, start + 1, last)
    state.push("titled_close", "div", -1)
    state.parentType, state.lineMax, state.blkIndent = outer
    state.line = last
    return True


def _unseen(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Pass over a line that is for a program alone, or over several up to the one that ends them."""
    if state.is_code_block(start):
        return False
    line = line_of(state, start)
    is_unseen = _UNSEEN_LINE.match(line) or (not silent and _REMARK.match(line))
    last = start if is_unseen else _last_unseen(state, start, end, line)
    if last is None:
        return False
    if not silent:
        state.line = last + 1
    return True


def _shortcode(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read the title in ``{{< details title="…" >}}`` and the like of Hugo, and where what it is above ends."""
    found = None if state.is_code_block(start) else _SHORTCODE.match(line_of(state, start))
    if not found or found["name"].lower() not in TITLED:
        return False
    title = _GIVEN.search(found["given"])
    if title is None and found["name"].lower() in TITLED_BY_FIRST:
        title = _FIRST.match(found["given"])
    if not title and not found["end"]:
        return False
    if not silent:
        token = state.push("title_end" if found["end"] else "title", "", 0)
        token.info, token.map = title["title"] if title else "", [start, start + 1]
        state.line = start + 1
    return True


def _last_unseen(state: StateBlock, start: int, end: int, line: str) -> int | None:
    if line.startswith(":::") and _DOCUMENTED.fullmatch(line):
        return block_lines(state, start, end)[0] - 1
    for begins, ends in _PROGRAM:
        if begins.match(line):
            return next((number for number in range(start, end) if ends.match(line_of(state, number))), None)
    for opening, closing in _UNSEEN_BLOCKS:
        if line.startswith(opening):
            rest = line[len(opening) :].rstrip()
            if closing in rest:
                return start if rest.index(closing) == len(rest) - len(closing) else None
            for number in range(start + 1, end):
                below = line_of(state, number).rstrip()
                if below.endswith(closing):
                    return number if opening == closing or opening not in below else None
                if opening in below:
                    return None
    return None


def _tight_heading(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read ``##Title``: CommonMark wants a space there, which people forget or type as a space that does not break."""
    found = None if state.is_code_block(start) else _TIGHT_HEADING.match(line_of(state, start))
    if not found:
        return False
    if silent:
        return True
    tag = f"h{len(found['level'])}"
    opening = state.push("heading_open", tag, 1)
    inline = state.push("inline", "", 0)
    state.push("heading_close", tag, -1)
    opening.map = inline.map = [start, start + 1]
    inline.content, inline.children = found["words"].rstrip("# \t").strip(), []
    state.line = start + 1
    return True
