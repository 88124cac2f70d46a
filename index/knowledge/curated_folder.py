"""Read the files of a curated folder: each is one snippet, or one translation of one, with front matter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from pydantic import BaseModel

from index.knowledge.fields import Filled, IsoDate, LanguageCode, Lines, SourceIds, is_future
from index.knowledge.files import Location, TextFile
from index.knowledge.markdown_blocks import Block, BlockKind, read_markdown
from index.knowledge.snippet import Mark, MarkKind, Snippet, Source
from index.knowledge.visible_text import VisibleText, joined
from index.knowledge.yaml_lines import BLANK_IS_NONE, Entry, FrontMatter, Node, Problem, Severity

_MAX_BODY = 10_000
"""Characters. An encoder reads the first thousand or so, and the search for sentences takes time by the square."""
_MAX_TITLE = 200
_MAX_QUESTION = 300

Parts = tuple[TextFile, FrontMatter | None]
"""A file, and its front matter and body where it has front matter."""


class _Translation(BaseModel):
    """The front matter of a translation; what it does not give, it takes from its original."""

    title: Filled
    sources: SourceIds = ()
    as_of: IsoDate = ""
    speaker: Lines = ()
    valid_until: Annotated[IsoDate | None, BLANK_IS_NONE] = None
    questions: Lines = ()
    does_not_answer: Lines = ()
    see_also: Lines = ()
    language: Annotated[LanguageCode | None, BLANK_IS_NONE] = None
    draft: Annotated[bool | None, BLANK_IS_NONE] = None


class _Original(_Translation):
    """The front matter of an original."""

    sources: SourceIds
    as_of: IsoDate


@dataclass(frozen=True, slots=True)
class Curated:
    """What the files of a curated folder are read with."""

    base_language: str
    """The language of files whose name does not tell it."""
    sources: Mapping[str, Source] | None
    """By id; ``None`` where they cannot be read."""
    today: date


def read_curated(
    files: Sequence[TextFile], front: Iterable[Parts], curated: Curated, problems: list[Problem]
) -> Iterator[tuple[Snippet, Location]]:
    """Yield the snippets of files with front matter; a file without is a problem, and a draft is left out."""
    suffixes = _originals(files, curated.base_language)
    if len({file.language for file in files}) > 1:
        for file in files:
            if file.id not in suffixes:
                reason = f"a translation without its original {file.id}.md"
                problems.append(Problem(file.name, 1, "file", reason, Severity.FLAW))

    def is_original(file: TextFile) -> bool:
        return suffixes.get(file.id, file.language) == file.language

    originals: dict[str, Snippet] = {}
    found: list[Problem] = []
    # Originals come first: a translation takes the fields it does not give from its original.
    for file, parts in _finished(sorted(front, key=lambda item: not is_original(item[0])), is_original, found):
        body = _body(file, parts, found)
        fields = _validate(file, parts, _Original if is_original(file) else _Translation, curated, found)
        if fields is None or not body:
            continue
        snippet = _snippet(file, fields, body, curated)
        if is_original(file):
            originals.setdefault(file.id, snippet)
        elif file.id in originals:
            snippet = _inherit(snippet, originals[file.id])
        lines = {name: node.line for name, node in parts.fields.items()}
        yield snippet, Location(file.name, parts.body_line, lines)
    problems += _once_for_each_source(found)


def _originals(files: Sequence[TextFile], base_language: str) -> dict[str, str | None]:
    """Return the suffix of each snippet's original: none, else that of the folder's language, else the English one.

    A translation without an original stands for itself.
    """
    suffixes: dict[str, str | None] = {file.id: "en" for file in files if file.language == "en"}
    suffixes |= {file.id: file.language for file in files if file.language == base_language}
    return suffixes | {file.id: None for file in files if file.language is None}


def _finished(
    front: Iterable[Parts], is_original: Callable[[TextFile], bool], problems: list[Problem]
) -> Iterator[tuple[TextFile, FrontMatter]]:
    """Yield the files with front matter that are no drafts; a translation of a draft is one, too."""
    drafts: set[str] = set()
    for file, parts in front:
        if parts is None:
            reason = "missing: the file does not begin with a line '---'"
            problems.append(Problem(file.name, 1, "front matter", reason))
        elif _is_draft(parts) or file.id in drafts:
            if is_original(file):
                drafts.add(file.id)
            line = parts.fields["draft"].line if "draft" in parts.fields else 1
            problems.append(Problem(file.name, line, "draft", "a draft; the snippet is not indexed", Severity.NOTE))
        else:
            yield file, parts


def _is_draft(parts: FrontMatter) -> bool:
    given = parts.fields.get("draft")
    return given is not None and str(given.plain).lower() in ("true", "yes", "on")


def _snippet(file: TextFile, fields: _Translation, body: VisibleText, curated: Curated) -> Snippet:
    known = curated.sources or {}
    language = file.language or fields.language or curated.base_language
    return Snippet(
        id=file.id,
        language=language,
        topic=file.topic,
        title=fields.title,
        text=body.text,
        sentences=body.sentences(language),
        speakers=fields.speaker,
        as_of=fields.as_of or None,
        valid_until=fields.valid_until,
        sources=tuple(known.get(name) or Source(name, "", "") for name in fields.sources),
        questions=fields.questions,
        does_not_answer=fields.does_not_answer,
        see_also=fields.see_also,
        marks=body.marks,
    )


def _body(file: TextFile, parts: FrontMatter, problems: list[Problem]) -> VisibleText:
    """Return the whole body as its reader sees it; report what Telegram cannot show, and a body that is no passage."""

    def report(reason: str, line: int = 0, severity: Severity = Severity.ERROR) -> None:
        problems.append(Problem(file.name, parts.body_line + line, "body", reason, severity))

    if len(parts.body) > _MAX_BODY:
        report(f"is longer than {_MAX_BODY:,} characters")
        return VisibleText("")
    if file.is_plain_text:
        return VisibleText(parts.body)
    document = read_markdown(parts.body)
    tags = dict(reversed(document.html))  # the first of each line
    for line, html in tags.items():
        report(f"HTML is not allowed: {html[:40]}", line, Severity.FLAW)
    for line, target in document.links:
        if ":" not in target and (target.startswith("/") or ".." in target.split("/")):
            report(f"links outside the knowledge folder: {target}", line, Severity.FLAW)
    body = joined(_as_written(document.blocks, parts.body.split("\n")))
    if not body:
        report("empty")
    return body


def _as_written(blocks: Iterable[Block], lines: Sequence[str]) -> Iterator[tuple[str, VisibleText]]:
    """Yield the blocks of a passage, headings in bold, with an empty line between them where the file has one."""
    for block in blocks:
        text = block.text
        if block.kind is BlockKind.HEADING:
            text = replace(text, marks=(Mark(0, len(text.text), MarkKind.BOLD),))
        yield "\n\n" if block.line and not lines[block.line - 1].strip() else "\n", text


def _validate(
    file: TextFile, parts: FrontMatter, model: type[_Translation], curated: Curated, problems: list[Problem]
) -> _Translation | None:
    """Return the fields of a file with front matter, or report why it makes no snippet and return ``None``."""
    entry = Entry(file.name, Node(parts.fields, 1), problems)
    fields = entry.validate(model, context=curated.sources)
    if fields is None:
        return None
    if len(fields.title) > _MAX_TITLE:
        entry.report(("title",), f"is longer than {_MAX_TITLE} characters", Severity.FLAW)
    for name, questions in (("questions", fields.questions), ("does_not_answer", fields.does_not_answer)):
        if any(len(question) > _MAX_QUESTION for question in questions):
            entry.report((name,), f"an entry is longer than {_MAX_QUESTION} characters", Severity.FLAW)
    if fields.as_of and is_future(fields.as_of, curated.today):
        entry.report(("as_of",), f"'{fields.as_of}' lies in the future", Severity.FLAW)
    return fields


def _inherit(translation: Snippet, original: Snippet) -> Snippet:
    """Return the translation with whatever it does not give itself taken from its original."""
    names = ("speakers", "as_of", "valid_until", "sources", "see_also")
    return replace(translation, **{name: getattr(translation, name) or getattr(original, name) for name in names})


def _once_for_each_source(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield problems; those of many files that name one unknown source are told once."""
    by_reason: defaultdict[str, list[Problem]] = defaultdict(list)
    for problem in sorted(problems):
        if problem.field == "sources" and problem.reason.startswith("unknown source"):
            by_reason[problem.reason].append(problem)
        else:
            yield problem
    for reason, alike in by_reason.items():
        others = len(alike) - 1
        yield replace(alike[0], reason=f"{reason} ({others} more like this)" if others else reason)
