"""Codes of letters and digits are found however they are typed, and other numbers are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.codes import codes, tells_of_code, words_of_code
from index.text.terms import Terms


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What does E07 mean?", {"e07"}),
        ("E07/E08 or e-09", {"e07", "e08", "e09"}),
        ("KZ-52, kz52 and КZ‑52", {"kz52"}),
        ("error 12-b", {"12b"}),
        ("WM-7000X by R2D2", {"wm7000x", "r2d2"}),
        ("код Е07 в кириллице", {"e07"}),
        ("5kg, 55bn, 220V and 10mm", set()),
        ("mid-2025, the top-10, 24-hour, 2nd and 12th", set()),
        ("5-й этаж, 2025-ж., в 2024", set()),
        ("no number at all", set()),
    ],
)
def test_codes_are_told_from_numbers(text: str, found: set[str]) -> None:
    """Separators, case and alphabet do not matter; units, years and ordinals are no codes."""
    assert codes(text) == found


@pytest.mark.parametrize(
    ("text", "code", "tells"),
    [
        ("The machine stops with E07.", "e07", True),
        ("Call 12-b a belt.", "12b", True),
        ("Codes:\n\nE1: no water\nE2 | too hot", "e2", True),
        ("Boiler – E4", "e4", True),
        ("It saves CO2.", "co2", False),
        ("V2O5: a powder, H2O", "v2o5", False),
        ("E07 and E08", "e09", False),
    ],
)
def test_a_text_tells_of_a_code_or_uses_it_as_a_word(text: str, code: str, tells: bool) -> None:
    """Formulas and abbreviations have single digits, and codes of one digit stand where terms are explained."""
    assert tells_of_code(text, code) is tells


def test_a_code_weighs_more_than_a_word() -> None:
    """It is a term of its own beside the stems of its parts, the same in questions and texts."""
    terms = Terms()
    assert set(terms.question_stems("kz52", "en")) & set(terms.stems("Message KZ-52", "en")) == {"ckz52"}


@given(st.text(st.sampled_from("aZ7е-/ ё0й_.½²"), max_size=12))
def test_a_code_is_a_part_of_its_text(text: str) -> None:
    """Each code can be shown as it was typed."""
    for code in codes(text):
        assert words_of_code(text, code) in text
