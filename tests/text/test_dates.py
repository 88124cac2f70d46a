"""Dates are read in any usual form in three languages, and compared as dates."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.dates import DateStated, dates_found, iso_date, spell_out_dates
from index.text.folded import folded

TODAY = date(2026, 3, 1)
MARCH_18 = DateStated(2023, 3, 18)


def stated(text: str) -> list[DateStated]:
    return [found.stated for found in dates_found(text, TODAY)]


@pytest.mark.parametrize(
    "text",
    [
        "18.03.2023",
        "18/3/23",
        "03/18/2023",
        "2023-03-18",
        "2023.03.18",
        "18 March 2023",
        "the 18th of March, 2023",
        "March 18, 2023",
        "18 Mar 2023",
        "18 марта 2023 года",
        "18-го марта 2023-го",
        "2023 жылғы 18 наурыз",
        "2023 жылдың 18 наурызында",
        "2023 жылы наурыз айының 18-і",
        "2023 жылы наурыздың 18-інде",
    ],
)
def test_one_day_in_many_spellings(text: str) -> None:
    """In digits and in words, with the parts in any order, in any case of the month."""
    assert stated(text) == [MARCH_18]


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("March 2024", [DateStated(2024, 3)]),
        ("February of 2019", [DateStated(2019, 2)]),
        ("в марте 2024-го", [DateStated(2024, 3)]),
        ("2024 жылғы наурыздағы", [DateStated(2024, 3)]),
        ("2024 жылдың кыркүйегінде", [DateStated(2024, 9)]),
        ("03.2024", [DateStated(2024, 3)]),
        ("April 30th", [DateStated(None, 4, 30)]),
        ("мартовский меморандум", [DateStated(None, 3)]),
        ("в 2024-м", [DateStated(2024)]),
        ("2024ж.", [DateStated(2024)]),
        ("roadmap 2026 and Vision 2035", [DateStated(2026), DateStated(2035)]),
        ("летом 25го", [DateStated(2025)]),
        ("2022/23", [DateStated(2022), DateStated(2023)]),
        ("April and May 2025", [DateStated(2025, 4), DateStated(2025, 5)]),
        ("сентябрь–декабрь 2025 года", [DateStated(2025, 9), DateStated(2025, 12)]),
        ("2025 жылғы қыркүйек–желтоқсанда", [DateStated(2025, 9), DateStated(2025, 12)]),
        ("4 и 6 июня 2025", [DateStated(2025, 6, 4), DateStated(2025, 6, 6)]),
        ("10–12 October 2025", [DateStated(2025, 10, day) for day in (10, 11, 12)]),
    ],
)
def test_parts_of_dates_and_several_dates(text: str, dates: list[DateStated]) -> None:
    """What a text leaves open is open; a range of days is every day of it."""
    assert stated(text) == dates


@pytest.mark.parametrize(
    ("text", "year", "month", "day"),
    [
        ("last year", 2025, None, None),
        ("в прошлом году", 2025, None, None),
        ("былтыр", 2025, None, None),
        ("өткен жылы", 2025, None, None),
        ("биыл", 2026, None, None),
        ("two years ago", 2024, None, None),
        ("три года назад", 2023, None, None),
        ("2 жыл бұрын", 2024, None, None),
        ("last month", 2026, 2, None),
        ("вчера", 2026, 2, 28),
    ],
)
def test_dates_relative_to_a_day(text: str, year: int, month: int | None, day: int | None) -> None:
    """They depend on today, and are no dates where there is no today: in a passage."""
    assert stated(text) == [DateStated(year, month, day)]
    assert dates_found(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "2,025 tonnes",
        "2000 tonnes",
        "$2025",
        "the 2020s and the 1950's",
        "в 2020-е годы",
        "may I ask",
        "they march on",
        "мартеновская печь",
        "в Казани",
        "святой Августин",
        "майнинг",
        "31.02.2023",
        "12,5%",
        "1 2023 500",
    ],
)
def test_what_only_looks_like_a_date_is_none(text: str) -> None:
    """Quantities, decades, verbs, places and days that do not exist."""
    assert stated(text) == []


def test_dates_are_compared_by_what_both_state() -> None:
    """A year agrees with each of its days, and does not include what it leaves open."""
    assert MARCH_18.agrees(DateStated(2023)) and DateStated(2023).agrees(MARCH_18)
    assert MARCH_18.agrees(DateStated(None, 3))
    assert not MARCH_18.agrees(DateStated(2023, 4))
    assert MARCH_18.includes(DateStated(2023, 3)) and not DateStated(2023, 3).includes(MARCH_18)
    assert iso_date("2023-03") == DateStated(2023, 3)


@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)), st.sampled_from(["{:%d.%m.%Y}", "{:%Y-%m-%d}", "{:%d %B %Y}"]))
def test_every_day_is_read(day: date, form: str) -> None:
    """In digits and in words."""
    assert stated(f"What happened on {form.format(day)}?") == [DateStated(day.year, day.month, day.day)]


@given(st.text(st.characters(codec=None), max_size=60))
def test_any_text_is_read(text: str) -> None:
    """Whatever the text, every date found stands in it."""
    for found in dates_found(text, TODAY):
        assert 0 <= found.start < found.end <= len(folded(text).text)


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "18 March 2023"),
        ("ru", "18 марта 2023"),
        ("fr", "18 mars 2023"),
        ("de", "18 März 2023"),
        ("und", "18 March 2023"),
    ],
)
def test_a_date_in_digits_is_spelled_out_in_the_language(language: str, written: str) -> None:
    """In English where nobody knows the language's months."""
    assert spell_out_dates("18.03.2023?", language) == f"{written}?"
