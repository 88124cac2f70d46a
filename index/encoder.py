"""Turn a question into vectors when serving: ONNX Runtime and tokenizers, no torch."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import EncoderError

FORMAT = 1
CARD_FILE = "encoder.json"
MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
BASIS_FILE = "token-basis.npy"
PROBES_FILE = "probes.npy"
FILES = (CARD_FILE, MODEL_FILE, TOKENIZER_FILE, BASIS_FILE, PROBES_FILE)

# The exported model must agree with the original on every machine; int8 kernels differ between processors.
MIN_AGREEMENT = 0.98
PROBES = (
    "Who signed the agreement?",
    "How many tonnes are produced each year, and where?",
    "lithium",
    "The minister said in March 2024 that both countries would train engineers together.",
    "Какие страны подписали соглашение?",
)


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """What an encoder is; two indexes can be compared only where their cards' ``key`` agree."""

    id: str
    """Name on the hub, or the local folder's name."""
    revision: str
    weights_sha256: str
    dimension: int
    token_dimension: int
    max_tokens: int
    query_prefix: str
    passage_prefix: str
    precision: str
    """``int8`` or ``float32``."""
    agreement: float
    """Mean cosine between the exported and the original model on the probes."""
    inputs: tuple[str, ...]
    format: int = FORMAT

    @property
    def key(self) -> str:
        """A name for the folder of this encoder's files, made of everything that changes its vectors."""
        identity = [self.format, self.id, self.weights_sha256, self.max_tokens, self.query_prefix, self.passage_prefix]
        digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:12]
        return f"{self.id.rsplit('/', 1)[-1]}-{digest}"

    def write(self, folder: Path) -> None:
        """Write the card into ``folder``."""
        (folder / CARD_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> EncoderCard:
        """Read the card of ``folder``. Raises EncoderError when it is missing, damaged or of another format."""
        path = folder / CARD_FILE
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            card = cls(**{**fields, "inputs": tuple(fields["inputs"])})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EncoderError(f"{path}: missing or damaged; run 'partnership-bot build --force'.") from error
        if card.format != FORMAT:
            raise EncoderError(
                f"{path}: encoder format {card.format}, this program reads {FORMAT}; run 'partnership-bot build --force'."
            )
        return card


@dataclass(frozen=True, slots=True)
class Encoded:
    """A question as the encoder sees it."""

    vector: NDArray[np.float32]
    """Sentence embedding of length 1, shape (dimension,)."""
    tokens: NDArray[np.float32]
    """Token embeddings of length 1 in the reduced space, special tokens left out, shape (n, token_dimension)."""
    truncated: bool
    """Whether the text had more tokens than the encoder reads."""


class Encoder(Protocol):
    """What the search needs: a text becomes vectors."""

    @property
    def card(self) -> EncoderCard:
        """What this encoder is."""

    def encode(self, text: str) -> Encoded:
        """Embed one question; safe to call from several threads."""


def reduce_tokens(tokens: NDArray[np.float32], basis: NDArray[np.float32]) -> NDArray[np.float32]:
    """Project unit token vectors (n, dimension) onto ``basis`` (1 + token_dimension, dimension), its first row the mean."""
    unit = tokens / np.maximum(np.linalg.norm(tokens, axis=1, keepdims=True), 1e-9)
    reduced = (unit - basis[0]) @ basis[1:].T
    return (reduced / np.maximum(np.linalg.norm(reduced, axis=1, keepdims=True), 1e-9)).astype(np.float32)


class OnnxEncoder:
    """The exported encoder, read from one folder."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        """Load and prove the encoder of ``folder``.

        Raises EncoderError when a file is missing or damaged, or when the model no longer gives the vectors it gave
        when it was exported.
        """
        import onnxruntime
        from tokenizers import Tokenizer

        self.card = EncoderCard.read(folder)
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise EncoderError(f"{folder}: {', '.join(missing)} missing; run 'partnership-bot build --force'.")
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
            self._tokenizer.enable_truncation(self.card.max_tokens)
            self._tokenizer.no_padding()
            self._basis = np.load(folder / BASIS_FILE, allow_pickle=False)
            probes = np.load(folder / PROBES_FILE, allow_pickle=False)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
            options.log_severity_level = 3
            self._session = onnxruntime.InferenceSession(
                str(folder / MODEL_FILE), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # tokenizers and onnxruntime raise bare Exception and their own unnamed types
            reason = str(error).splitlines()[0][:200]
            raise EncoderError(f"{folder}: damaged ({reason}); run 'partnership-bot build --force'.") from error
        self._prove(folder, probes)

    def _prove(self, folder: Path, probes: NDArray[np.float32]) -> None:
        agreement = float(np.mean([self.encode(text).vector @ probe for text, probe in zip(PROBES, probes, strict=True)]))
        if not agreement >= MIN_AGREEMENT:
            raise EncoderError(
                f"{folder}: on this processor the encoder gives other vectors than when it was built (cosine {agreement:.3f}, "
                f"{MIN_AGREEMENT} needed); run 'partnership-bot build --force' on this machine."
            )

    def encode(self, text: str) -> Encoded:
        """Embed one question; safe to call from several threads."""
        encoding = self._tokenizer.encode(self.card.query_prefix + text)
        ids = np.array([encoding.ids], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        if "token_type_ids" in self.card.inputs:
            feeds["token_type_ids"] = np.zeros_like(ids)
        sentence, tokens = self._session.run(None, feeds)
        inner = [i for i, special in enumerate(encoding.special_tokens_mask) if not special]
        return Encoded(sentence[0], reduce_tokens(tokens[0][inner], self._basis), bool(encoding.overflowing))

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a passage as the encoder does, without its limit and with its special tokens."""
        encoding = self._tokenizer.encode(text)
        return len(encoding.ids) + sum(len(rest.ids) for rest in encoding.overflowing)
