"""A folder in a language beyond English, Russian and Kazakh is built and asked in that language."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from index.build.builder import build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.search.decision import Decision
from index.search.index import Index

FOLDERS = Path(__file__).parents[1] / "folders"
EXPECTED = yaml.safe_load((FOLDERS / "expected.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=["ebike-fr", "club-de"])
def folder(request: pytest.FixtureRequest) -> str:
    """The name of a folder; its language stands behind the hyphen."""
    return str(request.param)


@pytest.fixture(scope="module")
def index(folder: str, tmp_path_factory: pytest.TempPathFactory, encoder_cache: Path) -> Iterator[Index]:
    """The folder, built and opened."""
    data = tmp_path_factory.mktemp(folder)
    shutil.copytree(encoder_cache, data / "encoders", copy_function=os.link)
    build(FOLDERS / folder, data, encoder=DEFAULT_ENCODER)
    opened = Index.open(data)
    yield opened
    opened.close()


def test_its_questions_are_answered(folder: str, index: Index) -> None:
    """Nearly always the right passage comes first, and it is shown as the answer or the closest one."""
    language = folder.rpartition("-")[2]
    assert index.languages == (language,)
    asked = [entry for entry in EXPECTED[folder] if "id" in entry and index.detect(entry["question"]) == language]
    answers = [(index.reply(entry["question"]).answers[0], entry["id"]) for entry in asked]
    right = sum(
        answer.hits[0].snippet.id == wanted and answer.decision is not Decision.NONE for answer, wanted in answers
    )
    assert right >= 0.8 * len(asked)
    assert all(answer.language == language for answer, _ in answers)
    certain = [(answer, wanted) for answer, wanted in answers if answer.decision is Decision.ANSWER]
    assert certain
    assert all(answer.hits[0].snippet.id == wanted for answer, wanted in certain)


def test_what_it_does_not_answer_gets_no_answer(folder: str, index: Index) -> None:
    """Most get nothing at all, though no off-topic line for the calibration is in the folder's language."""
    decisions = [index.reply(entry["question"]).answers[0].decision for entry in EXPECTED[folder] if "id" not in entry]
    assert Decision.ANSWER not in decisions
    assert 2 * decisions.count(Decision.NONE) >= len(decisions)


def test_common_words_around_an_unknown_place_show_nothing(folder: str, index: Index) -> None:
    """The weather somewhere shares only such words with a folder about other things."""
    asked = {"ebike-fr": "Quel temps fera-t-il demain à Lyon ?", "club-de": "Wie wird das Wetter morgen in Köln?"}
    assert index.answer(asked[folder]).decision is Decision.NONE


@pytest.mark.parametrize(
    "question", ["How much does it cost?", "Сколько это стоит?", "Бұл қанша тұрады?", "🙂", "2026"]
)
def test_questions_in_other_languages_are_taken(index: Index, question: str) -> None:
    """They may find little, but nothing fails."""
    assert index.reply(question).answers[0].decision in Decision
