"""Markdown -> the blocks that a reader sees: headings, paragraphs, lists, tables and code, without any markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from index.knowledge.html_words import END, SUMMARY, html_words
from index.knowledge.markdown_syntax import CONTENTS, REMOVED, markdown_parser
from index.knowledge.snippet import Mark, MarkKind
from index.knowledge.visible_text import VisibleText, joined, joined_by

if TYPE_CHECKING:
    from markdown_it.token import Token
    from markdown_it.tree import SyntaxTreeNode

BELOW_HEADINGS = SUMMARY
"""The level of what is a heading by its look alone."""

_ADDRESS = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAGS_ALONE = re.compile(r"(?:#[^\s#]+\s*)+")
_CALLOUT = re.compile(r"\[!(?P<kind>[\w-]+)(?:\|[^\]\n]*)?\][+-]?[ \t]*(?P<title>[^\n]*)\n?")
_TASK = re.compile(r"\[([ xX])\](?=\s)")
_UNREAD_CODE = frozenset({"dataview", "dataviewjs", "tasks", "query", "mermaid", "plantuml", "toc", "base"})
"""Fences whose content is a query or a drawing for a program."""
_NOTHING = frozenset({REMOVED, "image", "footnote_ref"})
_SPAN_KINDS = {"strong": MarkKind.BOLD, "em": MarkKind.ITALIC, "s": MarkKind.STRIKETHROUGH, "link": MarkKind.LINK}


class BlockKind(Enum):
    """What a block is."""

    HEADING = auto()
    PARAGRAPH = auto()
    LIST = auto()
    TABLE = auto()
    CODE = auto()
    END = auto()
    """The end of what stands below the last heading that is one by its look alone; it has no text."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a text."""

    kind: BlockKind
    text: VisibleText
    line: int
    """The line that it begins on, from 0."""
    level: int = 0
    """That of a heading, 1 to 7."""
    leads: bool = False
    """Whether it belongs together with what follows: a title or an introduction."""
    parts: tuple[VisibleText, ...] = ()
    """The items of a list, or the rows of a table."""
    between: str = "\n"
    """What stands between the parts."""
    head: VisibleText = field(default_factory=lambda: VisibleText(""))
    """The first row of a table, which names its columns."""
    items: tuple[tuple[Block, ...], ...] = ()
    """What the items of a list consist of."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text as parsed."""

    blocks: tuple[Block, ...]
    html: tuple[tuple[int, str], ...]
    """HTML in it, each with its line, from 0."""
    links: tuple[tuple[int, str], ...]
    """Where links lead, likewise."""


def read_markdown(text: str) -> Document:
    """Parse a text."""
    from markdown_it.tree import SyntaxTreeNode

    tokens = markdown_parser().parse(text)
    html: list[tuple[int, str]] = []
    links: list[tuple[int, str]] = []
    for token in tokens:
        line = token.map[0] if token.map else 0
        if token.type == "html_block":
            html.append((line, token.content.strip()))
        for child in token.children or ():
            if child.type == "html_inline":
                html.append((line, child.content))
            elif child.type == "link_open":
                links.append((line, str(child.attrGet("href") or "")))
            line += child.type in ("softbreak", "hardbreak")
    return Document(tuple(_blocks(SyntaxTreeNode(tokens))), tuple(html), tuple(links))


def _blocks(parent: SyntaxTreeNode) -> Iterator[Block]:
    for node in parent.children:
        if read := _READERS.get(node.type):
            yield from read(node, node.map[0] if node.map else 0)


def _heading(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    yield Block(BlockKind.HEADING, _one_line(_inline(node)), line, level=int(node.tag[1]))


def _paragraph(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    text = _inline(node)
    if text and not _TAGS_ALONE.fullmatch(text.text):
        leads = text.text.endswith((":", "：")) or node.type != "paragraph"
        yield Block(BlockKind.PARAGRAPH, text, line, leads=leads)


def _one_line(text: VisibleText) -> VisibleText:
    return replace(text, text=text.text.replace("\n", " "))


def _inline(node: SyntaxTreeNode) -> VisibleText:
    """Return the words of a block that holds words alone."""
    tokens = [token for child in node.children if child.type == "inline" for token in child.to_tokens()]
    seen = (token for token in tokens if not CONTENTS.fullmatch(token.content))
    return _words([child for token in seen for child in token.children or ()])


def _words(tokens: Sequence[Token]) -> VisibleText:
    pieces: list[str] = []
    marks: list[Mark] = []
    opened: list[tuple[int, str]] = []
    length, after_gap = 0, False
    for token in tokens:
        name, _, edge = token.type.rpartition("_")
        words = _shown(token)
        if token.type == "code_inline":
            marks.append(Mark(length, length + len(words), MarkKind.CODE))
        elif edge == "open" and name in _SPAN_KINDS:
            opened.append((length, str(token.attrGet("href") or "")))
        elif edge == "close" and name in _SPAN_KINDS:
            start, url = opened.pop()
            if start < length and (name != "link" or _ADDRESS.fullmatch(url)):
                marks.append(Mark(start, length, _SPAN_KINDS[name], url))
        elif token.type in _NOTHING or token.content.startswith("<!--"):
            after_gap = not pieces or pieces[-1][-1:].isspace()
        if words := words.lstrip(" ") if after_gap else words:
            after_gap = False
            pieces.append(words)
            length += len(words)
    marks.sort(key=lambda mark: (mark.start, -mark.end))
    text = "".join(pieces)
    return VisibleText(text, tuple(marks)).part(0, len(text))


def _shown(token: Token) -> str:
    """Return what a reader sees of a token."""
    if token.type in ("text", "text_special", "code_inline"):
        return token.content
    return "\n" if token.type in ("softbreak", "hardbreak") or _BREAK.fullmatch(token.content) else ""


def _list(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    items, parts = [], []
    is_loose = False
    for item in node.children:
        blocks = tuple(block for block in _blocks(item) if block.text)
        if not blocks:
            continue
        is_loose |= any(child.type == "paragraph" and not child.hidden for child in item.children)
        marker = f"{item.info}{item.markup} " if node.type == "ordered_list" else "- "
        text = joined(_item(blocks, "\n\n" if is_loose else "\n"))
        if task := _TASK.match(text.text):
            box = VisibleText("☐" if task[1] == " " else "☑")
            parts.append(joined_by(" ", [box, text.part(task.end(), len(text.text))]))
        else:
            parts.append(joined_by("", [VisibleText(marker), text]))
        items.append(blocks)
    if parts:
        between = "\n\n" if is_loose else "\n"
        text = joined_by(between, parts)
        yield Block(BlockKind.LIST, text, line, parts=tuple(parts), between=between, items=tuple(items))


def _item(blocks: Sequence[Block], between: str) -> Iterator[tuple[str, VisibleText]]:
    """Yield what an item consists of; the lines of a list in it are indented."""
    for block in blocks:
        if block.kind is not BlockKind.LIST:
            yield between, block.text
            continue
        start = 0
        for text_line in block.text.text.split("\n"):
            end = start + len(text_line)
            indent = len(text_line) - len(text_line.lstrip())
            yield "\n  " + " " * indent if text_line.strip() else "\n", block.text.part(start, end)
            start = end + 1


def _table(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    rows = []
    for part in node.children:
        for row in part.children:
            cells = [_one_line(_inline(cell)) for cell in row.children]
            if any(cells):
                pieces = [cell if cell else VisibleText(" ") for cell in cells]
                text = joined_by(" | ", pieces)
                rows.append(text.part(0, len(text.text.rstrip(" |"))).as_whole())
    if rows:
        yield Block(BlockKind.TABLE, joined_by("\n", rows), line, parts=tuple(rows[1:]), head=rows[0])


def _code(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    name = node.info.strip().split(" ")[0].lower()
    text = node.content.strip("\n").rstrip()
    if text.strip() and name not in _UNREAD_CODE:
        mark = Mark(0, len(text), MarkKind.PRE)
        yield Block(BlockKind.CODE, VisibleText(text, (mark,)).as_whole(), line)


def _quote(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    """Yield what is quoted; the first words of a callout in Obsidian or on GitHub say its kind and title."""
    blocks = list(_blocks(node))
    callout = _CALLOUT.match(blocks[0].text.text) if blocks and blocks[0].kind is BlockKind.PARAGRAPH else None
    if callout is None:
        yield from blocks
        return
    first, text = blocks[0], blocks[0].text
    title = text.part(callout.start("title"), callout.end("title"))
    yield from _titled(title, first.line)
    if rest := text.part(callout.end(), len(text.text)):
        yield replace(first, text=rest)
    yield from blocks[1:]
    if title:
        yield Block(BlockKind.END, VisibleText(""), first.line)


def _titled(title: VisibleText, line: int) -> Iterator[Block]:
    """Yield the title of a box: a question is a heading, anything else belongs to the text below it."""
    if title.text.endswith("?"):
        yield Block(BlockKind.HEADING, title, line, level=BELOW_HEADINGS)
    elif title:
        bold = VisibleText(title.text, (Mark(0, len(title.text), MarkKind.BOLD),)).as_whole()
        yield Block(BlockKind.PARAGRAPH, bold, line, leads=True)


def _admonition(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    has_title = '"' in node.info and bool(node.children)
    for child in _blocks(node):
        if child.leads and node.children and child.line == line:
            yield from _titled(child.text, line) if has_title else ()
        else:
            yield child
    yield Block(BlockKind.END, VisibleText(""), line)


def _html(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    for level, words in html_words(node.content):
        text = VisibleText(words)
        if level == END:
            yield Block(BlockKind.END, VisibleText(""), line)
        elif level:
            yield Block(BlockKind.HEADING, text, line, level=level)
        else:
            yield Block(BlockKind.PARAGRAPH, text, line)


def _inner(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    yield from _blocks(node)


_READERS: dict[str, Callable[[SyntaxTreeNode, int], Iterator[Block]]] = {
    "heading": _heading,
    **dict.fromkeys(("paragraph", "dt", "admonition_title"), _paragraph),
    **dict.fromkeys(("bullet_list", "ordered_list"), _list),
    "table": _table,
    **dict.fromkeys(("fence", "code_block"), _code),
    "blockquote": _quote,
    "admonition": _admonition,
    "html_block": _html,
    **dict.fromkeys(("dl", "dd"), _inner),
}
"""How each node of the tree is read, given the line that it begins on. Rules and the texts of footnotes are not."""
