"""Find questions with their answers in a text that has no headings for them: "Q: … A: …" and questions in bold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from index.knowledge.markdown_blocks import BELOW_HEADINGS, Block, BlockKind
from index.knowledge.snippet import MarkKind
from index.knowledge.visible_text import VisibleText

_NUMBER = r"[ \t]*(?:№|#)?\d{0,3}[ \t]*"
_ASKS = re.compile(
    rf"(?:Question|FAQ|Вопрос|В|Сұрақ|С|Frage|F|Pregunta|P|Soru|S){_NUMBER}:[ \t]*(?=\S)"
    rf"|Q{_NUMBER}[:.)–—-]+[ \t]*(?=\S)"
)
"""What stands before a question."""
_COUNTED = re.compile(r"\d{1,3}(?:\.\d{1,3})*[.)][ \t]+")
"""The number of a question in a list of them."""
_ANSWERS = re.compile(rf"(?:A|Answer|Ответ|О|Жауап|Ж|Antwort|Respuesta|R|Cevap|C){_NUMBER}:[ \t]*")
_INITIAL = re.compile(rf"A{_NUMBER}[.)–—-]+[ \t]*")
"""What stands before an answer if it is in bold; else it may be the initial of a name."""
_QUESTION_MARK = re.compile(r"[?？؟]\W*\Z")
_SENTENCE_END = (".", "!", "…", ";", ":", ",")
_LONGEST = 300
_LONGEST_TITLE = 100


def is_question(text: str) -> bool:
    """Tell whether a text ends in a question mark."""
    return bool(_QUESTION_MARK.search(text))


def is_labelled(text: str) -> bool:
    """Tell whether a text begins with "Q:" or the like."""
    return bool(_ASKS.match(text))


def bare_question(text: str) -> str:
    """Return a question without the number or the letter before it."""
    label = _ASKS.match(text) or _COUNTED.match(text)
    return text[label.end() :] if label else text


def with_questions_as_headings(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks, with headings in place of questions that only look like headings."""
    asked = False
    for number, block in enumerate(blocks):
        following = blocks[number + 1] if number + 1 < len(blocks) else None
        if block.kind is BlockKind.PARAGRAPH:
            for part in _paragraph(block, following):
                if asked and (label_end := _answer_label(part.text, 0)):
                    part = replace(part, text=part.text.part(label_end, len(part.text.text)))
                asked = _asks(part)
                yield from [part] if part.text else []
        elif block.kind is BlockKind.LIST and (entries := _entries(block)):
            yield from entries
            asked = False
        else:
            yield block
            asked = _asks(block)


def _asks(block: Block) -> bool:
    return block.kind is BlockKind.HEADING and (is_question(block.text.text) or is_labelled(block.text.text))


def _paragraph(block: Block, following: Block | None) -> Iterator[Block]:
    """Yield a paragraph, split before each line that asks a question and before each answer."""
    text = block.text
    starts = [0, *(place.end() for place in re.finditer("\n", text.text))]
    begins = sorted({0, *(start for start in starts if _asking(text, start) or _answers_above(text, start))})
    if len(begins) == 1 and not _asking(text, 0):
        yield _heading(block) if _looks_like_heading(text, following) else block
        return
    for begin, end in zip(begins, [*begins[1:], len(text.text)], strict=True):
        line = block.line + text.text.count("\n", 0, begin)
        if not (question_end := _asking(text, begin)):
            yield replace(block, text=text.part(begin, end), line=line)
            continue
        question = text.part(begin, min(question_end, end))
        yield _heading(replace(block, text=question, line=line))
        if rest := text.part(min(question_end, end), end):
            yield replace(block, text=_without_dash(rest), line=line)


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
    line_end = text.text.find("\n", start)
    line_end = len(text.text) if line_end < 0 else line_end
    label = _ASKS.match(text.text, start, line_end)
    if not label:
        return 0
    line = text.text[start:line_end]
    if is_question(line):
        return line_end
    # A question and its answer on one line, or a question without its mark before an answer.
    if mark_end := line.find("? ") + 1:
        return start + mark_end
    return line_end if _answer_label(text, line_end + 1) else 0


def _answer_label(text: VisibleText, start: int) -> int:
    """Return where "A:" ends that begins a line, or 0."""
    if label := _ANSWERS.match(text.text, start):
        return label.end()
    label = _INITIAL.match(text.text, start)
    is_bold = any(mark.kind is MarkKind.BOLD and mark.start == start for mark in text.marks)
    return label.end() if label and is_bold else 0


def _answers_above(text: VisibleText, start: int) -> bool:
    """Tell whether a line answers a question on a line above it."""
    return bool(_answer_label(text, start)) and any(map(is_labelled, text.text[:start].split("\n")))


def _looks_like_heading(text: VisibleText, following: Block | None) -> bool:
    """Tell whether a paragraph is all bold and stands above a text, as a heading does."""
    if following is None or following.kind in (BlockKind.HEADING, BlockKind.END) or len(text.text) > _LONGEST_TITLE:
        return False
    is_bold = any(mark.kind is MarkKind.BOLD and (mark.start, mark.end) == (0, len(text.text)) for mark in text.marks)
    return is_bold and not text.whole and "\n" not in text.text and not text.text.endswith(_SENTENCE_END)


def _heading(block: Block) -> Block:
    text = VisibleText(" ".join(block.text.text.split()))
    return replace(block, kind=BlockKind.HEADING, text=text, level=BELOW_HEADINGS, leads=False)


def _entries(block: Block) -> list[Block]:
    """Return what a list of questions with their answers consists of, or nothing where an item is no such thing."""
    found: list[Block] = []
    for item in block.items:
        entry = list(with_questions_as_headings(item))
        if entry[0].kind is not BlockKind.HEADING and item[0].kind is BlockKind.PARAGRAPH:
            entry = _first_line_asks(item)
        if len(entry) < 2 or entry[0].kind is not BlockKind.HEADING or not is_question(entry[0].text.text):
            return []
        found += entry
    return found


def _first_line_asks(item: Sequence[Block]) -> list[Block]:
    first = item[0].text
    line_end = first.text.find("\n")
    line_end = len(first.text) if line_end < 0 else line_end
    if not is_question(first.text[:line_end]):
        return list(item)
    rest = first.part(line_end, len(first.text))
    heading = _heading(replace(item[0], text=first.part(0, line_end)))
    return [heading, *([replace(item[0], text=rest)] if rest else []), *item[1:]]
