"""Find and read the files of a knowledge folder, without those that are hidden, too large or outside of it."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from index.knowledge.languages import Suffix, meant_by, split_suffix
from index.knowledge.yaml_lines import Node, Problem, Severity, YamlError, parse_yaml
from index.text.byte_order_mark import declared_encoding

SOURCES_FILE = "sources.yaml"
TOPICS_FILE = "topics.yaml"
PROFILE_FILE = "bot.yaml"
EVALUATION_FILE = "evaluation.yaml"
SYNONYMS_FILE = "synonyms.yaml"
NOT_COVERED_FILE = "not_covered.yaml"

REGISTERS = (SOURCES_FILE, TOPICS_FILE, PROFILE_FILE, EVALUATION_FILE, SYNONYMS_FILE, NOT_COVERED_FILE)

_INTERFACE_TEXTS = "texts/*.ftl"
_TEXT_SUFFIXES = (".md", ".markdown", ".mdx", ".txt")
_MAX_FILE_BYTES = 1_000_000
_MAX_REGISTER_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file as read."""

    name: str
    """Path relative to the folder, with forward slashes, in Unicode's form NFC."""
    id: str
    language: str | None
    """From the suffix (``slug.ru.md``), or ``None`` for an original."""
    text: str

    @property
    def topic(self) -> str:
        """The folder that it lies in."""
        return self.id.rpartition("/")[0]

    @property
    def is_plain_text(self) -> bool:
        """Whether it is no Markdown."""
        return self.name.lower().endswith(".txt")


@dataclass(frozen=True, slots=True)
class Location:
    """Where a snippet was read: its file, relative to the folder, and the line its body begins on."""

    file: str
    body_line: int
    field_lines: dict[str, int] = field(default_factory=dict)

    def problem(self, name: str, reason: str, severity: Severity) -> Problem:
        """Return a problem of a field or of the body."""
        line = self.body_line if name == "body" else self.field_lines.get(name, 1)
        return Problem(self.file, line, name, reason, severity)


def read_text_files(folder: Path, problems: list[Problem]) -> Iterator[TextFile]:
    """Yield every text file below ``folder`` that can be read; report the others."""
    paths = list(_text_files(folder, problems))
    named = [split_suffix(_composed(path[: path.rindex(".")])) for path in paths]
    stems = Counter(each.stem for each in named)
    mistaken = Counter(each.mistaken for each in named)
    for path, suffix in zip(paths, named, strict=True):
        name = _composed(path)
        text = read_text(folder, path, problems, most=_MAX_FILE_BYTES)
        if text is None:
            continue
        code = suffix.mistaken
        if code and (suffix.stem[:-3] in stems or (mistaken[code] * 2 > len(paths) and meant_by(code))):
            suffix = _translation(name, suffix, code, problems)
        yield TextFile(name, suffix.stem, suffix.language, text)


def _translation(name: str, suffix: Suffix, code: str, problems: list[Problem]) -> Suffix:
    """Report a file whose name should tell its language and tells a country, and return how it is read."""
    meant = meant_by(code)
    stem = suffix.stem[:-3]
    remedy = f"; did you mean {stem}.{meant}{name[len(suffix.stem) :]}?" if meant else ""
    problems.append(Problem(name, 1, "file", f"'{code}' is not the code of a language{remedy}", Severity.FLAW))
    return Suffix(stem, meant) if meant else suffix


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def read_interface_texts(folder: Path, problems: list[Problem]) -> Iterator[TextFile]:
    """Yield the files of interface texts that the folder brings, one for each language; report unreadable ones."""
    for path in sorted(folder.glob(_INTERFACE_TEXTS)):
        name = _relative(folder, path)
        if not re.fullmatch("[a-z]{2,3}", path.stem):
            problems.append(Problem(name, 1, "file", "is not named after a language: texts/fr.ftl"))
        elif (text := read_text(folder, name, problems, most=_MAX_FILE_BYTES)) is not None:
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


def file_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file that a build reads, by its path relative to the folder.

    Raises:
        OSError: A file cannot be read.
    """
    texts = (_relative(folder, path) for path in sorted(folder.glob(_INTERFACE_TEXTS)))
    names = (*_text_files(folder, []), *REGISTERS, *texts)
    files = ((name, folder / name) for name in names)
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files if path.is_file()}


def _relative(folder: Path, path: Path | str) -> str:
    return Path(path).relative_to(folder).as_posix()


def read_text(folder: Path, name: str, problems: list[Problem], *, most: int = _MAX_REGISTER_BYTES) -> str | None:
    """Return the text of a file of ``folder``, or report why it cannot be read and return ``None``.

    Args:
        folder: The folder; a link that leads out of it is not followed.
        name: The path of the file in it.
        problems: Where to report.
        most: The number of bytes from which on a file is too large.

    Returns:
        The text in Unicode's form NFC, without a byte-order mark, its lines parted by line feeds.
    """
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
            content = path.read_bytes()
            found = _other_encoding(content)
            if found is None:
                text = content.decode("utf-8-sig")
                return _composed(text.replace("\r\n", "\n").replace("\r", "\n"))
            reason = f"is {found}, not UTF-8; save it as UTF-8"
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        reason = f"is not valid UTF-8 (byte {error.object[error.start]:#04x}); save it as UTF-8"
    except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself, before Python 3.13
        reason = f"cannot be read: {getattr(error, 'strerror', None) or 'a link that leads to itself'}"
    problems.append(Problem(_composed(name), line, "file", reason))
    return None


def _other_encoding(content: bytes) -> str | None:
    """Return the encoding of a text that is certainly not UTF-8; such a text may be valid UTF-8 all the same."""
    if encoding := declared_encoding(content):
        return encoding
    # Every second byte of Latin letters in UTF-16 is zero.
    return "UTF-16 without its mark, or no text" if b"\0" in content[:4096] else None


def read_yaml_file(folder: Path, name: str, problems: list[Problem]) -> Node:
    """Read one of the folder's own YAML files; a missing one is empty, a broken one is a problem and empty."""
    text: str | None = ""
    if (folder / name).exists() or (folder / name).is_symlink():
        text = read_text(folder, name, problems)
    if text is None:
        return Node(None, 1, is_broken=True)
    try:
        return parse_yaml(text)
    except YamlError as error:
        problems.append(Problem(name, error.line, "file", str(error)))
        return Node(None, 1, is_broken=True)
