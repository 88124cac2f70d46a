"""Write the files of a version: snippets, vectors, what FAISS searches, and terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.build.embed import Vectors, field_texts
from index.knowledge.snippet import Snippet
from index.search.lexical_index import FieldTerms, LexicalIndex
from index.search.negatives import NegativeVectors, QuestionTerms
from index.search.scoring import FAISS_FIELDS, FAISS_FILE, FieldVectors
from index.search.stored_arrays import save_array, starts_of
from index.text.language import READABLE
from index.text.terms import Terms, term_hashes
from index.text.word_frequency import common_terms
from index.version.snippet_db import write_snippets

_FLAT_FIELDS = 8_192
"""Up to so many vectors FAISS compares all of them; above, an inverted file keeps a search under a millisecond."""

_TRAINING_FIELDS_PER_LIST = 64
_LISTS_SEARCHED = 32
"""Of the ten snippets nearest to a question among 10,000 (50,000 vectors in 1,024 lists) this finds 98.8 %. Twice as
many lists find 99.5 % and take a tenth of a millisecond longer, half as many 96.6 %."""


def write_files(
    folder: Path,
    snippets: Sequence[Snippet],
    vectors: Sequence[Vectors],
    terms: Terms,
    encoder_reads: Mapping[str, float],
) -> str:
    """Write all files of a version except its manifest.

    Args:
        folder: An empty folder.
        snippets: All translations, ordered by id and language.
        vectors: Of each translation.
        terms: Makes the terms of texts.
        encoder_reads: How far the encoder can read each language, 0 to 1.

    Returns:
        The type of the FAISS index, as FAISS names it.
    """
    import faiss

    write_snippets(folder, snippets)
    fields = FieldVectors(
        field_starts=starts_of([len(own.fields) for own in vectors]),
        sentence_counts=np.array([len(snippet.sentences) for snippet in snippets], np.int32),
        vectors=np.concatenate([own.fields for own in vectors]),
        scales=np.concatenate([own.scales for own in vectors]),
        token_starts=starts_of(np.concatenate([own.token_counts for own in vectors])),
        tokens=np.concatenate([own.tokens for own in vectors]),
    )
    fields.save(folder)
    NegativeVectors(
        negative_starts=starts_of([len(own.negatives) for own in vectors]),
        negative_vectors=np.concatenate([own.negatives for own in vectors]),
        negative_scales=np.concatenate([own.negative_scales for own in vectors]),
    ).save(folder)
    terms_of_fields = (own for snippet in snippets for own in _field_terms(snippet, terms))
    common = common_terms(terms, {snippet.language for snippet in snippets})
    lexical = LexicalIndex.build(terms_of_fields, fields.owners, common)
    lexical.save(folder)
    QuestionTerms.build([own.question_terms for own in vectors], lexical).save(folder)
    # What the encoder cannot read is found by its terms; its vectors would only crowd out others.
    read = np.array([encoder_reads[snippet.language] >= READABLE for snippet in snippets])
    dense_fields = np.flatnonzero((read if read.any() else ~read)[fields.owners])
    save_array(folder, FAISS_FIELDS, dense_fields)
    index, description = _faiss_index(fields.vectors[dense_fields], fields.scales[dense_fields])
    faiss.write_index(index, str(folder / FAISS_FILE))
    return description


def _field_terms(snippet: Snippet, terms: Terms) -> list[FieldTerms]:
    """Return the terms of each field. The first, the whole snippet, has none: the others hold them."""
    none = np.empty(0, np.int64)
    found = (
        FieldTerms(term_hashes(terms.stems(text, snippet.language)), term_hashes(terms.grams(text)))
        for text in field_texts(snippet)
    )
    return [FieldTerms(none, none), *found]


def _faiss_index(fields: NDArray[np.int8], scales: NDArray[np.float32]) -> tuple[Any, str]:
    """Return a FAISS index over the unit vectors: flat when small, else an inverted file of 8-bit vectors.

    The number of lists follows FAISS's own guideline of a few times the square root of the number of vectors.
    """
    import faiss

    count, dimension = fields.shape
    # Flat, with 16-bit floats, because reading memory takes longer than the arithmetic.
    lists = int(2 ** round(np.log2(4 * np.sqrt(count)))) if count > _FLAT_FIELDS else 0
    description = f"IVF{lists},SQ8" if lists else "SQfp16"
    index: Any = faiss.index_factory(dimension, description, faiss.METRIC_INNER_PRODUCT)
    if lists:
        chosen = np.random.default_rng(0).permutation(count)[: lists * _TRAINING_FIELDS_PER_LIST]
        chosen.sort()
        index.cp.min_points_per_centroid = 1
        index.train(fields[chosen].astype(np.float32) * scales[chosen, None])
        index.nprobe = _LISTS_SEARCHED
    step = 100_000
    for begin in range(0, count, step):
        index.add(fields[begin : begin + step].astype(np.float32) * scales[begin : begin + step, None])
    return index, description
