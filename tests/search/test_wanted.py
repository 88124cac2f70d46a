"""What kind of thing a question asks for, in three languages, and whether a snippet has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search.wanted import Wanted, held, shows, unmet, wanted, wants_newest

QUESTIONS = [
    ("When did the plant open?", {Wanted.DATE}),
    ("in which year was the code passed", {Wanted.DATE}),
    ("How old is the director?", {Wanted.DURATION}),
    ("how long does a licence last", {Wanted.DURATION}),
    ("for what term is the permit", {Wanted.DURATION}),
    ("what is the bank's stake", {Wanted.SHARE}),
    ("у кого какая доля", {Wanted.SHARE, Wanted.PERSON}),
    ("какой пакет акций у банка", {Wanted.SHARE}),
    ("на какой срок выдают разрешение", {Wanted.DURATION}),
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


@pytest.mark.parametrize(
    ("sentence", "kinds"),
    [
        ("It opened in 2024.", {Wanted.DATE}),
        ("It opened in May.", {Wanted.DATE}),
        ("It has 2,000 workers.", {Wanted.COUNT}),
        ("It has 2 000 workers.", {Wanted.COUNT}),
        ("It lasts six years.", {Wanted.DURATION, Wanted.COUNT}),
        ("В 2024 году его открыли.", {Wanted.DATE}),
        ("Срок — 6 лет.", {Wanted.DURATION, Wanted.COUNT}),
        ("Ол 2024 жылы ашылды.", {Wanted.DATE}),
        ("Мерзімі алты жыл.", {Wanted.DURATION, Wanted.COUNT}),
    ],
)
def test_a_sentence_shows_a_value_plainly(sentence: str, kinds: set[Wanted]) -> None:
    """A year is a date and neither a count nor a duration."""
    values = [Wanted.DATE, Wanted.DURATION, Wanted.MONEY, Wanted.SHARE, Wanted.COUNT]
    assert {kind for kind in values if shows(sentence, frozenset({kind}))} == kinds


@pytest.mark.parametrize(
    "question", ["who is the current head", "what do they pay now", "кто сейчас министр", "қазір кім басқарады"]
)
def test_a_question_can_ask_for_today(question: str) -> None:
    """It says so in one word."""
    assert wants_newest(question)
    assert not wants_newest("who was the head in 2020")


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
