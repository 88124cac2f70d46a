"""Change single values of YAML texts. Everything else stays byte for byte, which each function proves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

Item = str | Mapping[str, object]
"""An entry of a list: a text, or the fields of an entry."""


class YamlEditError(ValueError):
    """A text cannot be changed safely; the message says why, as the end of a sentence about its file."""


def scalar(text: str) -> str:
    """Return a text as a YAML scalar on one line."""
    return str(yaml.safe_dump(text, allow_unicode=True, width=float("inf"))).removesuffix("\n").removesuffix("\n...")


def values(text: str) -> dict[str, Any]:
    """Return the fields of a YAML text, each scalar as it is written, so that ``2025-06`` stays a text.

    Raises:
        YamlEditError: It cannot be read, or holds no fields.
    """
    try:
        # BaseLoader makes only texts, lists and mappings.
        found = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.YAMLError as error:
        raise YamlEditError("holds broken YAML; `partnership-bot check` tells where") from error
    if found is None or found == "":
        return {}
    if not isinstance(found, dict):
        raise YamlEditError("is not a list of 'field: value' lines")
    return found


def with_items(text: str, field: str, items: Sequence[Item]) -> str:
    """Return a YAML text with items at the end of the list ``field``; the list is made where there is none.

    Items that the list holds already are not added again; an entry is told by its ``question``.

    Raises:
        YamlEditError: The list cannot be extended safely.
    """
    old = values(text)
    listed = old.get(field)
    kept = listed if isinstance(listed, list) else []
    there = {_name(each) for each in kept}
    new = [item for name, item in {_name(item): item for item in items}.items() if name not in there]
    if not new:
        return text
    after = _extended(text, field, new)
    _prove(old, after, {field: [*kept, *map(_as_read, new)]})
    return after


def without_items(text: str, field: str, items: Sequence[str]) -> str:
    """Return a YAML text without these entries of the list ``field``; entries that it does not hold are passed over.

    Raises:
        YamlEditError: They cannot be taken out safely.
    """
    old = values(text)
    listed = old.get(field)
    kept = listed if isinstance(listed, list) else []
    gone = {" ".join(item.split()) for item in items}
    left = [each for each in kept if not isinstance(each, str) or " ".join(each.split()) not in gone]
    if len(left) == len(kept):
        return text
    node = _node(text, field)
    if not isinstance(node, yaml.SequenceNode) or node.flow_style:
        raise YamlEditError(f"has its `{field}` in one line; write them below each other first")
    after = text
    for entry in reversed(node.value):
        if isinstance(entry, yaml.ScalarNode) and " ".join(entry.value.split()) in gone:
            start = after.rfind("\n", 0, entry.start_mark.index) + 1
            end = after.find("\n", _end_of(entry)) + 1 or len(after)
            after = after[:start] + after[end:]
    # A list of which nothing is left reads as a field without a value.
    _prove(old, after, {field: left or ""})
    return after


def with_value(text: str, field: str, value: str) -> str:
    """Return a YAML text with another value of a field that holds a text.

    Raises:
        YamlEditError: There is no such field, or it cannot be changed safely.
    """
    old = values(text)
    if old.get(field) == value:
        return text
    node = _node(text, field)
    if not isinstance(node, yaml.ScalarNode):
        raise YamlEditError(f"has no `{field}` of one text")
    end = max(_end_of(node), node.start_mark.index)
    written = scalar(value)
    before = text[: node.start_mark.index]
    after = (before if before.endswith(" ") else f"{before} ") + written + text[end:]
    _prove(old, after, {field: value})
    return after


def with_entries(text: str, entries: Mapping[str, Mapping[str, object]]) -> str:
    """Return the YAML of a register with entries at its end: fields by id, or a list of entries with an ``id`` each.

    Raises:
        YamlEditError: An id is taken, or the register cannot be extended safely.
    """
    newline = _newline(text)
    try:
        old = yaml.load(text, Loader=yaml.BaseLoader) or {}  # noqa: S506 - as in `values`
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise YamlEditError("holds broken YAML; `partnership-bot check` tells where") from error
    if isinstance(root, yaml.CollectionNode) and root.flow_style and root.value:
        raise YamlEditError("is written in one line; write its entries below each other first")
    head = _line_ended(text, newline) if old else text[: root.start_mark.index] if root else _line_ended(text, newline)
    if isinstance(old, list):
        new: object = [*old, *({"id": name, **_as_read(fields)} for name, fields in entries.items())]
        lines = [_block("", {"id": name, **fields}, newline) for name, fields in entries.items()]
    else:
        if taken := old.keys() & entries.keys():
            raise YamlEditError(f"has an entry '{min(taken)}' already")
        new = {**old, **{name: _as_read(fields) for name, fields in entries.items()}}
        lines = [
            f"{scalar(name)}:{newline}" + "".join(f"  {line}{newline}" for line in _fields(fields))
            for name, fields in entries.items()
        ]
    after = head + "".join(lines)
    if yaml.load(after, Loader=yaml.BaseLoader) != new:  # noqa: S506 - as in `values`
        raise YamlEditError("is written in a way that cannot be extended safely")
    return after


def _extended(text: str, field: str, items: Sequence[Item]) -> str:
    newline = _newline(text)
    node = _node(text, field)
    if node is None:
        gap = "" if not text or text.endswith("\n") or text == "\ufeff" else newline
        return f"{text}{gap}{field}:{newline}" + "".join(_block("  ", item, newline) for item in items)
    if isinstance(node, yaml.SequenceNode) and node.value and node.flow_style:
        close = node.end_mark.index - 1
        added = ", ".join(json.dumps(item, ensure_ascii=False) for item in items)
        return f"{text[:close]}, {added}{text[close:]}"
    if isinstance(node, yaml.SequenceNode) and node.value:
        at, indent = _end_of(node.value[-1]), " " * node.start_mark.column
    elif isinstance(node, (yaml.SequenceNode, yaml.ScalarNode)) and not node.value:
        # An empty list, or a field without a value: the items go below it.
        before = text[: node.start_mark.index].rstrip(" ")
        text = before + text[node.end_mark.index :]
        at, indent = len(before), "  "
    else:
        raise YamlEditError(f"has a `{field}` that is no list")
    line_end = text.find("\n", at)
    head = text[: line_end + 1] if line_end >= 0 else text + newline
    return head + "".join(_block(indent, item, newline) for item in items) + text[len(head) :]


def _node(text: str, field: str) -> yaml.Node | None:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == field), None)


def _end_of(node: yaml.Node) -> int:
    """Return where a node's own text ends; the end mark of a block collection lies behind the white space after it."""
    while isinstance(node, (yaml.SequenceNode, yaml.MappingNode)) and not node.flow_style and node.value:
        child = node.value[-1]
        node = child[1] if isinstance(child, tuple) else child
    end: int = node.end_mark.index
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        return max(end - 1, node.start_mark.index)
    return end


def _prove(old: Mapping[str, Any], after: str, changed: Mapping[str, object]) -> None:
    """Make sure that a text reads as before but for the changed fields."""
    if values(after) != {**old, **changed}:
        raise YamlEditError("is written in a way that cannot be changed safely")


def _name(item: object) -> object:
    return item.get("question") if isinstance(item, Mapping) else item


def _as_read(item: Any) -> Any:
    """Return an item as ``values`` reads it back."""
    if isinstance(item, Mapping):
        return {name: _as_read(value) for name, value in item.items()}
    return [*map(_as_read, item)] if isinstance(item, (list, tuple)) else str(item)


def _block(indent: str, item: Item, newline: str) -> str:
    first, *more = [scalar(item)] if isinstance(item, str) else _fields(item)
    return f"{indent}- {first}{newline}" + "".join(f"{indent}  {line}{newline}" for line in more)


def _fields(fields: Mapping[str, object]) -> list[str]:
    return [f"{name}: {_inline(value)}" for name, value in fields.items()]


def _inline(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(scalar(str(each)) for each in value)}]"
    return scalar(str(value))


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _line_ended(text: str, newline: str) -> str:
    return text if not text or text.endswith("\n") else text + newline
