"""What is wrong with a knowledge folder, in the form an editor can jump to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How bad a problem is."""

    ERROR = 0
    """The folder cannot be indexed."""
    FLAW = 1
    """The folder can be indexed, but ``check`` fails: answers will be worse than they could be."""
    NOTE = 2
    """Worth knowing; nothing fails."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem; as text ``file:line: field: reason``."""

    file: str
    line: int
    field: str
    reason: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        note = "warning: " if self.severity is Severity.NOTE else ""
        return f"{self.file}:{self.line}: {self.field}: {note}{self.reason}"
