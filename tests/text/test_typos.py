"""A mistyped word is read as the word that was meant, where a snippet that was found has one so near."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.spelling import correct_typos

FOUND = ("The Lancaster House meeting on lithium", "лицензия на разведку", "Кен орнының жобалары")
WORDS = st.text(string.ascii_lowercase, min_size=6, max_size=12)


def nobody_knows(word: str) -> bool:
    """Take every word for a misspelling."""
    return False


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("what is lithuim used for", "what is lithium used for"),
        ("LITIUM?", "lithium?"),
        ("the lanccaster house meating", "the Lancaster house meeting"),
        ("лицензя на развидку", "лицензия на разведку"),
        ("жоблары", "жобалары"),
    ],
)
def test_a_slip_is_corrected(typed: str, meant: str) -> None:
    """One letter wrong, missing, too many or swapped with its neighbour, in any alphabet."""
    assert correct_typos(typed, nobody_knows, FOUND) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "bithium",  # people seldom mistype the first letter
        "lethiam",  # two slips
        "meat",  # short words are other words
        "lithium",
        "",
        "2024 \U0001f600",
    ],
)
def test_other_words_stay(typed: str) -> None:
    """What is not one slip away from a word of the snippets stays as it was typed."""
    assert correct_typos(typed, nobody_knows, FOUND) == typed


def test_a_known_word_is_no_misspelling() -> None:
    """Somebody who asks for stuff does not mean the staff."""
    assert correct_typos("who buys the stuff", lambda word: word in {"stuff"}, ["The staff"]) == "who buys the stuff"


def test_the_best_snippet_counts_first() -> None:
    """Of two words that are equally near, the one in the better snippet is meant."""
    assert correct_typos("the miners", nobody_knows, ["its mines", "a miner"]) == "the mines"
    assert correct_typos("the miners", nobody_knows, ["a miner", "its mines"]) == "the miner"


def test_composed_and_combining_letters_are_one() -> None:
    """A phone that sends й as two characters does not cut its word in two."""
    typed = unicodedata.normalize("NFD", "Британскйи университет")
    assert correct_typos(typed, nobody_knows, ["Британский университет"]) == "Британский университет"
    snippet = unicodedata.normalize("NFD", "Британский университет")
    assert correct_typos("Британскйи университет", nobody_knows, [snippet]) == "Британский университет"
    assert correct_typos(typed, lambda word: True, [snippet]) == typed
    assert correct_typos(typed, nobody_knows, ["nothing near"]) == typed, "not read otherwise than it was typed"


@pytest.mark.parametrize(
    "slip",
    [
        lambda word, i, letter: word[:i] + word[i + 1 :],
        lambda word, i, letter: word[:i] + letter + word[i:],
        lambda word, i, letter: word[:i] + letter + word[i + 1 :],
        lambda word, i, letter: word[:i] + word[i + 1 : i + 2] + word[i : i + 1] + word[i + 2 :],
    ],
    ids=["missing", "added", "wrong", "swapped"],
)
@given(word=WORDS, place=st.integers(1, 11), letter=st.sampled_from(string.ascii_lowercase))
def test_every_single_slip_is_found(slip: Callable[[str, int, str], str], word: str, place: int, letter: str) -> None:
    """In any word, anywhere behind its first letter."""
    assert correct_typos(slip(word, min(place, len(word) - 1), letter), nobody_knows, [word]) == word


@given(typed=st.text(), found=st.lists(st.text()))
def test_any_text_is_read(typed: str, found: list[str]) -> None:
    """No text makes it fail, and where every word is known nothing changes."""
    correct_typos(typed, nobody_knows, found)
    assert correct_typos(typed, lambda word: True, found) == typed
