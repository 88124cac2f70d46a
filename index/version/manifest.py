"""The manifest of a version: everything that is not in its arrays, and the proof that its files are as written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from index.errors import ArtifactError
from index.knowledge.profile import Profile
from index.knowledge.snippet import Source, Topic
from index.search.decision import Calibration
from index.version.versions import MANIFEST_FILE, REMEDY, prove_files, read_sealed, write_sealed

FORMAT = 15

_Metrics = Mapping[str, int | float | None]


class Result(NamedTuple):
    """How one evaluation question fared."""

    rank: int | None
    """Place of the right snippet, from 1."""
    confidence: float
    answered: bool
    """Whether the best snippet was given as the answer."""
    holds: bool | None
    """Whether the snippet that answers holds the stated part of the answer; ``None`` where no part is stated."""


class EvaluationSummary(BaseModel):
    """How a version did on the evaluation questions when it was built; it holds no texts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: _Metrics
    languages: Mapping[str, _Metrics]
    kinds: Mapping[str, _Metrics]
    stale: int
    """How many questions were not asked, because none of their snippets exists."""
    results: Mapping[str, Result]
    """By ``Question.key``."""


class Fit(BaseModel):
    """What a calibration was fitted to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conditions: str
    """Hash of everything but the snippets: encoder, synonyms, languages, costs, program."""
    changed: int = 0
    """How many translations changed since the fit."""


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
    fit: Fit
    evaluation: EvaluationSummary | None = None
    """``None`` where the knowledge had no evaluation questions."""
    topics: tuple[Topic, ...]
    sources: tuple[Source, ...]
    profile: Profile = Profile()
    synonyms: tuple[tuple[str, ...], ...]
    knowledge_files: Mapping[str, str] = {}
    """SHA-256 of every file of the knowledge folder that was read; empty where an older program built the version."""
    overridden: str = ""
    """What was against this version when an operator published it all the same; empty where nothing was."""
    files: Mapping[str, str] = {}
    """SHA-256 of every other file of the version."""
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Hash the files of ``folder`` and write the manifest beside them."""
        write_sealed(folder / MANIFEST_FILE, self.model_dump(mode="json"))


def read_manifest(folder: Path, *, verify: bool = True) -> Manifest:
    """Read the manifest of a version, and prove all its files unless ``verify`` is off.

    Raises:
        ArtifactError: The manifest or a file is missing or damaged; the text lists everything that is wrong.
    """
    try:
        manifest = Manifest.model_validate(read_sealed(folder / MANIFEST_FILE, "index", FORMAT))
        if manifest.version != folder.name:
            raise ValueError(f"{folder}: holds version {manifest.version} under another name")
        if verify:
            prove_files(folder, manifest.files)
    except ValueError as error:
        raise ArtifactError(f"{error}; {REMEDY}.") from error
    return manifest
