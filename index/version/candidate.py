"""What is kept beside a version that was built to be looked at first: what it would replace, and what the gate says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from index.errors import BuildError
from index.version.versions import CANDIDATE_FILE, candidates, index_folder, write_atomically


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One measure that speaks against publishing."""

    metric: str
    language: str | None
    """``None`` stands for all languages."""
    before: float | None
    """What the live version measured, where known."""
    now: float | None
    """What the new one measures; ``None`` where no question can tell."""
    reason: str


@dataclass(frozen=True, slots=True)
class WorseQuestion:
    """An evaluation question that fares worse than in the live version."""

    text: str
    line: int
    """Its line in ``evaluation.yaml``."""
    wanted: tuple[str, ...]
    """The ids of the snippets that answer it."""
    found: str | None
    """The id of the snippet that comes first."""
    is_right: bool
    """Whether that one answers it."""
    answered: bool
    """Whether that one is given as the answer."""
    before: float
    """Confidence in the live version, 0 to 1."""
    now: float
    """Confidence in the new one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of a version."""

    objections: tuple[str, ...] = ()
    """What is against publishing, as the terminal shows it; each may have several lines. Empty where nothing is."""
    shortfalls: tuple[Shortfall, ...] = ()
    """The measures behind the objections."""
    worse: tuple[WorseQuestion, ...] = ()
    """The questions behind the measures."""
    remarks: tuple[str, ...] = ()
    """What an editor should look at, although it does not keep the version from being published."""


NO_OBJECTION = Verdict()


class Candidate(BaseModel):
    """A version that waits to be published."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    live: str | None
    """The version that was live when the build began; ``None`` where none was."""
    verdict: Verdict

    def write(self, folder: Path) -> None:
        """Mark the version in ``folder`` as a candidate."""
        write_atomically(folder / CANDIDATE_FILE, self.model_dump_json())


def read_candidate(data: Path, version: str) -> Candidate:
    """Read what is kept beside a candidate.

    Raises:
        BuildError: There is no such candidate, or what is kept is damaged.
    """
    if version not in candidates(data):
        raise BuildError(f"{data}: there is no candidate {version} any more; build it again.")
    file = index_folder(data) / version / CANDIDATE_FILE
    try:
        return Candidate.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise BuildError(f"{file}: missing or damaged; build the candidate again.") from error
