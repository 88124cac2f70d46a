"""Open the files of a version and check that they fit together."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.encoder.query_encoder import Encoder
from index.errors import ArtifactError
from index.knowledge.snippet import Source
from index.search.lexical_index import LexicalIndex, map_array
from index.search.scoring import FieldVectors
from index.text.terms import Terms
from index.version.snippet_db import SnippetStore
from index.version.versions import FAISS_FILE, ROW_ARRAYS, Manifest


@dataclass(frozen=True, slots=True)
class VersionFiles:
    """What a version holds beside its manifest, open for searching."""

    store: SnippetStore
    fields: FieldVectors
    lexical: LexicalIndex
    faiss_index: Any
    dense_owners: NDArray[np.int64]
    """The record of each vector in ``faiss_index``."""
    terms: Terms


def read_version(folder: Path, manifest: Manifest, encoder: Encoder) -> VersionFiles:
    """Open the files of the version in ``folder``; large ones are memory-mapped.

    Raises ArtifactError when they do not fit each other or the encoder, and the errors of the libraries that read them,
    such as OSError, ValueError, KeyError or RuntimeError, when one is missing or damaged.
    """
    arrays = [map_array(folder / f"{name}.npy") for name in ROW_ARRAYS]
    sources = [Source(**entry) for entry in manifest.sources]
    store = SnippetStore(folder, sources, [entry["id"] for entry in manifest.topics])
    faiss_index = _read_faiss(folder / FAISS_FILE)
    starts, sentence_counts, dense_rows, vectors, scales, token_starts, tokens = arrays
    parts = np.concatenate([[0], np.cumsum(sentence_counts + 1)])
    # What follows makes a number for each row that the starts promise, however many those are.
    if starts[0] != 0 or starts[-1] != len(vectors) or (np.diff(starts) < 0).any():
        raise ValueError(f"{ROW_ARRAYS[0]} do not lead through {len(vectors)} rows")
    rows = FieldVectors(starts, sentence_counts, vectors, scales, parts, token_starts, tokens)
    owners = np.repeat(np.arange(store.records), np.diff(starts))
    lexical = LexicalIndex.load(folder, owners, store.records)
    _check_counts(folder, manifest, encoder, rows, store, faiss_index, lexical, len(dense_rows))
    return VersionFiles(store, rows, lexical, faiss_index, owners[dense_rows], Terms(manifest.synonyms))


def _mapped(path: Path) -> Any:
    import faiss

    index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
    if hasattr(index, "invlists"):
        # The threads that fetch lists from the disk beforehand cost each search a millisecond.
        lists: Any = faiss.downcast_InvertedLists(index.invlists)
        lists.prefetch_nthread = 0
    return index


_READING_FAISS = threading.Lock()


def _read_faiss(path: Path) -> Any:
    """Open a FAISS index; a length in a damaged file does not make it ask for more memory than the file is long."""
    import faiss

    if not hasattr(faiss, "set_deserialization_vector_byte_limit"):  # older versions know no limit
        return _mapped(path)
    # The limit is the process's, so it must not outlast this file, nor two files share it.
    with _READING_FAISS:
        before = faiss.get_deserialization_vector_byte_limit()
        faiss.set_deserialization_vector_byte_limit(path.stat().st_size)
        try:
            return _mapped(path)
        finally:
            faiss.set_deserialization_vector_byte_limit(before)


def _check_counts(
    folder: Path,
    manifest: Manifest,
    encoder: Encoder,
    rows: FieldVectors,
    store: SnippetStore,
    faiss_index: Any,
    lexical: LexicalIndex,
    dense_rows: int,
) -> None:
    """Raise ArtifactError listing every number that does not fit the manifest or the encoder."""
    expected_and_found = {
        "records": (manifest.counts["records"], store.records),
        "record starts": (manifest.counts["records"] + 1, len(rows.starts)),
        "rows": (manifest.counts["rows"], len(rows.vectors)),
        "scales": (manifest.counts["rows"], len(rows.scales)),
        "languages of records": (manifest.counts["records"], len(store.languages)),
        "numbers of records": (manifest.counts["records"], len(store.snippet_numbers)),
        "sentence counts": (manifest.counts["records"], len(rows.sentence_counts)),
        "lexical terms": (len(lexical.idf), len(lexical.vocabulary)),
        "lexical starts": (len(lexical.vocabulary) + 1, len(lexical.starts)),
        "lexical lengths": (manifest.counts["records"], len(lexical.lengths)),
        "lexical postings": (int(lexical.starts[-1]), len(lexical.postings)),
        "FAISS vectors": (dense_rows, faiss_index.ntotal),
        "tokens": (manifest.counts["tokens"], len(rows.tokens)),
        "token starts": (int(rows.sentence_starts[-1]) + 1, len(rows.token_starts)),
        "dimension": (manifest.dimension, rows.vectors.shape[1]),
        "FAISS dimension": (manifest.dimension, faiss_index.d),
        "encoder dimension": (manifest.dimension, encoder.card.dimension),
        "encoder": (manifest.encoder_key, encoder.card.key),
    }
    wrong = [
        # In one line, whatever a manifest expects.
        " ".join(f"{name}: {found}, {expected} expected".split())
        for name, (expected, found) in expected_and_found.items()
        if found != expected
    ]
    if wrong:
        raise ArtifactError(f"{folder}: parts do not fit ({'; '.join(wrong)}); run 'partnership-bot build --force'.")
