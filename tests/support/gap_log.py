"""Logs with gaps for tests: questions whose meaning stands in front of them, and what compares them by it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from bot.database import transaction
from bot.querylog import schema
from bot.review.gap_store import GapFilter, note_index, update
from bot.review.grouping import DTYPE, Bounds, Signature
from bot.review.signatures import Asked, Signatures
from tests.support.log_answers import answer_to, entry, open_log

EVERY = GapFilter(state=None)


class Meanings(Signatures):
    """Compares questions by embeddings alone; a text's embedding is the one it would have been answered with."""

    def __init__(self, name: str = "meanings", encoder: str = "encoder") -> None:
        self.name, self.encoder, self.bounds = name, encoder, Bounds(0.8, 0.8, 0.0)
        self.embedded: list[str] = []

    def signature(self, asked: Asked) -> Signature:
        """Return the embedding, made anew where it is not known."""
        embedding = asked.embedding
        if embedding is None:
            self.embedded.append(asked.text)
            embedding = answer_to(asked.text, meaning=asked.text.split(":")[0]).vector
        return np.array([(2 * place, value) for place, value in enumerate(embedding.tolist())], DTYPE)

    def certainty(self, likeness: float) -> float:
        """Return the cosine itself."""
        return likeness


@contextmanager
def opened(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open a log as the review commands do."""
    with closing(schema.open_log(folder / "queries.db")) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


async def ask(folder: Path, *questions: tuple[str, int], decision: str = "none", **about: object) -> list[str]:
    """Record questions written ``meaning: wording`` of people; return their entry ids."""
    log = open_log(folder)
    ids = [
        await log.record(entry(text, decision, person=person, meaning=text.split(":")[0], **about))  # type: ignore[arg-type]
        for text, person in questions
    ]
    await log.close()
    return ids


def regroup(connection: sqlite3.Connection, meanings: Meanings | None = None) -> int:
    """Put new questions into gaps; the encoder of index version v1 is the one in use."""
    with transaction(connection):
        note_index(connection, "v1", "encoder", "2026-11-01", {"resources/lithium": ("Lithium", "resources")})
    return update(connection, meanings or Meanings())
