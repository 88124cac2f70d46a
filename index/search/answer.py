"""What a search finds: ranked records, and an answer made of passages to quote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.knowledge.snippet import Snippet, Span
from index.search.decision import Decision
from index.search.scoring import Features, UnitScores


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that may answer, with the sentence in it that does."""

    snippet: Snippet
    score: float
    """Absolute score, comparable between questions; from 0 up, above 1 where a passage repeats what is asked."""
    highlight: Span
    question: str | None
    """The example question of the snippet nearest to what was asked."""
    parts: Mapping[str, float]
    """What the score was made of, by the names of ``scoring.Weights``."""
    weights: Mapping[str, float]
    """What each part counts, by how far the encoder can read question and passage."""

    def as_json(self) -> dict[str, Any]:
        """Return the hit as ``ask --json`` prints it."""
        start, end = self.highlight
        snippet = self.snippet
        return {
            "id": snippet.id,
            "language": snippet.language,
            "score": round(self.score, 4),
            "title": snippet.title,
            "text": snippet.text,
            "highlight": snippet.text[start:end],
            "speaker": snippet.speaker,
            "as_of": snippet.as_of,
            "sources": [
                {"id": s.id, "publisher": s.publisher, "title": s.title, "date": s.date, "url": s.url}
                for s in snippet.sources
            ],
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What the knowledge holds on a question."""

    question: str
    read_as: str
    """The question as it was looked up: in the right letters, and with slips of the finger mended."""
    language: str
    decision: Decision
    confidence: float
    """Calibrated probability that the first hit answers."""
    hits: tuple[Hit, ...]
    """Best first, at least five where there are as many snippets, whatever the decision."""
    index_version: str
    ms: float
    """Time it took, in milliseconds."""
    truncated: bool
    """Whether the question was longer than the encoder reads, so that only its beginning counted."""
    vector: NDArray[np.float32] = field(repr=False, compare=False)
    evidence: Mapping[str, float] = field(default_factory=dict, compare=False)
    """What the confidence was computed from."""

    def as_json(self) -> dict[str, Any]:
        """Return the answer as ``ask --json`` prints it."""
        return {
            "question": self.question,
            "language": self.language,
            "decision": str(self.decision),
            "confidence": round(self.confidence, 4),
            "hits": [hit.as_json() for hit in self.hits],
            "index_version": self.index_version,
            "ms": round(self.ms, 3),
        }


@dataclass(frozen=True, slots=True)
class Ranking:
    """The records found for a question, one for each snippet, best first; arrays of shape (found,)."""

    records: NDArray[np.int64]
    scores: NDArray[np.float32]
    trust: NDArray[np.float32]
    """How far the encoder can read question and record, 0 to 1."""
    positions: NDArray[np.int64]
    """Where each record stands in ``features`` and ``units``."""
    features: Features
    units: UnitScores
    late_interaction: float
    """MaxSim of the best record."""
