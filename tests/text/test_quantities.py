"""Quantities and ordinals are read in three languages; a rounded number means the exact one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.quantities import ordinals, quantities


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("6,218 tonnes of copper", 6218, "tonne"),
        ("6 218 тонн меди", 6218, "tonne"),
        ("55bn tonnes", 55e9, "tonne"),
        ("$420 million", 420e6, "$"),
        ("420 млн долларов", 420e6, "$"),
        ("420 миллион доллар", 420e6, "$"),
        ("12,7 процента", 12.7, "%"),
        ("8 пайызы", 8, "%"),
        ("three companies", 3, "compa"),
        ("пять компаний", 5, "компа"),
    ],
)
def test_a_quantity_has_a_value_and_a_unit(text: str, value: float, unit: str) -> None:
    """However its digits are grouped and its unit is written."""
    (found,) = quantities(text)
    assert (found.value, found.unit) == (value, unit)


@pytest.mark.parametrize(
    ("asked", "stated", "equal"),
    [
        ("about 6,000 tonnes", "6,218 tonnes", True),
        ("6200 тонн", "6218 тонн", True),
        ("6100 tonnes", "6,218 tonnes", False),
        ("40%", "39.8%", True),
        ("5 companies", "five companies", True),
        ("420 million pounds", "420 million dollars", False),
        ("$420 billion", "$420 million", False),
    ],
)
def test_a_rounded_number_means_the_exact_one(asked: str, stated: str, equal: bool) -> None:
    """Other units and magnitudes are other quantities."""
    assert quantities(asked)[0].equals(quantities(stated)[0]) is equal


@pytest.mark.parametrize(
    "text", ["on 4 June 2025", "1. Who signed?", "name three minerals", "the 70s", "B2B", "в 80-х"]
)
def test_other_numbers_are_no_quantities(text: str) -> None:
    """Those of dates, decades, lists, names and requests."""
    assert quantities(text) == ()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("the second session", 2),
        ("11th meeting", 11),
        ("третье заседание", 3),
        ("11-е заседание", 11),
        ("екінші отырыс", 2),
        ("4-ші отырыс", 4),
    ],
)
def test_ordinals_are_read(text: str, number: int) -> None:
    """In words and in digits."""
    assert [found.number for found in ordinals(text)] == [number]


@pytest.mark.parametrize("text", ["18th March 2023", "a third of it", "во вторник", "пятьдесят", "ten seconds"])
def test_days_fractions_and_similar_words_are_no_ordinals(text: str) -> None:
    """Only places in a row are."""
    assert ordinals(text) == ()


@given(st.text(st.characters(codec=None), max_size=60))
def test_any_text_is_read(text: str) -> None:
    """Whatever the text, a quantity equals itself if it is stated as a fact."""
    assert all(found.value >= 0 for found in quantities(text))
    assert all(found.number >= 0 for found in ordinals(text))
