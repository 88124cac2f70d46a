"""Vectors of all that a snippet consists of, embedded or taken from the version before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.build.progress import Report
from index.encoder.passage_encoder import PassageEncoder
from index.knowledge.snippet import Snippet
from index.search.index import Index

_AFTER_TITLE = ". "


@dataclass(frozen=True, slots=True)
class Vectors:
    """The vectors of one record; rows are those of passage, title, sentences and questions, in that order."""

    rows: NDArray[np.int8]
    scales: NDArray[np.float32]
    tokens: NDArray[np.int8]
    token_counts: NDArray[np.int64]
    """Tokens of the title and of each sentence, shape (sentences + 1,)."""


def passage_text(snippet: Snippet) -> str:
    """Return what stands for the whole snippet when it is embedded."""
    return f"{snippet.title}{_AFTER_TITLE}{snippet.text}"


def embed(
    snippets: Sequence[Snippet],
    passages: PassageEncoder,
    basis: NDArray[np.float32],
    live: Index | None,
    report: Report,
) -> tuple[list[Vectors], int]:
    """Return the vectors of all records in order, taking those of unchanged records from ``live``."""
    results: dict[int, Vectors] = {}
    known = {live.snippets.record(i).content_hash: i for i in range(live.snippets.records)} if live else {}
    fresh = []
    for number, snippet in enumerate(snippets):
        old = known.get(snippet.content_hash)
        if live and old is not None:
            results[number] = Vectors(*live.fields.stored(old))
        else:
            fresh.append(number)
    texts: list[str] = []
    for number in fresh:
        snippet = snippets[number]
        sentences = [snippet.text[start:end] for start, end in snippet.sentences]
        texts += [snippet.title, *sentences, *snippet.questions]
    report.step(f"Embedding {len(fresh)} of {len(snippets)} passages on {passages.device}", len(fresh) + len(texts))
    whole = passages.encode_passages([passage_text(snippets[number]) for number in fresh], basis, report.advance)
    pieces = passages.encode(texts, report.advance)
    start = 0
    for number, passage in zip(fresh, whole, strict=True):
        snippet = snippets[number]
        end = start + 1 + len(snippet.sentences) + len(snippet.questions)
        unit = np.vstack([passage.vector[None], pieces[start:end]])
        scales = np.abs(unit).max(axis=1) / 127
        rows = np.rint(unit / scales[:, None]).astype(np.int8)
        begins = [len(snippet.title) + len(_AFTER_TITLE) + begin for begin, _ in snippet.sentences]
        parts = np.searchsorted(begins, passage.token_offsets, side="right")
        counts = np.bincount(parts, minlength=len(begins) + 1)
        results[number] = Vectors(rows, scales.astype(np.float32), passage.tokens, counts)
        start = end
    return [results[number] for number in range(len(snippets))], len(fresh)
