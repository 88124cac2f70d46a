"""What ``check`` would say of a knowledge folder with changes that nobody has written yet."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bot.review.knowledge_edit import Change, TeachError, copy_folder
from bot.settings import Settings
from index.knowledge.lint import lint
from index.knowledge.reader import Knowledge, read_knowledge
from index.knowledge.yaml_lines import Problem, Severity

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class TokenLimit:
    """How much of a text the encoder reads."""

    count: Callable[[str], int]
    """Counts the tokens of a text as the encoder does."""
    most: int

    @classmethod
    def of(cls, settings: Settings) -> TokenLimit | None:
        """Return the limit of the encoder that the index has; ``None`` where no encoder is at hand."""
        from bot.commands.build import token_counter

        count, most = token_counter(settings)
        return cls(count, most) if count else None


@dataclass(frozen=True, slots=True)
class Checked:
    """A folder as it would be with changes."""

    knowledge: Knowledge
    problems: tuple[Problem, ...]
    """What makes ``check`` fail with the changes, and does not without them."""


def check_changes(
    folder: Path, changes: Sequence[Change], *, onto: Sequence[Change] = (), limit: TokenLimit | None = None
) -> Checked:
    """Read a folder with changes as ``check`` does.

    Args:
        folder: The knowledge.
        changes: What would be written.
        onto: Other changes that count as made already: those of drafts saved before.
        limit: How much the encoder reads; without it no length is checked.

    Raises:
        TeachError: The folder cannot be copied.
    """
    knowledge, after = _read(folder, [*onto, *changes], limit)
    if not after:
        return Checked(knowledge, ())
    # A line number may have moved.
    before = Counter(_without_line(problem) for problem in _read(folder, onto, limit)[1])
    new = []
    for problem in after:
        if before[_without_line(problem)]:
            before[_without_line(problem)] -= 1
        else:
            new.append(problem)
    return Checked(knowledge, tuple(new))


def knowledge_with(folder: Path, changes: Sequence[Change]) -> Knowledge:
    """Return a folder as it would be read with changes.

    Raises:
        TeachError: The folder cannot be copied.
    """
    return _read_copy(folder, changes, lambda knowledge: knowledge) if changes else read_knowledge(folder)


def _read(folder: Path, changes: Iterable[Change], limit: TokenLimit | None) -> tuple[Knowledge, list[Problem]]:
    def problems(knowledge: Knowledge) -> tuple[Knowledge, list[Problem]]:
        flaws = lint(knowledge, limit.count if limit else None, limit.most if limit else 0)
        return knowledge, [each for each in (*knowledge.problems, *flaws) if each.severity is not Severity.NOTE]

    return _read_copy(folder, changes, problems)


def _read_copy(folder: Path, changes: Iterable[Change], work: Callable[[Knowledge], Result]) -> Result:
    """Do some work with a copy of a folder that holds changes; the copy is gone afterwards."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "knowledge"
        try:
            copy_folder(folder, copy)
            for change in changes:
                path = copy / change.path.relative_to(folder.resolve())
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(change.after.encode())
        except OSError as error:
            raise TeachError(f"{folder} cannot be copied to be checked: {error}.") from error
        return work(read_knowledge(copy))


def _without_line(problem: Problem) -> tuple[str, str, str]:
    return problem.file, problem.field, problem.reason
