"""Change several files of the knowledge folder so that all of them change or none, whatever stops the program."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bot.review.knowledge_edit import Change
from index.errors import UserFacingError
from index.version.versions import sync_folder

CANDIDATE_FOLDER = "review/candidate"
"""Where in the data folder the copy of the knowledge lies that candidates are built from."""
_NEW, _OLD = ".publishing-new", ".publishing-old"
"""Ends of the names of what lies beside a file while it changes. The names begin with a dot, so no build reads them."""


class FilesChangedError(UserFacingError):
    """Files of the knowledge folder are not what they were; nothing was written."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(f"{', '.join(names)}: changed by somebody else in the meantime. Nothing was written.")


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of the knowledge folder before and after a publication."""

    name: str
    """Its path in the folder, with forward slashes."""
    before: bytes | None
    """``None`` where there was no such file."""
    after: bytes | None
    """``None`` where there is none any more."""

    @property
    def hash(self) -> str:
        """SHA-256 of the file afterwards, empty where there is none."""
        return "" if self.after is None else hashlib.sha256(self.after).hexdigest()

    @property
    def reversed(self) -> FileChange:
        """The change that takes this one back."""
        return FileChange(self.name, self.after, self.before)


def file_changes(changes: Iterable[Change], folder: Path) -> tuple[FileChange, ...]:
    """Return what acts change in ``folder`` as files."""
    return tuple(
        FileChange(each.path.relative_to(folder).as_posix(), each.before.encode() or None, each.after.encode())
        for each in changes
    )


def write_all(folder: Path, changes: Sequence[FileChange]) -> None:
    """Change all files or, after an error, none.

    Everything that needs room on the disk is written beside the files first. The files are then replaced by renaming,
    and what they were is kept beside them, so that taking them back needs no room either. :func:`tidy` removes it.

    Raises:
        FilesChangedError: A file is not as it was before the change.
        OSError: The folder cannot be written.
    """
    _require_before(folder, changes)
    done: list[FileChange] = []
    try:
        for change in changes:
            _prepare(folder / change.name, change)
        for change in changes:
            _require_before(folder, [change])
            done.append(change)
            _replace(folder / change.name, change.after, _NEW)
    except BaseException:
        take_back(folder, done)
        tidy(folder, changes)
        raise


def take_back(folder: Path, changes: Sequence[FileChange]) -> list[str]:
    """Give all files back what they held before; return the names of those that somebody else has changed since.

    Raises:
        OSError: The folder cannot be written.
    """
    return [each.name for each in changes if not _bring(folder, each.reversed, _OLD)]


def complete(folder: Path, changes: Sequence[FileChange]) -> list[str]:
    """Make the changes that a killed program has not made; return the names of files that somebody else has changed.

    Raises:
        OSError: The folder cannot be written.
    """
    return [each.name for each in changes if not _bring(folder, each, _NEW)]


def changed_since(folder: Path, changes: Sequence[FileChange]) -> list[str]:
    """Return the names of the files that do not hold what the changes have made of them."""
    return [each.name for each in changes if _content(folder / each.name) != each.after]


def tidy(folder: Path, changes: Sequence[FileChange]) -> None:
    """Remove what was written beside the files, and topics of which nothing is left."""
    for each in changes:
        path = folder / each.name
        for suffix in (_NEW, _OLD):
            with suppress(OSError):
                _beside(path, suffix).unlink(missing_ok=True)
        if path.parent != folder:
            with suppress(OSError):  # a folder with anything in it stays
                path.parent.rmdir()


def _require_before(folder: Path, changes: Sequence[FileChange]) -> None:
    if changed := changed_since(folder, [each.reversed for each in changes]):
        raise FilesChangedError(changed)


def _prepare(path: Path, change: FileChange) -> None:
    """Write the new content beside a file, and keep the old one there under a second name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if change.after is not None:
        new = _beside(path, _NEW)
        with new.open("wb") as stream:
            stream.write(change.after)
            stream.flush()
            os.fsync(stream.fileno())
    if change.before is not None:
        old = _beside(path, _OLD)
        old.unlink(missing_ok=True)
        try:
            os.link(path, old)
        except OSError:  # some file systems have no second names
            shutil.copy2(path, old)
        if change.after is not None:
            shutil.copymode(path, new)


def _bring(folder: Path, change: FileChange, kept: str) -> bool:
    """Make one change unless it is made already; return ``False``, and change nothing, where it cannot be made."""
    path = folder / change.name
    found = _content(path)
    if found == change.after:
        return True
    if found != change.before:
        return False
    beside = _beside(path, kept)
    if change.after is not None and _content(beside) != change.after:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(change.after)
    _replace(path, change.after, kept)
    return True


def _replace(path: Path, content: bytes | None, kept: str) -> None:
    """Let what lies beside a file take its place, or remove it where it shall hold nothing."""
    if content is None:
        path.unlink()
    else:
        _beside(path, kept).replace(path)
    sync_folder(path.parent)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f".{path.name}{suffix}")


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
