"""Passages are cut into sentences without losing or changing a character."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from index.knowledge.sentences import split_sentences

BOUNDARIES = yaml.safe_load((Path(__file__).parent / "sentence_boundaries.yaml").read_text(encoding="utf-8"))
PROSE = st.text(alphabet=st.sampled_from('aBcЖқ1. !?…\n-•"”«»()[] \u00a0,;гт🎉'), max_size=200)


def cut(text: str, language: str = "") -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, language)]


@given(st.one_of(st.text(max_size=200), PROSE))
def test_only_white_space_is_left_out(text: str) -> None:
    """Spans are ordered and disjoint, begin and end visibly, and nothing but white space lies outside them."""
    end = 0
    for start, stop in split_sentences(text):
        assert end <= start < stop <= len(text)
        assert text[end:start].strip() == ""
        piece = text[start:stop]
        assert piece == piece.strip()
        end = stop
    assert text[end:].strip() == ""


@given(st.text(max_size=100))
def test_a_text_with_visible_characters_has_a_sentence(text: str) -> None:
    """There is a sentence exactly where there is something to read."""
    assert bool(split_sentences(text)) == bool(text.strip())


@pytest.mark.parametrize(
    "sentences",
    [
        ["Copper is mined here.", "It is sold abroad."],
        ["Is there lithium?", "There is!", "It lies deep…", "Nobody digs for it."],
        ["He called it “clever mining.”", "Nobody disagreed."],
        ["It grew (by a third.)", "That was in 2024."],
        ["The price rose.", "£5 million was paid for it."],
        ["The price rose.", "“It will rise again,” she said."],
        ["Output fell.[1]", "It recovered later."],
        ["It began in 2024.", "25 mines followed."],
        ["Добыча меди выросла.", "Её продают за рубеж."],
        ["Сколько лития добыто?", "Ответа нет."],
        ["Мыс өндірісі өсті.", "Ол шетелге сатылады."],
        ["Қанша литий өндірілді?", "Әзірге белгісіз."],
    ],
)
def test_sentences_end_at_closing_punctuation(sentences: list[str]) -> None:
    """Closing punctuation with its quotes, brackets and footnote marks ends a sentence."""
    assert cut(" ".join(sentences)) == sentences


@pytest.mark.parametrize(
    ("language", "sentences"), [(language, case) for language, cases in BOUNDARIES.items() for case in cases]
)
def test_sentences_end_where_a_reader_ends_them(language: str, sentences: list[str]) -> None:
    """Initials, abbreviations that may end a sentence, brand names, emoji and quotes."""
    assert cut(" ".join(sentences), language) == sentences


def test_a_number_of_two_digits_may_end_a_sentence() -> None:
    """Unless the language writes ordinal numbers with a full stop."""
    assert cut("They built 12. Two of them stand.") == ["They built 12.", "Two of them stand."]
    assert cut("Er wohnt im 12. Stock.", "de") == ["Er wohnt im 12. Stock."]


def test_an_empty_line_ends_a_sentence() -> None:
    """A heading or paragraph without closing punctuation is a sentence of its own."""
    assert cut("Copper output\n\nIt grew in 2024.") == ["Copper output", "It grew in 2024."]


@pytest.mark.parametrize(
    "sentence",
    [
        "Dr. Gavin Harper and Mrs. Smith met Prof. Li.",
        "J. R. Smith signed it.",
        "The U.S. and the U.K. signed, e.g. in London.",
        "It was signed on 4 Jan. 2025 in Astana.",
        "It fell by 1.18 million tonnes, i.e. No. 5 of all.",
        "The bank lent approx. 5 million to Kaz Ltd. and others.",
        "Министр И. И. Иванов подписал его в 2024 г. в Лондоне.",
        "Добыто 55 млрд. т руды, т.е. больше всех.",
        "Это произошло в 2023 г. Астане на радость.",
        "Ж. Қасымбек 2024 ж. қол қойды.",
        "55 млрд. тонна, т.б. қалдықтар бар.",
        "The ministry (est. 2022) of the Rep. of Kazakhstan agreed.",
    ],
)
def test_abbreviations_and_initials_end_nothing(sentence: str) -> None:
    """A full stop behind an abbreviation or an initial stays inside the sentence."""
    assert cut(sentence) == [sentence]


def test_list_items_are_sentences() -> None:
    """Each item of a list can be quoted alone."""
    assert cut("They agreed on:\n- copper\n- lithium\n1. first\n2) second") == [
        "They agreed on:",
        "- copper",
        "- lithium",
        "1. first",
        "2) second",
    ]


def test_a_line_break_inside_a_sentence_does_not_cut_it() -> None:
    """Wrapped text reads as one sentence and keeps its line break."""
    assert cut("Copper is mined\nin Balkhash. It is sold.") == ["Copper is mined\nin Balkhash.", "It is sold."]
