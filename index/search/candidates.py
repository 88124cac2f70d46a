"""Choose the records that are worth comparing with a question in full."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.search.scoring import Query

_DENSE_ROWS = 48
_CANDIDATES = 24
_LANGUAGES_FOR = 3
"""The numbers of candidates are for up to so many languages."""
_LEXICAL_RECORDS = 17


def lexical_candidates(languages: int) -> int:
    """Return how many records that hold most of a question's terms are worth a look; ``languages`` is of the corpus."""
    return _LEXICAL_RECORDS * _spread(languages)


def find_candidates(query: Query, faiss_index: Any, owners: NDArray[np.int64], languages: int) -> NDArray[np.int64]:
    """Return the records worth comparing in full, ascending.

    Those with the nearest rows and those that hold most of the question's terms come together, and of them the
    best by both. ``owners`` is the record of each vector in ``faiss_index``, ``languages`` how many there are.
    """
    wanted = min(_DENSE_ROWS * _spread(languages), len(owners))
    nearest, found = faiss_index.search(query.encoded.vector[None], wanted)
    # An inverted file gives -1 where its lists hold fewer than were asked for.
    real = found[0] >= 0
    nearest, found = nearest[0][real], found[0][real]
    similarity = dict.fromkeys(query.wording.holders.tolist(), float(nearest[-1]) if len(nearest) else 0.0)
    for record, value in zip(owners[found].tolist(), nearest.tolist(), strict=True):
        similarity[record] = max(similarity.get(record, value), value)
    records = np.fromiter(similarity, np.int64, len(similarity))
    most = _CANDIDATES * _spread(languages)
    if len(records) > most:
        rough = np.fromiter(similarity.values(), np.float64, len(similarity)) + query.wording.held[records] / 2
        records = records[np.argpartition(-rough, most)[:most]]
    records.sort()
    return records


def _spread(languages: int) -> int:
    """Candidates are records; with many languages it takes more of them to have five different snippets."""
    return -(-languages // _LANGUAGES_FOR)
