"""What a published index looks like on disk, how it is proved sound, and how one version replaces another.

::

    DATA/index/current            text: the name of the live version
    DATA/index/<version>/         manifest.json and the files it lists with their hashes
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
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from dataclasses import fields as fields_of
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from index.errors import ArtifactError, BuildError

FORMAT = 6
MANIFEST_FILE = "manifest.json"
POINTER_FILE = "current"
LOCK_FILE = "build.lock"
FAISS_FILE = "vectors.faiss"
ROW_ARRAYS = ("row-starts", "sentence-counts", "dense-rows", "vectors", "scales", "token-starts", "tokens")
"""Arrays of the vectors: a row for each unit of a record, and its tokens."""
KEEP_VERSIONS = 5
REMEDY = "run 'partnership-bot build' (or 'build --rollback' for the version before)"

_VERSION = re.compile(r"\d{8}T\d{6}(?:\d{3})?Z-[0-9a-f]{8}")
_UNFINISHED = ".building-"
SEAL = "sha256"
"""Field of a JSON file with the hash of all its others."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything about a version that is not in its arrays."""

    version: str
    built: str
    """ISO 8601 time of the build, UTC."""
    encoder_key: str
    encoder_id: str
    encoder_revision: str
    dimension: int
    metric: str
    corpus_sha256: str
    """Hash of everything that was indexed; equal hashes answer equally."""
    counts: Mapping[str, int]
    """How many snippets, records (snippets times languages), units and tokens there are."""
    faiss_type: str
    languages: list[str]
    """Languages of the snippets, sorted."""
    trust: Mapping[str, float]
    """How far the encoder can read each language, 0 to 1."""
    calibration: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    topics: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    synonyms: list[list[str]]
    overridden: str = ""
    """What spoke against this version when an operator published it all the same; empty where nothing did."""
    files: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of every other file of the version."""
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Hash the files of ``folder`` and write the manifest beside them."""
        names = sorted(path.name for path in folder.iterdir() if path.name != MANIFEST_FILE)
        fields = {**asdict(self), "files": {name: hash_file(folder / name) for name in names}}
        fields[SEAL] = seal(fields)
        write_atomically(folder / MANIFEST_FILE, json.dumps(fields, indent=1, ensure_ascii=False) + "\n")


def index_folder(data: Path) -> Path:
    """Return where the versions of a data folder lie."""
    return data / "index"


def encoder_folder(data: Path, key: str) -> Path:
    """Return where the exported encoder ``key`` lies."""
    return data / "encoders" / key


def live_version(data: Path) -> str | None:
    """Return the name of the version to be served, or ``None`` when nothing was published; reads one small file."""
    try:
        name = (index_folder(data) / POINTER_FILE).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{index_folder(data) / POINTER_FILE}: cannot be read ({error}); {REMEDY}.") from error
    if not _VERSION.fullmatch(name):
        raise ArtifactError(f"{index_folder(data) / POINTER_FILE}: names no version ({name[:40]!r}); {REMEDY}.")
    return name


def versions(data: Path) -> list[str]:
    """Return the names of all published versions, oldest first."""
    folder = index_folder(data)
    return sorted(path.name for path in folder.iterdir() if _VERSION.fullmatch(path.name)) if folder.is_dir() else []


def resolve(path: Path) -> tuple[Path, Path]:
    """Return the version folder and the data folder meant by ``path``, either of which it may be.

    Raises ArtifactError when there is no index.
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


def read_manifest(folder: Path, *, verify: bool = True) -> Manifest:
    """Read the manifest of a version and prove that every file is as it was written.

    Raises ArtifactError that lists everything wrong.
    """
    path = folder / MANIFEST_FILE
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        found = fields.get("format")
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise ArtifactError(f"{path}: missing or damaged; {REMEDY}.") from error
    if found != FORMAT:
        raise ArtifactError(
            f"{path}: index format {found!r:.40}, this program reads {FORMAT}; run 'partnership-bot build'."
        )
    try:
        if fields.pop(SEAL, None) != seal(fields):
            raise ValueError("changed since it was written")
        manifest = Manifest(**fields)
        if strange := _of_another_kind(manifest):
            raise TypeError(f"of another kind: {', '.join(strange)}")
        if not _VERSION.fullmatch(manifest.version):
            raise ValueError("names no version")
    except (TypeError, ValueError) as error:
        raise ArtifactError(f"{path}: damaged; {REMEDY}.") from error
    if manifest.version != folder.name:
        raise ArtifactError(f"{folder}: holds version {manifest.version} under another name; {REMEDY}.")
    wrong = [
        f"{name}: {reason}"
        for name, expected in manifest.files.items()
        if (reason := _fault(folder / name, expected, verify))
    ]
    if wrong:
        raise ArtifactError(f"{folder}: {'; '.join(wrong)}. To mend it, {REMEDY}.")
    return manifest


_KINDS: Mapping[str, type] = {"str": str, "int": int, "Mapping": dict, "list": list}


def _of_another_kind(manifest: Manifest) -> list[str]:
    """Return the fields that hold another kind of value than they are declared with; only the outermost one counts."""
    kinds = {each.name: _KINDS.get(str(each.type).partition("[")[0], object) for each in fields_of(Manifest)}
    return [name for name, kind in kinds.items() if not isinstance(getattr(manifest, name), kind)]


def seal(fields: Mapping[str, Any]) -> str:
    """Return the SHA-256 of ``fields`` as JSON, in hexadecimal."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _fault(file: Path, expected: str, verify: bool) -> str | None:
    try:
        if not file.is_file():
            return "missing"
        return "damaged" if verify and hash_file(file) != expected else None
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def hash_file(path: Path) -> str:
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
    """Hold the data folder for one build; the system lets go of it when the process dies.

    Raises BuildError when another build holds it, or when the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    folder = index_folder(data)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK_FILE)
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
        yield
    finally:
        lock.release()


@contextmanager
def unfinished(parent: Path, name: str) -> Iterator[Path]:
    """Give an empty folder beside ``parent / name`` to write into; it is removed unless it was renamed away."""
    parent.mkdir(parents=True, exist_ok=True)
    scratch = parent / f"{_UNFINISHED}{name}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def settle(scratch: Path, final: Path) -> None:
    """Flush everything in ``scratch`` to the disk and give it its final name."""
    for path in scratch.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    sync_folder(scratch)
    scratch.rename(final)
    sync_folder(final.parent)


def new_version(data: Path, corpus_sha256: str) -> str:
    """Return a name for a version built now; names sort in the order of building, even when the clock was set back."""
    now = datetime.now(UTC)
    for name in versions(data)[-1:]:
        newest = name.partition("Z-")[0]
        last = datetime.strptime(f"{newest[:15]}{newest[15:] or '000'}+0000", "%Y%m%dT%H%M%S%f%z")
        now = max(now, last + timedelta(milliseconds=1))
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}Z-{corpus_sha256[:8]}"


def publish(data: Path, version: str) -> None:
    """Make ``version`` the live one, atomically, and remove all but the last few others.

    Versions between the live one and a newer ``version`` go too: they were rolled back or, when a build was killed,
    never published, and rolling back from ``version`` must not lead to them.
    """
    try:
        live = live_version(data) or version
    except ArtifactError:
        live = version
    write_atomically(index_folder(data) / POINTER_FILE, version + "\n")
    others = [name for name in versions(data) if name != version]
    stale = [name for name in others if live < name < version]
    kept = [name for name in others if name not in stale]
    for name in [*stale, *kept[: max(0, len(kept) - (KEEP_VERSIONS - 1))]]:
        shutil.rmtree(index_folder(data) / name, ignore_errors=True)


def previous_version(data: Path) -> str:
    """Return the version published before the live one. Raises BuildError when there is none."""
    live = live_version(data)
    older = [name for name in versions(data) if live and name < live]
    if not older:
        raise BuildError(f"{data}: no earlier version to go back to (live: {live or 'none'}).")
    return older[-1]
