"""Where the versions of an index lie on disk, and how one version replaces another.

::

    DATA/index/current            text: the name of the live version
    DATA/index/<version>/         manifest.json and the files it lists with their hashes
    DATA/index/<candidate>/       the same with candidate.json: built to be looked at, and not published
    DATA/encoders/<key>/          the exported encoder, shared by all versions that use it
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from index.errors import ArtifactError, BuildError

MANIFEST_FILE = "manifest.json"
CANDIDATE_FILE = "candidate.json"
"""Stands in the folder of a version that was never live. What becomes live is no candidate any more."""
POINTER_FILE = "current"
KEEP_VERSIONS = 5
REMEDY = "run 'partnership-bot build' (or 'build --rollback' for the version before)"

_VERSION = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{8}")
_UNFINISHED = ".building-"
SEAL = "sha256"
"""Field of a sealed JSON file with the hash of all its others."""


def index_folder(data: Path) -> Path:
    """Return where the versions of a data folder lie."""
    return data / "index"


def encoder_folder(data: Path, key: str) -> Path:
    """Return where the exported encoder ``key`` lies."""
    return data / "encoders" / key


def live_version(data: Path) -> str | None:
    """Return the name of the version to be served, or ``None`` where nothing was published; reads one small file.

    Raises:
        ArtifactError: The pointer cannot be read or names no version.
    """
    try:
        name = (index_folder(data) / POINTER_FILE).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{index_folder(data) / POINTER_FILE}: cannot be read ({error}); {REMEDY}.") from error
    if not _VERSION.fullmatch(name):
        raise ArtifactError(f"{index_folder(data) / POINTER_FILE}: names no version ({name[:40]!r}); {REMEDY}.")
    return name


def readable_live_version(data: Path) -> str | None:
    """Return the name of the live version; ``None`` where there is none, or where a damaged pointer hides it."""
    try:
        return live_version(data)
    except ArtifactError:
        return None


def versions(data: Path) -> list[str]:
    """Return the names of all published versions, oldest first."""
    waiting = set(candidates(data))
    return [name for name in _all_versions(data) if name not in waiting]


def candidates(data: Path) -> list[str]:
    """Return the names of the versions that were built and not published, oldest first."""
    folder, live = index_folder(data), readable_live_version(data)
    return [name for name in _all_versions(data) if name != live and (folder / name / CANDIDATE_FILE).exists()]


def _all_versions(data: Path) -> list[str]:
    folder = index_folder(data)
    return sorted(path.name for path in folder.iterdir() if _VERSION.fullmatch(path.name)) if folder.is_dir() else []


def resolve(path: Path) -> tuple[Path, Path]:
    """Return the version folder and the data folder meant by ``path``, which may be either of them.

    Raises:
        ArtifactError: There is no index.
    """
    try:
        if (path / MANIFEST_FILE).is_file():
            return path, path.parent.parent
    except OSError as error:
        raise ArtifactError(f"{path}: cannot be read ({error.strerror}).") from error
    name = live_version(path)
    if name is None:
        raise ArtifactError(f"{path}: no index here; run 'partnership-bot build --data {path}'.")
    return index_folder(path) / name, path


def write_sealed(path: Path, fields: Mapping[str, Any]) -> None:
    """Write ``fields`` as JSON, with their hash and, as ``files``, the hashes of all files beside ``path``."""
    names = sorted(file.name for file in path.parent.iterdir() if file.is_file() and file != path)
    sealed = {**fields, "files": {name: _hash_file(path.parent / name) for name in names}}
    sealed[SEAL] = _hash_fields(sealed)
    write_atomically(path, json.dumps(sealed, indent=1, ensure_ascii=False) + "\n")


def read_sealed(path: Path, what: str, file_format: int) -> dict[str, Any]:
    """Read what ``write_sealed`` wrote, of something whose ``format`` must be ``file_format``.

    Raises:
        ValueError: The file is missing, damaged or of another format; the text says which and names ``what``.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        found, expected = fields.get("format"), fields.pop(SEAL, None)
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path}: missing or damaged") from error
    if found != file_format:
        raise ValueError(f"{path}: {what} format {found!r:.40}, this program reads {file_format}")
    if _hash_fields(fields) != expected:
        raise ValueError(f"{path}: damaged")
    return dict(fields)


def prove_files(folder: Path, hashes: Mapping[str, str]) -> None:
    """Make sure that every file of ``folder`` is as it was when ``write_sealed`` hashed it.

    Raises:
        ValueError: Some are not; the text names every one.
    """
    faults = {name: _fault(folder / name, expected) for name, expected in hashes.items()}
    if any(faults.values()):
        raise ValueError(f"{folder}: {'; '.join(f'{name}: {fault}' for name, fault in faults.items() if fault)}")


def _fault(file: Path, expected: str) -> str | None:
    try:
        if not file.is_file():
            return "missing"
        return "damaged" if _hash_file(file) != expected else None
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _hash_fields(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _hash_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def replacing(path: Path, *, encoding: str = "utf-8") -> Iterator[TextIO]:
    """Open a file that takes the place of ``path`` when the block ends well; after an error ``path`` is as it was."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with scratch.open("w", encoding=encoding, newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists():
            scratch.chmod(stat.S_IMODE(path.stat().st_mode))
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_atomically(path: Path, text: str) -> None:
    """Write ``text`` so that after a crash the file holds either all of it or what it held before."""
    with replacing(path) as stream:
        stream.write(text)


def sync_folder(folder: Path) -> None:
    """Make names created or replaced in ``folder`` survive a power loss."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def build_lock(data: Path) -> Iterator[None]:
    """Lock the data folder for one build; the system frees the lock when the process dies.

    Raises:
        BuildError: Another build holds the lock, or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    folder = index_folder(data)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "build.lock")
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BuildError(f"another build is running on {data}; wait for it to end.") from error
    except OSError as error:
        raise BuildError(
            f"{data}: cannot be written ({error.strerror}); choose another folder with --data DIR."
        ) from error
    try:
        for leftover in [*folder.glob(f"{_UNFINISHED}*"), *(data / "encoders").glob(f"{_UNFINISHED}*")]:
            shutil.rmtree(leftover, ignore_errors=True)
        for unmoved in folder.glob(f".{POINTER_FILE}.*"):
            unmoved.unlink(missing_ok=True)
        _unmark_live(data)
        remove_older_candidates(data)
        yield
    finally:
        lock.release()


@contextmanager
def unfinished(parent: Path, name: str) -> Iterator[Path]:
    """Give an empty folder beside ``parent / name`` to write into; it is removed at the end unless it was renamed."""
    scratch = parent / f"{_UNFINISHED}{name}"
    scratch.mkdir(parents=True)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def finalize(scratch: Path, final: Path) -> None:
    """Flush everything in ``scratch`` to the disk and give it its final name."""
    for path in scratch.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    sync_folder(scratch)
    scratch.rename(final)
    sync_folder(final.parent)


def new_version(data: Path, corpus_sha256: str) -> str:
    """Return a name for a version built now. Names sort in the order of building, even after the clock was set back."""
    now = datetime.now(UTC)
    for name in _all_versions(data)[-1:]:
        last = datetime.strptime(f"{name.partition('Z-')[0]}+0000", "%Y%m%dT%H%M%S%f%z")
        now = max(now, last + timedelta(milliseconds=1))
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}Z-{corpus_sha256[:8]}"


def publish(data: Path, version: str) -> None:
    """Make ``version`` the live one, atomically, and remove all but the last few others.

    Versions between the live one and a newer ``version`` are removed too. They were rolled back, or a build was killed
    before it published them, and rolling back from ``version`` must not lead to them. Candidates stay.
    """
    live = readable_live_version(data) or version
    write_atomically(index_folder(data) / POINTER_FILE, version + "\n")
    _unmark_live(data)
    others = [name for name in versions(data) if name != version]
    stale = [name for name in others if live < name < version]
    kept = [name for name in others if name not in stale]
    for name in [*stale, *kept[: max(0, len(kept) - (KEEP_VERSIONS - 1))]]:
        _remove(data, name)


def remove_older_candidates(data: Path) -> None:
    """Remove all candidates but the newest."""
    for name in candidates(data)[:-1]:
        _remove(data, name)


def _unmark_live(data: Path) -> None:
    """Make the live version no candidate. After a kill the mark may outlive the publication; it means nothing then."""
    live = readable_live_version(data)
    if live is not None:
        (index_folder(data) / live / CANDIDATE_FILE).unlink(missing_ok=True)


def _remove(data: Path, version: str) -> None:
    """Remove a version; one that is removed in part is never taken for a version."""
    folder = index_folder(data)
    with suppress(OSError):
        (folder / version).rename(folder / f"{_UNFINISHED}{version}")
        shutil.rmtree(folder / f"{_UNFINISHED}{version}", ignore_errors=True)


def previous_version(data: Path) -> str:
    """Return the version published before the live one.

    Raises:
        BuildError: There is none.
    """
    live = live_version(data)
    older = [name for name in versions(data) if live and name < live]
    if not older:
        raise BuildError(f"{data}: no earlier version to go back to (live: {live or 'none'}).")
    return older[-1]
