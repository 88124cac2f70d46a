"""The manifest of a version: everything that is not in its arrays, and the proof that its files are as written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from index.errors import ArtifactError
from index.knowledge.snippet import Source, Topic
from index.search.decision import Calibration
from index.version.versions import MANIFEST_FILE, REMEDY, SEAL, hash_file, seal, write_atomically

FORMAT = 7

_Metrics = Mapping[str, int | float | None]


class EvaluationSummary(BaseModel):
    """How a version did on the evaluation questions when it was built; it holds no texts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: _Metrics
    languages: Mapping[str, _Metrics]
    kinds: Mapping[str, _Metrics]
    stale: int
    """How many questions were not asked, because none of their snippets exists."""
    results: Mapping[str, tuple[int | None, bool]]
    """By ``Question.key``: the place of the right snippet, and whether the best one was given as the answer."""


class Manifest(BaseModel):
    """Everything about a version that is not in its arrays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    built: str
    """ISO 8601 time of the build, UTC."""
    encoder_key: str
    encoder_id: str
    encoder_revision: str
    dimension: int
    metric: str = "inner product of unit vectors"
    corpus_sha256: str
    """Hash of everything that was indexed; equal hashes answer equally."""
    counts: Mapping[str, int]
    """How many snippets, translations, fields and tokens there are."""
    faiss_type: str
    languages: tuple[str, ...]
    """Languages of the snippets, sorted."""
    encoder_reads: Mapping[str, float]
    """How far the encoder can read each language, 0 to 1."""
    calibration: Mapping[str, Calibration]
    evaluation: EvaluationSummary | None = None
    """``None`` where the knowledge had no evaluation questions."""
    topics: tuple[Topic, ...]
    sources: tuple[Source, ...]
    synonyms: tuple[tuple[str, ...], ...]
    overridden: str = ""
    """What was against this version when an operator published it all the same; empty where nothing was."""
    files: Mapping[str, str] = {}
    """SHA-256 of every other file of the version."""
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Hash the files of ``folder`` and write the manifest beside them."""
        names = sorted(path.name for path in folder.iterdir() if path.name != MANIFEST_FILE)
        fields = {**self.model_dump(mode="json"), "files": {name: hash_file(folder / name) for name in names}}
        fields[SEAL] = seal(fields)
        write_atomically(folder / MANIFEST_FILE, json.dumps(fields, indent=1, ensure_ascii=False) + "\n")

    def prove_files(self, folder: Path) -> None:
        """Make sure that every file of the version is as it was written.

        Raises:
            ArtifactError: some are not; the text names every one.
        """
        faults = {name: _fault(folder / name, expected) for name, expected in self.files.items()}
        if any(faults.values()):
            listed = "; ".join(f"{name}: {fault}" for name, fault in faults.items() if fault)
            raise ArtifactError(f"{folder}: {listed}. To mend it, {REMEDY}.")


def read_manifest(folder: Path, *, verify: bool = True) -> Manifest:
    """Read the manifest of a version, and prove all its files unless ``verify`` is off.

    Raises:
        ArtifactError: the manifest or a file is missing or damaged; the text lists everything that is wrong.
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
        manifest = Manifest.model_validate(fields)
    except ValueError as error:
        raise ArtifactError(f"{path}: damaged; {REMEDY}.") from error
    if manifest.version != folder.name:
        raise ArtifactError(f"{folder}: holds version {manifest.version} under another name; {REMEDY}.")
    if verify:
        manifest.prove_files(folder)
    return manifest


def _fault(file: Path, expected: str) -> str | None:
    try:
        if not file.is_file():
            return "missing"
        return "damaged" if hash_file(file) != expected else None
    except OSError as error:
        return f"cannot be read ({error.strerror})"
