"""What ``check`` would say of a knowledge folder with changes that nobody has written yet."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from bot.review.knowledge_edit import Change, TeachError
from index.knowledge.lint import lint
from index.knowledge.reader import Knowledge, read_knowledge
from index.knowledge.yaml_lines import Problem, Severity


def copy_with(folder: Path, changes: Iterable[Change], target: Path) -> None:
    """Copy a knowledge folder to ``target``, which does not exist yet, with changes in it.

    Raises:
        TeachError: It cannot be copied.
    """
    home = folder.resolve()
    try:
        shutil.copytree(home, target, symlinks=True, ignore=shutil.ignore_patterns(".*"))
        for change in changes:
            path = target / change.path.relative_to(home)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(change.after.encode())
    except OSError as error:
        raise TeachError(f"{folder} cannot be copied: {error}.") from error


def new_problems(
    folder: Path, changes: Sequence[Change], count_tokens: Callable[[str], int] | None = None, max_tokens: int = 0
) -> list[Problem]:
    """Return what ``check`` finds in the folder with the changes and does not find in it as it is.

    Args:
        folder: The knowledge.
        changes: What would be written.
        count_tokens: Counts the tokens of a text as the encoder does; without it no length is checked.
        max_tokens: How many tokens the encoder reads.
    """

    def problems(knowledge: Knowledge) -> list[Problem]:
        found = [*knowledge.problems, *lint(knowledge, count_tokens, max_tokens)]
        return [problem for problem in found if problem.severity is not Severity.NOTE]

    with tempfile.TemporaryDirectory() as place:
        copy_with(folder, changes, Path(place) / "knowledge")
        after = problems(read_knowledge(Path(place) / "knowledge"))
    if not after:
        return []
    # A line number may have moved.
    before = Counter(_without_line(problem) for problem in problems(read_knowledge(folder)))
    new = []
    for problem in after:
        if before[_without_line(problem)]:
            before[_without_line(problem)] -= 1
        else:
            new.append(problem)
    return new


def _without_line(problem: Problem) -> tuple[str, str, str]:
    return problem.file, problem.field, problem.reason
