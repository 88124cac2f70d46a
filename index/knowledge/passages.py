"""The blocks of a text -> passages, each with the path of its headings and the question that it answers.

A paragraph is a passage. A list, a table or code belongs to the paragraph that leads into it. What stands under a
question is one passage, as far as an encoder reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from index.knowledge.asked_and_answered import with_questions_as_headings
from index.knowledge.markdown_blocks import BELOW_HEADINGS, Block, BlockKind
from index.knowledge.question_labels import bare_question, is_labelled, is_question
from index.knowledge.snippet import BETWEEN_HEADINGS
from index.knowledge.visible_text import VisibleText, joined

_FITTING = 1000
"""Characters. An encoder that reads 256 tokens reads about so many."""
_SHORT_LEAD = 300
"""An introduction of so many characters at most is repeated where a list or a table is divided."""
_LONGEST_TITLE = 200
_ATTACHED = (BlockKind.LIST, BlockKind.TABLE, BlockKind.CODE)


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a text that is found and quoted as one."""

    title: str
    body: VisibleText
    line: int
    """The line that it begins on, from 0."""
    question: str | None = None


@dataclass
class _Section:
    """What stands under a heading."""

    path: tuple[str, ...]
    question: str | None = None
    blocks: list[Block] = field(default_factory=list)


def passages(blocks: Sequence[Block], title: str | None, name: str) -> Iterator[Passage]:
    """Yield the passages of a text.

    Args:
        blocks: What the text consists of.
        title: Its title, where one is stated above it.
        name: What it is called where no heading is above a passage.
    """
    for section in _sections(blocks, title):
        heading = _title(section.path) or name
        question = section.question
        for pieces in _groups(section):
            for body, line in _fitting(pieces):
                if any(map(str.isalnum, body.text)):
                    yield Passage(heading, body, line, question)
                    question = None


def _sections(blocks: Sequence[Block], title: str | None) -> Iterator[_Section]:
    headings: list[tuple[int, str]] = []
    root = (title,) if title else ()
    section = _Section(root)
    for block in with_questions_as_headings(blocks):
        if block.kind not in (BlockKind.HEADING, BlockKind.END):
            section.blocks.append(block)
            continue
        level = block.level or BELOW_HEADINGS
        while headings and headings[-1][0] >= level:
            headings.pop()
        if block.kind is BlockKind.END and section.path == _path(root, headings):
            continue  # The box had no title, so that nothing ends with it.
        yield section
        question = None
        if text := block.text.text:
            question = bare_question(text) if is_question(text) or is_labelled(text) else None
            headings.append((level, question or text))
        section = _Section(_path(root, headings), question)
    yield section


def _path(root: tuple[str, ...], headings: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    """Return the headings above a text, from the outermost; a title is not repeated."""
    own = tuple(text for _, text in headings)
    is_repeated = root and own and own[0].casefold() == root[0].casefold()
    return own if is_repeated else (*root, *own)


def _title(path: tuple[str, ...]) -> str:
    """Return a path as one line; the outermost headings are left out where it is too long."""
    while len(path) > 1 and len(BETWEEN_HEADINGS.join(path)) > _LONGEST_TITLE:
        path = path[1:]
    return BETWEEN_HEADINGS.join(path)


def _groups(section: _Section) -> Iterator[list[Block]]:
    """Yield the blocks that belong together."""
    group: list[Block] = []
    for block in section.blocks:
        is_part = section.question or block.kind in _ATTACHED or (group[-1:] and group[-1].leads)
        if group and not is_part:
            yield group
            group = []
        group.append(block)
    if group:
        yield group


@dataclass(frozen=True, slots=True)
class _Piece:
    """A block, or an item or row that a passage may begin with."""

    text: VisibleText
    between: str
    """What parts it from the piece before."""
    line: int
    lead: tuple[VisibleText, ...] = ()
    """What is repeated where a passage begins with it."""


def _fitting(group: Sequence[Block]) -> Iterator[tuple[VisibleText, int]]:
    """Yield blocks that belong together as one text, or as several where an encoder would not read it to the end."""
    length = sum(len(block.text.text) for block in group)
    if length <= _FITTING:
        yield joined(("\n\n", block.text) for block in group), group[0].line
        return
    gathered: list[_Piece] = []
    for piece in _pieces(group):
        length = sum(len(each.text.text) for each in gathered)
        has_own = any(each.text not in piece.lead for each in gathered)
        if has_own and length + len(piece.text.text) > _FITTING:
            yield _together(gathered), gathered[0].line
            gathered = [_Piece(lead, "\n", piece.line) for lead in piece.lead]
        gathered.append(piece)
    yield _together(gathered), gathered[0].line


def _together(pieces: Sequence[_Piece]) -> VisibleText:
    return joined((piece.between, piece.text) for piece in pieces)


def _pieces(group: Sequence[Block]) -> Iterator[_Piece]:
    lead: tuple[VisibleText, ...] = ()
    for block in group:
        if not block.parts:
            yield _Piece(block.text, "\n\n", block.line, lead if block.kind is BlockKind.CODE else ())
            is_short = block.kind is BlockKind.PARAGRAPH and len(block.text.text) <= _SHORT_LEAD
            lead = (block.text,) if is_short else ()
            continue
        repeated = (*lead, block.head) if block.head else lead
        if block.head:
            yield _Piece(block.head, "\n\n", block.line, lead)
        for number, part in enumerate(block.parts):
            between = "\n\n" if not number and not block.head else block.between
            yield _Piece(part, between, block.line, repeated)
