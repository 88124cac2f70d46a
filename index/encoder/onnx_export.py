"""Export a sentence-transformers model to ONNX for serving. Needs the extra ``build``.

The ONNX backend of sentence-transformers itself does not fit. It imports torch and optimum when serving, which need
more memory than the whole bot. It exports the transformer without pooling, so the pooling would run in torch as well.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.encoder.passage_encoder import PassageEncoder, quiet
from index.encoder.query_encoder import (
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
from index.errors import EncoderError
from index.version.versions import hash_file


def export(passages: PassageEncoder, folder: Path) -> EncoderCard:
    """Write everything that serving needs into the empty ``folder`` and return the card.

    The weights become int8 if that agrees with the original on the probes, else they stay float32.

    Raises:
        EncoderError: Neither agrees.
    """
    np.save(folder / BASIS_FILE, basis := passages.token_basis(), allow_pickle=False)
    reference = np.stack(
        [vector for vector, _, _ in passages.forward([passages.query_prefix + text for text in PROBES])]
    )
    np.save(folder / PROBES_FILE, reference, allow_pickle=False)
    passages.model.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER_FILE))
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        full = Path(scratch) / "full.onnx"
        inputs = _export_onnx(passages, full, basis)
        for precision in ("int8", "float32"):
            card = replace(passages.card, token_dimension=len(basis) - 1, precision=precision, inputs=inputs)
            card.write(folder)
            if precision == "int8":
                _quantise(full, folder / MODEL_FILE)
            else:
                shutil.copyfile(full, folder / MODEL_FILE)
            try:
                exported = OnnxEncoder(folder)
            except EncoderError:
                continue
            hashes = {name: hash_file(folder / name) for name in FILES if name != CARD_FILE}
            card = replace(card, agreement=round(exported.agreement, 5), files=hashes)
            card.write(folder)
            return card
    raise EncoderError(
        f"encoder '{passages.id}': the exported model does not agree with the original ({MIN_AGREEMENT} needed)."
    )


def _export_onnx(passages: PassageEncoder, path: Path, basis: NDArray[np.float32]) -> tuple[str, ...]:
    import torch

    tokenizer = passages.model.tokenizer
    names = tuple(
        name for name in tokenizer.model_input_names if name in ("input_ids", "attention_mask", "token_type_ids")
    )
    model = passages.model.to("cpu").eval()
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
    dimensions = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", max=passages.max_tokens)}
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
    return names


def _quantise(source: Path, target: Path) -> None:
    """Make the weights int8, with a scale for each output channel; one scale a tensor costs 0.025 of cosine."""
    import_onnxruntime()
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with quiet():
        quantize_dynamic(str(source), str(target), per_channel=True, weight_type=QuantType.QInt8)
