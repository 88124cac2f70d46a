"""Texts become terms that survive inflection, spelling and typing errors."""

from __future__ import annotations

import threading

import pytest
import Stemmer
from hypothesis import given
from hypothesis import strategies as st

from index.text.codes import codes
from index.text.terms import STEMMED_LANGUAGES, Terms, fold, words

TERMS = Terms()


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "The ministers signed agreements", "the minister signs agreement"),
        ("en", "mining of minerals", "mine of mineral"),
        ("ru", "Подписанные соглашения министров", "подписанное соглашение министра"),
        ("ru", "добыча урана", "добычи уран"),
        ("kk", "Уран өндірісі", "уран ондириси"),
        ("kk", "қалаларымыздан келген министрлер", "қала келді министрге"),
        ("fr", "batteries rechargées électriques", "batterie recharger electrique"),
        ("de", "Mitgliedsbeiträge großer Vereine", "mitgliedsbeitrag grosse Vereins"),
        ("es", "bicicletas cargadas", "bicicleta cargado"),
        ("it", "biciclette caricate", "bicicletta caricato"),
        ("pl", "składka klubu", "skladki klubowi"),
        ("el", "συνδρομές παιδιών", "συνδρομή παιδιά"),
        ("hi", "लड़कियों", "लड़की"),
    ],
)
def test_words_of_one_stem_share_a_term(language: str, one: str, other: str) -> None:
    """Words meet in their stems, and Kazakh ones also where only letters differ."""
    assert set(TERMS.stems(one, language)) == set(TERMS.stems(other, language))


def test_languages_are_stemmed_apart() -> None:
    """Each language has its own endings, and one without a stemmer keeps its words whole."""
    assert TERMS.stems("mining", "kk") == TERMS.stems("mining", "en"), "a Latin word is the same in all of them"
    assert TERMS.stems("министров", "kk") != TERMS.stems("министров", "ru")
    assert TERMS.stems("кендер", "kk") == ["sкен"]
    assert TERMS.stems("кендер", "und") == ["sкендер"]
    assert TERMS.stems("batteries", "el") == TERMS.stems("batteries", "en"), "a Latin word is no Greek one"
    assert TERMS.stems("gestation", "de") != TERMS.stems("gestation", "fr"), "it is one in each Latin alphabet"


def test_every_algorithm_of_the_library_has_its_language() -> None:
    """The two named after Porter are older ones for English and Dutch."""
    stems = {language: tuple(TERMS.stems("relationships Beziehungen", language)) for language in STEMMED_LANGUAGES}
    assert len(STEMMED_LANGUAGES - {"kk", "nb", "nn"}) == len(set(Stemmer.algorithms()) - {"porter", "dutch_porter"})
    assert stems["nb"] == stems["nn"] == stems["no"]


@pytest.mark.parametrize(
    ("text", "count"), [("सदस्यता की कीमत", 3), ("உறுப்பினர் கட்டணம்", 2), ("מיטגליד שאַפֿט", 2), ("l'autonomie d'été", 4)]
)
def test_vowel_signs_divide_no_word(text: str, count: int) -> None:
    """They are marks, no letters, to Unicode; an apostrophe does divide."""
    assert len(words(text)) == count


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ёлка", "елка"),
        ("Қазақстан", "Казакстан"),
        ("өндіріс ұлы үлес әлем ғылым ң һ", "ондирис улы улес алем гылым н х"),
        ("ＣＯＰＰＥＲ", "copper"),
        ("STRASSE", "straße"),
        ("ﬁnance", "finance"),
        ("é", "é"),
        ("Bolesław Temür Çağrı", "boleslaw temur cagri"),
        ("Qoñyrat Jezqazğan", "qonyrat jezqazgan"),
        ("İstanbul Nguyễn ǿre ħal", "istanbul nguyen ore hal"),
    ],
)
def test_letters_that_people_swap_are_one(one: str, other: str) -> None:
    """ё and е, Kazakh letters and their Russian neighbours, wide and narrow, composed and combining letters."""
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1.18 million, 2,000 and 3", ["1.18", "million", "2000", "and", "3"]),
        ("6,218 6 218 6\u00a0218 6218", ["6218"] * 4),
        ("in 2024 300 people", ["in", "2024", "300", "people"]),
        ("1,18", ["1.18"]),
        ("rare-earth (REE)", ["rare", "earth", "ree"]),
        ("CO2 met4tech", ["co2", "met4tech"]),
        ("55bn, £300m, the 2030s", ["55", "bn", "300", "m", "the", "2030", "s"]),
        ("the B.G.S. of the U.K., U.S.-led", ["the", "bgs", "of", "the", "uk", "us", "led"]),
        ("REEs, MoUs and gas", ["ree", "mou", "and", "gas"]),
        ("… — !", []),
        ("", []),
    ],
)
def test_words_and_numbers_are_found(text: str, found: list[str]) -> None:
    """Numbers stay whole, in one spelling however thousands and fractions are set apart."""
    assert words(text) == found


def test_grams_survive_a_typing_error() -> None:
    """Most n-grams of a misspelt word are still its own; a short word is one gram."""
    right, wrong = set(TERMS.grams("metallurgy")), set(TERMS.grams("metalurgy"))
    assert len(right & wrong) / len(right) >= 0.5
    assert TERMS.grams("uk") == ["g_uk_"]
    assert set(TERMS.grams("metallurgy")).isdisjoint(TERMS.grams("uk"))


def test_synonyms_share_a_term() -> None:
    """Any phrase of a group stands for the group, in any inflection; others do not."""
    terms = Terms([["UK", "United Kingdom", "Great Britain"], ["rare earths", "REE"]])
    shared = set(terms.stems("the United Kingdoms", "en")) & set(terms.stems("UK", "en"))
    assert len(shared) == 1
    assert shared <= set(terms.stems("in Great Britain today", "en"))
    assert shared.isdisjoint(terms.stems("united nations, great kingdom of REE", "en"))


def test_a_question_names_a_synonym_by_its_group_alone() -> None:
    """The longest phrase counts, and a synonym that no text holds is no unknown word."""
    terms = Terms([["UK", "British"], ["BGS", "British Geological Survey"]])
    asked = terms.question_stems("what is the British Geological Survey", "en")
    assert asked == ["swhat", "sis", "sthe", *terms.question_stems("BGS", "en")]
    assert set(terms.question_stems("BGS", "en")) <= set(terms.stems("the British Geological Survey", "en"))
    assert (
        terms.question_stems("British", "en") == terms.question_stems("UK", "en") != terms.question_stems("BGS", "en")
    )


def test_synonyms_of_nothing_do_no_harm() -> None:
    """A group may be empty, or a term hold no word at all."""
    terms = Terms([[], ["—"], ["UK"]])
    assert terms.stems("the UK", "en")[:2] == ["sthe", "suk"]


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from([*sorted(STEMMED_LANGUAGES), "xx", ""]))
def test_any_text_has_terms(text: str, language: str) -> None:
    """Every word gives a stem and n-grams, and every code a term of its own."""
    assert len(TERMS.stems(text, language)) == len(words(text)) + len(codes(text))
    assert bool(TERMS.grams(text)) == bool(words(text))


def test_threads_share_the_stemmers_safely() -> None:
    """The same words give the same stems from many threads at once."""
    texts = ["соглашения министров подписаны", "agreements signed by ministers"] * 20
    expected = [TERMS.stems(text, language) for text, language in zip(texts, ["ru", "en"] * 20, strict=True)]
    results: list[list[list[str]]] = []

    def work() -> None:
        for _ in range(20):
            results.append([TERMS.stems(text, name) for text, name in zip(texts, ["ru", "en"] * 20, strict=True)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 80
