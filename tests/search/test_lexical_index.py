"""Texts become terms that survive inflection, spelling and typing errors; coverage is exact and bounded."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search.lexical_index import LexicalIndex, Terms, fold, hashes, words

TERMS = Terms()
WORDS = st.lists(st.sampled_from("copper zinc lead tin iron gold ore mine мыс медь руда".split()), max_size=8)
RECORDS = st.lists(st.lists(WORDS, min_size=1, max_size=4), min_size=1, max_size=12)
EVERYTHING = 10**9


def index_of(records: list[list[list[str]]]) -> LexicalIndex:
    units = [hashes(unit) for record in records for unit in record]
    owners = np.array([number for number, record in enumerate(records) for _ in record])
    return LexicalIndex.build(units, owners, len(records))


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "The ministers signed agreements", "the minister signs agreement"),
        ("en", "mining of minerals", "mine of mineral"),
        ("ru", "Подписанные соглашения министров", "подписанное соглашение министра"),
        ("ru", "добыча урана", "добычи уран"),
        ("kk", "Уран өндірісі", "уран ондириси"),
    ],
)
def test_words_of_one_stem_share_a_term(language: str, one: str, other: str) -> None:
    """English and Russian words meet in their stems; Kazakh ones where only letters differ."""
    assert set(TERMS.stems(one, language)) == set(TERMS.stems(other, language))


def test_languages_are_stemmed_apart() -> None:
    """A language without a stemmer keeps its words whole."""
    assert TERMS.stems("mining", "kk") != TERMS.stems("mining", "en")
    assert TERMS.stems("кендер", "kk") == ["sкендер"]


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
    asked = terms.asked("what is the British Geological Survey", "en")
    assert asked == ["swhat", "sis", "sthe", *terms.asked("BGS", "en")]
    assert set(terms.asked("BGS", "en")) <= set(terms.stems("the British Geological Survey", "en"))
    assert terms.asked("British", "en") == terms.asked("UK", "en") != terms.asked("BGS", "en")


def test_synonyms_of_nothing_do_no_harm() -> None:
    """A group may be empty, or a term hold no word at all."""
    terms = Terms([[], ["—"], ["UK"]])
    assert terms.stems("the UK", "en")[:2] == ["sthe", "suk"]


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["en", "ru", "kk", "xx", ""]))
def test_any_text_has_terms(text: str, language: str) -> None:
    """Every word gives a stem and n-grams."""
    assert len(TERMS.stems(text, language)) == len(words(text))
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


def saturated(records: list[list[list[str]]], number: int, word: str) -> float:
    """BM25's count of a term in a record, with k1 = 1.2 and b = 0.75; rows are what is counted."""
    lengths = [sum(len(set(row)) for row in record) for record in records]
    length = lengths[number] / max(1.0, sum(lengths) / len(records))
    times = sum(word in row for row in records[number])
    return times * 2.2 / (times + 1.2 * (0.25 + 0.75 * length)) if times else 0.0


@given(RECORDS, WORDS)
def test_coverage_equals_brute_force(records: list[list[list[str]]], question: list[str]) -> None:
    """The weight of the question's terms that each record holds, by the textbook formula."""
    index = index_of(records)
    found = index.look_up(question)
    covered = index.coverage(found, EVERYTHING).records
    held = [{word for unit in record for word in unit} for record in records]
    frequency = {word: sum(word in own for own in held) for word in set(question)}
    idf = {word: np.log1p((len(records) - n + 0.5) / (n + 0.5)) for word, n in frequency.items()}
    total = sum(idf.values()) or 1.0
    expected = [sum(idf[word] / total * saturated(records, n, word) for word in idf) for n in range(len(records))]
    np.testing.assert_allclose(covered, expected, atol=1e-5)
    unknown = sum(idf[word] for word, n in frequency.items() if n == 0) / total
    assert found.unknown_terms == {term for word in question if not frequency[word] for term in hashes([word]).tolist()}
    assert found.unknown == pytest.approx(unknown if question and any(map(any, records)) else 1.0, abs=1e-5)


@given(RECORDS, WORDS, st.integers(0, 12))
def test_a_budget_leaves_out_the_commonest_terms(
    records: list[list[list[str]]], question: list[str], most: int
) -> None:
    """Coverage under a budget is never more than without, and as much where the budget suffices."""
    index = index_of(records)
    found = index.look_up(question)
    whole = index.coverage(found, EVERYTHING).records
    assert (index.coverage(found, most).records <= whole + 1e-9).all()
    postings = int(sum(index.starts[found.ids + 1] - index.starts[found.ids]))
    np.testing.assert_array_equal(index.coverage(found, postings).records, whole)


@given(RECORDS, WORDS)
def test_a_saved_index_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, records: list[list[list[str]]], question: list[str]
) -> None:
    """What is loaded covers as what was saved."""
    folder: Path = tmp_path_factory.mktemp("lexical")
    index = index_of(records)
    index.save(folder)
    loaded = LexicalIndex.load(folder, index.owners, len(records))
    found = loaded.look_up(question)
    np.testing.assert_array_equal(loaded.coverage(found, EVERYTHING).records, index.coverage(found, EVERYTHING).records)


@given(RECORDS, st.sampled_from("copper zinc мыс gold volcano".split()), st.integers(0, 20), st.integers(0, 20))
def test_a_term_is_found_between_any_two_rows(records: list[list[list[str]]], term: str, first: int, end: int) -> None:
    """A range of rows holds a term when one of them does."""
    rows = [unit for record in records for unit in record]
    assert index_of(records).holds(term, first, end) == any(term in row for row in rows[first:end])


@given(RECORDS, WORDS)
def test_coverage_of_rows_and_without_some(records: list[list[list[str]]], question: list[str]) -> None:
    """Each row holds its own terms; a row left out holds none, and its record only what its other rows hold."""
    index = index_of(records)
    found = index.look_up(question)
    weight = dict(zip(hashes(question).tolist(), [0.0] * len(set(question)), strict=True))
    weight.update(zip(index.vocabulary[found.ids].tolist(), found.weights.tolist(), strict=True))
    rows = [set(hashes(unit).tolist()) for record in records for unit in record]
    covered = index.coverage(found, EVERYTHING, without=(0,))
    expected = [0.0 if number == 0 else sum(weight.get(term, 0.0) for term in row) for number, row in enumerate(rows)]
    np.testing.assert_allclose(covered.rows, expected, atol=1e-5)
    within = index.coverage(found, EVERYTHING).records
    assert covered.records[0] <= within[0] + 1e-9
    np.testing.assert_array_equal(covered.records[1:], within[1:])
