"""Common words weigh little."""

from __future__ import annotations

import math

import pytest

from index.text.terms import STEMMED_LANGUAGES, Terms, fold, term_hash, words
from index.text.word_frequency import common_terms, common_words, function_words

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


def test_every_language_with_a_stemmer_has_a_list() -> None:
    """Written Norwegian has one list for both of its forms."""
    assert {language for language in STEMMED_LANGUAGES if not common_words(language)} == {"nb", "nn"}


@pytest.mark.parametrize("language", sorted(STEMMED_LANGUAGES))
def test_a_list_holds_folded_words(language: str) -> None:
    """A word in another form would never be found."""
    for word, share in common_words(language).items():
        assert fold(word) == word
        assert words(word) == [word]
        assert 0 < share < 0.2


@pytest.mark.parametrize(
    ("language", "question"),
    [("fr", "combien est-ce que"), ("de", "wie viel kann ich"), ("es", "como cuanto"), ("sv", "hur kan jag")],
)
def test_question_words_of_other_languages_weigh_little(language: str, question: str) -> None:
    """A folder whose passages hold no such words is still asked with them."""
    assert all((weight(word, language) or math.inf) < 2 for word in words(question))


def test_words_of_the_subject_show_no_language() -> None:
    """Only function words do."""
    assert {"le", "est", "pour"} <= function_words("fr")
    assert not {"velo", "batterie", "garantie"} & function_words("fr")
