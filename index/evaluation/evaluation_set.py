"""Read questions with known answers, and the floor below which their measures must not fall."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from index.evaluation.retrieval_metrics import SHARES
from index.knowledge.files import read_yaml_file
from index.knowledge.problems import Problem, Severity
from index.knowledge.reader import Knowledge
from index.knowledge.yaml_lines import Node

NEAR_MISS = "near-miss"
OFF_TOPIC_KINDS = frozenset({"off-topic", "nonsense", "smalltalk", "order"})
KINDS = frozenset({"full", "paraphrase", "keywords", "typo", "asked", NEAR_MISS, *OFF_TOPIC_KINDS})
"""Wordings (``asked`` is one taken from a log), and what people ask that the knowledge does not hold."""
NO_KIND = "unsorted"

_FIELDS = frozenset({"question", "answers", "passage", "language", "kind", "highlight", "answer"})
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_WORD = re.compile(r"\w+")
_FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the snippets that answer it."""

    text: str
    answers: tuple[str, ...]
    """Snippet ids, best first; none where the knowledge holds no answer."""
    language: str | None = None
    """As stated; ``None`` where it is to be recognised."""
    kind: str = NO_KIND
    highlight: str | None = None
    """A piece of the sentence that answers, where known."""
    line: int = 1

    @property
    def answerable(self) -> bool:
        """Whether any snippet answers it."""
        return bool(self.answers)

    @property
    def is_near_miss(self) -> bool:
        """Whether it has no answer and is close to the knowledge."""
        return self.kind == NEAR_MISS and not self.answers

    @property
    def is_off_topic(self) -> bool:
        """Whether it has no answer and is far from the knowledge."""
        return self.kind in OFF_TOPIC_KINDS and not self.answers

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that stand for the question and its answers where no text may be kept."""
        content = "\0".join([self.text, *sorted(self.answers)])
        return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Bound:
    """The least a metric must reach, or the most it may, over all questions or those of one language."""

    metric: str
    value: float
    language: str | None = None


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """A file of questions as read: what can be asked, the floor, and what is wrong with it."""

    name: str
    questions: tuple[Question, ...]
    floor: tuple[Bound, ...]
    problems: tuple[Problem, ...]


def read_evaluation(path: Path) -> EvaluationSet:
    """Read ``questions`` and ``floor`` of a YAML file, or one JSON object a line; entries that are broken are left out.

    An entry has ``question`` and ``answers`` (ids; ``passage`` may name a single one), and may have ``language``,
    ``kind`` and ``highlight`` (or ``answer``): a piece of the sentence that answers. A missing file holds no questions.
    """
    problems: list[Problem] = []
    lines = _json_lines(path, problems)
    if lines is not None:
        return EvaluationSet(path.name, tuple(_questions(path.name, lines, problems)), (), tuple(problems))
    root = read_yaml_file(path.parent, path.name, problems)
    content = root.value if root else None
    floor: tuple[Bound, ...] = ()
    entries: list[Node] = []
    if isinstance(content, list):
        entries = content
    elif isinstance(content, dict):
        listed = content.get("questions")
        if listed and isinstance(listed.value, list):
            entries = listed.value
        elif listed and listed.value is not None:
            problems.append(Problem(path.name, listed.line, "questions", "must be a list of questions"))
        if _FLOOR in content:
            floor = tuple(_bounds(path.name, content[_FLOOR], problems))
        for name, node in content.items():
            if name not in ("questions", _FLOOR):
                reason = f"unknown field '{name}'; known are questions and {_FLOOR}"
                problems.append(Problem(path.name, node.line, "file", reason, Severity.FLAW))
    elif root and content is not None:
        problems.append(Problem(path.name, root.line, "file", "must hold a list of questions"))
    questions = tuple(_questions(path.name, entries, problems))
    return EvaluationSet(path.name, questions, floor, tuple(sorted(problems)))


def check_evaluation(found: EvaluationSet, knowledge: Knowledge) -> Iterator[Problem]:
    """Yield what makes the questions a poor measure of ``knowledge``, beyond what reading them has reported."""
    known = {snippet_id for snippet_id, _ in knowledge.locations}
    own: dict[str, str] = {}
    for snippet in knowledge.snippets:
        for text in snippet.questions:
            own.setdefault(_normal(text), snippet.id)
    seen: dict[str, int] = {}
    for question in found.questions:
        for target in question.answers:
            if target not in known:
                yield _flaw(found, question, "answers", f"unknown snippet '{target}'")
        wording = _normal(question.text)
        if not wording:
            continue
        if wording in own:
            reason = f"'{question.text}' is one of the questions of {own[wording]}, so that asking it proves nothing"
            yield _flaw(found, question, "question", reason)
        first = seen.setdefault(wording, question.line)
        if first != question.line:
            yield _flaw(found, question, "question", f"'{question.text}' stands on line {first} already")
        if question.answerable and (question.kind == NEAR_MISS or question.kind in OFF_TOPIC_KINDS):
            yield _flaw(found, question, "kind", f"'{question.kind}' is for questions without answers")
    languages = {snippet.language for snippet in knowledge.snippets}
    for bound in found.floor:
        if bound.language and bound.language not in languages:
            reason = f"no snippet is in '{bound.language}'"
            yield Problem(found.name, 1, _FLOOR, reason, Severity.FLAW)


def _flaw(found: EvaluationSet, question: Question, field: str, reason: str) -> Problem:
    return Problem(found.name, question.line, field, reason, Severity.FLAW)


def _normal(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def _json_lines(path: Path, problems: list[Problem]) -> list[Node] | None:
    """Return the entries of a file of JSON lines, or ``None`` where the file is none."""
    if path.suffix.lower() in (".yaml", ".yml") or not path.is_file():
        return None
    text = path.read_bytes().decode("utf-8-sig", "replace")
    if not text.lstrip().startswith("{"):
        return None
    entries = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entries.append(_node(json.loads(line), number))
        except (ValueError, RecursionError):
            problems.append(Problem(path.name, number, "file", "is not a JSON object on one line"))
    return entries


def _node(value: object, line: int) -> Node:
    if isinstance(value, dict):
        return Node({str(name): _node(item, line) for name, item in value.items()}, line)
    if isinstance(value, list):
        return Node([_node(item, line) for item in value], line)
    return Node(None if value is None else str(value), line)


def _questions(file: str, entries: Iterable[Node], problems: list[Problem]) -> Iterator[Question]:
    for entry in entries:
        fields = entry.value if isinstance(entry.value, dict) else {}
        text = _text(file, fields, "question", problems)
        if not text:
            if "question" not in fields or fields["question"].value in (None, ""):
                problems.append(Problem(file, entry.line, "question", "missing", Severity.FLAW))
            continue
        answers = _answers(file, entry.line, fields, problems)
        if answers is None:
            continue
        language, kind = _text(file, fields, "language", problems), _text(file, fields, "kind", problems)
        if language and not _LANGUAGE.fullmatch(language):
            reason = f"'{language}' is not a language code such as en"
            problems.append(Problem(file, fields["language"].line, "language", reason, Severity.FLAW))
            language = None
        if kind and kind not in KINDS:
            reason = f"unknown kind '{kind}'; known are {', '.join(sorted(KINDS))}"
            problems.append(Problem(file, fields["kind"].line, "kind", reason, Severity.FLAW))
        if file.endswith((".yaml", ".yml")):
            for name in fields.keys() - _FIELDS:
                reason = f"unknown field; known are {', '.join(sorted(_FIELDS))}"
                problems.append(Problem(file, fields[name].line, name, reason, Severity.FLAW))
        highlight = _text(file, fields, "highlight", problems) or _text(file, fields, "answer", problems)
        yield Question(text, answers, language, kind or NO_KIND, highlight, entry.line)


def _text(file: str, fields: Mapping[str, Node], name: str, problems: list[Problem]) -> str | None:
    node = fields.get(name)
    if node is None or node.value is None:
        return None
    if not isinstance(node.value, str):
        problems.append(Problem(file, node.line, name, "must be plain text", Severity.FLAW))
        return None
    return node.value.strip() or None


def _answers(file: str, line: int, fields: Mapping[str, Node], problems: list[Problem]) -> tuple[str, ...] | None:
    name = "answers" if "answers" in fields else "passage"
    node = fields.get(name)
    if node is None:
        problems.append(
            Problem(file, line, "answers", "missing; write [] where the knowledge holds no answer", Severity.FLAW)
        )
        return None
    if node.value is None:
        return ()
    items = [node] if isinstance(node.value, str) else node.value
    if not isinstance(items, list) or not all(isinstance(item.value, str) and item.value for item in items):
        problems.append(Problem(file, node.line, name, "must be a list of snippet ids", Severity.FLAW))
        return None
    return tuple(dict.fromkeys(item.value for item in items if isinstance(item.value, str)))


def _bounds(file: str, node: Node, problems: list[Problem], language: str | None = None) -> Iterator[Bound]:
    if not isinstance(node.value, dict):
        if node.value is not None:
            problems.append(Problem(file, node.line, _FLOOR, "must be 'metric: value' lines"))
        return
    for name, entry in node.value.items():
        if name in SHARES:
            try:
                value = float(entry.value) if isinstance(entry.value, str) else -1.0
            except ValueError:
                value = -1.0
            if 0 <= value <= 1:
                yield Bound(name, value, language)
            else:
                problems.append(Problem(file, entry.line, _FLOOR, f"{name} must be a number between 0 and 1"))
        elif language is None and _LANGUAGE.fullmatch(name) and isinstance(entry.value, dict):
            yield from _bounds(file, entry, problems, name)
        else:
            problems.append(
                Problem(file, entry.line, _FLOOR, f"unknown metric '{name}'; known are {', '.join(SHARES)}")
            )
