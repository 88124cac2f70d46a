"""Read YAML so that every value keeps the line it stands on, and report what is wrong as ``file:line: field: reason``.

``parse_yaml`` gives nodes with lines, ``Entry.validate`` makes a pydantic model of a node's fields.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic_core import ErrorDetails

from index.knowledge.yaml_mistakes import explain

# libyaml's loader is about ten times faster where it is compiled in; both refuse tags that build Python objects.
_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_FENCE = "---"
_MAX_DEPTH = 20
_MAX_TEXT = 5_000
"""Characters of one value. The search for markup in it takes time by the square of its length."""

# Tags that plain YAML resolves to by itself. Any other tag asks for a Python object.
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map", "merge", "value")
)


Plain = str | list[Any] | dict[str, Any] | None
"""A YAML value without lines."""
Path = tuple[int | str, ...]
"""Keys and positions that lead to a value inside another one."""


class Severity(IntEnum):
    """How bad a problem is."""

    ERROR = 0
    """The folder cannot be indexed."""
    FLAW = 1
    """The folder can be indexed, but ``check`` fails: answers will be worse than they could be."""
    NOTE = 2
    """Worth knowing; nothing fails."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem; as text ``file:line: field: reason``."""

    file: str
    line: int
    field: str
    reason: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        note = "warning: " if self.severity is Severity.NOTE else ""
        return f"{self.file}:{self.line}: {self.field}: {note}{self.reason}"


@dataclass(frozen=True, slots=True)
class Node:
    """A YAML value with its line: text, a list of nodes, a mapping of nodes, or ``None`` for null.

    Scalars stay text: an editor who writes ``2025-06`` means a date, not a number.
    """

    value: str | list[Node] | dict[str, Node] | None
    line: int
    is_broken: bool = field(default=False, kw_only=True)
    """Whether it stands for a file that cannot be read."""
    plain: Plain = field(init=False, compare=False, repr=False)
    """The same value without lines."""

    def __post_init__(self) -> None:
        plain: Plain = self.value if isinstance(self.value, str) else None
        if isinstance(self.value, list):
            plain = [item.plain for item in self.value]
        elif isinstance(self.value, dict):
            plain = {name: item.plain for name, item in self.value.items()}
        object.__setattr__(self, "plain", plain)

    def line_of(self, path: Path) -> int:
        """Return the line of the value that ``path`` leads to, or of the last value on the way that exists."""
        node = self
        for step in path:
            if isinstance(node.value, dict) and step in node.value:
                node = node.value[str(step)]
            elif isinstance(node.value, list) and isinstance(step, int):
                node = node.value[step]
            else:
                break
        return node.line


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A file in two: its fields, and its body with the line on which the body begins."""

    fields: dict[str, Node]
    body: str
    body_line: int


class YamlError(ValueError):
    """YAML that cannot be read; ``line`` is where."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.line = line


def parse_yaml(text: str, *, first_line: int = 1) -> Node:
    """Parse one YAML document.

    Args:
        text: the document.
        first_line: the line of the file on which ``text`` begins.

    Raises:
        YamlError: the YAML is broken, gives a key twice, or holds anything but text, lists and mappings.
    """
    try:
        _refuse_depth(text, first_line)
        root = yaml.compose(text, Loader=_Loader)
        return Node(None, first_line) if root is None else _node(root, first_line, {})
    except yaml.MarkedYAMLError as error:
        # What a quotation mark opens ends with the document; what an editor has to look at is its beginning.
        is_unclosed = "end of stream" in str(error.problem)
        mark = (error.context_mark if is_unclosed else error.problem_mark) or error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        raise YamlError(explain(error, text.split("\n"), line), first_line + line) from error
    except yaml.reader.ReaderError as error:
        line = first_line + text.encode()[: error.position].count(b"\n")
        raise YamlError(f"broken YAML: {str(error).splitlines()[0]}", line) from error


def split_front_matter(text: str) -> FrontMatter | None:
    """Split a file into front matter and body, or return ``None`` where it has no front matter.

    Raises:
        YamlError: the front matter is not closed or is not a mapping.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        return None
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.rstrip() == _FENCE), None)
    if end is None:
        raise YamlError("front matter is not closed by a line '---'", 1)
    node = parse_yaml("\n".join(lines[1:end]), first_line=2)
    fields = {} if node.value is None else node.value
    if not isinstance(fields, dict):
        raise YamlError("front matter is not a list of 'field: value' lines", 2)
    body = end + 1
    filled = next((number for number in range(body, len(lines)) if lines[number].strip()), body)
    return FrontMatter(fields, "\n".join(lines[filled:]).rstrip(), filled + 1)


def _refuse_depth(text: str, first_line: int) -> None:
    """Refuse what is nested too deeply; libyaml composes by recursion in C, which would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise YamlError("nested too deeply", first_line + (event.start_mark.line if event.start_mark else 0))


def _node(node: yaml.Node, first_line: int, done: dict[int, Node | None]) -> Node:
    """Convert a node of PyYAML.

    Args:
        node: the node.
        first_line: the line of the file on which the document begins.
        done: the nodes converted before, by ``id``; ``None`` for those this one lies in. Aliases of aliases thereby
            stay as small as they are written.
    """
    line = first_line + node.start_mark.line
    if id(node) in done:
        result = done[id(node)]
        if result is None:
            raise YamlError("nested too deeply: an alias contains itself", line)
        return result
    if node.tag not in _PLAIN_TAGS:
        raise YamlError(f"the tag '{node.tag}' is not allowed; write plain text, lists or fields", line)
    done[id(node)] = None
    value: str | list[Node] | dict[str, Node] | None
    if isinstance(node, yaml.SequenceNode):
        value = [_node(item, first_line, done) for item in node.value]
    elif isinstance(node, yaml.MappingNode):
        value = {}
        for key, item in node.value:
            key_line = first_line + key.start_mark.line
            if not isinstance(key, yaml.ScalarNode):
                raise YamlError("a key must be plain text", key_line)
            if key.value in value:
                raise YamlError(f"'{key.value}' is given twice", key_line)
            value[key.value] = _node(item, first_line, done)
    else:
        if len(node.value) > _MAX_TEXT:
            raise YamlError(f"a text is longer than {_MAX_TEXT:,} characters", line)
        value = None if node.tag == "tag:yaml.org,2002:null" else node.value
    result = done[id(node)] = Node(value, line)
    return result


Model = TypeVar("Model", bound=BaseModel)

BLANK_IS_NONE = BeforeValidator(lambda value: None if isinstance(value, str) and not value.strip() else value)
"""For optional fields: an empty text says nothing."""

_REASONS = {
    "missing": "missing",
    "string_type": "must be plain text",
    "dict_type": "must be text or 'language: text' lines",
    "bool_parsing": "must be true or false",
    "too_short": "empty",
    "value_error": "{error}",
}
"""What to say for an error of pydantic, by its type."""


def suggested(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that suggests the known name most like a wrong one; empty where none is like it."""
    near = difflib.get_close_matches(name, [*known], 1)
    return f"; did you mean '{near[0]}'?" if near else ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Named fields of a file, and how to report what is wrong with them."""

    file: str
    node: Node
    problems: list[Problem]
    severity: Severity = Severity.ERROR
    """How bad it is when a field cannot be used."""
    name: str = ""
    """What the entry is, such as ``source 'press'``, for reasons that need it."""

    def report(self, path: Path, reason: str, severity: Severity | None = None) -> None:
        """Report a problem of the field that ``path`` begins with, on the line that ``path`` leads to."""
        line = self.node.line_of(path)
        self.problems.append(Problem(self.file, line, str(path[0]), reason, severity or self.severity))

    def validate(self, model: type[Model], *, closed: bool = True, context: object = None) -> Model | None:
        """Return the fields as a ``model``, or report every field that is wrong and return ``None``.

        Args:
            model: the type of the fields.
            closed: whether fields that the model does not have are flaws; they are ignored either way.
            context: what the validators of the model need to know.
        """
        known = sorted(model.model_fields)
        for name in self.node.value if closed and isinstance(self.node.value, dict) else ():
            if name not in known:
                hint = suggested(name.lower(), known) or f"; known are {', '.join(known)}"
                self.report((name,), f"unknown field{hint}", Severity.FLAW)
        try:
            return model.model_validate(self.node.plain, context=context)
        except ValidationError as error:
            found = [(each["loc"], self._reason(each)) for each in error.errors(include_url=False)]
            for path, reason in dict.fromkeys(found):
                self.report(path, reason)
            return None

    def _reason(self, error: ErrorDetails) -> str:
        kind, place = error["type"], error["loc"]
        if len(place) > 1 and isinstance(place[1], str):
            return f"'{place[1]}' must be a language code with text behind it"
        if kind == "string_too_short" or error["input"] is None:
            kind = "too_short"
        reason = _REASONS[kind].format(**error.get("ctx", {})) if kind in _REASONS else error["msg"]
        return f"{reason} in {self.name}" if self.name and kind in ("missing", "too_short") else reason
