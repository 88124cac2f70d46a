"""What a gap is, and what can be wrong with a request for one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum

from index.errors import UserFacingError


class NoSuchGapError(UserFacingError):
    """There is no gap with this number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"There is no gap {number}; `partnership-bot log gaps` lists them.")


class CannotMoveError(UserFacingError):
    """Questions cannot be merged, split off or moved as asked."""


class State(StrEnum):
    """What reviewers have decided about a gap."""

    OPEN = "open"
    ANSWERED = "answered"
    WILL_NOT_COVER = "will-not-cover"


class Reason(StrEnum):
    """Why a question was not answered well."""

    NOTHING_NEAR = "nothing-near"
    """No passage came near."""
    UNCERTAIN = "uncertain"
    """Passages came near, and it was not certain that the first one answers."""
    NEAR_MISS = "near-miss"
    """It resembles a question of which the editors say that the passages do not answer it."""
    CONTRADICTED = "contradicted"
    """The first passage contradicts what the question states, or does not hold it: another date, name or number."""
    WRONG_PASSAGE = "wrong-passage"
    """A passage was given as the answer, and the person voted it down or asked for another."""
    NOT_COVERED = "not-covered"
    """The editors had decided not to cover it. Such a question is in a gap only where a reviewer put it there."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that the bot considered when a question was asked."""

    id: str
    language: str
    score: float
    hash: str
    """Hash of its title and text then (``bot.querylog.entry.content_hash``)."""
    shown: bool


@dataclass(frozen=True, slots=True)
class Wording:
    """One wording in a gap. What changes from time to time is that of the last time."""

    text: str
    """The question as it was typed."""
    asked: str
    """What was understood: without greetings, or together with the question before it."""
    language: str
    times: int
    people: int
    last: str
    """When it was asked last, as the log writes times."""
    id: str
    """Entry id of the question asked then."""
    similarity: float
    """Probability that it belongs to the rest of the gap, when it was put there."""
    disliked: int
    """Votes against an answer to it."""
    wished: int
    """How often it was asked to be added."""
    decision: str
    reason: Reason
    differences: tuple[tuple[str, str, str | None], ...]
    """What the question states and the first passage does not hold: kind, words of the question, words instead."""
    passages: tuple[Passage, ...]
    """The first candidates, the best first."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions of one meaning that were not answered well."""

    id: int
    state: State
    note: str | None
    opened: str
    changed: str
    changed_by: str | None
    """Name of the reviewer who changed the gap last; ``None`` where the program did."""
    answered_by: str | None
    """Index version that answers its questions, where the gap closed by itself."""
    people: int
    questions: int
    last: str
    rank: float
    """People, each weighted by the age of their latest question: half after 30 days, a quarter after 60."""
    disliked: int
    wished: int
    languages: tuple[tuple[str, int], ...]
    """How many questions there are in each language, the most first."""
    reasons: tuple[tuple[Reason, int], ...]
    """How many questions were not answered for each reason, the most first."""
    asked: tuple[Wording, ...]
    """Wordings, those of most people first."""
    nearest: tuple[tuple[str, float], ...]
    """The best candidates for the first wording, with their scores."""

    def as_json(self) -> dict[str, object]:
        """Return the gap as values that JSON can hold."""
        nearest = [{"snippet": snippet, "score": score} for snippet, score in self.nearest]
        named = {"languages": dict(self.languages), "reasons": dict(self.reasons)}
        return asdict(self) | named | {"rank": round(self.rank, 3), "nearest": nearest}
