"""Export a sentence-transformers model to ONNX for serving. Needs the extra ``build``.

The ONNX backend of sentence-transformers itself does not fit. It imports torch and optimum when serving, which need
more memory than the whole bot. It exports the transformer without pooling, so the pooling would run in torch as well.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.encoder.model_source import ModelSource
from index.encoder.original_model import OriginalModel, quiet
from index.encoder.query_encoder import (
    BASIS_FILE,
    MIN_AGREEMENT,
    MODEL_FILE,
    PROBES,
    PROBES_FILE,
    TOKENIZER_FILE,
    EncoderCard,
    OnnxEncoder,
)
from index.errors import EncoderError


def export(original: OriginalModel, source: ModelSource, made_from: str, folder: Path) -> None:
    """Write everything that embedding needs into the empty ``folder``.

    Args:
        original: The model.
        source: Its files.
        made_from: ``EncoderCard.made_from``.
        folder: Where to write.

    The weights become int8 if that agrees with the original on the probes, else they stay float32.

    Raises:
        EncoderError: Neither agrees.
    """
    basis = original.token_basis()
    np.save(folder / BASIS_FILE, basis, allow_pickle=False)
    probes = [original.query_prefix + text for text in PROBES]
    vectors = [vector for vector, _ in original.forward(probes)]
    np.save(folder / PROBES_FILE, vectors, allow_pickle=False)
    card = EncoderCard(
        id=source.id,
        made_from=made_from,
        weights_sha256=source.weights_sha256,
        dimension=len(vectors[0]),
        max_tokens=original.max_tokens,
        query_prefix=original.query_prefix,
        passage_prefix=original.passage_prefix,
    )
    original.model.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER_FILE))
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        full = Path(scratch) / "full.onnx"
        _export_onnx(original, full, basis)
        for write_model in (_quantise, shutil.copyfile):
            write_model(full, folder / MODEL_FILE)
            card.write(folder)
            try:
                OnnxEncoder(folder)
            except EncoderError:
                continue
            return
    raise EncoderError(
        f"encoder '{source.id}': the exported model does not agree with the original ({MIN_AGREEMENT} needed)."
    )


def _export_onnx(original: OriginalModel, path: Path, basis: NDArray[np.float32]) -> None:
    import torch

    tokenizer = original.model.tokenizer
    names = tuple(
        name for name in tokenizer.model_input_names if name in ("input_ids", "attention_mask", "token_type_ids")
    )
    model = original.model.eval()
    normalize = torch.nn.functional.normalize
    mean, axes = torch.from_numpy(basis[0].copy()), torch.from_numpy(basis[1:].T.copy())

    class Exported(torch.nn.Module):
        """The whole model as one function of tensors, with pooling, normalisation and reduced token vectors."""

        def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            output = model(dict(zip(names, tensors, strict=True)))
            tokens = normalize(output["token_embeddings"], dim=2)
            reduced = normalize((tokens - mean) @ axes, dim=2)
            return normalize(output["sentence_embedding"], dim=1), reduced

    example = tokenizer(["one question", "another, longer question"], padding=True, return_tensors="pt")
    dimensions = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", max=original.max_tokens)}
    module = Exported()
    module.model = model  # as a submodule, its weights are exported too
    with quiet(), torch.inference_mode():
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


def _quantise(source: Path, target: Path) -> None:
    """Make the weights int8, with a scale for each output channel; one scale a tensor costs 0.025 of cosine."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with quiet():
        quantize_dynamic(str(source), str(target), per_channel=True, weight_type=QuantType.QInt8)
