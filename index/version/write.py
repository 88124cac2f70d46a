"""Write the arrays of a version: vectors, what FAISS searches, terms and snippets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.build.calibrate import off_topic_lines
from index.build.embed import Vectors
from index.encoder.query_encoder import OnnxEncoder
from index.knowledge.reader import Knowledge
from index.knowledge.snippet import Snippet
from index.search.decision import ALL_LANGUAGES, Calibration
from index.search.lexical_index import LexicalIndex
from index.text.language import READABLE, legibility
from index.text.terms import Terms, term_hashes
from index.version.snippet_db import as_plain, write_snippets
from index.version.versions import FAISS_FILE, ROW_ARRAYS, Manifest

FLAT_ROWS = 8_192
"""Up to so many vectors FAISS compares all of them; above, an inverted file keeps a search under a millisecond."""

_TRAINING_ROWS_PER_LIST = 64
_LISTS_SEARCHED = 32
"""Of the ten passages nearest to a question among 10,000 (50,000 vectors in 1,024 lists) this finds 98.8 %; twice as
many lists find 99.5 % and take a tenth of a millisecond longer, half as many 96.6 %."""


def write_version(
    folder: Path,
    version: str,
    knowledge: Knowledge,
    vectors: Sequence[Vectors],
    encoder: OnnxEncoder,
    corpus: str,
    synonyms: list[list[str]],
) -> Manifest:
    """Write all arrays of a version and return its manifest, not yet written."""
    import faiss

    snippets, card = knowledge.snippets, encoder.card
    languages = sorted({snippet.language for snippet in snippets})
    write_snippets(folder, snippets, languages, [topic.id for topic in knowledge.topics])
    sentence_counts = np.array([len(snippet.sentences) for snippet in snippets], np.int32)
    starts = np.concatenate([[0], np.cumsum([len(record.rows) for record in vectors])]).astype(np.int64)
    trust = _trust(snippets, encoder)
    dense_rows = _dense_rows(snippets, starts, trust)
    rows = np.concatenate([record.rows for record in vectors])
    scales = np.concatenate([record.scales for record in vectors])
    token_starts = np.concatenate([[0], np.cumsum(np.concatenate([record.token_counts for record in vectors]))])
    tokens = np.concatenate([record.tokens for record in vectors])
    arrays: tuple[NDArray[Any], ...] = (
        starts,
        sentence_counts,
        dense_rows,
        rows,
        scales,
        token_starts.astype(np.int64),
        tokens,
    )
    for name, array in zip(ROW_ARRAYS, arrays, strict=True):
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    terms = Terms(synonyms)
    owners = np.repeat(np.arange(len(snippets)), np.diff(starts))
    units = (unit for snippet in snippets for unit in _unit_terms(snippet, terms))
    LexicalIndex.build(units, owners, len(snippets)).save(folder)
    index, description = _faiss_index(rows[dense_rows], scales[dense_rows])
    faiss.write_index(index, str(folder / FAISS_FILE))
    return Manifest(
        version=version,
        built=datetime.now(UTC).isoformat(timespec="seconds"),
        encoder_key=card.key,
        encoder_id=card.id,
        encoder_revision=card.revision,
        dimension=card.dimension,
        metric="inner product of unit vectors",
        corpus_sha256=corpus,
        counts={
            "snippets": len({snippet.id for snippet in snippets}),
            "records": len(snippets),
            "rows": len(rows),
            "tokens": len(tokens),
        },
        faiss_type=description,
        languages=languages,
        trust=trust,
        calibration={ALL_LANGUAGES: asdict(Calibration())},
        evaluation={},
        topics=as_plain(knowledge.topics),
        sources=as_plain(knowledge.sources),
        synonyms=synonyms,
    )


def _dense_rows(
    snippets: Sequence[Snippet], starts: NDArray[np.int64], trust: Mapping[str, float]
) -> NDArray[np.int64]:
    """Return the rows that FAISS searches: those in languages the encoder can read, or all where it can read none.

    What the encoder cannot read is found by its terms; its vectors would only crowd out others.
    """
    read = np.array([trust[snippet.language] >= READABLE for snippet in snippets])
    if not read.any():
        read[:] = True
    return np.flatnonzero(np.repeat(read, np.diff(starts)))


def _unit_terms(snippet: Snippet, terms: Terms) -> list[NDArray[np.int64]]:
    """Return the term hashes of each row; the passage's own row has none, for its parts hold them."""
    texts = [snippet.title, *(snippet.text[start:end] for start, end in snippet.sentences), *snippet.questions]
    return [
        np.empty(0, np.int64),
        *(term_hashes([*terms.stems(text, snippet.language), *terms.grams(text)]) for text in texts),
    ]


def _faiss_index(rows: NDArray[np.int8], scales: NDArray[np.float32]) -> tuple[Any, str]:
    """Return a FAISS index over the unit vectors: flat when small, else an inverted file of 8-bit vectors.

    The number of lists follows FAISS's own guideline of a few times the square root of the number of vectors.
    """
    import faiss

    count, dimension = rows.shape
    index: Any
    if count <= FLAT_ROWS:
        # All vectors are compared; as 16-bit floats, because what a question waits for is memory, not arithmetic.
        description = "SQfp16"
        index = faiss.index_factory(dimension, description, faiss.METRIC_INNER_PRODUCT)
    else:
        lists = int(2 ** round(np.log2(4 * np.sqrt(count))))
        description = f"IVF{lists},SQ8"
        index = faiss.index_factory(dimension, description, faiss.METRIC_INNER_PRODUCT)
        chosen = np.random.default_rng(0).permutation(count)[: lists * _TRAINING_ROWS_PER_LIST]
        chosen.sort()
        index.cp.min_points_per_centroid = 1
        index.train(rows[chosen].astype(np.float32) * scales[chosen, None])
        index.nprobe = _LISTS_SEARCHED
    step = 100_000
    for begin in range(0, count, step):
        index.add(rows[begin : begin + step].astype(np.float32) * scales[begin : begin + step, None])
    return index, description


def _trust(snippets: Sequence[Snippet], encoder: OnnxEncoder) -> dict[str, float]:
    """Judge for each language how far the encoder can read it."""
    samples: dict[str, Sequence[str]] = dict(off_topic_lines())
    for language in {snippet.language for snippet in snippets}:
        samples[language] = [snippet.text for snippet in snippets if snippet.language == language]
    return {language: legibility(lines, encoder.count_tokens) for language, lines in samples.items()}
