"""Markdown -> the blocks that a reader sees: headings, paragraphs, lists, tables and code, without any markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from index.knowledge.html_words import END, ROWS, SUMMARY, TITLE, html_words
from index.knowledge.markdown_boxes import container_title
from index.knowledge.markdown_syntax import markdown_parser
from index.knowledge.markdown_words import leads_within, one_line, words_of
from index.knowledge.snippet import Mark, MarkKind
from index.knowledge.visible_text import VisibleText, joined, joined_by

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

BELOW_HEADINGS = SUMMARY
"""The level of what is a heading by its look alone."""

_TAGS_ALONE = re.compile(r"(?:#[^\s#]+\s*)+")
_CALLOUT = re.compile(r"\[!(?P<kind>[\w-]+)(?:\|[^\]\n]*)?\][+-]?[ \t]*(?P<title>[^\n]*)\n?")
_TASK = re.compile(r"\[([ xX/-])\](?=\s)")
_BOXES = {"x": "☑", "X": "☑", "-": "☒"}
_UNREAD_CODE = frozenset({"dataview", "dataviewjs", "tasks", "query", "mermaid", "plantuml", "toc", "base"})
"""Fences whose content is a query or a drawing for a program."""
_BOXED_CODE = re.compile(
    r"\{(?:admonition|attention|caution|danger|error|hint|important|note|seealso|tip|warning)\}|ad-\w+"
)
"""Fences whose content is the text of a box: in MyST, and in the plugin Admonition of Obsidian."""
_DIRECTIVE = re.compile(r"\{(?!code)[\w:-]+\}")
"""A fence of MyST with pictures, contents or other things for a program."""
_OPTION = re.compile(r":[\w-]+:.*|(?:title|collapse|icon|color|type|open|attrs|new|select):.*")
_QUOTED = re.compile(r'"([^"\n]+)"\s*$')


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
    yield Block(BlockKind.HEADING, one_line(words_of(node)), line, level=int(node.tag[1]))


def _paragraph(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    text = words_of(node)
    if text and not _TAGS_ALONE.fullmatch(text.text) and not leads_within(node):
        leads = text.text.endswith((":", "："))
        yield Block(BlockKind.PARAGRAPH, text, line, leads=leads)


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
            box = VisibleText(_BOXES.get(task[1], "☐"))
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
            cells = [one_line(words_of(cell)) for cell in row.children]
            if any(cells):
                pieces = [cell if cell else VisibleText(" ") for cell in cells]
                text = joined_by(" | ", pieces)
                rows.append(text.part(0, len(text.text.rstrip(" |"))).as_whole())
    if rows:
        yield _rows_as_table(rows, line)


def _rows_as_table(rows: Sequence[VisibleText], line: int) -> Block:
    return Block(BlockKind.TABLE, joined_by("\n", rows), line, parts=tuple(rows[1:]), head=rows[0])


def _code(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    kind, _, title = node.info.strip().partition(" ")
    text = node.content.strip("\n").rstrip()
    if _BOXED_CODE.fullmatch(kind):
        yield from _box(_title(title), _boxed_code(text, line + 1), line)
    elif text.strip() and kind.lower() not in _UNREAD_CODE and not _DIRECTIVE.fullmatch(kind):
        mark = Mark(0, len(text), MarkKind.PRE)
        yield Block(BlockKind.CODE, VisibleText(text, (mark,)).as_whole(), line)


def _boxed_code(text: str, line: int) -> Iterator[Block]:
    lines = text.split("\n")
    options = next((number for number, each in enumerate(lines) if not _OPTION.fullmatch(each)), len(lines))
    for block in read_markdown("\n".join(lines[options:])).blocks:
        yield replace(block, line=line + options + block.line)


def _formula(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    if text := node.content.strip():
        yield Block(BlockKind.CODE, VisibleText(text, (Mark(0, len(text), MarkKind.PRE),)).as_whole(), line)


def _definitions(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    """Yield terms, each with all its definitions; a term that asks is a heading above them."""
    entries: list[list[Block]] = []
    for child in node.children:
        if child.type == "dt" and (words := words_of(child)):
            entries.append([Block(BlockKind.PARAGRAPH, words, child.map[0] if child.map else line)])
        elif entries:
            entries[-1] += _blocks(child)
    for term, *definitions in entries:
        if term.text.text.endswith("?"):
            yield from _box(term.text, definitions, term.line)
        else:
            yield from (replace(block, leads=True) for block in (term, *definitions[:-1]))
            yield from definitions[-1:]


def _quote(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    """Yield what is quoted; the first words of a callout in Obsidian or on GitHub say its kind and title."""
    blocks = list(_blocks(node))
    callout = _CALLOUT.match(blocks[0].text.text) if blocks and blocks[0].kind is BlockKind.PARAGRAPH else None
    if callout is None:
        yield from blocks
        return
    first, text = blocks[0], blocks[0].text
    title = text.part(callout.start("title"), callout.end("title"))
    rest = text.part(callout.end(), len(text.text))
    yield from _box(title, [*([replace(first, text=rest)] if rest else []), *blocks[1:]], first.line)


def _box(title: VisibleText, blocks: Iterable[Block], line: int) -> Iterator[Block]:
    """Yield a box: a title that asks is a heading above the text, any other belongs to it."""
    blocks = list(blocks)
    has_heading = title.text.endswith("?")
    if title:
        above = _above(title, line)
        yield replace(above, leads=above.leads and bool(blocks))
    for block in blocks:
        has_heading |= block.kind is BlockKind.HEADING
        yield block
    if has_heading:
        yield Block(BlockKind.END, VisibleText(""), line)


def _admonition(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    title = _QUOTED.search(node.info)
    yield from _box(_title(title[1]) if title else VisibleText(""), _blocks(node), line)


def _slashes(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    blocks = list(_blocks(node))
    if blocks and blocks[0].kind is BlockKind.CODE and _OPTION.match(blocks[0].text.text):
        del blocks[0]
    yield from _box(_title(node.info.partition("|")[2]), blocks, line)


def _container(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    yield from _box(_title(container_title(node.info)), _blocks(node), line)


def _titled(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    yield from _box(_title(node.info), _blocks(node), line)


def _title_alone(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    yield _above(_title(node.info), line)


def _end(_: SyntaxTreeNode, line: int) -> Iterator[Block]:
    yield Block(BlockKind.END, VisibleText(""), line)


def _above(title: VisibleText, line: int) -> Block:
    """Return a title that stands above blocks outside of its own: a heading where it asks, else a part of the first."""
    if title.text.endswith("?"):
        return Block(BlockKind.HEADING, title, line, level=BELOW_HEADINGS)
    bold = VisibleText(title.text, (Mark(0, len(title.text), MarkKind.BOLD),)).as_whole()
    return Block(BlockKind.PARAGRAPH, bold, line, leads=True)


def _title(markdown: str) -> VisibleText:
    blocks = read_markdown(markdown).blocks
    return one_line(blocks[0].text) if blocks else VisibleText("")


def _html(node: SyntaxTreeNode, line: int) -> Iterator[Block]:
    for level, words in html_words(node.content):
        text = VisibleText(words)
        if level == END:
            yield Block(BlockKind.END, text, line)
        elif level == TITLE:
            yield _above(text, line)
        elif level == ROWS:
            yield _rows_as_table([VisibleText(row).as_whole() for row in words.split("\n")], line)
        elif level:
            yield Block(BlockKind.HEADING, text, line, level=level)
        else:
            yield Block(BlockKind.PARAGRAPH, text, line)


_READERS: dict[str, Callable[[SyntaxTreeNode, int], Iterator[Block]]] = {
    "heading": _heading,
    "paragraph": _paragraph,
    **dict.fromkeys(("bullet_list", "ordered_list"), _list),
    "table": _table,
    **dict.fromkeys(("fence", "code_block"), _code),
    **dict.fromkeys(("math_block", "math_block_label", "amsmath"), _formula),
    "blockquote": _quote,
    "admonition": _admonition,
    "container_box": _container,
    "container_slashes": _slashes,
    "titled": _titled,
    "title": _title_alone,
    "title_end": _end,
    "html_block": _html,
    "dl": _definitions,
}
"""How each node of the tree is read, given the line that it begins on. Rules and the texts of footnotes are not."""
