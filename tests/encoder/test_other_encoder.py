"""Another sentence-transformers model is used as its own files say: prompts, pooling, longest text."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from index.build.builder import BuildOptions, build
from index.encoder.query_encoder import OnnxEncoder
from index.errors import ArtifactError
from index.search.index import Index
from index.version.versions import encoder_folder
from tests.support.small_knowledge import SMALL, MakeKnowledge, write_knowledge

LONGEST = 24
PROMPTS = {"query": "query: ", "passage": "passage: "}


def make_model(folder: Path, pooling: str) -> Path:
    """Save a tiny model with random weights that reads letters of the three languages one by one."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    letters = "abcdefghijklmnopqrstuvwxyzабвгдежзийклмнопрстуфхцчшщъыьэюяәғқңөұүһі0123456789.,:?!-"
    (folder / "bert").mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder / "bert")
    torch.manual_seed(7)
    shape = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
    BertModel(BertConfig(vocab_size=len(vocabulary), max_position_embeddings=64, **shape)).save_pretrained(
        folder / "bert"
    )
    transformer = Transformer(str(folder / "bert"), max_seq_length=LONGEST)
    model = SentenceTransformer(modules=[transformer, Pooling(48, pooling_mode=pooling)], prompts=PROMPTS)
    model.save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module", params=["mean", "cls"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The tiny model, with one way of pooling or the other, and the data folder of an index of it."""
    folder = tmp_path_factory.mktemp("encoder")
    model = make_model(folder, request.param)
    write_knowledge(folder / "knowledge", SMALL)
    build(folder / "knowledge", folder / "data", encoder=str(model))
    return model, folder / "data"


def test_questions_are_embedded_as_the_model_itself_does(built: tuple[Path, Path]) -> None:
    """Prompt, pooling and longest text are the model's own; an index of it answers."""
    from sentence_transformers import SentenceTransformer

    model, data = built
    index = Index.open(data)
    original = SentenceTransformer(str(model))
    for question in ("Who is the trade envoy?", "Қазақстан ураны", "мыс " * 40):
        expected = original.encode(question, prompt_name="query", normalize_embeddings=True)
        np.testing.assert_allclose(index.encoder.encode(question).vector @ expected, 1, atol=0.01)
    assert index.encoder.card.max_tokens == LONGEST
    assert index.encoder.card.query_prefix == PROMPTS["query"]
    assert index.answer("мыс " * 40).truncated
    assert not index.answer("мыс").truncated
    assert index.answer("Copper output was 6,218 tonnes in 2025.").hits[0].snippet.id == "metals/copper"


def test_an_index_refuses_the_encoder_of_another(built: tuple[Path, Path], tmp_path: Path, encoder_cache: Path) -> None:
    """Vectors of different models do not compare, even where the files lie in the right place."""
    data = shutil.copytree(built[1], tmp_path / "data")
    key = Index.open(data).manifest.encoder_key
    folder = encoder_folder(data, key)
    shutil.rmtree(folder)
    shutil.copytree(next(entry for entry in encoder_cache.iterdir() if entry.is_dir()), folder)
    assert OnnxEncoder(folder).card.key != key
    with pytest.raises(ArtifactError, match="encoder"):
        Index.open(data)


def test_a_prefix_of_the_operator_replaces_the_models_own(make_knowledge: MakeKnowledge, tmp_path: Path) -> None:
    """Questions and snippets get the prefixes from the settings."""
    model = make_model(tmp_path / "encoder", "mean")
    build(make_knowledge(), tmp_path / "data", encoder=str(model), options=BuildOptions("ask: ", "say: "))
    card = Index.open(tmp_path / "data").encoder.card
    assert (card.query_prefix, card.passage_prefix) == ("ask: ", "say: ")
