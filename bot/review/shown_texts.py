"""What the log only knows by its hash: the texts that people were shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.querylog.entry import content_hash

if TYPE_CHECKING:
    from index.search.index import Index


@dataclass(frozen=True, slots=True)
class ShownText:
    """A snippet that somebody was shown, as the live version holds it."""

    id: str
    language: str
    title: str
    """Empty where the live version does not hold the snippet in this language."""
    text: str
    is_same: bool
    """Whether it is what was shown, and not a text that was changed since."""

    def __str__(self) -> str:
        """Return it in a few lines."""
        if not self.title:
            return f"{self.id} ({self.language}) is not in the live version."
        note = "" if self.is_same else " - changed since it was shown; this is how it stands now"
        return f"{self.id} ({self.language}){note}\n{self.title}\n{self.text}"


def shown_texts(index: Index, candidates: Iterable[Mapping[str, Any]]) -> list[ShownText]:
    """Return the texts of those candidates of a question that were shown, in their order."""
    found = []
    for hit in candidates:
        if hit["shown"]:
            snippet = (index.snippets.get(hit["id"]) or {}).get(hit["language"])
            title, text = (snippet.title, snippet.text) if snippet else ("", "")
            is_same = snippet is not None and content_hash(snippet) == hit["hash"]
            found.append(ShownText(hit["id"], hit["language"], title, text, is_same))
    return found
