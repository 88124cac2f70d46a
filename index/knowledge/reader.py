"""Read a knowledge folder: every file becomes a snippet, and every problem is reported, not only the first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationInfo

from index.errors import KnowledgeError
from index.knowledge.files import (
    SOURCES_FILE,
    SYNONYMS_FILE,
    TOPICS_FILE,
    TextFile,
    read_text_files,
    read_yaml_file,
)
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
from index.text.language import UNKNOWN, detect_language

_HEADING = re.compile(r"#{1,6}\s+(.+)")
_MAX_BODY = 10_000
"""Characters. An encoder reads the first thousand or so, and the search for sentences takes time by the square."""
_ISO_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_MAX_TITLE = 200
_MAX_QUESTION = 300
_MAX_ITEMS = 100


def is_date(text: str) -> bool:
    """Tell whether ``text`` is ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD`` and exists in the calendar."""
    match = _ISO_DATE.fullmatch(text)
    if not match:
        return False
    try:
        date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
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


@dataclass(frozen=True, slots=True)
class Location:
    """Where a snippet was read: its file, relative to the folder, and the line its body begins on."""

    file: str
    body_line: int
    field_lines: dict[str, int] = field(default_factory=dict)


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
    folder: Path, *, today: date | None = None, progress: Callable[[int], None] = lambda files: None
) -> Knowledge:
    """Read all snippets, topics and sources below ``folder``.

    A folder in which no file has front matter is read as plain texts: the first heading or the file name is the title
    and each paragraph a snippet.

    Args:
        folder: the knowledge folder.
        today: snippets that expired before this day are left out.
        progress: called with the number of files read so far.

    Raises:
        KnowledgeError: the folder itself cannot be read. Everything else is in ``Knowledge.problems``.
    """
    if not folder.is_dir():
        raise KnowledgeError(f"{folder}: no such folder; name one with --knowledge DIR or BOT_KNOWLEDGE_DIR.")
    problems: list[Problem] = []
    files = list(read_text_files(folder, problems, progress))
    curated, front = _parse(files, problems)
    curated = curated or (folder / SOURCES_FILE).exists()
    sources = _read_sources(read_yaml_file(folder, SOURCES_FILE, problems), problems)
    topics = _read_topics(read_yaml_file(folder, TOPICS_FILE, problems), problems)
    found = _Snippets(_base_language(front), problems)
    if curated:
        problems += _orphans(files)
        found.add_curated(front, sources)
    else:
        for file in files:
            found.add_plain(file)
    current = _without_expired(found, today or datetime.now(UTC).date())
    return Knowledge(
        folder=folder,
        snippets=tuple(sorted(current, key=lambda snippet: (snippet.id, snippet.language))),
        topics=_topics(topics, current),
        unregistered_topics=frozenset({snippet.topic for snippet in found.snippets} - set(topics)),
        sources=tuple(sources.values()),
        problems=tuple(sorted(problems)),
        locations=found.locations,
    )


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
        for item in group.value:
            if not _is_term(item):
                report(item, "term", "must be text with a letter or digit")
        groups.append([item for item in group.value if _is_term(item)])
    return groups


def _is_term(node: Node) -> bool:
    return isinstance(node.value, str) and any(map(str.isalnum, node.value))


def _read_sources(node: Node, problems: list[Problem]) -> dict[str, Source]:
    """Read ``sources.yaml``: a mapping from id to fields, or a list of entries with an ``id`` each."""
    sources: dict[str, Source] = {}
    for source_id, fields in _entries(Entry(SOURCES_FILE, node, problems), "source", _Source):
        # A broken entry keeps its id, lest every snippet that names it be reported as well.
        known = fields.model_dump(exclude={"id"}) if fields else {"publisher": "", "title": ""}
        sources[source_id] = Source(source_id, **known)
    return sources


def _read_topics(node: Node, problems: list[Problem]) -> dict[str, Topic]:
    """Read ``topics.yaml``: a list of entries with ``id`` and ``title`` (by language), in the order to be shown."""
    topics: dict[str, Topic] = {}
    for topic_id, fields in _entries(Entry(TOPICS_FILE, node, problems), "topic", _Topic):
        topics[topic_id] = Topic(topic_id, fields.title, fields.description) if fields else Topic(topic_id, {})
    return topics


def _entries(file: Entry, kind: str, model: type[Model]) -> Iterator[tuple[str, Model | None]]:
    """Yield the id and the fields of every entry of a register; ``None`` for fields that are wrong."""
    pairs: list[tuple[Plain, Node]] = []
    if isinstance(file.node.value, dict):
        # The short form is `id: title`.
        pairs = [
            (name, Node({"title": entry}, entry.line) if isinstance(entry.value, str) else entry)
            for name, entry in file.node.value.items()
        ]
    elif isinstance(file.node.value, list):
        pairs = [(entry.plain.get("id") if isinstance(entry.plain, dict) else None, entry) for entry in file.node.value]
    elif file.node.value is not None:
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


@dataclass(frozen=True, slots=True)
class _Snippets:
    """The snippets of a folder, collected file by file."""

    base_language: str
    """The language of files that do not name theirs."""
    problems: list[Problem]
    snippets: list[Snippet] = field(default_factory=list)
    locations: dict[tuple[str, str], Location] = field(default_factory=dict)

    def add_curated(self, front: list[tuple[TextFile, FrontMatter | None]], sources: dict[str, Source]) -> None:
        """Add the snippets of files with front matter; a file without is a problem."""
        names = _original_files([file for file, _ in front])
        originals: dict[str, Snippet] = {}
        # A translation without an original stands for itself.
        standing = {file.name for file, _ in front if not file.language or names.get(file.id, file.name) == file.name}
        # Originals come first: a translation takes the fields it does not give from its original.
        for file, parts in sorted(front, key=lambda item: item[0].name not in standing):
            if parts is None:
                reason = "missing: the file does not begin with a line '---'"
                self.problems.append(Problem(file.name, 1, "front matter", reason))
                continue
            if len(parts.body) > _MAX_BODY:
                reason = f"is longer than {_MAX_BODY:,} characters"
                self.problems.append(Problem(file.name, parts.body_line, "body", reason))
                continue
            is_original = file.name in standing
            snippet = self._read(file, parts, sources, _Original if is_original else _Translation)
            if snippet and not is_original and file.id in originals:
                snippet = _inherit(snippet, originals[file.id])
            lines = {name: node.line for name, node in parts.fields.items()}
            if snippet and self._add(snippet, Location(file.name, parts.body_line, lines)) and is_original:
                originals[file.id] = snippet

    def _read(
        self, file: TextFile, parts: FrontMatter, sources: dict[str, Source], model: type[_Translation]
    ) -> Snippet | None:
        """Make a snippet of a file with front matter, or report why not and return ``None``."""
        entry = Entry(file.name, Node(parts.fields, 1), self.problems)
        fields = entry.validate(model, context=sources)
        if not parts.body.strip():
            self.problems.append(Problem(file.name, parts.body_line, "body", "empty"))
        if fields is None or not parts.body.strip():
            return None
        if len(fields.title) > _MAX_TITLE:
            entry.report(("title",), f"is longer than {_MAX_TITLE} characters", Severity.FLAW)
        if any(len(question) > _MAX_QUESTION for question in fields.questions):
            entry.report(("questions",), f"an entry is longer than {_MAX_QUESTION} characters", Severity.FLAW)
        return Snippet(
            id=file.id,
            language=file.language or fields.language or self.base_language,
            topic=_topic_of(file),
            title=fields.title,
            text=parts.body,
            sentences=split_sentences(parts.body),
            speakers=fields.speaker,
            as_of=fields.as_of or None,
            valid_until=fields.valid_until,
            sources=tuple(sources[name] for name in fields.sources),
            questions=fields.questions,
            see_also=fields.see_also,
        )

    def add_plain(self, file: TextFile) -> None:
        """Add the snippets of a text without front matter: one for each paragraph."""
        fitting = []
        for title, text, line in _paragraphs(file):
            if len(title) + len(text) <= _MAX_BODY:
                fitting.append((title, text, line))
            else:
                reason = f"a paragraph is longer than {_MAX_BODY:,} characters; divide it by empty lines"
                self.problems.append(Problem(file.name, line, "body", reason))
        for number, (title, text, line) in enumerate(fitting, start=1):
            snippet = Snippet(
                id=file.id if len(fitting) == 1 else f"{file.id}#{number}",
                language=file.language or self.base_language,
                topic=_topic_of(file),
                title=title,
                text=text,
                sentences=split_sentences(text),
            )
            self._add(snippet, Location(file.name, line))

    def _add(self, snippet: Snippet, location: Location) -> bool:
        key = (snippet.id, snippet.language)
        if key in self.locations:
            reason = f"'{snippet.id}' ({snippet.language}) is also {self.locations[key].file}"
            self.problems.append(Problem(location.file, 1, "id", reason))
            return False
        self.locations[key] = location
        self.snippets.append(snippet)
        return True


def _inherit(translation: Snippet, original: Snippet) -> Snippet:
    """Return the translation with whatever it does not give itself taken from its original."""
    names = ("speakers", "as_of", "valid_until", "sources", "see_also")
    return replace(translation, **{name: getattr(translation, name) or getattr(original, name) for name in names})


def _topic_of(file: TextFile) -> str:
    return file.id.rsplit("/", 1)[0] if "/" in file.id else ""


def _parse(files: list[TextFile], problems: list[Problem]) -> tuple[bool, list[tuple[TextFile, FrontMatter | None]]]:
    """Split every file, and tell whether the folder is curated: whether any of its files has front matter."""
    front: list[tuple[TextFile, FrontMatter | None]] = []
    curated = False
    for file in files:
        try:
            parts = split_front_matter(file.text)
        except YamlError as error:
            problems.append(Problem(file.name, error.line, "front matter", str(error)))
            curated = True
            continue
        curated = curated or parts is not None
        front.append((file, parts))
    return curated, front


def _original_files(files: list[TextFile]) -> dict[str, str]:
    """Return the name of the original of each snippet: the file without a language suffix, else the English one."""
    originals = {file.id: file.name for file in files if file.language == "en"}
    return originals | {file.id: file.name for file in files if file.language is None}


def _orphans(files: list[TextFile]) -> Iterator[Problem]:
    """Find translations without an original, unless every file is in the one language that its suffix names."""
    originals = _original_files(files)
    if len({file.language for file in files}) < 2:
        return
    for file in files:
        if file.id not in originals:
            reason = f"a translation without its original {file.id}.md"
            yield Problem(file.name, 1, "file", reason, Severity.FLAW)


def _base_language(front: list[tuple[TextFile, FrontMatter | None]]) -> str:
    """Return the language of most of the files without a language suffix, judged on a sample of them."""
    texts = [parts.body if parts else file.text for file, parts in front if file.language is None]
    languages = Counter(detect_language(text[:2000], default=UNKNOWN) for text in texts[:200])
    return max(languages, key=languages.__getitem__, default=UNKNOWN)


def _paragraphs(file: TextFile) -> list[tuple[str, str, int]]:
    """Return the title, text and first line of each paragraph of a text without front matter."""
    title = file.id.rsplit("/", 1)[-1].replace("-", " ").replace("_", " ").strip()
    paragraphs: list[tuple[str, str, int]] = []
    lines: list[str] = []
    seen_title = False

    def flush(before: int) -> None:
        if text := "\n".join(lines).strip():
            paragraphs.append((title, text, before - len(lines)))
        lines.clear()

    for number, line in enumerate(file.text.split("\n"), start=1):
        heading = _HEADING.fullmatch(line.rstrip())
        if heading:
            flush(number)
            title, seen_title = (title if seen_title else heading[1].rstrip("# ") or heading[1]), True
        elif line.strip():
            lines.append(line.rstrip())
        else:
            flush(number)
    flush(file.text.count("\n") + 2)
    return paragraphs


def _without_expired(found: _Snippets, today: date) -> list[Snippet]:
    """Return the snippets that hold ``today``, and note the others."""
    current = []
    for snippet in found.snippets:
        # An ISO date without a day or month holds to the end of that month or year: "2025-06" < "2025-06-15" as text.
        if snippet.valid_until and today.isoformat()[: len(snippet.valid_until)] > snippet.valid_until:
            place = found.locations[snippet.id, snippet.language]
            line = place.field_lines.get("valid_until", 1)
            reason = f"expired on {snippet.valid_until}; the snippet is not indexed"
            found.problems.append(Problem(place.file, line, "valid_until", reason, Severity.NOTE))
        else:
            current.append(snippet)
    return current


def _topics(topics: dict[str, Topic], snippets: list[Snippet]) -> tuple[Topic, ...]:
    """Return the registered topics that have snippets, in their order, then the folders that are not registered."""
    used = {snippet.topic for snippet in snippets}
    unregistered = sorted(used - set(topics) - {""})
    named = [
        Topic(id=name, title={"en": name.replace("-", " ").replace("/", " / ").capitalize()}) for name in unregistered
    ]
    return (*(topic for topic in topics.values() if topic.id in used), *named)
