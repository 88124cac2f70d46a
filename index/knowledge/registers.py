"""Read the registers of a knowledge folder: its sources, topics, synonyms, and the questions it does not cover."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from index.knowledge.fields import Address, ByLanguage, Filled, IsoDate, is_future
from index.knowledge.files import NOT_COVERED_FILE, SOURCES_FILE, SYNONYMS_FILE, TOPICS_FILE, read_yaml_file
from index.knowledge.snippet import Source, Topic
from index.knowledge.yaml_lines import BLANK_IS_NONE, Entry, Model, Node, Plain, Problem, Severity


class _Source(BaseModel):
    """An entry of ``sources.yaml``."""

    id: object = None
    publisher: Filled
    title: Filled
    date: Annotated[IsoDate | None, BLANK_IS_NONE] = None
    url: Annotated[Address | None, BLANK_IS_NONE] = None
    description: ByLanguage = {}


class _Topic(BaseModel):
    """An entry of ``topics.yaml``."""

    id: object = None
    title: Annotated[ByLanguage, Field(min_length=1)]
    description: ByLanguage = {}


def read_sources(folder: Path, today: date, problems: list[Problem]) -> dict[str, Source] | None:
    """Read ``sources.yaml``: a mapping from id to fields, or a list of entries with an ``id`` each.

    Returns:
        The sources by id; ``None`` where the file cannot be read, so that no id can be called unknown.
    """
    node = read_yaml_file(folder, SOURCES_FILE, problems)
    if node.is_broken:
        return None
    sources = {}
    for name, entry, fields in _entries(Entry(SOURCES_FILE, node, problems), "source", _Source):
        # A broken entry keeps its id, lest every snippet that names it be reported as well.
        sources[name] = Source(name, **fields.model_dump(exclude={"id"})) if fields else Source(name, "", "")
        if fields and fields.date and is_future(fields.date, today):
            entry.report(("date",), f"'{fields.date}' lies in the future", Severity.FLAW)
    return sources


def read_topics(folder: Path, problems: list[Problem]) -> dict[str, Topic] | None:
    """Read ``topics.yaml``: a list of entries with ``id`` and ``title`` (by language), in the order to be shown.

    Returns:
        The topics by id; ``None`` where the file cannot be read.
    """
    node = read_yaml_file(folder, TOPICS_FILE, problems)
    if node.is_broken:
        return None
    return {
        name: Topic(name, fields.title, fields.description) if fields else Topic(name, {})
        for name, _, fields in _entries(Entry(TOPICS_FILE, node, problems), "topic", _Topic)
    }


def read_synonyms(folder: Path, problems: list[Problem]) -> list[list[Node]]:
    """Return the groups of equivalent terms of ``synonyms.yaml``, each term a node with its text and line.

    Entries that are not text with a letter or digit are reported and left out.
    """

    def report(node: Node, name: str, reason: str) -> None:
        problems.append(Problem(SYNONYMS_FILE, node.line, name, reason, Severity.FLAW))

    root = read_yaml_file(folder, SYNONYMS_FILE, problems)
    if root.value is not None and not isinstance(root.value, list):
        report(root, "file", "must be a list of groups, each a list of terms")
    groups = []
    for group in root.value if isinstance(root.value, list) else ():
        if not isinstance(group.value, list):
            report(group, "group", "must be a list of terms: [UK, Britain]")
            continue
        if len(group.value) < 2:
            report(group, "group", "needs two terms or more")
        terms = []
        for item in group.value:
            if isinstance(item.value, str) and any(map(str.isalnum, item.value)):
                terms.append(item)
            else:
                report(item, "term", "must be text with a letter or digit")
        groups.append(terms)
    return groups


def read_not_covered(folder: Path, problems: list[Problem]) -> list[Node]:
    """Return the entries of ``questions`` in ``not_covered.yaml``, each a node with its text and line.

    Entries that are not text with a letter or digit are reported and left out.
    """
    root = read_yaml_file(folder, NOT_COVERED_FILE, problems)
    file = Entry(NOT_COVERED_FILE, root, problems)
    if root.value is not None and not isinstance(root.value, dict):
        file.report(("file",), "must hold a field 'questions' with a list of questions")
    fields = root.value if isinstance(root.value, dict) else {}
    for name in fields.keys() - {"questions"}:
        file.report((name,), "unknown field; known is questions", Severity.FLAW)
    listed = fields.get("questions", Node(None, root.line)).value
    if listed is not None and not isinstance(listed, list):
        file.report(("questions",), "must be a list of questions")
    found = []
    for number, item in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(item.value, str) and any(map(str.isalnum, item.value)):
            found.append(Node(" ".join(item.value.split()), item.line))
        else:
            reason = "an entry must be text with a letter or digit (quote a text that contains ': ')"
            file.report(("questions", number), reason)
    return found


def _entries(file: Entry, kind: str, model: type[Model]) -> Iterator[tuple[str, Entry, Model | None]]:
    """Yield the id, the entry and the fields of every entry of a register; ``None`` for fields that are wrong."""
    content = file.node.value
    pairs: list[tuple[Plain, Node]] = []
    if isinstance(content, dict):
        # The short form is `id: title`.
        pairs = [
            (name, Node({"title": entry}, entry.line) if isinstance(entry.value, str) else entry)
            for name, entry in content.items()
        ]
    elif isinstance(content, list):
        pairs = [(entry.plain.get("id") if isinstance(entry.plain, dict) else None, entry) for entry in content]
    elif content is not None:
        file.report(("file",), "must be a list of entries")
    seen = set()
    for name, node in pairs:
        entry = Entry(file.file, node, file.problems, name=f"{kind} '{name}'")
        if not name or not isinstance(name, str) or not isinstance(node.value, dict):
            entry.report(("id",), "every entry needs an id and fields")
            continue
        if name in seen:
            entry.report(("id",), f"'{name}' is given twice")
        seen.add(name)
        yield name, entry, entry.validate(model)
