"""Common words weigh little."""

from __future__ import annotations

import pytest

from index.text.terms import Terms, fold, term_hash
from index.text.word_frequency import common_terms, common_words

TERMS = Terms()


def weight(word: str, language: str) -> float | None:
    """The weight of a word's stem, or nothing where it is not common."""
    return common_terms(TERMS, [language]).get(term_hash(TERMS.stems(word, language)[0]))


@pytest.mark.parametrize(
    ("language", "commoner", "rarer"),
    [("en", "the", "please"), ("ru", "что", "пожалуйста"), ("kk", "және", "студент"), ("kk", "қандай", "рахмет")],
)
def test_the_commoner_a_word_the_less_it_weighs(language: str, commoner: str, rarer: str) -> None:
    """Words of every question weigh next to nothing."""
    less, more = weight(commoner, language), weight(rarer, language)
    assert less is not None
    assert more is not None
    assert 0 < less < more


@pytest.mark.parametrize(("language", "word"), [("en", "uranium"), ("ru", "меморандум"), ("kk", "вольфрам")])
def test_the_words_of_a_subject_are_not_common(language: str, word: str) -> None:
    """A name or a term that the corpus lacks stays a rare word."""
    assert weight(word, language) is None


def test_only_the_languages_of_the_knowledge_count() -> None:
    """Words of others are as rare as any unknown word; an unknown language has none."""
    assert term_hash(TERMS.stems("please", "en")[0]) not in common_terms(TERMS, ["ru", "kk"])
    assert common_terms(TERMS, ["xx"]) == {}


def test_the_list_holds_folded_words_once() -> None:
    """A word in another form, or twice in a language, would never be found or count twice."""
    for levels in common_words().values():
        assert all(fold(word) == word for word in levels)
        assert all(0 < share < 0.2 for share in levels.values())
