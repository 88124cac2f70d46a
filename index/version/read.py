"""Open the files of a version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.encoder.query_encoder import Encoder
from index.errors import ArtifactError
from index.search.lexical_index import LexicalIndex, map_array
from index.search.scoring import FieldVectors
from index.text.terms import Terms
from index.version.manifest import Manifest
from index.version.snippet_db import SnippetDatabase

FAISS_FILE = "vectors.faiss"
FIELD_ARRAYS = ("field-starts", "sentence-counts", "dense-fields", "vectors", "scales", "token-starts", "tokens")
"""Arrays of the fields of all translations, and of the tokens of their titles and sentences."""


@dataclass(frozen=True, slots=True)
class VersionFiles:
    """What a version holds beside its manifest, open for searching."""

    snippets: SnippetDatabase
    fields: FieldVectors
    lexical: LexicalIndex
    faiss_index: Any
    dense_owners: NDArray[np.int64]
    """The translation of each vector in ``faiss_index``."""
    terms: Terms


def read_version(folder: Path, manifest: Manifest, encoder: Encoder) -> VersionFiles:
    """Open the files of the version in ``folder``; large ones are memory-mapped.

    Raises:
        ArtifactError: the version needs another encoder.
    """
    if encoder.card.key != manifest.encoder_key:
        raise ArtifactError(
            f"{folder}: parts do not fit (encoder: {encoder.card.key}, {manifest.encoder_key} expected); "
            "run 'partnership-bot build --force'."
        )
    arrays = [map_array(folder / f"{name}.npy") for name in FIELD_ARRAYS]
    starts, sentence_counts, dense_fields, vectors, scales, token_starts, tokens = arrays
    sentence_starts = np.concatenate([[0], np.cumsum(sentence_counts + 1)])
    translations = len(sentence_counts)
    owners = np.repeat(np.arange(translations), np.diff(starts))
    return VersionFiles(
        SnippetDatabase(folder, manifest.sources),
        FieldVectors(starts, sentence_counts, vectors, scales, sentence_starts, token_starts, tokens),
        LexicalIndex.load(folder, owners, translations),
        _mapped(folder / FAISS_FILE),
        owners[dense_fields],
        Terms(manifest.synonyms),
    )


def _mapped(path: Path) -> Any:
    import faiss

    index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
    if hasattr(index, "invlists"):
        # Threads that fetch lists from the disk beforehand would cost each search a millisecond.
        lists: Any = faiss.downcast_InvertedLists(index.invlists)
        lists.prefetch_nthread = 0
    return index
