"""The list of questions that are not covered is read whole, and everything wrong with it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.knowledge.lint import lint
from index.knowledge.reader import Knowledge, read_knowledge
from tests.support.small_knowledge import MakeKnowledge

NAME = "not_covered.yaml"


def read(make_knowledge: MakeKnowledge, text: str) -> Knowledge:
    folder: Path = make_knowledge()
    (folder / NAME).write_text(text, encoding="utf-8")
    return read_knowledge(folder)


def test_the_questions_are_read_in_their_order(make_knowledge: MakeKnowledge) -> None:
    """In any language, each on one line."""
    knowledge = read(make_knowledge, "questions:\n  - Should I buy\n    shares?\n  - Нужна ли виза?\n")
    assert knowledge.not_covered == ("Should I buy shares?", "Нужна ли виза?")
    assert knowledge.problems == ()
    assert lint(knowledge, None, 0) == []


@pytest.mark.parametrize("text", [None, "", "questions:\n", "questions: []\n"])
def test_the_list_may_be_missing_or_empty(text: str | None, make_knowledge: MakeKnowledge) -> None:
    """Then everything is covered."""
    knowledge = read_knowledge(make_knowledge()) if text is None else read(make_knowledge, text)
    assert (knowledge.not_covered, knowledge.problems) == ((), ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- visa?\n", "1: file: must hold a field 'questions' with a list of questions"),
        ("questions: visa?\n", "1: questions: must be a list of questions"),
        ("questions:\n  - visa?\n  - '?'\n", "3: questions: an entry must be text with a letter or digit (quote a"),
        ("questions:\n  - visa: how?\n", "2: questions: an entry must be text with a letter or digit (quote a text"),
        ("reason: no\nquestions: [visa?]\n", "1: reason: unknown field; known is questions"),
        ("questions: [visa\n", "2: file: broken YAML"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, problem: str, make_knowledge: MakeKnowledge) -> None:
    """Nothing is left out silently."""
    (found,) = read(make_knowledge, text).problems
    assert str(found).startswith(f"{NAME}:{problem}")


def test_a_question_is_listed_once(make_knowledge: MakeKnowledge) -> None:
    """Case and punctuation make no other question."""
    knowledge = read(make_knowledge, "questions:\n  - Should I buy shares?\n  - should I buy shares\n")
    (found,) = lint(knowledge, None, 0)
    assert str(found) == f"{NAME}:3: questions: 'should I buy shares' stands on line 2 already"


def test_a_question_that_is_answered_contradicts_the_list(make_knowledge: MakeKnowledge) -> None:
    """By an example question of a snippet, or by an evaluation question that has an answer."""
    folder = make_knowledge()
    (folder / NAME).write_text("questions: [Uranium production?, Where is the plant?, What is next?]\n")
    (folder / "evaluation.yaml").write_text(
        "questions:\n"
        "  - {question: where is the plant, answers: [metals/copper]}\n"
        "  - {question: what is next, answers: [], kind: near-miss}\n"
    )
    assert [problem.reason for problem in lint(read_knowledge(folder), None, 0)] == [
        "'Uranium production?' is a question that metals/uranium answers",
        "'Where is the plant?' is answered in evaluation.yaml, line 2",
    ]
