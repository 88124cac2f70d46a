"""Add questions to the knowledge folder. A change adds lines; everything else stays byte for byte."""

from __future__ import annotations

import codecs
import difflib
import glob
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from bot.text_encoding import EncodingError, decoded
from index.errors import UserFacingError
from index.knowledge.files import EVALUATION_FILE
from index.version.versions import write_atomically

_MARK = "\ufeff"
_REDACTED = re.compile(r"\[(?:phone|e-mail|card|token|username)\]")


class TeachError(UserFacingError):
    """A knowledge file cannot be changed as asked. The file is as it was."""


@dataclass(frozen=True, slots=True)
class Change:
    """A file before and after the change."""

    path: Path
    before: str
    """Empty where the file is new."""
    after: str

    def diff(self, folder: Path) -> str:
        """Return the change as a unified diff with paths relative to ``folder``."""
        name = self.path.relative_to(folder).as_posix()
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            f"a/{name}" if self.before else "/dev/null",
            f"b/{name}",
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)

    def write(self) -> None:
        """Write the file, whole or not at all.

        Raises:
            TeachError: somebody changed the file in the meantime, or it cannot be written.
        """
        try:
            if (_read(self.path) if self.path.exists() else "") != self.before:
                raise TeachError(f"{self.path} was changed in the meantime; nothing was written. Try again.")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, self.after)
        except OSError as error:
            raise TeachError(f"{self.path} cannot be written: {error.strerror}.") from error


def is_fit(question: str) -> bool:
    """Return whether a question may be published: it is not empty, and nothing in it was redacted."""
    return bool(question.strip()) and not _REDACTED.search(question) and "\ufffd" not in question


def add_questions(knowledge: Path, snippet: str, questions: Sequence[tuple[str, str]]) -> list[Change]:
    """Return the changes that add questions, each with its language, to the list ``questions`` of a snippet.

    Each question goes to the translation in its language. Without such a translation it goes to the snippet's main
    file, which has no language in its name.

    Raises:
        TeachError: There is no such snippet, or its front matter cannot be extended safely.
    """
    main = _main_file(knowledge, snippet)
    by_file: dict[Path, dict[str, str]] = {}
    for language, question in questions:
        translation = main.with_suffix(f".{language}.md")
        text = _one_line(question)
        by_file.setdefault(translation if translation.is_file() else main, {})[text] = _scalar(text)
    changes = []
    for path, items in by_file.items():
        before = _read(path)
        start, end = _front_matter(path, before)
        after = before[:start] + _with_items(path, before[start:end], items) + before[end:]
        if after != before:
            changes.append(Change(path, before, after))
    return changes


def add_to_evaluation(
    knowledge: Path, questions: Sequence[tuple[str, str]], snippet: str | None = None
) -> list[Change]:
    """Return the change that adds questions, each with its language, to ``evaluation.yaml``.

    ``snippet`` is the id of the snippet that answers them; ``None`` means that they are out of scope.

    Raises:
        TeachError: There is no such snippet, it lists one of the questions itself, or the file cannot be extended
            safely.
    """
    new = {_one_line(question): language for language, question in questions}
    own = _own_questions(knowledge, snippet) if snippet else ()
    for question in new:
        if question.casefold() in own:
            raise TeachError(f"{question!r} is one of the questions of {snippet}: asking it would prove nothing.")
    path = knowledge / EVALUATION_FILE
    before = _read(path) if path.exists() else ""
    ids = _scalar(snippet) if snippet else ""
    items = {
        text: f"question: {_scalar(text)}\n  kind: asked\n  language: {_scalar(language)}\n  answers: [{ids}]"
        for text, language in new.items()
    }
    after = _with_items(path, before, items)
    return [Change(path, before, after)] if after != before else []


def draft(knowledge: Path, topic: str, slug: str, questions: Sequence[str]) -> Change:
    """Return a new snippet file that holds the questions; a person writes its text and sources.

    Until the person takes the line `draft: true` away, the file is not indexed.

    Raises:
        TeachError: A name is not a valid file name, or the file exists already.
    """
    for name in (topic, slug):
        if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name):
            raise TeachError(f"{name!r} is no name for a topic or snippet: use a-z, 0-9 and hyphens.")
    path = knowledge / topic / f"{slug}.md"
    if path.exists():
        raise TeachError(f"{path} is there already; add the questions to it with --snippet {topic}/{slug}.")
    lines = [
        f"title: {_scalar(_one_line(questions[0]))}",
        "draft: true",
        "sources: []",
        f"as_of: {datetime.now(UTC).date()}",
        "questions:",
    ]
    lines += [f"  - {_scalar(_one_line(question))}" for question in questions]
    return Change(path, "", "---\n" + "\n".join(lines) + "\n---\n")


def slug_of(question: str, fallback: str) -> str:
    """Return a file name made of a question's Latin words, or the fallback if it has fewer than two."""
    words = re.findall(r"[a-z0-9]+", question.lower())
    return "-".join(words[:6]) if len(words) >= 2 else fallback


def _main_file(knowledge: Path, snippet: str) -> Path:
    """Return the file of a snippet that has no language in its name."""
    folder = knowledge.resolve()
    path = (folder / f"{snippet}.md").resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        raise TeachError(f"{knowledge / snippet}.md: there is no such snippet.")
    return path


def _own_questions(knowledge: Path, snippet: str) -> set[str]:
    """Return the ``questions`` of a snippet and its translations, casefolded."""
    main = _main_file(knowledge, snippet)
    own: set[str] = set()
    for path in [main, *main.parent.glob(f"{glob.escape(main.stem)}.*.md")]:
        text = _read(path)
        start, end = _front_matter(path, text)
        own.update(str(question).casefold() for question in _values(path, text[start:end]).get("questions") or [])
    return own


def _read(path: Path) -> str:
    """Return the text of a file, with the byte-order mark if it has one: every byte stays."""
    try:
        content = path.read_bytes()
        return (_MARK if content.startswith(codecs.BOM_UTF8) else "") + decoded(content, str(path))
    except EncodingError as error:
        raise TeachError(str(error)) from error
    except OSError as error:
        raise TeachError(f"{path} cannot be read: {error.strerror}.") from error


def _one_line(question: str) -> str:
    return " ".join(question.split())


def _scalar(text: str) -> str:
    """Return a text as a YAML scalar on one line."""
    return str(yaml.safe_dump(text, allow_unicode=True, width=float("inf"))).removesuffix("\n").removesuffix("\n...")


def _front_matter(path: Path, text: str) -> tuple[int, int]:
    """Return where the YAML between the first two lines ``---`` begins and ends."""
    found = re.match(rf"{_MARK}?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", text, re.DOTALL | re.MULTILINE)
    if not found:
        raise TeachError(f"{path} has no front matter (fields between two lines '---'); add it first.")
    return found.span(1)


def _with_items(path: Path, text: str, new: Mapping[str, str]) -> str:
    """Return YAML text with items added at the end of the list ``questions``; prove that nothing else has changed.

    ``new`` holds the YAML of each item by its question. Questions that the list holds already are not added again.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise TeachError(f"{path}: broken YAML; `partnership-bot check` tells where.") from error
    old = _values(path, text)
    kept = old.get("questions") or []
    there = {each.get("question") if isinstance(each, dict) else each for each in kept}
    items = [item for question, item in new.items() if question not in there]
    if not items:
        return text
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    value = next((value for name, value in pairs if name.value == "questions"), None)
    if value is None:
        gap = "" if not text or text.endswith("\n") else newline
        after = f"{text}{gap}questions:{newline}" + "".join(_block("  ", item, newline) for item in items)
    elif isinstance(value, yaml.SequenceNode) and value.value and not value.flow_style:
        line_end = text.find("\n", _end_of(value.value[-1]))
        head = text[: line_end + 1] if line_end >= 0 else text + newline
        indent = " " * value.start_mark.column
        after = head + "".join(_block(indent, item, newline) for item in items) + text[len(head) :]
    else:
        raise TeachError(f"{path}: `questions` is empty or written in one line; add the questions by hand.")
    changed = _values(path, after)
    now = changed.get("questions") or []
    if {**changed, "questions": now} != {**old, "questions": now} or now[: len(kept)] != kept:
        raise TeachError(f"{path} is written in a way that cannot be extended safely; add the questions by hand.")
    return after


def _end_of(node: yaml.Node) -> int:
    """Return where a node's own text ends; the end mark of a block collection lies behind the white space after it."""
    while isinstance(node, (yaml.SequenceNode, yaml.MappingNode)) and not node.flow_style and node.value:
        child = node.value[-1]
        node = child[1] if isinstance(child, tuple) else child
    end: int = node.end_mark.index
    return (
        max(end - 1, node.start_mark.index) if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") else end
    )


def _block(indent: str, item: str, newline: str) -> str:
    first, *more = item.split("\n")
    return f"{indent}- {first}{newline}" + "".join(f"{indent}{line}{newline}" for line in more)


def _values(path: Path, text: str) -> dict[str, Any]:
    # BaseLoader keeps every scalar as it is written, so 2025-06 stays a text.
    try:
        values = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes only texts, lists and mappings
    except yaml.YAMLError as error:
        raise TeachError(f"{path}: cannot be extended safely; add the questions by hand.") from error
    if values is None or values == "":
        return {}
    if not isinstance(values, dict):
        raise TeachError(f"{path}: is not a list of 'field: value' lines.")
    return values
