"""Read a knowledge folder: every file becomes snippets, and every problem is reported, not only the first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from index.errors import KnowledgeError
from index.knowledge.curated_folder import Curated, Parts, read_curated
from index.knowledge.file_language import language_of
from index.knowledge.files import SOURCES_FILE, Location, TextFile, read_text_files
from index.knowledge.front_matter import read_heading
from index.knowledge.languages import split_suffix
from index.knowledge.plain_folder import below, read_plain
from index.knowledge.profile import Profile, read_profile
from index.knowledge.registers import read_not_covered, read_sources, read_topics
from index.knowledge.snippet import Snippet, Source, Topic
from index.knowledge.yaml_lines import FrontMatter, Problem, Severity, YamlError, split_front_matter


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
    not_covered: tuple[str, ...]
    """The questions of ``not_covered.yaml``."""
    is_curated: bool
    """Whether each file is one snippet with front matter."""
    base_language: str
    """The language of files whose name does not tell it."""
    problems: tuple[Problem, ...]
    locations: dict[tuple[str, str], Location]
    """Where each (id, language) was read."""

    def lacks(self, snippet_id: str) -> bool:
        """Tell whether no file has a snippet, not even one that cannot be read."""
        if any(snippet_id == known for known, _ in self.locations):
            return False
        errors = (problem.file for problem in self.problems if problem.severity is Severity.ERROR)
        broken = {split_suffix(name.rpartition(".")[0]).stem for name in errors}
        return snippet_id.partition("#")[0] not in broken

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

    A folder is curated where it has ``sources.yaml``, or where ``bot.yaml`` says so: each file is one snippet. The
    files of any other folder are texts of several passages each.

    Args:
        folder: the knowledge folder.
        today: snippets that expired before this day are left out.
        advance: called with 1 after each file.

    Raises:
        KnowledgeError: the folder itself cannot be read. Everything else is in ``Knowledge.problems``.
    """
    if not folder.is_dir():
        raise KnowledgeError(f"{folder}: no such folder; name one with --knowledge DIR or BOT_KNOWLEDGE_DIR.")
    day = today or datetime.now(UTC).date()
    problems: list[Problem] = []
    files = []
    for file in read_text_files(folder, problems):
        files.append(file)
        advance(1)
    sources = read_sources(folder, day, problems)
    topics = read_topics(folder, problems)
    profile = read_profile(folder, problems)
    not_covered = read_not_covered(folder, problems)
    is_curated = (folder / SOURCES_FILE).exists() if profile.curated is None else profile.curated
    if is_curated:
        front = list(_split(files, problems))
        language = profile.language or _base_language(front)
        found = read_curated(files, front, Curated(language, sources, day), problems)
    else:
        headed = [(file, read_heading(file.text)) for file in files]
        front = [(file, FrontMatter({}, below(file, heading), heading.body_line)) for file, heading in headed]
        language = profile.language or _base_language(front)
        found = read_plain(headed, language, problems)
    snippets, locations = _sound(found, day, problems)
    used = {snippet.topic for snippet in snippets}
    registered = topics or {}
    named = [
        Topic(name, {"en": name.replace("-", " ").replace("/", " / ").capitalize()})
        for name in sorted(used - registered.keys() - {""})
    ]
    return Knowledge(
        folder=folder,
        snippets=tuple(sorted(snippets, key=lambda snippet: (snippet.id, snippet.language))),
        topics=(*(topic for topic in registered.values() if topic.id in used), *named),
        unregistered_topics=frozenset() if topics is None else frozenset(used - topics.keys()),
        sources=tuple((sources or {}).values()),
        profile=profile,
        not_covered=tuple(str(question.value) for question in not_covered),
        is_curated=is_curated,
        base_language=language,
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
            if place.file == first.file:
                reason = "two files have this name, written with different characters; rename one"
            else:
                reason = f"'{snippet.id}' ({snippet.language}) is also {first.file}"
            problems.append(Problem(place.file, 1, "id", reason))
        # An ISO date without a day or month holds to the end of that month or year: "2025-06" < "2025-06-15" as text.
        elif until and today.isoformat()[: len(until)] > until:
            reason = f"expired on {until}; the snippet is not indexed"
            problems.append(place.problem("valid_until", reason, Severity.NOTE))
        else:
            snippets.append(snippet)
    return snippets, locations


def _split(files: list[TextFile], problems: list[Problem]) -> Iterator[Parts]:
    """Yield every file with its front matter, or ``None`` where it has none; report the broken ones."""
    for file in files:
        try:
            yield file, split_front_matter(file.text)
        except YamlError as error:
            problems.append(Problem(file.name, error.line, "front matter", str(error)))


def _base_language(front: list[Parts]) -> str:
    """Return the language of the files without a language suffix."""
    return language_of(parts.body if parts else file.text for file, parts in front if file.language is None)
