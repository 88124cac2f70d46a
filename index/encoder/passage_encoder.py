"""Embed what snippets consist of with the exported encoder.

Each text is embedded by itself. In a batch, an int8 model shares one scale among all texts, so that the vector of a
text would depend on those beside it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.encoder.query_encoder import OnnxEncoder

DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"

_Result = TypeVar("_Result")
_STEP = 64
"""Progress is told after so many texts."""


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """The vectors of a whole translation and of its tokens."""

    vector: NDArray[np.float32]
    """Sentence embedding of length 1, shape (dimension,)."""
    tokens: NDArray[np.int8]
    """Token embeddings in the reduced space, times 127, shape (n, token_dimension)."""
    token_offsets: NDArray[np.int64]
    """Character of the text at which each token begins, ascending, shape (n,)."""


class PassageEncoder:
    """Embeds with all processors. One text takes one processor, and no lock of the interpreter."""

    def __init__(self, encoder: OnnxEncoder) -> None:
        self._encoder = encoder

    def encode(self, texts: Sequence[str], asked: Sequence[bool], done: Callable[[int], None]) -> NDArray[np.float32]:
        """Embed short texts.

        Args:
            texts: Titles, sentences or example questions.
            asked: Which of them are questions, and get the prefix of questions.
            done: Called with the number of texts after some of them.

        Returns:
            Unit vectors, shape (len(texts), dimension).
        """
        prefixes = self._encoder.card.passage_prefix, self._encoder.card.query_prefix
        whole = [prefixes[is_asked] + text for text, is_asked in zip(texts, asked, strict=True)]
        vectors = np.empty((len(texts), self._encoder.card.dimension), np.float32)
        for number, vector in enumerate(_mapped(lambda text: self._encoder.embed(text)[0].vector, whole, done)):
            vectors[number] = vector
        return vectors

    def encode_passages(self, texts: Sequence[str], done: Callable[[int], None]) -> list[PassageVectors]:
        """Embed whole texts together with their tokens.

        Args:
            texts: Titles with texts of snippets.
            done: Called with the number of texts after some of them.
        """
        return list(_mapped(self._passage, texts, done))

    def _passage(self, text: str) -> PassageVectors:
        prefix = self._encoder.card.passage_prefix
        encoded, offsets = self._encoder.embed(prefix + text)
        tokens = np.rint(encoded.tokens * 127).astype(np.int8)
        return PassageVectors(encoded.vector, tokens, np.maximum(offsets - len(prefix), 0))


def _mapped(embed: Callable[[str], _Result], texts: Sequence[str], done: Callable[[int], None]) -> Iterator[_Result]:
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, len(texts), _STEP):
            some = texts[start : start + _STEP]
            yield from threads.map(embed, some)
            done(len(some))
