"""Turn the fields of front matter and registers into values, reporting whatever is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from index.knowledge.files import SOURCES_FILE, TOPICS_FILE
from index.knowledge.problems import Problem, Severity
from index.knowledge.sentences import split_sentences
from index.knowledge.snippet import Snippet, Source, Topic
from index.knowledge.yaml_lines import FrontMatter, Node

REQUIRED_FIELDS = ("title", "sources", "as_of")
SNIPPET_FIELDS = frozenset({*REQUIRED_FIELDS, "speaker", "valid_until", "questions", "see_also", "language"})
_ISO_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_LANGUAGE_CODE = re.compile(r"[a-z]{2,3}")
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


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of one entry with the means to report on them."""

    file: str
    line: int
    nodes: Mapping[str, Node]
    problems: list[Problem]

    def report(self, name: str, reason: str, *, line: int | None = None, severity: Severity = Severity.ERROR) -> None:
        node = self.nodes.get(name)
        self.problems.append(Problem(self.file, line or (node.line if node else self.line), name, reason, severity))

    def text(self, name: str, *, longest: int | None = None) -> str | None:
        node = self.nodes.get(name)
        if node is None or node.value is None:
            return None
        if not isinstance(node.value, str):
            self.report(name, "must be plain text")
            return None
        value = " ".join(node.value.split())
        if longest and len(value) > longest:
            self.report(name, f"is longer than {longest} characters", severity=Severity.FLAW)
        return value or None

    def texts(self, name: str, *, longest: int | None = None) -> tuple[str, ...]:
        """A list of texts; a single text counts as a list of one."""
        node = self.nodes.get(name)
        if node is None or node.value is None:
            return ()
        items = [node] if isinstance(node.value, str) else node.value
        if not isinstance(items, list) or not all(isinstance(item.value, str) for item in items):
            self.report(name, "must be text or a list of texts (quote a text that contains ': ')")
            return ()
        if len(items) > _MAX_ITEMS:
            self.report(name, f"has more than {_MAX_ITEMS} entries")
            return ()
        values = [(" ".join(item.value.split()), item.line) for item in items if isinstance(item.value, str)]
        for value, line in values:
            if longest and len(value) > longest:
                reason = f"an entry is longer than {longest} characters"
                self.report(name, reason, line=line, severity=Severity.FLAW)
        return tuple(dict.fromkeys(value for value, _ in values if value))

    def date(self, name: str) -> str | None:
        value = self.text(name)
        if value is not None and not is_date(value):
            self.report(name, f"'{value}' is not a date; write YYYY, YYYY-MM or YYYY-MM-DD")
            return None
        return value

    def by_language(self, name: str) -> dict[str, str]:
        """Text by language code; a plain text counts as English."""
        node = self.nodes.get(name)
        if node is None or node.value is None:
            return {}
        if isinstance(node.value, str):
            return {"en": " ".join(node.value.split())}
        if not isinstance(node.value, dict):
            self.report(name, "must be text or 'language: text' lines")
            return {}
        texts = {}
        for language, value in node.value.items():
            if isinstance(value.value, str) and _LANGUAGE_CODE.fullmatch(language):
                texts[language] = " ".join(value.value.split())
            else:
                self.report(name, f"'{language}' must be a language code with text behind it", line=value.line)
        return texts

    def unknown(self, known: frozenset[str]) -> None:
        for name in self.nodes:
            if name not in known:
                self.report(name, f"unknown field; known are {', '.join(sorted(known))}", severity=Severity.FLAW)


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a translation takes from its original where it does not say it itself."""

    original: Snippet | None
    """``None`` where the original itself cannot be read, which is reported there."""


def read_snippet(
    file: str,
    snippet_id: str,
    language: str | None,
    parts: FrontMatter,
    sources: Mapping[str, Source],
    inherits: Inherited | None,
    base_language: str,
    problems: list[Problem],
) -> Snippet | None:
    """Make a snippet of one file, or report why not and return ``None``.

    ``language`` is the suffix of the file's name. A translation takes sources, dates, links and speakers from what it
    ``inherits`` unless it gives its own.
    """
    fields = _Fields(file, 1, parts.fields, problems)
    before = len(problems)
    fields.unknown(SNIPPET_FIELDS)
    inherited = inherits.original if inherits else None
    for name in REQUIRED_FIELDS:
        if name not in parts.fields and (inherits is None or name == "title"):
            fields.report(name, "missing")
        elif name in parts.fields and parts.fields[name].value in (None, "", []):
            fields.report(name, "empty")
    title = fields.text("title", longest=_MAX_TITLE)
    as_of = fields.date("as_of") or (inherited.as_of if inherited else None)
    valid_until = fields.date("valid_until") or (inherited.valid_until if inherited else None)
    used = []
    for source_id in fields.texts("sources"):
        if source_id in sources:
            used.append(sources[source_id])
        else:
            fields.report("sources", f"unknown source '{source_id}'; add it to sources.yaml")
    if not parts.body.strip():
        fields.report("body", "empty", line=parts.body_line)
    own_language = fields.text("language")
    if own_language and not _LANGUAGE_CODE.fullmatch(own_language):
        fields.report("language", f"'{own_language}' is not a two-letter language code")
    if any(problem.severity is Severity.ERROR for problem in problems[before:]) or title is None:
        return None
    return Snippet(
        id=snippet_id,
        language=language or own_language or base_language,
        topic=snippet_id.rsplit("/", 1)[0] if "/" in snippet_id else "",
        title=title,
        text=parts.body,
        sentences=split_sentences(parts.body),
        speakers=fields.texts("speaker") or (inherited.speakers if inherited else ()),
        as_of=as_of,
        valid_until=valid_until,
        sources=tuple(used) or (inherited.sources if inherited else ()),
        questions=fields.texts("questions", longest=_MAX_QUESTION),
        see_also=fields.texts("see_also") or (inherited.see_also if inherited else ()),
    )


_SOURCE_FIELDS = frozenset({"id", "publisher", "title", "date", "url", "description"})


def read_sources(node: Node | None, problems: list[Problem]) -> dict[str, Source]:
    """Read ``sources.yaml``: a mapping from id to fields, or a list of entries with an ``id`` each."""
    sources: dict[str, Source] = {}
    for source_id, fields in _entries(SOURCES_FILE, node, problems):
        fields.unknown(_SOURCE_FIELDS)
        publisher, title = fields.text("publisher"), fields.text("title")
        for name, value in (("publisher", publisher), ("title", title)):
            if value is None:
                fields.report(name, f"missing in source '{source_id}'")
        url = fields.text("url")
        if url is not None and not re.match(r"https?://\S+$", url):
            fields.report("url", f"'{url}' is not an http or https address")
            url = None
        if source_id in sources:
            fields.report("id", f"'{source_id}' is given twice")
        when = fields.date("date")
        sources[source_id] = Source(
            source_id, publisher or "", title or "", when, url, fields.by_language("description")
        )
    return sources


def read_topics(node: Node | None, problems: list[Problem]) -> dict[str, Topic]:
    """Read ``topics.yaml``: a list of entries with ``id`` and ``title`` (by language), in the order to be shown."""
    topics: dict[str, Topic] = {}
    for topic_id, fields in _entries(TOPICS_FILE, node, problems):
        fields.unknown(frozenset({"id", "title", "description"}))
        title = fields.by_language("title")
        if not title:
            fields.report("title", f"missing in topic '{topic_id}'")
        if topic_id in topics:
            fields.report("id", f"'{topic_id}' is given twice")
        topics[topic_id] = Topic(topic_id, title or {"en": topic_id}, fields.by_language("description"))
    return topics


def _entries(file: str, node: Node | None, problems: list[Problem]) -> list[tuple[str, _Fields]]:
    if node is None:
        return []
    entries: list[tuple[str, _Fields]] = []
    if isinstance(node.value, dict):
        pairs = [(name, entry) for name, entry in node.value.items()]
    elif isinstance(node.value, list):
        pairs = []
        for entry in node.value:
            own = entry.value.get("id") if isinstance(entry.value, dict) else None
            pairs.append((own.value if own and isinstance(own.value, str) else "", entry))
    else:
        problems.append(Problem(file, node.line, "file", "must be a list of entries"))
        return []
    for name, entry in pairs:
        if isinstance(entry.value, str) and isinstance(node.value, dict):
            # The short form `id: title`.
            entry = Node({"title": entry}, entry.line)
        if not name or not isinstance(entry.value, dict):
            problems.append(Problem(file, entry.line, "id", "every entry needs an id and fields"))
            continue
        entries.append((name, _Fields(file, entry.line, entry.value, problems)))
    return entries
