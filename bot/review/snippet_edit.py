"""Change the files of one snippet in a folder of knowledge: its lists of questions, its title, its text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from bot.review import yaml_edit
from bot.review.knowledge_edit import EditedFolder, TeachError
from index.knowledge.languages import split_suffix

_MARK = "\ufeff"
_SUFFIXES = (".md", ".markdown", ".txt")
Result = TypeVar("Result")
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# Control characters, and marks that turn the direction of the text after them or part words unseen. Nobody sees them in
# a field, and they come with what is pasted.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


def translation_files(folder: EditedFolder, snippet: str) -> dict[str | None, Path]:
    """Return the files of a snippet by the language in their names; ``None`` stands for the file without one.

    Raises:
        TeachError: There is no such snippet.
    """
    place = folder.path(f"{snippet}.md")
    found: dict[str | None, Path] = {}
    for path in folder.in_folder_of(place):
        name = split_suffix(path.stem)
        if name.stem == place.stem and path.suffix.lower() in _SUFFIXES:
            found.setdefault(name.language, path)
    if not found:
        raise TeachError(f"{place}: there is no such snippet.")
    return found


def file_in(folder: EditedFolder, snippet: str, language: str) -> Path:
    """Return the file of a snippet in a language, or its original where it has none in this language.

    Raises:
        TeachError: There is no such snippet.
    """
    return translation_files(folder, snippet).get(language) or original_file(folder, snippet)


def original_file(folder: EditedFolder, snippet: str) -> Path:
    """Return the file of a snippet from which its translations take what they do not give.

    Raises:
        TeachError: There is no such snippet.
    """
    files = translation_files(folder, snippet)
    return files.get(None) or files.get("en") or next(iter(files.values()))


def own_questions(folder: EditedFolder, snippet: str) -> set[str]:
    """Return the ``questions`` of a snippet in all languages, casefolded.

    Raises:
        TeachError: There is no such snippet, or a file of it cannot be read.
    """
    own: set[str] = set()
    for path in translation_files(folder, snippet).values():
        listed = fields_of(folder, path).get("questions") or []
        own.update(str(question).casefold() for question in listed)
    return own


def fields_of(folder: EditedFolder, path: Path) -> dict[str, Any]:
    """Return the front matter of a file.

    Raises:
        TeachError: It has none, or it is broken.
    """
    text = folder.read(path)
    start, end = _front_matter(path, text)
    return _explained(path, lambda: yaml_edit.values(text[start:end]))


def body_of(folder: EditedFolder, path: Path) -> str:
    """Return what stands below the front matter, without empty lines around it, its lines parted by line feeds.

    Raises:
        TeachError: The file has no front matter.
    """
    text = folder.read(path)
    return text[_body(path, text)].replace("\r\n", "\n").strip()


def seen(title: str, body: str) -> str:
    """Return what tells a title and a text from others: twelve hexadecimal digits."""
    return hashlib.sha256(f"{title}\0{body}".encode("utf-8", "replace")).hexdigest()[:12]


def add_to_list(folder: EditedFolder, snippet: str, field: str, questions: Sequence[tuple[str, str]]) -> None:
    """Add questions, each with its language, to a list of a snippet: to the file in that language, or to its original.

    Raises:
        TeachError: There is no such snippet, or its front matter cannot be extended safely.
    """
    by_file: dict[Path, list[str]] = {}
    for language, question in questions:
        by_file.setdefault(file_in(folder, snippet, language), []).append(question)
    for path, items in by_file.items():
        add_to_list_of(folder, path, field, items)


def take_from_list(folder: EditedFolder, path: Path, field: str, questions: Sequence[str]) -> None:
    """Take questions out of a list of a file.

    Raises:
        TeachError: They cannot be taken out safely.
    """
    _change_fields(folder, path, lambda text: yaml_edit.without_items(text, field, questions))


def add_to_list_of(folder: EditedFolder, path: Path, field: str, questions: Sequence[str]) -> None:
    """Add questions to a list of one file.

    Raises:
        TeachError: The list cannot be extended safely.
    """
    _change_fields(folder, path, lambda text: yaml_edit.with_items(text, field, [*map(one_line, questions)]))


def set_title(folder: EditedFolder, path: Path, title: str) -> None:
    """Give a file another title.

    Raises:
        TeachError: Its title cannot be changed safely.
    """
    _change_fields(folder, path, lambda text: yaml_edit.with_value(text, "title", one_line(title)))


def set_body(folder: EditedFolder, path: Path, new: str) -> None:
    """Give a file another body; its front matter, its line ends and the lines around the body stay.

    Raises:
        TeachError: The file has no front matter.
    """
    text = folder.read(path)
    place = _body(path, text)
    old = text[place]
    if old.replace("\r\n", "\n").strip() == body(new):
        return
    newline = "\r\n" if "\r\n" in text else "\n"
    before = old[: len(old) - len(old.lstrip())]
    after = old[len(old.rstrip()) :] if old.strip() else newline
    written = body(new).replace("\n", newline)
    folder.put(path, text[: place.start] + before + written + after)


def new_file(fields: Mapping[str, object], new: str) -> str:
    """Return the text of a new snippet file. Fields without a value are left out; each question gets a line."""
    lines = []
    for name, value in fields.items():
        if isinstance(value, tuple) and name in ("questions", "does_not_answer"):
            lines += [f"{name}:", *(f"  - {yaml_edit.scalar(one_line(each))}" for each in value)] if value else []
        elif isinstance(value, tuple):
            lines.append(f"{name}: [{', '.join(map(yaml_edit.scalar, value))}]")
        elif value is True:
            lines.append(f"{name}: true")
        elif value:
            # A date stays plain, as editors write it: every scalar is read as text.
            text = one_line(str(value))
            lines.append(f"{name}: {text if name in ('as_of', 'valid_until') else yaml_edit.scalar(text)}")
    text = body(new)
    return "\n".join(["---", *lines, "---", *([text] if text else []), ""])


def is_name(name: str) -> bool:
    """Return whether a name can be that of a file."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str, what: str) -> None:
    """Make sure that a name can be that of a file.

    Raises:
        TeachError: It cannot.
    """
    if not is_name(name):
        raise TeachError(f"{name!r} is no name for a {what}: use a-z, 0-9 and hyphens.")


def slug_of(question: str, fallback: str) -> str:
    """Return a file name made of a question's Latin words, or the fallback if it has fewer than two."""
    words = re.findall(r"[a-z0-9]+", question.lower())
    return "-".join(words[:6]) if len(words) >= 2 else fallback


def one_line(question: str) -> str:
    """Return a text with single spaces in place of any white space, and without characters that nobody sees."""
    return " ".join(_UNSEEN.sub("", question).split())


def body(text: str) -> str:
    """Return a text as it is put below the front matter: without empty lines around it, nor characters nobody sees."""
    return _UNSEEN.sub("", text).replace("\r\n", "\n").strip()


def _change_fields(folder: EditedFolder, path: Path, change: Callable[[str], str]) -> None:
    text = folder.read(path)
    start, end = _front_matter(path, text)
    changed = _explained(path, lambda: change(text[start:end]))
    if changed != text[start:end]:
        folder.put(path, text[:start] + changed + text[end:])


def _explained(path: Path, change: Callable[[], Result]) -> Result:
    try:
        return change()
    except yaml_edit.YamlEditError as error:
        raise TeachError(f"{path} {error}.") from error


def _front_matter(path: Path, text: str) -> tuple[int, int]:
    """Return where the YAML between the first two lines ``---`` begins and ends."""
    found = re.match(rf"{_MARK}?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", text, re.DOTALL | re.MULTILINE)
    if not found:
        raise TeachError(f"{path} has no front matter (fields between two lines '---'); add it first.")
    return found.span(1)


def _body(path: Path, text: str) -> slice:
    _, end = _front_matter(path, text)
    line_end = text.find("\n", end)
    return slice(line_end + 1 if line_end >= 0 else len(text), len(text))
