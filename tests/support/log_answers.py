"""Answers for the tests of the query log, made by hand: what the index says is not what these tests are about."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bot.querylog.log import Entry, QueryLog
from index import Answer, Decision, Hit
from index.knowledge.snippet import Snippet

SNIPPETS = tuple(
    Snippet(
        id=f"{topic}/{slug}",
        language="en",
        topic=topic,
        title=slug.title(),
        text=f"About {slug}.",
        sentences=((0, len(slug) + 7),),
    )
    for topic, slug in (
        ("resources", "lithium"),
        ("resources", "uranium"),
        ("agreements", "memorandum"),
        ("business", "copper"),
        ("people", "envoy"),
    )
)


def answer_to(
    question: str,
    decision: str = "answer",
    *,
    language: str = "en",
    ms: float = 2.5,
    version: str = "v1",
    meaning: str | None = None,
) -> Answer:
    """Return an answer; questions with the same ``meaning`` have nearly the same vector, others unrelated ones."""
    seed = int.from_bytes(hashlib.sha256((meaning or question).encode()).digest()[:4])
    noise = np.random.default_rng(abs(hash(question)) % 2**32).standard_normal(64)
    vector = np.random.default_rng(seed).standard_normal(64) + 0.2 * noise
    hits = tuple(
        Hit(
            snippet=snippet,
            score=0.9 - rank / 10,
            highlight=(0, 5),
            question=None,
            score_parts={"cosine": 0.5, "terms": 0.25},
            encoder_reads=1.0,
        )
        for rank, snippet in enumerate(SNIPPETS)
    )
    return Answer(
        question=question,
        understood=question,
        read_as=question,
        language=language,
        decision=Decision(decision),
        confidence=0.75,
        hits=hits,
        index_version=version,
        ms=ms,
        truncated=False,
        vector=(vector / np.linalg.norm(vector)).astype(np.float32),
    )


def entry(
    question: str, decision: str = "answer", *, person: int | None = 1, surface: str = "private", **about: object
) -> Entry:
    """Return an entry as a surface would make it."""
    return Entry(answer_to(question, decision, **about), surface, person=person, chat=person)  # type: ignore[arg-type]


def open_log(folder: Path, **settings: object) -> QueryLog:
    """Open a log in a folder, with its key beside it; to be called while an event loop runs."""
    return QueryLog(folder / "queries.db", key_file=folder / "pseudonyms.key", **settings)  # type: ignore[arg-type]


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until a condition holds; whether it does is left to the caller to assert."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
