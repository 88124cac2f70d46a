"""What a question gets: a decision, and the snippets to quote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.knowledge.snippet import Snippet, Span
from index.search.contradiction import Difference
from index.search.decision import Decision
from index.search.scoring import OBJECTION, weights


@dataclass(frozen=True, slots=True)
class Hit:
    """A snippet that may answer, with the sentence in it that does."""

    snippet: Snippet
    score: float
    """Absolute score, comparable between questions; from 0 up, above 1 where a snippet repeats the question."""
    highlight: Span
    question: str | None
    """The example question of the snippet that is nearest to what was asked."""
    score_parts: Mapping[str, float]
    """What makes up the score: the features by the names of ``scoring.Weights``, and the number of ``objections``."""
    encoder_reads: float
    """How well the encoder reads both the question and the translation that was found, 0 to 1."""

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each of ``score_parts`` in the score."""
        return {**weights(self.encoder_reads), "objections": -OBJECTION}

    def as_json(self) -> dict[str, Any]:
        """Return the hit as ``ask --json`` prints it."""
        snippet = self.snippet
        return {
            "id": snippet.id,
            "language": snippet.language,
            "score": round(self.score, 4),
            "title": snippet.title,
            "text": snippet.text,
            "highlight": snippet.text[slice(*self.highlight)],
            "speaker": snippet.speaker,
            "as_of": snippet.as_of,
            "sources": [
                {"id": s.id, "publisher": s.publisher, "title": s.title, "date": s.date, "url": s.url}
                for s in snippet.sources
            ],
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What the knowledge holds about a question."""

    question: str
    """What was typed."""
    understood: str
    """The question itself: its letters repaired, without greetings, requests and other words around it."""
    read_as: str
    """The question as it was looked up: in the alphabet it was meant in, with typos corrected."""
    language: str
    decision: Decision
    confidence: float
    """Calibrated probability that the first hit answers."""
    hits: tuple[Hit, ...]
    """Best first, whatever the decision; at least five where there are as many snippets."""
    index_version: str
    ms: float
    """How long it took, in milliseconds."""
    truncated: bool
    """Whether only the beginning counted because the question is longer than the encoder reads."""
    vector: NDArray[np.float32] = field(repr=False, compare=False)
    """Sentence embedding of the question."""
    differences: tuple[Difference, ...] = ()
    """What the question states and the first hit does not hold or contradicts; such a question gets no ``answer``."""
    near_miss: bool = False
    """Whether a ``closest`` is clearly nearer to a negative example of its snippets than to what they answer."""
    likely: bool = False
    """Whether the first hit of a ``closest`` probably answers: its confidence is high, and it leads clearly."""
    near: bool = False
    """Whether the question may be about what the knowledge is about, whatever the decision."""
    more_about: int = 0
    """Where the question only names a subject: how many more snippets are about it."""
    not_covered: str | None = None
    """The question of ``not_covered.yaml`` that was asked again, as it stands there; such a question gets ``none``."""
    evidence: Mapping[str, float] = field(default_factory=dict, compare=False)
    """What the confidence was computed from, by the names of ``decision.Evidence``."""

    def as_json(self) -> dict[str, Any]:
        """Return the answer as ``ask --json`` prints it; ``not_covered`` only where the question is that."""
        fields = {
            "question": self.question,
            "language": self.language,
            "decision": str(self.decision),
            "confidence": round(self.confidence, 4),
            "hits": [hit.as_json() for hit in self.hits],
            "index_version": self.index_version,
            "ms": round(self.ms, 3),
        }
        return fields if self.not_covered is None else {**fields, "not_covered": self.not_covered}


@dataclass(frozen=True, slots=True)
class Reply:
    """What the knowledge holds about a message, which may ask several things."""

    message: str
    """What was typed."""
    answers: tuple[Answer, ...]
    """One for each question, in their order; at least one."""
    left_out: tuple[str, ...] = ()
    """Questions beyond the most that one message may ask."""

    def as_json(self) -> dict[str, Any]:
        """Return the reply as ``ask --json`` prints it: the first answer, and a list of all where there are several."""
        fields = {**self.answers[0].as_json(), "question": self.message}
        if len(self.answers) == 1:
            return fields
        return {**fields, "answers": [answer.as_json() for answer in self.answers], "left_out": list(self.left_out)}
