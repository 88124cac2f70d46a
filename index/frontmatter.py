"""Read YAML so that every value keeps the line it stands on."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

# libyaml's loader is about ten times faster where it is compiled in; both refuse tags that build Python objects.
_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_FENCE = "---"


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
        root = yaml.compose(text, Loader=_Loader)
        return Node(None, first_line) if root is None else _node(root, first_line, depth=0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        raise YamlError(f"broken YAML: {error.problem or error.context}", line) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlError(f"broken YAML: {str(error).splitlines()[0]}", first_line) from error


def split_front_matter(text: str) -> FrontMatter | None:
    """Split a file into front matter and body, or return ``None`` where it has no front matter.

    Raises YamlError when the front matter is not closed or is not a mapping.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        return None
    for end, line in enumerate(lines[1:], start=1):
        if line.rstrip() == _FENCE:
            break
    else:
        raise YamlError("front matter is not closed by a line '---'", 1)
    node = parse_yaml("\n".join(lines[1:end]), first_line=2)
    if node.value is None:
        fields: dict[str, Node] = {}
    elif isinstance(node.value, dict):
        fields = node.value
    else:
        raise YamlError("front matter is not a list of 'field: value' lines", 2)
    body = end + 1
    while body < len(lines) and not lines[body].strip():
        body += 1
    return FrontMatter(fields, "\n".join(lines[body:]).rstrip(), body + 1)


_MAX_DEPTH = 20


def _node(node: yaml.Node, first_line: int, depth: int) -> Node:
    line = first_line + node.start_mark.line
    if depth > _MAX_DEPTH:
        raise YamlError("nested too deeply (or an alias that contains itself)", line)
    if isinstance(node, yaml.ScalarNode):
        is_null = node.tag == "tag:yaml.org,2002:null"
        return Node(None if is_null else node.value, line)
    if isinstance(node, yaml.SequenceNode):
        return Node([_node(item, first_line, depth + 1) for item in node.value], line)
    fields: dict[str, Node] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise YamlError("a key must be plain text", line)
        if key.value in fields:
            raise YamlError(f"'{key.value}' is given twice", first_line + key.start_mark.line)
        fields[key.value] = _node(value, first_line, depth + 1)
    return Node(fields, line)
