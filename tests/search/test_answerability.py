"""What curators wrote down tells a near miss from a question that is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index.build.builder import build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.search.decision import Decision
from index.search.index import Index

MakeKnowledge = Callable[..., Path]

PLANT = """---
title: The Balkhash copper plant
sources: [times]
as_of: {date}
questions:
  - copper plant
  - Where is the copper plant?
  - who runs the copper plant at balkhash
  - copper plant director
does_not_answer:
  - What do workers at the copper plant earn?
  - Is there a tour of the copper plant?
---
The copper plant stands in Balkhash. Its director is Dana Serik.
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index of two plants, one of them with an older date."""
    folder, data = tmp_path_factory.mktemp("knowledge"), tmp_path_factory.mktemp("data")
    (folder / "sources.yaml").write_text("times: {publisher: The Times, title: Copper}\n")
    (folder / "old.md").write_text(
        PLANT.replace("Balkhash", "Karaganda").replace("balkhash", "karaganda").format(date="2020")
    )
    (folder / "new.md").write_text(PLANT.format(date="2025"))
    build(folder, data, encoder=DEFAULT_ENCODER)
    opened = Index.open(data)
    yield opened
    opened.close()


def test_a_question_nearer_to_a_negative_example_is_no_answer(index: Index) -> None:
    """It is shown at best, whatever else speaks for the snippet."""
    answer = index.answer("What do workers earn at the copper plant?")
    assert answer.decision is not Decision.ANSWER
    assert answer.confidence <= index.calibration("en").closest


def test_a_question_nearer_to_an_example_question_is_no_near_miss(index: Index) -> None:
    """The negative examples of the same snippet do not touch it."""
    query = index.query("Who is the director of the copper plant?", "en")
    assert not index.forbids(index.find(query, "en"))


def test_a_negative_example_that_is_left_out_does_not_count(index: Index) -> None:
    """So it is asked as if nobody had written it down."""
    text = "Is there a tour of the copper plant?"
    everything = range(len(index.negatives.negative_vectors))
    assert index.forbids(index.find(index.query(text, "en"), "en"))
    assert not index.forbids(index.find(index.query(text, "en", without_negatives=everything), "en"))


def test_of_snippets_about_a_bare_subject_the_newest_leads(index: Index) -> None:
    """The answer says how many more there are."""
    answer = index.answer("copper plant?")
    assert answer.decision is Decision.ANSWER
    assert answer.hits[0].snippet.id == "new"
    assert answer.more_about == 1


@pytest.mark.parametrize("word", ["director", "Balkhash", "copper", "hello"])
def test_a_word_that_merely_occurs_is_no_answer(index: Index, word: str) -> None:
    """Only a title or an example question that is nothing but the word makes it one."""
    assert index.answer(word).decision is not Decision.ANSWER
