"""Find questions with their answers in a text that has no headings for them: "Q: … A: …", lists, questions in bold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from index.knowledge.markdown_blocks import BELOW_HEADINGS, Block, BlockKind
from index.knowledge.question_labels import (
    answer_label,
    is_answer_label,
    is_labelled,
    is_question,
    is_question_label,
    names_questions,
    question_label,
)
from index.knowledge.sentences import split_sentences
from index.knowledge.snippet import MarkKind
from index.knowledge.visible_text import VisibleText

_SENTENCE_END = (".", "!", "…", ";", ":", ",")
_LONGEST = 300
_LONGEST_TITLE = 100
_LEAST_UNMARKED = 2
"""A single question that nothing sets off may be rhetorical; several in one text are a list of questions."""


def with_questions_as_headings(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks, with headings in place of questions that only look like headings."""
    pairs = list(zip_longest(found := list(_labels_removed(blocks)), found[1:]))
    unmarked = sum(_unmarked_question(block, behind) > 0 for block, behind in pairs) >= _LEAST_UNMARKED
    question = ""
    for block, behind in pairs:
        if block.kind is BlockKind.PARAGRAPH:
            end = _unmarked_question(block, behind) if unmarked else 0
            for part in _asked(block, 0, end) if end else _paragraph(block, behind):
                if question and (label_end := _answer_label(part.text, 0, question)):
                    part = replace(part, text=part.text.part(label_end, len(part.text.text)))
                question = _question_of(part)
                yield from [part] if part.text else []
        elif entries := _entries(block, behind):
            yield from entries
            question = _question_of(entries[-1])
        else:
            yield block
            question = _question_of(block)


def _question_of(block: Block) -> str:
    """Return the question that a heading asks, empty where it is none."""
    text = block.text.text
    return text if block.kind is BlockKind.HEADING and (is_question(text) or is_labelled(text)) else ""


def _labels_removed(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks, with the question as a heading where one says "Question" and the next what is asked."""
    level = 0
    is_answered = False
    for number, block in enumerate(blocks):
        can_be_label = block.kind in (BlockKind.HEADING, BlockKind.PARAGRAPH)
        if level:
            yield replace(_heading(block), level=level)
            level = 0
        elif can_be_label and is_question_label(block.text.text) and _says_what_is_asked(blocks[number + 1 :]):
            level, is_answered = block.level or BELOW_HEADINGS, True
        elif not (is_answered and can_be_label and is_answer_label(block.text.text)):
            yield block


def _says_what_is_asked(below: Sequence[Block]) -> bool:
    """Tell whether the block below "Question" is one."""
    if not below or below[0].kind is not BlockKind.PARAGRAPH or len(below[0].text.text) > _LONGEST:
        return False
    return is_question(below[0].text.text) or any(is_answer_label(block.text.text) for block in below[1:2])


def _unmarked_question(block: Block, following: Block | None) -> int:
    """Return where the question ends that is the first line of a paragraph and stands above a text, or 0."""
    text = block.text.text
    question, _, rest = text.partition("\n")
    if block.kind is not BlockKind.PARAGRAPH or len(question) > _LONGEST or not is_question(question):
        return 0
    is_above = following is not None and following.kind not in (BlockKind.HEADING, BlockKind.END)
    is_asked_again = following is not None and not rest and is_question(following.text.text.partition("\n")[0])
    is_one = not question[0].islower() and len(split_sentences(question)) == 1
    return len(question) if is_one and (rest or (is_above and not is_asked_again)) else 0


def _paragraph(block: Block, following: Block | None) -> Iterator[Block]:
    """Yield a paragraph, split before each line that asks a question and before each answer."""
    text = block.text
    begins = sorted({0, *_begins(text)})
    if len(begins) == 1 and not _asking(text, 0):
        yield _heading(block) if _looks_like_heading(text, following) else block
        return
    for begin, end in zip(begins, [*begins[1:], len(text.text)], strict=True):
        line = block.line + text.text.count("\n", 0, begin)
        part = replace(block, text=text.part(begin, end), line=line)
        question_end = _asking(text, begin)
        yield from _asked(part, 0, min(question_end, end) - begin) if question_end else [part]


def _asked(block: Block, start: int, end: int) -> Iterator[Block]:
    """Yield a question as a heading, and what stands behind it."""
    text = block.text
    yield _heading(replace(block, text=text.part(start, end)))
    if rest := text.part(end, len(text.text)):
        yield replace(block, text=_without_dash(rest))


def _without_dash(text: VisibleText) -> VisibleText:
    """Return what stands behind a question on its line, without the dash between them."""
    dash = re.match(r"[:–—-]+\s+", text.text)
    return text.part(dash.end(), len(text.text)) if dash else text


def _asking(text: VisibleText, start: int) -> int:
    """Return where a question ends that begins a line, or 0: one in bold, or one behind "Q:"."""
    for mark in text.marks:
        if mark.kind is MarkKind.BOLD and mark.start == start:
            bold = text.text[start : mark.end]
            if is_question(bold) and len(bold) <= _LONGEST:
                return mark.end
            behind = text.text[mark.end : mark.end + 1]
            if behind == "?" and not is_labelled(f"{bold} ?"):
                return mark.end + 1
    label_end = question_label(text.text, start)
    if not label_end:
        return 0
    line_end = text.text.find("\n", label_end)
    line_end = len(text.text) if line_end < 0 else line_end
    line = text.text[start:line_end]
    if is_question(line):
        return line_end
    # A question and its answer on one line, or a question without its mark before an answer.
    if mark_end := line.find("? ") + 1:
        return start + mark_end
    return line_end if _answer_label(text, line_end + 1, line) else 0


def _answer_label(text: VisibleText, start: int, question: str = "") -> int:
    is_bold = any(mark.kind is MarkKind.BOLD and mark.start == start for mark in text.marks)
    return answer_label(text.text, start, question=question, is_bold=is_bold)


def _begins(text: VisibleText) -> Iterator[int]:
    """Yield where lines begin that ask, or that answer a question on a line above them."""
    start, question = 0, ""
    for line in text.text.split("\n"):
        if _asking(text, start) or (question and _answer_label(text, start, question)):
            yield start
        question = line if is_labelled(line) else question
        start += len(line) + 1


def _looks_like_heading(text: VisibleText, following: Block | None) -> bool:
    """Tell whether a paragraph is all bold and stands above a text, as a heading does."""
    if following is None or following.kind in (BlockKind.HEADING, BlockKind.END) or len(text.text) > _LONGEST_TITLE:
        return False
    is_bold = any(mark.kind is MarkKind.BOLD and (mark.start, mark.end) == (0, len(text.text)) for mark in text.marks)
    # "You need:" leads into a list, and is a heading above a paragraph.
    is_open = text.text.endswith(_SENTENCE_END) and not (text.text[-1] == ":" and following.kind is BlockKind.PARAGRAPH)
    return is_bold and not text.whole and "\n" not in text.text and not is_open


def _heading(block: Block) -> Block:
    text = VisibleText(" ".join(block.text.text.split()).rstrip(":"))
    return replace(block, kind=BlockKind.HEADING, text=text, level=BELOW_HEADINGS, leads=False)


def _entries(block: Block, following: Block | None) -> list[Block]:
    """Return what a list or a table of questions with their answers consists of; nothing for any other block."""
    if block.kind is BlockKind.TABLE and names_questions(block.head.text):
        return [part for row in block.parts for part in _row(block, row)]
    if block.kind is not BlockKind.LIST:
        return []
    if len(block.items) == 1 and _asks_what_follows(block.items[0], following):
        return [_heading(block.items[0][0])]
    if all(item[0].kind is BlockKind.PARAGRAPH and _has_label(item[0].text) for item in block.items):
        return list(with_questions_as_headings([part for item in block.items for part in item]))
    found: list[Block] = []
    for item in block.items:
        entry = list(with_questions_as_headings(item))
        if entry[0].kind is not BlockKind.HEADING and item[0].kind is BlockKind.PARAGRAPH:
            entry = _first_words_ask(item)
        if len(entry) < 2 or entry[0].kind is not BlockKind.HEADING or not is_question(entry[0].text.text):
            return []
        found += entry
    return found


def _row(table: Block, row: VisibleText) -> Iterator[Block]:
    """Yield a row of a table as a question and its answer."""
    question, between, _ = row.text.partition(" | ")
    answer = replace(row, whole=()).part(len(question) + len(between), len(row.text))
    if question and answer:
        yield _heading(replace(table, text=VisibleText(question)))
        yield Block(BlockKind.PARAGRAPH, answer, table.line)


def _asks_what_follows(item: Sequence[Block], following: Block | None) -> bool:
    """Tell whether the only item of a list is a question that the next block answers: "1. Why?", then a paragraph."""
    if len(item) > 1 or following is None or following.kind in (BlockKind.HEADING, BlockKind.END):
        return False
    is_asked_again = following.kind is BlockKind.LIST and is_question(following.items[0][0].text.text)
    return item[0].kind is BlockKind.PARAGRAPH and is_question(item[0].text.text) and not is_asked_again


def _has_label(text: VisibleText) -> bool:
    return is_labelled(text.text) or bool(_answer_label(text, 0, "Q. ?"))


def _first_words_ask(item: Sequence[Block]) -> list[Block]:
    first = item[0].text
    line_end = first.text.find("\n")
    line_end = len(first.text) if line_end < 0 else line_end
    question_end = line_end if is_question(first.text[:line_end]) else first.text.find("? ", 0, line_end) + 1
    if len(split_sentences(first.text[:question_end])) != 1:
        return list(item)
    return [*_asked(item[0], 0, question_end), *item[1:]]
