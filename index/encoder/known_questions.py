"""Keep the vectors of questions that every build asks again."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np

from index.encoder.query_encoder import Encoded, OnnxEncoder

KNOWN_QUESTIONS_FILE = "known-questions.npz"
_MOST = 12_000
"""So many questions are kept, those asked last; each takes about 11 KB."""
_LEAST_NEW = 100
"""Embedding fewer takes less time than writing all of them again."""


class RememberingEncoder(OnnxEncoder):
    """The exported encoder, with the vectors of questions it embedded in earlier builds. For one thread."""

    def __init__(self, folder: Path) -> None:
        """Load the encoder and what was kept beside it; what is damaged is embedded again.

        Raises:
            EncoderError: As from ``OnnxEncoder``.
        """
        super().__init__(folder)
        self._file = folder / KNOWN_QUESTIONS_FILE
        self._known = _read(self._file, self.card.dimension)
        self._new = 0

    def remembers(self, text: str) -> bool:
        """Tell whether the vectors of a question are at hand."""
        return _key(text) in self._known

    def encode(self, text: str) -> Encoded:
        """Embed one question, or return the vectors it had before."""
        key = _key(text)
        known = self._known.pop(key, None)
        if known is None:
            known, self._new = super().encode(text), self._new + 1
        # Put at the end: the questions asked last are kept.
        self._known[key] = known
        return known

    def remember(self) -> None:
        """Write what was embedded for the next build, where that is much.

        It need not reach the disk: whatever is damaged is made anew.
        """
        if self._new < _LEAST_NEW:
            return
        kept = dict(list(self._known.items())[-_MOST:])
        scratch = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        try:
            with scratch.open("wb") as stream:
                np.savez(
                    stream,
                    keys=np.frombuffer(b"".join(kept), np.uint8).reshape(len(kept), -1),
                    vectors=np.array([each.vector for each in kept.values()], np.float32),
                    token_starts=np.cumsum([0, *(len(each.tokens) for each in kept.values())]),
                    tokens=np.concatenate([each.tokens for each in kept.values()], dtype=np.float32),
                    truncated=np.array([each.truncated for each in kept.values()], np.bool_),
                )
            scratch.replace(self._file)
        finally:
            scratch.unlink(missing_ok=True)
        self._new = 0


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _read(file: Path, dimension: int) -> dict[bytes, Encoded]:
    """Return what ``remember`` wrote, oldest first; nothing where the file is missing or damaged.

    The format has a checksum for each array, which is proved when the array is read.
    """
    try:
        # numpy leaves a damaged file open that it opened itself.
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            keys, vectors, tokens = arrays["keys"], arrays["vectors"], arrays["tokens"]
            starts, truncated = arrays["token_starts"].tolist(), arrays["truncated"].tolist()
    except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile):
        return {}
    if vectors.shape[1:] != (dimension,):
        return {}
    return {
        key.tobytes(): Encoded(vectors[place], tokens[starts[place] : starts[place + 1]], truncated[place])
        for place, key in enumerate(keys)
    }
