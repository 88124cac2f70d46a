"""What kind of thing a question asks for, in three languages, and whether a snippet has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search.wanted import Wanted, held, unmet, wanted

QUESTIONS = [
    ("When did the plant open?", {Wanted.DATE}),
    ("in which year was the code passed", {Wanted.DATE}),
    ("How old is the director?", {Wanted.DURATION}),
    ("how long does a licence last", {Wanted.DURATION}),
    ("What is the price of copper?", {Wanted.MONEY}),
    ("how much did the buyers pay", {Wanted.MONEY}),
    ("what percentage of the ore is waste", {Wanted.SHARE}),
    ("How many people work there?", {Wanted.COUNT}),
    ("who runs the chamber", {Wanted.PERSON}),
    ("Where is the mine?", {Wanted.PLACE}),
    ("why do they recycle magnets", {Wanted.REASON}),
    ("phone of the ministry", {Wanted.CONTACT}),
    ("Когда открылся завод?", {Wanted.DATE}),
    ("сколько лет директору", {Wanted.DURATION}),
    ("Сколько стоит тонна меди?", {Wanted.MONEY}),
    ("какая доля руды уходит в отходы", {Wanted.SHARE}),
    ("сколько там рабочих", {Wanted.COUNT}),
    ("кто руководит палатой", {Wanted.PERSON}),
    ("в каком городе рудник", {Wanted.PLACE}),
    ("почему перерабатывают магниты", {Wanted.REASON}),
    ("Зауыт қашан ашылды?", {Wanted.DATE}),
    ("директор неше жаста", {Wanted.DURATION}),
    ("мыстың бағасы", {Wanted.MONEY}),
    ("неше пайызы қалдық", {Wanted.SHARE}),
    ("палатаны кім басқарады", {Wanted.PERSON}),
    ("кеніш қай қалада", {Wanted.PLACE}),
    ("магнитті неге қайта өңдейді", {Wanted.REASON}),
    ("the new roadmap", set()),
]


@pytest.mark.parametrize(("question", "kinds"), QUESTIONS)
def test_the_words_of_a_question_say_what_it_asks_for(question: str, kinds: set[Wanted]) -> None:
    """A duration, a sum of money or a share is not a count as well."""
    assert wanted(question) == kinds


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("The plant makes magnets.", {Wanted.DATE, Wanted.DURATION, Wanted.MONEY, Wanted.SHARE, Wanted.COUNT}),
        ("It opened in 2024 and cost 5 million pounds.", {Wanted.DURATION, Wanted.SHARE}),
        ("Жұмыс он жылға созылды.", {Wanted.DATE, Wanted.MONEY, Wanted.SHARE}),
    ],
)
def test_some_kinds_can_be_told_from_a_text(text: str, missing: set[Wanted]) -> None:
    """Persons, places, reasons and contacts cannot, so they never count as missing."""
    assert set(Wanted) - held([text]) == missing


def test_a_kind_that_nobody_asks_of_a_snippet_is_unmet() -> None:
    """Without example questions only the text counts."""
    asked = frozenset({Wanted.PLACE})
    assert unmet(asked, held(["The mine lies in the north."]), {Wanted.PERSON: 2}) == asked
    assert not unmet(asked, held(["The mine lies in the north."]), {Wanted.PLACE: 1})
    assert not unmet(asked, held(["The mine lies in the north."]), None)


@given(st.text())
def test_any_text_can_be_judged(text: str) -> None:
    """Nothing that people type raises."""
    assert wanted(text) <= set(Wanted)
