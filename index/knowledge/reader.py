"""Read a knowledge folder: every file becomes a snippet, and every problem is reported, not only the first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationInfo

from index.errors import KnowledgeError
from index.knowledge.file_language import language_of
from index.knowledge.files import (
    SOURCES_FILE,
    SYNONYMS_FILE,
    TOPICS_FILE,
    TextFile,
    read_text_files,
    read_yaml_file,
)
from index.knowledge.profile import Profile, read_profile
from index.knowledge.sentences import split_sentences
from index.knowledge.snippet import Snippet, Source, Topic
from index.knowledge.yaml_lines import (
    BLANK_IS_NONE,
    Entry,
    FrontMatter,
    Model,
    Node,
    Plain,
    Problem,
    Severity,
    YamlError,
    split_front_matter,
)

_HEADING = re.compile(r"#{1,6}\s+(.+)")
_QUESTION_MARK = re.compile(r"[?؟][\s#*_]*$")
_MAX_BODY = 10_000
"""Characters. An encoder reads the first thousand or so, and the search for sentences takes time by the square."""
_ISO_DATE = re.compile(r"\d{4}(-\d{2}){0,2}", re.ASCII)
_MAX_TITLE = 200
_MAX_QUESTION = 300
_MAX_ITEMS = 100


def is_date(text: str) -> bool:
    """Tell whether ``text`` is ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD`` and exists in the calendar."""
    if not _ISO_DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(f"{text}-01-01"[:10])  # the first month and day, where the text has none
    except ValueError:
        return False
    return True


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _check(test: Callable[[str], object], reason: str) -> AfterValidator:
    """Return a validator that refuses texts which fail ``test``."""

    def check(text: str) -> str:
        if not test(text):
            raise ValueError(f"'{text}' {reason}")
        return text

    return AfterValidator(check)


def _registered(text: str, info: ValidationInfo) -> str:
    """Refuse the id of a source that is not among those of the context."""
    if text and text not in (info.context or ()):
        raise ValueError(f"unknown source '{text}'; add it to {SOURCES_FILE}")
    return text


def _as_list(value: Plain) -> Plain:
    items = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError("must be text or a list of texts (quote a text that contains ': ')")
    if len(items) > _MAX_ITEMS:
        raise ValueError(f"has more than {_MAX_ITEMS} entries")
    return items


def _distinct(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _english(value: Plain) -> Plain:
    return {} if value is None else {"en": value} if isinstance(value, str) else value


# Types of fields. Every scalar arrives as text, so pydantic converts nothing.
_Line = Annotated[str, AfterValidator(_one_line)]
_Filled = Annotated[_Line, Field(min_length=1)]
_Date = Annotated[_Filled, _check(is_date, "is not a date; write YYYY, YYYY-MM or YYYY-MM-DD")]
_Address = Annotated[_Filled, _check(re.compile(r"https?://\S+").fullmatch, "is not an http or https address")]
_Language = Annotated[_Filled, _check(re.compile(r"[a-z]{2,3}").fullmatch, "is not a two-letter language code")]
_LIST = (BeforeValidator(_as_list), AfterValidator(_distinct))
_Texts = Annotated[tuple[_Line, ...], *_LIST]
_Sources = Annotated[tuple[Annotated[_Line, AfterValidator(_registered)], ...], *_LIST, Field(min_length=1)]
_ByLanguage = Annotated[dict[_Language, _Line], BeforeValidator(_english)]


class _Translation(BaseModel):
    """The front matter of a translation; what it does not give, it takes from its original."""

    title: _Filled
    sources: _Sources = ()
    as_of: _Date = ""
    speaker: _Texts = ()
    valid_until: Annotated[_Date | None, BLANK_IS_NONE] = None
    questions: _Texts = ()
    does_not_answer: _Texts = ()
    see_also: _Texts = ()
    language: Annotated[_Language | None, BLANK_IS_NONE] = None


class _Original(_Translation):
    """The front matter of an original."""

    sources: _Sources
    as_of: _Date


class _Source(BaseModel):
    """An entry of ``sources.yaml``."""

    id: object = None
    publisher: _Filled
    title: _Filled
    date: Annotated[_Date | None, BLANK_IS_NONE] = None
    url: Annotated[_Address | None, BLANK_IS_NONE] = None
    description: _ByLanguage = {}


class _Topic(BaseModel):
    """An entry of ``topics.yaml``."""

    id: object = None
    title: Annotated[_ByLanguage, Field(min_length=1)]
    description: _ByLanguage = {}


_Parts = tuple[TextFile, FrontMatter | None]
"""A file, and its front matter and body where it has front matter."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a snippet was read: its file, relative to the folder, and the line its body begins on."""

    file: str
    body_line: int
    field_lines: dict[str, int] = field(default_factory=dict)

    def problem(self, name: str, reason: str, severity: Severity, *, below: int = 0) -> Problem:
        """Return a problem of a field or of the body, ``below`` lines below the line it begins on."""
        line = self.body_line if name == "body" else self.field_lines.get(name, 1)
        return Problem(self.file, line + below, name, reason, severity)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A folder as read: what can be indexed, and what is wrong with it."""

    folder: Path
    snippets: tuple[Snippet, ...]
    """Everything to be indexed, ordered by id and language; expired snippets are left out."""
    topics: tuple[Topic, ...]
    unregistered_topics: frozenset[str]
    """Folders that hold snippets and have no entry in ``topics.yaml``; the empty one is the knowledge folder itself."""
    sources: tuple[Source, ...]
    profile: Profile
    problems: tuple[Problem, ...]
    locations: dict[tuple[str, str], Location]
    """Where each (id, language) was read."""

    def require_sound(self) -> None:
        """Make sure that the folder can be indexed.

        Raises:
            KnowledgeError: it cannot; the text names every problem in the way.
        """
        errors = [str(problem) for problem in self.problems if problem.severity is Severity.ERROR]
        if errors:
            raise KnowledgeError("\n".join([*errors, f"{len(errors)} problem(s) in {self.folder}; nothing was built."]))
        if not self.snippets:
            raise KnowledgeError(
                f"{self.folder} holds no snippets: add .md files with front matter, or plain .md or .txt files."
            )


def read_knowledge(
    folder: Path, *, today: date | None = None, advance: Callable[[int], None] = lambda count: None
) -> Knowledge:
    """Read all snippets, topics and sources below ``folder``.

    A folder in which no file has front matter is read as plain texts: the first heading or the file name is the title
    and each paragraph a snippet.

    Args:
        folder: the knowledge folder.
        today: snippets that expired before this day are left out.
        advance: called with 1 after each file.

    Raises:
        KnowledgeError: the folder itself cannot be read. Everything else is in ``Knowledge.problems``.
    """
    if not folder.is_dir():
        raise KnowledgeError(f"{folder}: no such folder; name one with --knowledge DIR or BOT_KNOWLEDGE_DIR.")
    problems: list[Problem] = []
    files = []
    for file in read_text_files(folder, problems):
        files.append(file)
        advance(1)
    front = list(_split(files, problems))
    sources = _read_sources(read_yaml_file(folder, SOURCES_FILE, problems), problems)
    topics = _read_topics(read_yaml_file(folder, TOPICS_FILE, problems), problems)
    profile = read_profile(folder, problems)
    # Front matter that is broken counts, and a folder that registers sources expects it in every file.
    is_curated = len(front) < len(files) or any(parts for _, parts in front) or (folder / SOURCES_FILE).exists()
    language = profile.language or _base_language(front)
    if is_curated:
        found = _read_curated(files, front, language, sources, problems)
    else:
        found = _read_plain(front, language, problems)
    snippets, locations = _sound(found, today or datetime.now(UTC).date(), problems)
    used = {snippet.topic for snippet in snippets}
    unregistered = frozenset(used - topics.keys())
    named = [
        Topic(name, {"en": name.replace("-", " ").replace("/", " / ").capitalize()})
        for name in sorted(unregistered - {""})
    ]
    return Knowledge(
        folder=folder,
        snippets=tuple(sorted(snippets, key=lambda snippet: (snippet.id, snippet.language))),
        topics=(*(topic for topic in topics.values() if topic.id in used), *named),
        unregistered_topics=unregistered,
        sources=tuple(sources.values()),
        profile=profile,
        problems=tuple(sorted(problems)),
        locations=locations,
    )


def _sound(
    found: Iterable[tuple[Snippet, Location]], today: date, problems: list[Problem]
) -> tuple[list[Snippet], dict[tuple[str, str], Location]]:
    """Return the snippets that are neither given twice nor expired, and where each (id, language) was read."""
    snippets: list[Snippet] = []
    locations: dict[tuple[str, str], Location] = {}
    for snippet, place in found:
        first = locations.setdefault((snippet.id, snippet.language), place)
        until = snippet.valid_until
        if first is not place:
            problems.append(Problem(place.file, 1, "id", f"'{snippet.id}' ({snippet.language}) is also {first.file}"))
        # An ISO date without a day or month holds to the end of that month or year: "2025-06" < "2025-06-15" as text.
        elif until and today.isoformat()[: len(until)] > until:
            reason = f"expired on {until}; the snippet is not indexed"
            problems.append(place.problem("valid_until", reason, Severity.NOTE))
        else:
            snippets.append(snippet)
    return snippets, locations


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


def _read_sources(node: Node, problems: list[Problem]) -> dict[str, Source]:
    """Read ``sources.yaml``: a mapping from id to fields, or a list of entries with an ``id`` each."""
    # A broken entry keeps its id, lest every snippet that names it be reported as well.
    return {
        name: Source(name, **fields.model_dump(exclude={"id"})) if fields else Source(name, publisher="", title="")
        for name, fields in _entries(Entry(SOURCES_FILE, node, problems), "source", _Source)
    }


def _read_topics(node: Node, problems: list[Problem]) -> dict[str, Topic]:
    """Read ``topics.yaml``: a list of entries with ``id`` and ``title`` (by language), in the order to be shown."""
    return {
        name: Topic(name, fields.title, fields.description) if fields else Topic(name, {})
        for name, fields in _entries(Entry(TOPICS_FILE, node, problems), "topic", _Topic)
    }


def _entries(file: Entry, kind: str, model: type[Model]) -> Iterator[tuple[str, Model | None]]:
    """Yield the id and the fields of every entry of a register; ``None`` for fields that are wrong."""
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
        yield name, entry.validate(model)


def _split(files: list[TextFile], problems: list[Problem]) -> Iterator[_Parts]:
    """Yield every file with its front matter, or ``None`` where it has none; report the broken ones."""
    for file in files:
        try:
            yield file, split_front_matter(file.text)
        except YamlError as error:
            problems.append(Problem(file.name, error.line, "front matter", str(error)))


def _base_language(front: list[_Parts]) -> str:
    """Return the language of the files without a language suffix."""
    return language_of(parts.body if parts else file.text for file, parts in front if file.language is None)


def _read_curated(
    files: list[TextFile],
    front: list[_Parts],
    base_language: str,
    sources: dict[str, Source],
    problems: list[Problem],
) -> Iterator[tuple[Snippet, Location]]:
    """Yield the snippets of files with front matter; a file without is a problem."""
    # The suffix of each snippet's original: none, else that of the folder's language, else the English one. A
    # translation without stands for itself.
    suffixes: dict[str, str | None] = {file.id: "en" for file in files if file.language == "en"}
    suffixes |= {file.id: file.language for file in files if file.language == base_language}
    suffixes |= {file.id: None for file in files if file.language is None}
    if len({file.language for file in files}) > 1:
        for file in files:
            if file.id not in suffixes:
                reason = f"a translation without its original {file.id}.md"
                problems.append(Problem(file.name, 1, "file", reason, Severity.FLAW))

    def is_original(file: TextFile) -> bool:
        return suffixes.get(file.id, file.language) == file.language

    originals: dict[str, Snippet] = {}
    # Originals come first: a translation takes the fields it does not give from its original.
    for file, parts in sorted(front, key=lambda item: not is_original(item[0])):
        if parts is None:
            problems.append(Problem(file.name, 1, "front matter", "missing: the file does not begin with a line '---'"))
            continue
        fields = _validate(file, parts, _Original if is_original(file) else _Translation, sources, problems)
        if fields is None:
            continue
        language = file.language or fields.language or base_language
        snippet = Snippet(
            id=file.id,
            language=language,
            topic=_topic_of(file),
            title=fields.title,
            text=parts.body,
            sentences=split_sentences(parts.body, language),
            speakers=fields.speaker,
            as_of=fields.as_of or None,
            valid_until=fields.valid_until,
            sources=tuple(sources[name] for name in fields.sources),
            questions=fields.questions,
            does_not_answer=fields.does_not_answer,
            see_also=fields.see_also,
        )
        if is_original(file):
            originals.setdefault(file.id, snippet)
        elif file.id in originals:
            snippet = _inherit(snippet, originals[file.id])
        lines = {name: node.line for name, node in parts.fields.items()}
        yield snippet, Location(file.name, parts.body_line, lines)


def _validate(
    file: TextFile, parts: FrontMatter, model: type[_Translation], sources: dict[str, Source], problems: list[Problem]
) -> _Translation | None:
    """Return the fields of a file with front matter, or report why it makes no snippet and return ``None``."""
    entry = Entry(file.name, Node(parts.fields, 1), problems)
    fields = entry.validate(model, context=sources)
    if not parts.body or len(parts.body) > _MAX_BODY:
        reason = f"is longer than {_MAX_BODY:,} characters" if parts.body else "empty"
        problems.append(Problem(file.name, parts.body_line, "body", reason))
        return None
    if fields is None:
        return None
    if len(fields.title) > _MAX_TITLE:
        entry.report(("title",), f"is longer than {_MAX_TITLE} characters", Severity.FLAW)
    for name, questions in (("questions", fields.questions), ("does_not_answer", fields.does_not_answer)):
        if any(len(question) > _MAX_QUESTION for question in questions):
            entry.report((name,), f"an entry is longer than {_MAX_QUESTION} characters", Severity.FLAW)
    return fields


def _inherit(translation: Snippet, original: Snippet) -> Snippet:
    """Return the translation with whatever it does not give itself taken from its original."""
    names = ("speakers", "as_of", "valid_until", "sources", "see_also")
    return replace(translation, **{name: getattr(translation, name) or getattr(original, name) for name in names})


def _topic_of(file: TextFile) -> str:
    return file.id.rpartition("/")[0]


def _read_plain(front: list[_Parts], base_language: str, problems: list[Problem]) -> Iterator[tuple[Snippet, Location]]:
    """Yield the snippets of texts without front matter: one for each paragraph."""
    for file, _ in front:
        fitting = []
        for title, text, line in _paragraphs(file):
            if len(title) + len(text) <= _MAX_BODY:
                fitting.append((title, text, line))
            else:
                reason = f"a paragraph is longer than {_MAX_BODY:,} characters; divide it by empty lines"
                problems.append(Problem(file.name, line, "body", reason))
        language = file.language or base_language
        for number, (title, text, line) in enumerate(fitting, start=1):
            snippet = Snippet(
                id=file.id if len(fitting) == 1 else f"{file.id}#{number}",
                language=language,
                topic=_topic_of(file),
                title=title,
                text=text,
                sentences=split_sentences(text, language),
            )
            yield snippet, Location(file.name, line)


def _paragraphs(file: TextFile) -> Iterator[tuple[str, str, int]]:
    """Yield the title, text and first line of each paragraph of a text without front matter.

    The title is the first heading of the file, or a later one that asks a question: an FAQ often is one file.
    """
    name = file.id.rpartition("/")[2].replace("-", " ").replace("_", " ").strip()
    title = name[:1].upper() + name[1:]
    seen_title = False

    def kind(numbered: tuple[int, str]) -> str:
        if _HEADING.fullmatch(numbered[1].rstrip()):
            return "heading"
        return "text" if numbered[1].strip() else "blank"

    for found, group in groupby(enumerate(file.text.split("\n"), start=1), key=kind):
        lines = list(group)
        heading = _HEADING.fullmatch(lines[0][1].rstrip())
        if heading and (not seen_title or _QUESTION_MARK.search(heading[1])):
            title, seen_title = heading[1].rstrip("# ") or heading[1], True
        elif found == "text":
            yield title, "\n".join(line.rstrip() for _, line in lines).strip(), lines[0][0]
