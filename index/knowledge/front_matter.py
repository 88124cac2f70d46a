"""What other programs write above a text: YAML, TOML, JSON and header lines, of which only a few fields are taken.

A plain folder comes from another program, whose fields mean nothing here. So nothing in them is a problem, and what
cannot be read is passed over.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from index.knowledge.yaml_lines import YamlError, parse_yaml

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{4}-\d{2}\Z|\d{4}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_TEMPLATE = re.compile(r"\{\{|<%|\{%")
_FIELD_LINE = re.compile(r"""(?:[^\W\d_][\w -]*|"[^"\n]+"|'[^'\n]+'):(?:\s|$)""")
"""A line that gives a field in YAML."""
_BELOW_FIELD = re.compile(r"\s|-(?:\s|$)|#|[\]}]|$")
"""A line that belongs to the field above it: a list, an indented text, a remark."""
_TOML_FIELD = re.compile(r"""^\s*([\w-]+)\s*=\s*["'](.*)["']\s*$""", re.MULTILINE)
_HEADER = re.compile(r"([A-Za-z][A-Za-z_ -]{1,30}):(?:[ \t]+(.*))?")
_PROPERTY = re.compile(r"([\w-]+)::[ \t]*(.*)")
"""A line that Logseq or Dataview reads as a field of the whole page."""
_HEADERS = frozenset(
    "title date modified category tags keywords slug author authors summary status lang language template subtitle"
    " description url save_as layout".split()
)
"""Names of the header lines of Pelican, Python-Markdown and MultiMarkdown."""

# The names of a field in other programs: Jekyll, Hugo, Pelican, Obsidian, Docusaurus, MkDocs.
_TITLE = ("title",)
_DATE = ("updated", "lastmod", "last_modified_at", "modified", "date", "as_of", "created")
_SPOKEN = ("language", "lang")


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a text, and where the text begins."""

    title: str | None = None
    date: str | None = None
    """ISO 8601."""
    language: str | None = None
    is_draft: bool = False
    is_drawing: bool = False
    """Whether what stands below is a drawing of Excalidraw, kept as text."""
    body_line: int = 1
    """The line of the file on which the text begins."""


_Fields = Mapping[str, object]


def read_heading(text: str) -> Heading:
    """Return what stands above ``text``; nothing where the text begins at once."""
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    for read in (_fenced, _json, _properties, _percent_lines, _header_lines):
        if found := read(lines, first):
            fields, body = found
            return _taken({name.lower(): value for name, value in fields.items()}, body + 1)
    return Heading()


def _taken(fields: _Fields, body_line: int) -> Heading:
    def text(names: tuple[str, ...], fits: Callable[[str], object]) -> str | None:
        given = (" ".join(str(fields[name]).split()) for name in names if fields.get(name) is not None)
        return next((value for value in given if value and fits(value)), None)

    date = text(_DATE, _ISO_DATE.match)
    draft = str(fields.get("draft", "")).lower() in ("true", "yes") or str(fields.get("status", "")).lower() == "draft"
    return Heading(
        title=text(_TITLE, lambda value: not _TEMPLATE.search(value)),
        date=date[:10] if date else None,
        language=text(_SPOKEN, _LANGUAGE.fullmatch),
        is_draft=draft or str(fields.get("published", "")).lower() == "false",
        is_drawing="excalidraw-plugin" in fields,
        body_line=body_line,
    )


def _fenced(lines: list[str], first: int) -> tuple[_Fields, int] | None:
    """Read the lines between two lines ``---``, ``+++`` or ``;;;``; two rules with a text between them are no fence."""
    fence = lines[first].rstrip()
    if fence not in ("---", "+++", ";;;"):
        return None
    ends = (fence, "...") if fence == "---" else (fence,)
    end = next((number for number in range(first + 1, len(lines)) if lines[number].rstrip() in ends), None)
    if end is None:
        return None
    inner = lines[first + 1 : end]
    if fence == "+++":
        return _toml("\n".join(inner)), end + 1
    if fence == ";;;":
        return _object("\n".join(inner)) or {}, end + 1
    if (fields := _mapping(inner)) is not None:
        return fields, end + 1
    is_field = [bool(_FIELD_LINE.match(line)) for line in inner]
    filled = [number for number, line in enumerate(inner) if line.strip() and not line.startswith("#")]
    if filled and not is_field[filled[0]]:
        return None
    if not all(field or _BELOW_FIELD.match(line) for field, line in zip(is_field, inner, strict=True)):
        return None
    # A template, or a colon in a title: each line for itself.
    pairs = (line.partition(":") for line in inner if _FIELD_LINE.match(line))
    return {name.strip("\"'"): value.strip().strip("\"'") for name, _, value in pairs}, end + 1


def _mapping(lines: list[str]) -> _Fields | None:
    try:
        plain = parse_yaml("\n".join(lines)).plain
    except YamlError:
        return None
    return plain if isinstance(plain, dict) else None


def _toml(text: str) -> _Fields:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return dict(_TOML_FIELD.findall(text))


def _json(lines: list[str], first: int) -> tuple[_Fields, int] | None:
    """Read an object that stands above the text by itself, as Hugo writes it."""
    if lines[first].rstrip() != "{":
        return None
    end = next((number for number in range(first + 1, len(lines)) if lines[number].rstrip() == "}"), None)
    if end is None:
        return None
    fields = _object("\n".join(lines[first : end + 1]))
    return None if fields is None else (fields, end + 1)


def _object(text: str) -> _Fields | None:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _properties(lines: list[str], first: int) -> tuple[_Fields, int] | None:
    """Read ``name:: value`` lines that stand by themselves above the text, as Logseq and Dataview take them."""
    fields: dict[str, object] = {}
    number = first
    while number < len(lines) and (found := _PROPERTY.fullmatch(lines[number].rstrip())):
        fields[found[1]] = found[2]
        number += 1
    ends = number == len(lines) or not lines[number].strip()
    return (fields, number) if fields and ends else None


def _percent_lines(lines: list[str], first: int) -> tuple[_Fields, int] | None:
    """Read the title, authors and date that Pandoc takes from three lines with a percent sign."""
    number = first
    while number < min(len(lines), first + 3) and lines[number].startswith("% "):
        number += 1
    ends = number == len(lines) or not lines[number].strip()
    if number == first or not ends:
        return None
    found = (line[2:].strip() for line in lines[first:number])
    return dict(zip(("title", "author", "date"), found, strict=False)), number


def _header_lines(lines: list[str], first: int) -> tuple[_Fields, int] | None:
    """Read ``Title: …`` lines up to the first empty one, as Pelican writes them."""
    fields: dict[str, object] = {}
    number = first
    while number < len(lines) and lines[number].strip():
        found = _HEADER.fullmatch(lines[number].rstrip())
        if found:
            fields[found[1].lower()] = found[2] or ""
        elif not fields or not lines[number][0].isspace():
            return None
        number += 1
    known = _HEADERS.intersection(fields)
    return (fields, number) if "title" in known or (len(known) > 1 and len(known) * 2 >= len(fields)) else None
