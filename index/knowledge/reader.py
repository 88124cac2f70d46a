"""Read a knowledge folder: every file becomes a snippet, and every problem is reported, not only the first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from index.errors import KnowledgeError
from index.knowledge.fields import Inherited, read_snippet, read_sources, read_topics
from index.knowledge.files import SOURCES_FILE, TOPICS_FILE, TextFile, read_text_files, read_yaml_file
from index.knowledge.problems import Problem, Severity
from index.knowledge.sentences import split_sentences
from index.knowledge.snippet import Snippet, Source, Topic
from index.knowledge.yaml_lines import FrontMatter, Node, YamlError, split_front_matter
from index.text.language import UNKNOWN, detect_language

_HEADING = re.compile(r"#{1,6}\s+(.+)")
_MAX_BODY = 10_000
"""Characters; an encoder reads the first thousand or so, and what looks for sentences takes time by the square."""


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
        """Raise KnowledgeError naming every problem that keeps the folder from being indexed."""
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
    and each paragraph a snippet. ``progress`` is told the number of files read so far.

    Raises KnowledgeError when the folder itself cannot be read; everything else is in ``Knowledge.problems``.
    """
    if not folder.is_dir():
        raise KnowledgeError(f"{folder}: no such folder; name one with --knowledge DIR or BOT_KNOWLEDGE_DIR.")
    problems: list[Problem] = []
    files = list(read_text_files(folder, problems, progress))
    curated, front = _parse(files, problems)
    curated = curated or (folder / SOURCES_FILE).exists()
    sources = read_sources(_read_register(folder, SOURCES_FILE, problems), problems)
    topics = read_topics(_read_register(folder, TOPICS_FILE, problems), problems)
    base_language = _base_language(front)
    snippets: list[Snippet] = []
    locations: dict[tuple[str, str], Location] = {}
    if curated:
        original_files = _original_files(files)
        problems += _orphans(files, original_files)
        originals: dict[str, Snippet] = {}
        # Originals come first: a translation takes the fields it does not repeat from its original.
        for file, parts in sorted(front, key=lambda item: not _is_original(item[0], original_files)):
            if parts is None:
                problems.append(
                    Problem(file.name, 1, "front matter", "missing: the file does not begin with a line '---'")
                )
                continue
            if len(parts.body) > _MAX_BODY:
                problems.append(Problem(file.name, parts.body_line, "body", f"is longer than {_MAX_BODY:,} characters"))
                continue
            is_original = _is_original(file, original_files)
            snippet = read_snippet(
                file.name,
                file.id,
                file.language,
                parts,
                sources,
                None if is_original else Inherited(originals.get(file.id)),
                base_language,
                problems,
            )
            if snippet is None:
                continue
            if not _add(
                snippet,
                Location(file.name, parts.body_line, {k: n.line for k, n in parts.fields.items()}),
                locations,
                problems,
            ):
                continue
            if is_original:
                originals[file.id] = snippet
            snippets.append(snippet)
    else:
        for file in files:
            for snippet, line in _plain_snippets(file, base_language, problems):
                if _add(snippet, Location(file.name, line), locations, problems):
                    snippets.append(snippet)
    current = _without_expired(snippets, locations, today or datetime.now(UTC).date(), problems)
    return Knowledge(
        folder=folder,
        snippets=tuple(sorted(current, key=lambda snippet: (snippet.id, snippet.language))),
        topics=_topics(topics, current),
        unregistered_topics=frozenset({snippet.topic for snippet in snippets} - set(topics)),
        sources=tuple(sources.values()),
        problems=tuple(sorted(problems)),
        locations=locations,
    )


def _parse(files: list[TextFile], problems: list[Problem]) -> tuple[bool, list[tuple[TextFile, FrontMatter | None]]]:
    """Split every file; tell whether this is a curated folder, that is whether any file has front matter."""
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


def _is_original(file: TextFile, originals: dict[str, str]) -> bool:
    """Tell whether ``file`` stands for itself, as a translation without an original also must."""
    return file.language is None or originals.get(file.id, file.name) == file.name


def _orphans(files: list[TextFile], originals: dict[str, str]) -> Iterator[Problem]:
    """Find translations without an original, unless every file is in the one language that its suffix names."""
    if len({file.language for file in files}) < 2:
        return
    for file in files:
        if file.id not in originals:
            reason = f"a translation without its original {file.id}.md"
            yield Problem(file.name, 1, "file", reason, Severity.FLAW)


def _read_register(folder: Path, name: str, problems: list[Problem]) -> Node | None:
    node = read_yaml_file(folder, name, problems)
    return None if node is None or node.value is None else node


def _base_language(front: list[tuple[TextFile, FrontMatter | None]]) -> str:
    """The language of most of the files without a language suffix, judged on a sample of them."""
    texts = [parts.body if parts else file.text for file, parts in front if file.language is None]
    languages = Counter(detect_language(text[:2000], default=UNKNOWN) for text in texts[:200])
    return max(languages, key=languages.__getitem__, default=UNKNOWN)


def _add(
    snippet: Snippet, location: Location, locations: dict[tuple[str, str], Location], problems: list[Problem]
) -> bool:
    key = (snippet.id, snippet.language)
    if key in locations:
        problems.append(
            Problem(location.file, 1, "id", f"'{snippet.id}' ({snippet.language}) is also {locations[key].file}")
        )
        return False
    locations[key] = location
    return True


def _plain_snippets(file: TextFile, base_language: str, problems: list[Problem]) -> list[tuple[Snippet, int]]:
    """Make snippets of a text without front matter: one for each paragraph under the title."""
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
    fitting = []
    for paragraph in paragraphs:
        if len(paragraph[0]) + len(paragraph[1]) <= _MAX_BODY:
            fitting.append(paragraph)
        else:
            reason = f"a paragraph is longer than {_MAX_BODY:,} characters; divide it by empty lines"
            problems.append(Problem(file.name, paragraph[2], "body", reason))
    topic = file.id.rsplit("/", 1)[0] if "/" in file.id else ""
    return [
        (
            Snippet(
                id=file.id if len(fitting) == 1 else f"{file.id}#{number}",
                language=file.language or base_language,
                topic=topic,
                title=heading,
                text=text,
                sentences=split_sentences(text),
            ),
            line,
        )
        for number, (heading, text, line) in enumerate(fitting, start=1)
    ]


def _without_expired(
    snippets: list[Snippet], locations: dict[tuple[str, str], Location], today: date, problems: list[Problem]
) -> list[Snippet]:
    current = []
    for snippet in snippets:
        # An ISO date without a day or month holds to the end of that month or year: "2025-06" < "2025-06-15" as text.
        if snippet.valid_until and today.isoformat()[: len(snippet.valid_until)] > snippet.valid_until:
            place = locations[snippet.id, snippet.language]
            line = place.field_lines.get("valid_until", 1)
            reason = f"expired on {snippet.valid_until}; the snippet is not indexed"
            problems.append(Problem(place.file, line, "valid_until", reason, Severity.NOTE))
        else:
            current.append(snippet)
    return current


def _topics(topics: dict[str, Topic], snippets: list[Snippet]) -> tuple[Topic, ...]:
    """The registered topics that have snippets, in their order, then folders that are not registered."""
    used = {snippet.topic for snippet in snippets}
    unregistered = sorted(used - set(topics) - {""})
    named = [
        Topic(id=name, title={"en": name.replace("-", " ").replace("/", " / ").capitalize()}) for name in unregistered
    ]
    return (*(topic for topic in topics.values() if topic.id in used), *named)
