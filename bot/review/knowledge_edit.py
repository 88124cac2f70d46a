"""Write what reviewers decide into the knowledge folder: a few lines are added, everything else stays byte for byte."""

from __future__ import annotations

import difflib
import glob
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from index.errors import UserFacingError
from index.knowledge.files import EVALUATION_FILE

_MARKS = re.compile(r"\[(?:phone|e-mail|card|token|username)\]")


class TeachError(UserFacingError):
    """A knowledge file cannot be changed as asked; it was left as it is."""


@dataclass(frozen=True, slots=True)
class Change:
    """A file as it is and as it shall be."""

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
            TeachError: it was changed by somebody in the meantime, or cannot be written.
        """
        try:
            if (_read(self.path) if self.path.exists() else "") != self.before:
                raise TeachError(f"{self.path} was changed in the meantime; nothing was written. Try again.")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside = self.path.with_name(f".{self.path.name}.part")
            try:
                with beside.open("w", encoding="utf-8", newline="") as file:
                    file.write(self.after)
                    file.flush()
                    os.fsync(file.fileno())
                if self.before:
                    beside.chmod(self.path.stat().st_mode)
                beside.replace(self.path)
            finally:
                beside.unlink(missing_ok=True)
        except OSError as error:
            raise TeachError(f"{self.path} cannot be written: {error.strerror}.") from error


def is_fit(question: str) -> bool:
    """Return whether a question may be published: it says something, and nothing had to be redacted."""
    return bool(question.strip()) and not _MARKS.search(question) and "\ufffd" not in question


def add_questions(knowledge: Path, snippet: str, questions: Sequence[tuple[str, str]]) -> list[Change]:
    """Return the changes that add (language, question) pairs to a snippet's ``questions``, each to its language's file.

    Languages without a translation of the snippet go to the file that has no language in its name.

    Raises:
        TeachError: there is no such snippet, or its front matter cannot be extended safely.
    """
    base = _file(knowledge, snippet, None)
    by_file: dict[Path, list[str]] = {}
    for language, question in questions:
        by_file.setdefault(_file(knowledge, snippet, language) or base or Path(), []).append(_one_line(question))
    if base is None:
        raise TeachError(f"{knowledge / snippet}.md: there is no such snippet.")
    changes = []
    for path, new in by_file.items():
        before = _read(path)
        start, end = _front_matter(path, before)
        after = (
            before[:start]
            + _with_items(path, before[start:end], "questions", {text: _scalar(text) for text in new})
            + before[end:]
        )
        if after != before:
            changes.append(Change(path, before, after))
    return changes


def add_to_evaluation(
    knowledge: Path, questions: Sequence[tuple[str, str]], answers: Sequence[str] = ()
) -> list[Change]:
    """Return the change that adds (language, question) pairs to ``evaluation.yaml``.

    Args:
        answers: Ids of the snippets that answer them all; none for questions that shall not be answered.

    Raises:
        TeachError: there is no such snippet, a question is among its own, or the file cannot be extended safely.
    """
    for snippet in answers:
        own = _own_questions(knowledge, snippet)
        for _, question in questions:
            if _one_line(question).casefold() in own:
                raise TeachError(f"{question!r} is one of the questions of {snippet}: asking it would prove nothing.")
    path = knowledge / EVALUATION_FILE
    before = _read(path) if path.exists() else ""
    new = {_one_line(question): language for language, question in questions}
    ids = f"[{', '.join(_scalar(snippet) for snippet in answers)}]"
    items = {
        text: f"question: {_scalar(text)}\n  kind: asked\n  language: {_scalar(language)}\n  answers: {ids}"
        for text, language in new.items()
    }
    after = _with_items(path, before, "questions", items)
    return [Change(path, before, after)] if after != before else []


def draft(knowledge: Path, topic: str, slug: str, questions: Sequence[str]) -> Change:
    """Return a new snippet file with the questions in it and all that only a person can write left open.

    Until its text is written `partnership-bot check` names it, and no index is built with it.

    Raises:
        TeachError: the names are no file names, or the file is there already.
    """
    for name in (topic, slug):
        if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name):
            raise TeachError(f"{name!r} is no name for a topic or snippet: use a-z, 0-9 and hyphens.")
    path = knowledge / topic / f"{slug}.md"
    if path.exists():
        raise TeachError(f"{path} is there already; add the questions to it with --snippet {topic}/{slug}.")
    lines = [
        f"title: {_scalar(_one_line(questions[0]))}",
        "sources: []",
        f"as_of: {datetime.now(UTC).date()}",
        "questions:",
    ]
    lines += [f"  - {_scalar(_one_line(question))}" for question in questions]
    return Change(path, "", "---\n" + "\n".join(lines) + "\n---\n")


def slug_of(question: str, fallback: str) -> str:
    """Return a file name made of a question's Latin words, or the fallback where it has too few."""
    words = re.findall(r"[a-z0-9]+", question.lower())
    return "-".join(words[:6]) if len(words) >= 2 else fallback


def _file(knowledge: Path, snippet: str, language: str | None) -> Path | None:
    folder = knowledge.resolve()
    path = (folder / f"{snippet}{f'.{language}' if language else ''}.md").resolve()
    return path if path.is_relative_to(folder) and path.is_file() else None


def _own_questions(knowledge: Path, snippet: str) -> set[str]:
    """Return the ``questions`` of a snippet and its translations, without case."""
    base = _file(knowledge, snippet, None)
    if base is None:
        raise TeachError(f"{knowledge / snippet}.md: there is no such snippet.")
    own: set[str] = set()
    for path in [base, *base.parent.glob(f"{glob.escape(base.stem)}.*.md")]:
        text = _read(path)
        start, end = _front_matter(path, text)
        own.update(str(question).casefold() for question in _values(path, text[start:end]).get("questions") or [])
    return own


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise TeachError(f"{path} cannot be read: {error}.") from error


def _one_line(question: str) -> str:
    return " ".join(question.split())


def _scalar(text: str) -> str:
    """Return a text as YAML writes it in one line."""
    return str(yaml.safe_dump(text, allow_unicode=True, width=float("inf"))).removesuffix("\n").removesuffix("\n...")


def _front_matter(path: Path, text: str) -> tuple[int, int]:
    """Return where the YAML between the first two lines ``---`` begins and ends."""
    found = re.match(r"---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", text, re.DOTALL | re.MULTILINE)
    if not found:
        raise TeachError(f"{path} has no front matter (fields between two lines '---'); add it first.")
    return found.span(1)


def _with_items(path: Path, text: str, key: str, new: Mapping[str, str]) -> str:
    """Return YAML text with items added at the end of the list ``key``, and prove that nothing else has changed.

    ``new`` is the YAML of each item by its question; questions the list holds already are not added again.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise TeachError(f"{path}: broken YAML; `partnership-bot check` tells where.") from error
    old = _values(path, text)
    there = {each.get("question") if isinstance(each, dict) else each for each in old.get(key) or []}
    items = [item for question, item in new.items() if question not in there]
    if not items:
        return text
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    value = next((value for name, value in pairs if name.value == key), None)
    if value is None:
        gap = "" if not text or text.endswith("\n") else newline
        after = f"{text}{gap}{key}:{newline}" + "".join(_block("  ", item, newline) for item in items)
    elif not isinstance(value, yaml.SequenceNode) or not value.value:
        start = text.rindex(key, 0, value.start_mark.index + 1)
        line_end = text.find("\n", value.end_mark.index)
        rest = text[line_end + 1 :] if line_end >= 0 else ""
        after = f"{text[:start]}{key}:{newline}" + "".join(_block("  ", item, newline) for item in items) + rest
    elif value.flow_style:
        end = value.value[-1].end_mark.index
        after = text[:end] + "".join(f", {item}" for item in items) + text[end:]
    else:
        last = value.value[-1]
        indent = " " * value.start_mark.column
        line_end = text.find("\n", _end_of(last))
        head = text[: line_end + 1] if line_end >= 0 else text + newline
        after = head + "".join(_block(indent, item, newline) for item in items) + text[len(head) :]
    changed, kept = _values(path, after), old.get(key) or []
    if {**changed, key: None} != {**old, key: None} or (changed.get(key) or [])[: len(kept)] != kept:
        raise TeachError(f"{path} is written in a way that cannot be extended safely; add the questions by hand.")
    return after


def _end_of(node: yaml.Node) -> int:
    """Return where a node's own text ends; a block collection's mark lies after the white space behind it."""
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
    # BaseLoader leaves every scalar as it is written, so that 2025-06 and yes compare as what they look like.
    try:
        values = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes nothing but text, lists, mappings
    except yaml.YAMLError as error:
        raise TeachError(f"{path}: cannot be extended safely; add the questions by hand.") from error
    if values is None or values == "":
        return {}
    if not isinstance(values, dict):
        raise TeachError(f"{path}: is not a list of 'field: value' lines.")
    return values
