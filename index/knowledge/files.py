"""Find and read the files of a knowledge folder, without those that are hidden, too large or outside of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index.knowledge.yaml_lines import Node, Problem, YamlError, parse_yaml

SOURCES_FILE = "sources.yaml"
TOPICS_FILE = "topics.yaml"
PROFILE_FILE = "bot.yaml"
EVALUATION_FILE = "evaluation.yaml"
SYNONYMS_FILE = "synonyms.yaml"

_INTERFACE_TEXTS = "texts/*.ftl"
_TEXT_SUFFIXES = (".md", ".markdown", ".txt")
_LANGUAGE_SUFFIX = re.compile(r"\.([a-z]{2})$")
_MAX_FILE_BYTES = 1_000_000
_MAX_REGISTER_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file as read."""

    name: str
    """Path relative to the folder, with forward slashes."""
    id: str
    language: str | None
    """From the suffix (``slug.ru.md``), or ``None`` for an original."""
    text: str


def read_text_files(folder: Path, problems: list[Problem]) -> Iterator[TextFile]:
    """Yield every text file below ``folder`` that can be read; report the others."""
    for name in _text_files(folder, problems):
        text = _read_text(folder, name, problems, most=_MAX_FILE_BYTES)
        if text is None:
            continue
        stem = name[: name.rindex(".")]
        suffix = _LANGUAGE_SUFFIX.search(stem)
        yield TextFile(name, stem[: suffix.start()] if suffix else stem, suffix[1] if suffix else None, text)


def read_interface_texts(folder: Path, problems: list[Problem]) -> Iterator[TextFile]:
    """Yield the files of interface texts that the folder brings, one for each language; report unreadable ones."""
    for path in sorted(folder.glob(_INTERFACE_TEXTS)):
        name = _relative(folder, path)
        if not re.fullmatch("[a-z]{2,3}", path.stem):
            problems.append(Problem(name, 1, "file", "is not named after a language: texts/fr.ftl"))
        elif (text := _read_text(folder, name, problems, most=_MAX_FILE_BYTES)) is not None:
            yield TextFile(name, path.stem, path.stem, text)


def _text_files(folder: Path, problems: list[Problem]) -> Iterator[str]:
    """Yield the names of all text files below ``folder``, with forward slashes, without hidden ones and READMEs."""

    def unreadable(error: OSError) -> None:
        problems.append(Problem(_relative(folder, error.filename), 1, "file", f"cannot be read: {error.strerror}"))

    for parent, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if (Path(parent) / name).is_symlink():
                place = _relative(folder, Path(parent) / name)
                problems.append(Problem(place, 1, "file", "is a link to a folder; links to folders are not followed"))
        for name in sorted(files):
            is_hidden = name.startswith(".")
            if name.lower().endswith(_TEXT_SUFFIXES) and not is_hidden and name.lower() != "readme.md":
                yield _relative(folder, Path(parent) / name)


def _relative(folder: Path, path: Path | str) -> str:
    return Path(path).relative_to(folder).as_posix()


def _read_text(folder: Path, name: str, problems: list[Problem], *, most: int) -> str | None:
    """Return the text of a file of ``folder``, or report why it cannot be read and return ``None``."""
    path = folder / name
    line = 1
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            reason = "is a link to a place outside the knowledge folder"
        elif not path.is_file():
            reason = "is not a file"
        elif path.stat().st_size > most:
            reason = f"is larger than {most:,} bytes"
        else:
            return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        reason = f"is not valid UTF-8 (byte {error.object[error.start]:#04x}); save it as UTF-8"
    except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself, before Python 3.13
        reason = f"cannot be read: {getattr(error, 'strerror', None) or 'a link that leads to itself'}"
    problems.append(Problem(name, line, "file", reason))
    return None


def read_yaml_file(folder: Path, name: str, problems: list[Problem]) -> Node:
    """Read one of the folder's own YAML files; a missing one is empty, a broken one is a problem and empty."""
    text = None
    if (folder / name).exists() or (folder / name).is_symlink():
        text = _read_text(folder, name, problems, most=_MAX_REGISTER_BYTES)
    try:
        return parse_yaml(text or "")
    except YamlError as error:
        problems.append(Problem(name, error.line, "file", str(error)))
        return Node(None, 1)
