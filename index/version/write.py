"""Write the files of a version: snippets, vectors, what FAISS searches, and terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.build.embed import Vectors
from index.encoder.query_encoder import EncoderCard
from index.knowledge.reader import Knowledge
from index.knowledge.snippet import Snippet
from index.search.decision import ALL_LANGUAGES, Calibration
from index.search.lexical_index import LexicalIndex
from index.text.language import READABLE
from index.text.terms import Terms, term_hashes
from index.version.manifest import Manifest
from index.version.read import FAISS_FILE, FIELD_ARRAYS
from index.version.snippet_db import write_snippets

FLAT_FIELDS = 8_192
"""Up to so many vectors FAISS compares all of them; above, an inverted file keeps a search under a millisecond."""

_TRAINING_FIELDS_PER_LIST = 64
_LISTS_SEARCHED = 32
"""Of the ten snippets nearest to a question among 10,000 (50,000 vectors in 1,024 lists) this finds 98.8 %. Twice as
many lists find 99.5 % and take a tenth of a millisecond longer, half as many 96.6 %."""


@dataclass(frozen=True, slots=True)
class VersionContent:
    """What a version is made of."""

    version: str
    corpus_sha256: str
    knowledge: Knowledge
    synonyms: Sequence[Sequence[str]]
    vectors: Sequence[Vectors]
    """Of each translation, in the order of ``Knowledge.snippets``."""
    encoder_reads: Mapping[str, float]
    """How far the encoder can read each language, 0 to 1."""


def write_version(folder: Path, content: VersionContent, card: EncoderCard) -> Manifest:
    """Write all files of a version and return its manifest, not yet written."""
    import faiss

    snippets, vectors = content.knowledge.snippets, content.vectors
    languages = sorted({snippet.language for snippet in snippets})
    write_snippets(folder, snippets, languages)
    starts = _starts([len(own.fields) for own in vectors])
    dense_fields = _dense_fields(snippets, starts, content.encoder_reads)
    fields = np.concatenate([own.fields for own in vectors])
    scales = np.concatenate([own.scales for own in vectors])
    tokens = np.concatenate([own.tokens for own in vectors])
    arrays: tuple[NDArray[Any], ...] = (
        starts,
        np.array([len(snippet.sentences) for snippet in snippets], np.int32),
        dense_fields,
        fields,
        scales,
        _starts(np.concatenate([own.token_counts for own in vectors])),
        tokens,
    )
    for name, array in zip(FIELD_ARRAYS, arrays, strict=True):
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    terms = Terms(content.synonyms)
    owners = np.repeat(np.arange(len(snippets)), np.diff(starts))
    terms_of_fields = (own for snippet in snippets for own in _field_terms(snippet, terms))
    LexicalIndex.build(terms_of_fields, owners, len(snippets)).save(folder)
    index, description = _faiss_index(fields[dense_fields], scales[dense_fields])
    faiss.write_index(index, str(folder / FAISS_FILE))
    return Manifest(
        version=content.version,
        built=datetime.now(UTC).isoformat(timespec="seconds"),
        encoder_key=card.key,
        encoder_id=card.id,
        encoder_revision=card.revision,
        dimension=card.dimension,
        corpus_sha256=content.corpus_sha256,
        counts={
            "snippets": len({snippet.id for snippet in snippets}),
            "translations": len(snippets),
            "fields": len(fields),
            "tokens": len(tokens),
        },
        faiss_type=description,
        languages=tuple(languages),
        encoder_reads=content.encoder_reads,
        calibration={ALL_LANGUAGES: Calibration()},
        topics=content.knowledge.topics,
        sources=content.knowledge.sources,
        synonyms=tuple(map(tuple, content.synonyms)),
    )


def _starts(lengths: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each of several ranges of these lengths begins, and the end of the last one."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _dense_fields(
    snippets: Sequence[Snippet], starts: NDArray[np.int64], encoder_reads: Mapping[str, float]
) -> NDArray[np.int64]:
    """Return the fields that FAISS searches: those in languages the encoder can read, or all where it can read none.

    What the encoder cannot read is found by its terms; its vectors would only crowd out others.
    """
    read = np.array([encoder_reads[snippet.language] >= READABLE for snippet in snippets])
    if not read.any():
        read[:] = True
    return np.flatnonzero(np.repeat(read, np.diff(starts)))


def _field_terms(snippet: Snippet, terms: Terms) -> list[NDArray[np.int64]]:
    """Return the term hashes of each field. The first, the whole snippet, has none: the others hold them."""
    texts = [snippet.title, *(snippet.text[start:end] for start, end in snippet.sentences), *snippet.questions]
    return [
        np.empty(0, np.int64),
        *(term_hashes([*terms.stems(text, snippet.language), *terms.grams(text)]) for text in texts),
    ]


def _faiss_index(fields: NDArray[np.int8], scales: NDArray[np.float32]) -> tuple[Any, str]:
    """Return a FAISS index over the unit vectors: flat when small, else an inverted file of 8-bit vectors.

    The number of lists follows FAISS's own guideline of a few times the square root of the number of vectors.
    """
    import faiss

    count, dimension = fields.shape
    index: Any
    if count <= FLAT_FIELDS:
        # All vectors are compared. 16-bit floats, because reading memory takes longer than the arithmetic.
        description = "SQfp16"
        index = faiss.index_factory(dimension, description, faiss.METRIC_INNER_PRODUCT)
    else:
        lists = int(2 ** round(np.log2(4 * np.sqrt(count))))
        description = f"IVF{lists},SQ8"
        index = faiss.index_factory(dimension, description, faiss.METRIC_INNER_PRODUCT)
        chosen = np.random.default_rng(0).permutation(count)[: lists * _TRAINING_FIELDS_PER_LIST]
        chosen.sort()
        index.cp.min_points_per_centroid = 1
        index.train(fields[chosen].astype(np.float32) * scales[chosen, None])
        index.nprobe = _LISTS_SEARCHED
    step = 100_000
    for begin in range(0, count, step):
        index.add(fields[begin : begin + step].astype(np.float32) * scales[begin : begin + step, None])
    return index, description
