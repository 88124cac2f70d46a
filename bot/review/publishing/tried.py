"""What a try found: which answers change, and whether the version may be published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from pydantic import TypeAdapter

from bot.review.replay import Replayed
from index.knowledge.languages import split_suffix
from index.version.candidate import Verdict as GateVerdict


@dataclass(frozen=True, slots=True)
class Tried:
    """A candidate, what it was made of, and how it answers beside the live version."""

    version: str
    """The candidate; the live version where nothing that is indexed changes."""
    previous: str | None
    """The version that was live when it was built."""
    drafts: tuple[int, ...]
    """The drafts that are in it."""
    left_out: Mapping[int, str]
    """Drafts that cannot be applied to the files as they are, each with the reason."""
    files: Mapping[str, str]
    """SHA-256 of each file of the knowledge folder that a build reads, before the drafts were applied."""
    changed: Mapping[str, str]
    """SHA-256 of each file that the drafts change, afterwards."""
    verdict: GateVerdict
    by_hand: tuple[str, ...] = ()
    """Files that changed in the folder since the live version was built, and not by drafts."""
    of_drafts: tuple[Replayed, ...] = ()
    """The wordings that the drafts are about. They are kept without their texts, which people may have deleted."""
    replayed: tuple[Replayed, ...] = ()
    """Wordings of the last month whose answer changes, likewise."""
    asked: int = 0
    """How many wordings of the last month were asked, the most frequent first."""
    wordings: int = 0
    """How many there were."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Titles of the snippets in the answers, by id."""

    @property
    def may_be_published(self) -> bool:
        """Whether nothing is against publishing the candidate."""
        return not self.verdict.objections

    def with_questions(self, texts: Mapping[str, tuple[str, str]]) -> Tried:
        """Return the result with the language and the text of each question, by its id; others are left out."""

        def known(results: tuple[Replayed, ...]) -> tuple[Replayed, ...]:
            return tuple(
                replace(each, language=texts[each.id][0], question=texts[each.id][1])
                for each in results
                if each.id in texts
            )

        return replace(self, of_drafts=known(self.of_drafts), replayed=known(self.replayed))

    def as_json(self) -> str:
        """Return the result as JSON."""
        return _json().dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Tried:
        """Return what ``as_json`` has written.

        Raises:
            ValueError: The text is of another program.
        """
        return _json().validate_json(text)


def passage_in(name: str) -> str:
    """Return the id of the passage that a file of a curated folder holds."""
    return split_suffix(name.rpartition(".")[0]).stem


@cache
def _json() -> TypeAdapter[Tried]:
    return TypeAdapter(Tried)
