"""Read questions with known answers, and the floor below which their measures must not fall."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, StringConstraints

from index.evaluation.retrieval_metrics import SHARES
from index.knowledge.files import read_text, read_yaml_file
from index.knowledge.reader import Knowledge
from index.knowledge.yaml_lines import BLANK_IS_NONE, Entry, Node, Plain, Problem, Severity, suggested
from index.search.decision import Costs

NEAR_MISS = "near-miss"
OFF_TOPIC_KINDS = frozenset({"off-topic", "nonsense", "smalltalk", "order"})
KINDS = frozenset({"full", "paraphrase", "keywords", "typo", "asked", NEAR_MISS, *OFF_TOPIC_KINDS})
"""Wordings (``asked`` is one taken from a log), and what people ask that the knowledge does not hold."""
NO_KIND = "unsorted"

_LANGUAGE = re.compile(r"[a-z]{2,3}")
_WORD = re.compile(r"\w+")
_FLOOR, _COSTS = "floor", "costs"


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
    """A part of the sentence that answers, where known."""
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
    """A file of questions as read: what can be asked, the floor, what mistakes cost, and what is wrong with it."""

    name: str
    questions: tuple[Question, ...]
    floor: tuple[Bound, ...]
    costs: Costs
    problems: tuple[Problem, ...]


def _ids(value: Plain) -> Plain:
    items = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
        raise ValueError("must be a list of snippet ids")
    return list(dict.fromkeys(items))


_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_MaybeText = Annotated[_Text | None, BLANK_IS_NONE]
_MaybeIds = Annotated[tuple[str, ...] | None, BeforeValidator(_ids)]


class _Question(BaseModel):
    """An entry of the file."""

    question: _Text
    answers: _MaybeIds = None
    passage: _MaybeIds = None
    language: _MaybeText = None
    kind: _MaybeText = None
    highlight: _MaybeText = None
    answer: _MaybeText = None


def read_evaluation(path: Path) -> EvaluationSet:
    """Read ``questions``, ``floor`` and ``costs`` of a YAML file, or one JSON object a line; leave out broken entries.

    An entry has ``question`` and ``answers`` (ids; ``passage`` may name a single one), and may have ``language``,
    ``kind`` and ``highlight`` (or ``answer``): a part of the sentence that answers. A missing file holds no questions.
    """
    problems: list[Problem] = []
    lines = _json_lines(path, problems)
    if lines is not None:
        return EvaluationSet(path.name, tuple(_questions(path.name, lines, problems)), (), Costs(), tuple(problems))
    root = read_yaml_file(path.parent, path.name, problems)
    if isinstance(root.value, list):
        root = Node({"questions": root}, root.line)
    file = Entry(path.name, root, problems)
    if isinstance(root.value, str):
        file.report(("file",), "must hold a list of questions")
    fields = root.value if isinstance(root.value, dict) else {}
    for name in fields.keys() - {"questions", _FLOOR, _COSTS}:
        reason = f"unknown field '{name}'; known are questions, {_FLOOR} and {_COSTS}"
        problems.append(Problem(path.name, fields[name].line, "file", reason, Severity.FLAW))
    listed = fields["questions"].value if "questions" in fields else None
    if listed is not None and not isinstance(listed, list):
        file.report(("questions",), "must be a list of questions")
    questions = tuple(_questions(path.name, listed if isinstance(listed, list) else [], problems))
    floor = tuple(_bounds(file, fields[_FLOOR], (_FLOOR,))) if _FLOOR in fields else ()
    costs = _read_costs(file, fields[_COSTS]) if _COSTS in fields else Costs()
    return EvaluationSet(path.name, questions, floor, costs, tuple(sorted(problems)))


def check_evaluation(found: EvaluationSet, knowledge: Knowledge) -> Iterator[Problem]:
    """Yield what makes the questions a poor measure of ``knowledge``, beyond what reading them has reported."""
    known = {snippet_id for snippet_id, _ in knowledge.locations}
    own = {normal(text): snippet.id for snippet in reversed(knowledge.snippets) for text in snippet.questions}
    seen: dict[str, int] = {}
    for question in found.questions:
        flaws = [
            ("answers", f"unknown snippet '{target}'{suggested(target, known)}")
            for target in question.answers
            if target not in known and knowledge.lacks(target)
        ]
        wording = normal(question.text) or question.text
        if wording in own:
            reason = f"is one of the questions of {own[wording]}, so that asking it proves nothing"
            flaws.append(("question", f"'{question.text}' {reason}"))
        first = seen.setdefault(wording, question.line)
        if first != question.line:
            flaws.append(("question", f"'{question.text}' stands on line {first} already"))
        if question.answerable and question.kind in {NEAR_MISS, *OFF_TOPIC_KINDS}:
            flaws.append(("kind", f"'{question.kind}' is for questions without answers"))
        for field, reason in flaws:
            yield Problem(found.name, question.line, field, reason, Severity.FLAW)
    languages = {snippet.language for snippet in knowledge.snippets}
    for bound in found.floor:
        if bound.language and bound.language not in languages:
            yield Problem(found.name, 1, _FLOOR, f"no snippet is in '{bound.language}'", Severity.FLAW)


def normal(text: str) -> str:
    """Return a question without case, punctuation and spacing; repeated wordings are equal in this form."""
    return " ".join(_WORD.findall(text.casefold()))


def _json_lines(path: Path, problems: list[Problem]) -> list[Node] | None:
    """Return the entries of a file of JSON lines, or ``None`` where the file is none."""
    if path.suffix.lower() in (".yaml", ".yml") or not path.is_file():
        return None
    text = read_text(path.parent, path.name, problems)
    if text is None:
        return []
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


def _questions(file: str, nodes: Iterable[Node], problems: list[Problem]) -> Iterator[Question]:
    for node in nodes:
        entry = Entry(file, node if isinstance(node.value, dict) else Node({}, node.line), problems, Severity.FLAW)
        # Lines of JSON may have other fields too.
        fields = entry.validate(_Question, closed=file.endswith((".yaml", ".yml")))
        if fields is None:
            continue
        answers = fields.passage if fields.answers is None else fields.answers
        if answers is None:
            entry.report(("answers",), "missing; write [] where the knowledge holds no answer")
            continue
        language = fields.language
        if language and not _LANGUAGE.fullmatch(language):
            entry.report(("language",), f"'{language}' is not a language code such as en")
            language = None
        if fields.kind and fields.kind not in KINDS:
            entry.report(("kind",), f"unknown kind '{fields.kind}'; known are {', '.join(sorted(KINDS))}")
        highlight = fields.highlight or fields.answer
        yield Question(fields.question, answers, language, fields.kind or NO_KIND, highlight, node.line)


def _bounds(file: Entry, node: Node, path: tuple[str, ...]) -> Iterator[Bound]:
    """Yield the bounds below ``path``: the floor itself, or a language in it."""
    if not isinstance(node.value, dict):
        if node.value is not None:
            file.report(path, "must be 'metric: value' lines")
        return
    language = path[1] if len(path) > 1 else None
    for name, entry in node.value.items():
        here = (*path, name)
        if name in SHARES:
            try:
                value = float(str(entry.plain))
            except ValueError:
                value = -1.0
            if 0 <= value <= 1:
                yield Bound(name, value, language)
            else:
                file.report(here, f"{name} must be a number between 0 and 1")
        elif language is None and _LANGUAGE.fullmatch(name) and isinstance(entry.value, dict):
            yield from _bounds(file, entry, here)
        else:
            file.report(here, f"unknown metric '{name}'; known are {', '.join(SHARES)}")


def _read_costs(file: Entry, node: Node) -> Costs:
    """Return what mistakes cost; those that are not stated or wrong keep their usual cost."""
    stated = {}
    names = [field.name for field in dataclasses.fields(Costs)]
    for name, entry in node.value.items() if isinstance(node.value, dict) else ():
        try:
            value = float(str(entry.plain))
        except ValueError:
            value = math.nan
        if name not in names:
            file.report((_COSTS, name), f"unknown mistake '{name}'; known are {', '.join(names)}")
        elif 0 < value < math.inf:
            stated[name] = value
        else:
            file.report((_COSTS, name), f"{name} must be a number above 0")
    if not isinstance(node.value, dict):
        file.report((_COSTS,), "must be 'mistake: cost' lines")
    return Costs(**stated)
