"""Read the files of a plain folder: texts as people and other programs keep them, each of one or more passages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from index.knowledge.files import Location, TextFile
from index.knowledge.front_matter import Heading
from index.knowledge.markdown_blocks import Block, BlockKind, read_markdown
from index.knowledge.passages import passages
from index.knowledge.snippet import Snippet
from index.knowledge.visible_text import VisibleText
from index.knowledge.yaml_lines import Problem, Severity

_HEADING = re.compile(r"(#{1,6})\s+(.+)")
_DRAFTS = "_drafts"
"""The folder that Jekyll publishes nothing of."""
_MAX_PASSAGE = 10_000
_MAX_QUESTION = 300

Headed = tuple[TextFile, Heading]
"""A file, and what another program wrote above its text."""


def below(file: TextFile, heading: Heading) -> str:
    """Return the text of a file below what another program wrote above it."""
    return "\n".join(file.text.split("\n")[heading.body_line - 1 :])


def read_plain(
    files: Iterable[Headed], base_language: str, problems: list[Problem]
) -> Iterator[tuple[Snippet, Location]]:
    """Yield the snippets of texts: one for each passage."""
    for file, heading in files:
        kind = "drawing" if heading.is_drawing else "draft"
        if heading.is_drawing or heading.is_draft or _DRAFTS in file.topic.split("/"):
            problems.append(Problem(file.name, 1, kind, f"a {kind}; it is not indexed", Severity.NOTE))
            continue
        text = below(file, heading)
        blocks = tuple(_paragraphs(text)) if file.is_plain_text else read_markdown(text).blocks
        name = file.id.rpartition("/")[2].replace("-", " ").replace("_", " ").strip()
        fitting = []
        for passage in passages(blocks, heading.title, name[:1].upper() + name[1:]):
            if len(passage.title) + len(passage.body.text) <= _MAX_PASSAGE:
                fitting.append(passage)
            else:
                reason = f"a paragraph is longer than {_MAX_PASSAGE:,} characters; divide it by empty lines"
                problems.append(Problem(file.name, heading.body_line + passage.line, "body", reason))
        language = file.language or heading.language or base_language
        for number, passage in enumerate(fitting, start=1):
            question = passage.question
            snippet = Snippet(
                id=file.id if len(fitting) == 1 else f"{file.id}#{number}",
                language=language,
                topic=file.topic,
                title=passage.title,
                text=passage.body.text,
                sentences=passage.body.sentences(language),
                as_of=heading.date,
                questions=(question,) if question and len(question) <= _MAX_QUESTION else (),
                marks=passage.body.marks,
            )
            yield snippet, Location(file.name, heading.body_line + passage.line)


def _paragraphs(text: str) -> Iterator[Block]:
    """Yield the paragraphs of a text without markup; a line that begins as a heading does is one all the same."""

    def kind(numbered: tuple[int, str]) -> str:
        if _HEADING.fullmatch(numbered[1].rstrip()):
            return "heading"
        return "text" if numbered[1].strip() else "blank"

    for found, group in groupby(enumerate(text.split("\n")), key=kind):
        lines = list(group)
        if found == "heading":
            for number, line in lines:
                if heading := _HEADING.fullmatch(line.rstrip()):
                    words = heading[2].rstrip("# ") or heading[2]
                    yield Block(BlockKind.HEADING, VisibleText(words), number, level=len(heading[1]))
        elif found == "text":
            words = "\n".join(line.rstrip() for _, line in lines).strip()
            yield Block(BlockKind.PARAGRAPH, VisibleText(words), lines[0][0])
