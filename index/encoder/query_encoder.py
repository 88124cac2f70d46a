"""Turn a question into vectors when serving: ONNX Runtime and tokenizers, no torch."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from index.errors import EncoderError, reason
from index.text.terms import fold
from index.version.versions import prove_files, read_sealed, write_sealed

# ONNX Runtime reads this when it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

FORMAT = 5
CARD_FILE = "encoder.json"
MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
BASIS_FILE = "token-basis.npy"
PROBES_FILE = "probes.npy"
_REMEDY = "run 'partnership-bot build --force'"

MIN_AGREEMENT = 0.98
"""Least cosine between the exported and the original model, on every machine: int8 kernels differ by processor."""
PROBES = (
    "Who signed the agreement?",
    "How many tonnes are produced each year, and where?",
    "lithium",
    "The minister said in March 2024 that both countries would train engineers together.",
    "Какие страны подписали соглашение?",
)


class EncoderCard(BaseModel):
    """What an encoder is. Vectors can be compared only where the ``key`` of their encoders is the same."""

    model_config = ConfigDict(frozen=True)

    id: str
    """Name on the hub, or the local folder's name."""
    made_from: str
    """Hash of everything that changes its vectors: the files of the model, prefixes, and letters that were cut."""
    weights_sha256: str
    dimension: int
    max_tokens: int
    query_prefix: str
    passage_prefix: str
    files: Mapping[str, str] = {}
    """SHA-256 of the files beside the card."""
    format: int = FORMAT

    @property
    def key(self) -> str:
        """Name of the folder for this encoder's files."""
        return encoder_key(self.id, self.made_from)

    def write(self, folder: Path) -> None:
        """Hash the files of ``folder`` and write the card beside them."""
        write_sealed(folder / CARD_FILE, self.model_dump(mode="json"))

    @classmethod
    def read(cls, folder: Path) -> EncoderCard:
        """Read the card of ``folder``.

        Raises:
            EncoderError: The card is missing, damaged or of another format.
        """
        try:
            return cls.model_validate(read_sealed(folder / CARD_FILE, "encoder", FORMAT))
        except ValueError as error:
            raise EncoderError(f"{error}; {_REMEDY}.") from error


def encoder_key(encoder_id: str, made_from: str) -> str:
    """Name the folder of an encoder before it is exported."""
    digest = hashlib.sha256(json.dumps([FORMAT, encoder_id, made_from]).encode()).hexdigest()[:12]
    return f"{encoder_id.rsplit('/', 1)[-1]}-{digest}"


@dataclass(frozen=True, slots=True)
class Encoded:
    """The vectors of a question."""

    vector: NDArray[np.float32]
    """Sentence embedding of length 1, shape (dimension,)."""
    tokens: NDArray[np.float32]
    """Token embeddings of length 1 in the reduced space, without special tokens, shape (n, token_dimension)."""
    truncated: bool
    """Whether the text had more tokens than the encoder reads."""


class OnnxEncoder:
    """The exported encoder, loaded from its folder. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """Load the encoder and check that it gives the vectors it gave when it was exported.

        Raises:
            EncoderError: A file is missing or damaged, or the vectors differ on this processor.
        """
        import onnxruntime
        from tokenizers import Tokenizer

        self.card = EncoderCard.read(folder)
        try:
            prove_files(folder, self.card.files)
        except ValueError as error:
            raise EncoderError(f"{error}; {_REMEDY}.") from error
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
            self._tokenizer.enable_truncation(self.card.max_tokens)
            self._tokenizer.no_padding()
            probes = np.load(folder / PROBES_FILE, allow_pickle=False)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 3
            self._session = onnxruntime.InferenceSession(
                str(folder / MODEL_FILE), options, providers=["CPUExecutionProvider"]
            )
            self._inputs = {each.name for each in self._session.get_inputs()}
            prefix = self.card.query_prefix
            cosines = [self.embed(prefix + text)[0].vector @ probe for text, probe in zip(PROBES, probes, strict=True)]
            agreement = float(np.mean(cosines))
        except Exception as error:  # tokenizers and onnxruntime raise bare Exception and their own unnamed types
            raise EncoderError(f"{folder}: damaged ({reason(error)}); {_REMEDY}.") from error
        if not agreement >= MIN_AGREEMENT:
            raise EncoderError(
                f"{folder}: on this processor the encoder gives other vectors than when it was exported "
                f"(cosine {agreement:.3f}, {MIN_AGREEMENT} needed); {_REMEDY} here."
            )

    def encode(self, text: str) -> Encoded:
        """Embed one question."""
        return self.embed(self.card.query_prefix + text)[0]

    def remembers(self, text: str) -> bool:
        """Tell whether ``encode`` takes no time for a question."""
        return False

    def embed(self, text: str) -> tuple[Encoded, NDArray[np.int64]]:
        """Embed one text as it is, and return the characters at which its tokens begin, too."""
        encoding = self._tokenizer.encode(text)
        ids = np.array([encoding.ids], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        if "token_type_ids" in self._inputs:
            feeds["token_type_ids"] = np.zeros_like(ids)
        sentence, tokens = self._session.run(None, feeds)
        inner = np.array(encoding.special_tokens_mask) == 0
        offsets = np.array(encoding.offsets, np.int64)[inner, 0]
        return Encoded(sentence[0], tokens[0][inner], bool(encoding.overflowing)), offsets

    def knows(self, word: str) -> bool:
        """Tell whether ``word`` is one token of the vocabulary, as common words are."""
        tokens = self._tokenizer.encode(f" {word.casefold()}", add_special_tokens=False).tokens
        # The token may be the one for unknown text, so compare; its first character may mark the beginning of a word.
        return len(tokens) == 1 and fold(tokens[0].lstrip("\u2581\u0120")) == fold(word)

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text as the encoder does, special tokens included, without its limit."""
        encoding = self._tokenizer.encode(text)
        return len(encoding.ids) + sum(len(rest.ids) for rest in encoding.overflowing)
