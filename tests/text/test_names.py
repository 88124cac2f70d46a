"""All forms of a name share a key, and countries have one in every language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.names import keys, name_key, short_key, words_of


@pytest.mark.parametrize(
    "forms",
    [
        "Лондон Лондона Лондоне лондонском Лондонның Лондондағы",
        "Астана Астане Астаной Астанада Астанадағы",
        "Оксфорд Оксфорде Оксфордта Оксфордский",
        "Аксуорти Аксуортиді Аксуортидің",
        "Шархан Шархана Шарханом Шарханның",
        "Axworthy Axworthy's Axworthy’s",
    ],
)
def test_inflected_forms_share_a_key(forms: str) -> None:
    """In Russian and Kazakh cases, as an adjective and with a possessive."""
    assert len({name_key(form) for form in forms.split()}) == 1


def test_forms_of_the_shortest_names_share_a_short_key() -> None:
    """Three letters stay of them."""
    assert {short_key(form) for form in ("Лич", "Личу", "Личем", "Личтің")} == {"лич"}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("GB", "UK U.K. Britain British England Великобритании британский Англии Ұлыбританиямен Британия"),
        ("KZ", "Kazakhstan Kazakh Kazakhstan's Казахстана казахстанский Қазақстандағы"),
        ("US", "USA American США АҚШ-тың"),
        ("CN", "China Chinese Китае китайский Қытаймен"),
        ("JP", "Japan Japanese Японии японский Жапониядағы"),
        ("UZ", "Uzbekistan Uzbek Узбекистану узбекский Өзбекстан"),
    ],
)
def test_a_country_has_one_key(code: str, words: str) -> None:
    """In three languages, with the words for its people."""
    assert {name_key(word) for word in words.replace("-тың", "").split()} == {code}
    assert "GB" in keys("the United Kingdom") & keys("Соединённое Королевство")


@pytest.mark.parametrize("word", "того чадо germanium бытовой кеніш унция ғана".split())
def test_everyday_words_are_no_countries(word: str) -> None:
    """Though some are spelled like one, or begin so."""
    assert not name_key(word).isupper()


def test_a_capital_letter_counts_within_a_sentence() -> None:
    """The first word of each sentence has one anyway; an initial ends no sentence."""
    found = {name.word: name.capital for name in words_of("Who met J. Smith? Nobody. They met in Paris.")}
    assert {word for word, capital in found.items() if capital} == {"J", "Smith", "Paris"}


@given(st.text(st.characters(codec=None), max_size=60))
def test_any_text_has_keys(text: str) -> None:
    """Whatever the text, each word stands where it is said to stand."""
    for name in words_of(text):
        assert text[name.start : name.end] == name.word
        assert name.key in keys(text)
