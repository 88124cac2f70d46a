"""The files of a knowledge folder with changes that are not written yet, and how a change is written."""

from __future__ import annotations

import codecs
import difflib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.text_encoding import EncodingError, decoded
from index.errors import UserFacingError
from index.version.versions import write_atomically

_MARK = "\ufeff"


class TeachError(UserFacingError):
    """A knowledge file cannot be changed as asked. The file is as it was."""


@dataclass(frozen=True, slots=True)
class Change:
    """A file before and after the change."""

    path: Path
    before: str
    """Empty where the file is new."""
    after: str

    def diff(self, folder: Path) -> str:
        """Return the change as a unified diff with paths relative to ``folder``."""
        name = self.path.relative_to(folder).as_posix()
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            f"a/{name}" if self.before else "/dev/null",
            f"b/{name}",
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)

    def write(self) -> None:
        """Write the file, whole or not at all.

        Raises:
            TeachError: somebody changed the file in the meantime, or it cannot be written.
        """
        try:
            if (_read(self.path) if self.path.exists() else "") != self.before:
                raise TeachError(f"{self.path} was changed in the meantime; nothing was written. Try again.")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, self.after)
        except OSError as error:
            raise TeachError(f"{self.path} cannot be written: {error.strerror}.") from error


class EditedFolder:
    """A knowledge folder as it would be with changes that nobody has written yet.

    Args:
        folder: The folder on disk.
        onto: Changes that count as made already.
    """

    def __init__(self, folder: Path, onto: Iterable[Change] = ()) -> None:
        self.folder = folder.resolve()
        self._onto = {change.path: change for change in onto}
        self._before = {path: change.before for path, change in self._onto.items()}
        self._after = {path: change.after for path, change in self._onto.items()}

    def path(self, name: str) -> Path:
        """Return the path of a file.

        Raises:
            TeachError: It leads out of the folder.
        """
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder):
            raise TeachError(f"{name} lies outside of the knowledge folder.")
        return path

    def exists(self, path: Path) -> bool:
        """Return whether there is such a file, or would be."""
        return path in self._after or path.is_file()

    def in_folder_of(self, path: Path) -> list[Path]:
        """Return the files beside a path, whether it exists or not."""
        beside = set(path.parent.iterdir()) if path.parent.is_dir() else set()
        return sorted(beside | {each for each in self._after if each.parent == path.parent})

    def read(self, path: Path) -> str:
        """Return the text of a file, with the byte-order mark if it has one; empty where there is no such file.

        Raises:
            TeachError: It cannot be read.
        """
        if path in self._after:
            return self._after[path]
        return _read(path) if path.exists() else ""

    def put(self, path: Path, text: str) -> None:
        """Give a file another text."""
        self._before.setdefault(path, _read(path) if path.exists() else "")
        self._after[path] = text

    def changes(self) -> list[Change]:
        """Return what differs from the files as they are on disk."""
        return [
            Change(path, self._before[path], after)
            for path, after in self._after.items()
            if after != self._before[path]
        ]

    def new_changes(self) -> list[Change]:
        """Return what differs from the files with the changes that count as made already."""
        return [
            Change(path, before, after)
            for path, after in self._after.items()
            if after != (before := self._onto[path].after if path in self._onto else self._before[path])
        ]


def copy_folder(folder: Path, target: Path) -> None:
    """Copy what is not hidden below ``folder`` to ``target``, in place of what is there.

    Raises:
        OSError: It cannot be read or written.
    """
    if target.exists():
        shutil.rmtree(target)
    try:
        # A link stays a link: the reader of the copy refuses one that leads out of it.
        shutil.copytree(folder, target, symlinks=True, ignore=shutil.ignore_patterns(".*"))
    except BaseException:  # half a copy would only fill the disk
        shutil.rmtree(target, ignore_errors=True)
        raise


def _read(path: Path) -> str:
    """Return the text of a file, with the byte-order mark if it has one: every byte stays."""
    try:
        content = path.read_bytes()
        return (_MARK if content.startswith(codecs.BOM_UTF8) else "") + decoded(content, str(path))
    except EncodingError as error:
        raise TeachError(str(error)) from error
    except OSError as error:
        raise TeachError(f"{path} cannot be read: {error.strerror}.") from error
