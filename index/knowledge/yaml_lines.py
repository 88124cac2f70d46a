"""Read YAML so that every value keeps the line it stands on."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

# libyaml's loader is about ten times faster where it is compiled in; both refuse tags that build Python objects.
_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_FENCE = "---"
_MAX_DEPTH = 20
_MAX_TEXT = 5_000
"""Characters of one value; what looks for markup in it takes time by the square of its length."""
_SURELY_HARMLESS = 10_000
"""Characters; libyaml builds its tree by recursion in C, and brackets by the hundred thousand end the process."""

# Tags of what people write without thinking of tags; anything else asks for an object.
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map", "merge", "value")
)


@dataclass(frozen=True, slots=True)
class Node:
    """A YAML value with its line: text, a list of nodes, a mapping of nodes, or ``None`` for null.

    Scalars stay text: ``2025-06`` is a date to a reader and must not become a number or a ``datetime`` on the way.
    """

    value: str | list[Node] | dict[str, Node] | None
    line: int


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The parts of a file: its fields, and its body with the line on which the body begins."""

    fields: dict[str, Node]
    body: str
    body_line: int


class YamlError(ValueError):
    """YAML that cannot be read; ``line`` is where."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.line = line


def parse_yaml(text: str, *, first_line: int = 1) -> Node:
    """Parse one YAML document; ``first_line`` is the line of the file on which ``text`` begins.

    Raises YamlError on broken YAML, on a key given twice, and on anything but text, lists and mappings.
    """
    try:
        if len(text) > _SURELY_HARMLESS:
            _refuse_depth(text, first_line)
        root = yaml.compose(text, Loader=_Loader)
        return Node(None, first_line) if root is None else _node(root, first_line, 0, {})
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        problem = str(error.problem or error.context)
        # Newer versions of libyaml count for themselves how deep their own look ahead has gone.
        too_deep = "nesting depth" in problem
        raise YamlError("nested too deeply" if too_deep else f"broken YAML: {problem}", line) from error
    except yaml.reader.ReaderError as error:
        line = first_line + text.encode()[: error.position].count(b"\n")
        raise YamlError(f"broken YAML: {str(error).splitlines()[0]}", line) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlError(f"broken YAML: {str(error).splitlines()[0]}", first_line) from error


def split_front_matter(text: str) -> FrontMatter | None:
    """Split a file into front matter and body, or return ``None`` where it has no front matter.

    Raises YamlError when the front matter is not closed or is not a mapping.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        return None
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.rstrip() == _FENCE), None)
    if end is None:
        raise YamlError("front matter is not closed by a line '---'", 1)
    node = parse_yaml("\n".join(lines[1:end]), first_line=2)
    if node.value is None:
        fields: dict[str, Node] = {}
    elif isinstance(node.value, dict):
        fields = node.value
    else:
        raise YamlError("front matter is not a list of 'field: value' lines", 2)
    body = end + 1
    filled = next((number for number in range(body, len(lines)) if lines[number].strip()), body)
    return FrontMatter(fields, "\n".join(lines[filled:]).rstrip(), filled + 1)


def _refuse_depth(text: str, first_line: int) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                raise YamlError("nested too deeply", first_line + (event.start_mark.line if event.start_mark else 0))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _node(node: yaml.Node, first_line: int, depth: int, done: dict[int, Node]) -> Node:
    """Convert ``node``; ``done`` holds what was converted already, so that aliases of aliases stay as small as they are
    written.
    """
    if id(node) in done:
        return done[id(node)]
    line = first_line + node.start_mark.line
    if depth > _MAX_DEPTH:
        raise YamlError("nested too deeply (or an alias that contains itself)", line)
    if node.tag not in _PLAIN_TAGS:
        raise YamlError(f"the tag '{node.tag}' is not allowed; write plain text, lists or fields", line)
    if isinstance(node, yaml.ScalarNode):
        if len(node.value) > _MAX_TEXT:
            raise YamlError(f"a text is longer than {_MAX_TEXT:,} characters", line)
        is_null = node.tag == "tag:yaml.org,2002:null"
        result = Node(None if is_null else node.value, line)
    elif isinstance(node, yaml.SequenceNode):
        result = Node([_node(item, first_line, depth + 1, done) for item in node.value], line)
    else:
        result = Node(_mapping(node, first_line, depth, done), line)
    done[id(node)] = result
    return result


def _mapping(node: yaml.Node, first_line: int, depth: int, done: dict[int, Node]) -> dict[str, Node]:
    fields: dict[str, Node] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise YamlError("a key must be plain text", first_line + key.start_mark.line)
        if key.value in fields:
            raise YamlError(f"'{key.value}' is given twice", first_line + key.start_mark.line)
        fields[key.value] = _node(value, first_line, depth + 1, done)
    return fields
