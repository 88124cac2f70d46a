"""What the editors decided not to cover is refused in other words too, and no answer is taken away for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from index.build.builder import build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.evaluation.evaluation_set import read_evaluation
from index.search.decision import Decision
from index.search.index import Index
from tests.support.refusing import refusing
from tests.support.small_knowledge import MakeKnowledge

LISTED: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("not_covered.yaml").read_text("utf-8"))
EVALUATION = Path(__file__).parents[2] / "knowledge/evaluation.yaml"
RECOGNISED = 0.9
"""Least share of other wordings that must be recognised."""
EVERY = 8
"""One of so many example questions is asked."""


@pytest.fixture(scope="module")
def listing(real_index: Index, real_data: Path) -> Index:
    """The project's knowledge with sixty questions near its subject that are not covered."""
    return refusing(real_index, real_data, [each["question"] for each in LISTED])


def test_a_listed_question_is_refused(listing: Index) -> None:
    """It gets nothing, and the answer names the entry of the list."""
    for each in LISTED:
        answer = listing.answer(each["question"])
        assert answer.not_covered == each["question"]
        assert (answer.decision, answer.confidence, answer.likely) == (Decision.NONE, 0.0, False)
        assert answer.as_json()["not_covered"] == each["question"]


@pytest.mark.parametrize("mark", ["tuned", "held_out", "fresh"])
def test_other_wordings_are_recognised(listing: Index, mark: str) -> None:
    """Other words, another order, greetings, requests and slips; those marked as fresh decided nothing."""
    marks = {each["question"]: next(iter(each.keys() & {"held_out", "fresh"}), "tuned") for each in LISTED}
    asked = {text: each["question"] for each in LISTED if marks[each["question"]] == mark for text in each["wordings"]}
    missed = [text for text, listed in asked.items() if listing.answer(text).not_covered != listed]
    assert 1 - len(missed) / len(asked) >= RECOGNISED, missed


def test_no_answer_is_taken_away(listing: Index, real_index: Index) -> None:
    """Evaluation questions that have an answer get what they got without the list."""
    for question in read_evaluation(EVALUATION).questions:
        if question.answerable:
            before, after = real_index.answer(question.text), listing.answer(question.text)
            assert (after.decision, after.confidence) == (before.decision, before.confidence), question.text


def test_example_questions_stay_answerable(listing: Index) -> None:
    """None of them is taken for a question near it that is not covered."""
    snippets = map(listing.snippets.translation, range(len(listing.snippets.languages)))
    asked = [(text, snippet.language) for snippet in snippets for text in snippet.questions]
    assert [text for text, language in asked[::EVERY] if listing.answer(text, language).not_covered] == []


@pytest.mark.parametrize(
    "question",
    [
        "Which minerals does Uzbekistan have?",  # Mongolia is listed
        "Should I buy shares in Rio Tinto?",  # Kazatomprom is listed
        "Is the United Kingdom a democracy?",  # Kazakhstan is listed
        "Сколько лет Гэвину Харперу?",  # Кэти Лич is listed
        "What is the weather like in Astana in December?",  # June is listed
        "lithium",
    ],
)
def test_a_question_about_something_else_is_not_refused(listing: Index, question: str) -> None:
    """Another name or date makes another question, and one word is none of the list."""
    assert listing.answer(question).not_covered is None


def test_a_country_that_everything_is_about_may_be_added(listing: Index) -> None:
    """It makes no other question."""
    assert listing.answer("Қазақстанда шахтерлердің жалақысы қанша?").not_covered == "Шахтерлердің жалақысы қанша?"


def test_a_listed_question_that_a_snippet_answers_is_answered(real_index: Index, real_data: Path) -> None:
    """A list that contradicts the snippets does not silence them."""
    asked = "Who is the UK trade envoy?"
    answered = real_index.answer(asked)
    example = answered.hits[0].question
    assert example
    assert refusing(real_index, real_data, [example]).answer(example).not_covered is None


def test_each_question_of_a_message_is_judged_alone(listing: Index) -> None:
    """One is answered and one refused."""
    reply = listing.reply("Who is the UK trade envoy? How old is Kathy Leach?")
    assert [answer.decision for answer in reply.answers] == [Decision.ANSWER, Decision.NONE]
    assert [answer.not_covered for answer in reply.answers] == [None, "How old is Kathy Leach?"]


def test_nothing_is_refused_where_nothing_is_listed(real_index: Index) -> None:
    """The JSON then has no further field."""
    answer = real_index.answer("How old is Kathy Leach?")
    assert answer.not_covered is None
    assert "not_covered" not in answer.as_json()


def test_a_change_of_the_list_makes_a_new_version(make_knowledge: MakeKnowledge, data: Path) -> None:
    """It refuses what is listed from then on; no snippet is embedded again, and taking the file away ends it."""
    folder = make_knowledge()
    build(folder, data, encoder=DEFAULT_ENCODER)
    file = folder / "not_covered.yaml"
    file.write_text("questions:\n  - Who pays for the copper?\n  - Hi, где медь?\n")
    result = build(folder, data, encoder=DEFAULT_ENCODER)
    assert (result.unchanged, result.embedded) == (False, 0)
    opened = Index.open(data)
    assert opened.answer("please, who pays for copper").not_covered == "Who pays for the copper?"
    opened.close()
    file.unlink()
    assert not build(folder, data, encoder=DEFAULT_ENCODER).unchanged
    opened = Index.open(data)
    assert opened.answer("Who pays for the copper?").not_covered is None
    opened.close()
