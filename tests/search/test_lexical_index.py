"""Coverage of a question by fields and translations is exact and bounded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search.lexical_index import FieldTerms, LexicalIndex
from index.text.terms import term_hash, term_hashes

WORDS = st.lists(st.sampled_from("copper zinc lead tin iron gold ore mine мыс медь руда".split()), max_size=8)
TRANSLATIONS = st.lists(st.lists(WORDS, min_size=1, max_size=4), min_size=1, max_size=12)
EVERYTHING = 10**9

Translations = list[list[list[str]]]
"""The words of each field of each translation."""


def index_of(translations: Translations, common: dict[str, float] | None = None) -> LexicalIndex:
    """Index words as stems; no field has n-grams."""
    none = np.empty(0, np.int64)
    fields = [FieldTerms(term_hashes(field), none) for translation in translations for field in translation]
    owners = np.array([number for number, translation in enumerate(translations) for _ in translation])
    return LexicalIndex.build(fields, owners, {term_hash(word): idf for word, idf in (common or {}).items()})


def saturated(translations: Translations, number: int, word: str) -> float:
    """BM25's count of a term in a translation, with k1 = 1.2 and b = 0.75; fields are what is counted."""
    lengths = [sum(len(set(field)) for field in translation) for translation in translations]
    length = lengths[number] / max(1.0, sum(lengths) / len(translations))
    times = sum(word in field for field in translations[number])
    return times * 2.2 / (times + 1.2 * (0.25 + 0.75 * length)) if times else 0.0


@given(TRANSLATIONS, WORDS)
def test_coverage_equals_brute_force(translations: Translations, question: list[str]) -> None:
    """The weight of the question's terms that each translation holds, by the textbook formula."""
    index = index_of(translations)
    found = index.look_up(question)
    covered = index.coverage(found, EVERYTHING).translations
    held = [{word for field in translation for word in field} for translation in translations]
    frequency = {word: sum(word in own for own in held) for word in set(question)}
    idf = {word: np.log1p((len(translations) - n + 0.5) / (n + 0.5)) for word, n in frequency.items()}
    total = sum(idf.values()) or 1.0
    expected = [
        sum(idf[word] / total * saturated(translations, number, word) for word in idf)
        for number in range(len(translations))
    ]
    np.testing.assert_allclose(covered, expected, atol=1e-5)
    unknown = sum(idf[word] for word, n in frequency.items() if n == 0) / total
    assert found.unknown_terms == {term_hash(word) for word in question if not frequency[word]}
    assert found.unknown == pytest.approx(unknown if question and any(map(any, translations)) else 1.0, abs=1e-5)


@given(TRANSLATIONS, WORDS, st.integers(0, 12))
def test_a_budget_leaves_out_the_commonest_terms(translations: Translations, question: list[str], most: int) -> None:
    """Coverage under a budget is never more than without, and as much where the budget suffices."""
    index = index_of(translations)
    found = index.look_up(question)
    whole = index.coverage(found, EVERYTHING).translations
    assert (index.coverage(found, most).translations <= whole + 1e-9).all()
    postings = int(sum(index.starts[found.ids + 1] - index.starts[found.ids]))
    np.testing.assert_array_equal(index.coverage(found, postings).translations, whole)


@given(TRANSLATIONS, WORDS)
def test_a_saved_index_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, translations: Translations, question: list[str]
) -> None:
    """What is loaded covers as what was saved."""
    folder: Path = tmp_path_factory.mktemp("lexical")
    index = index_of(translations)
    index.save(folder)
    loaded = LexicalIndex.load(folder, index.owners)
    found = loaded.look_up(question)
    again, before = loaded.coverage(found, EVERYTHING), index.coverage(found, EVERYTHING)
    np.testing.assert_array_equal(again.translations, before.translations)


@given(TRANSLATIONS, WORDS)
def test_coverage_of_fields_and_without_some(translations: Translations, question: list[str]) -> None:
    """Each field holds its own terms; a field left out holds none, and its translation what its other fields hold."""
    index = index_of(translations)
    found = index.look_up(question)
    weight = dict(zip(term_hashes(question).tolist(), [0.0] * len(set(question)), strict=True))
    weight.update(zip(index.vocabulary[found.ids].tolist(), found.weights.tolist(), strict=True))
    fields = [set(term_hashes(field).tolist()) for translation in translations for field in translation]
    covered = index.coverage(found, EVERYTHING, without=(0,))
    expected = [0.0, *(sum(weight.get(term, 0.0) for term in field) for field in fields[1:])]
    np.testing.assert_allclose(covered.fields, expected, atol=1e-5)
    within = index.coverage(found, EVERYTHING).translations
    assert covered.translations[0] <= within[0] + 1e-9
    np.testing.assert_array_equal(covered.translations[1:], within[1:])


@given(TRANSLATIONS, WORDS)
def test_a_common_word_that_no_text_holds_weighs_what_it_weighs_in_the_language(
    translations: Translations, question: list[str]
) -> None:
    """Beside it the other words count for more than beside a rare unknown word; what the texts hold stays as it was."""
    plain = index_of(translations).look_up([*question, "please"])
    index = index_of(translations, {"please": 0.1, "copper": 0.1, "absent": 0.1})
    found = index.look_up([*question, "please"])
    assert found.unknown <= plain.unknown
    assert found.total <= plain.total or not any(map(any, translations))
    assert term_hash("please") not in found.unknown_terms
    assert (found.weights >= plain.weights[: len(found.weights)]).all()
    held = {word for translation in translations for field in translation for word in field}
    assert len(found.ids) == len(held.intersection(question))
    before = index_of(translations)
    known = [word for word in dict.fromkeys(question) if word in held]
    np.testing.assert_array_equal(before.idf_of(term_hashes(known)), index.idf_of(term_hashes(known)))


def test_a_common_word_weighs_no_more_than_a_rare_one() -> None:
    """In a small corpus nothing weighs more than a word that nobody uses."""
    index = index_of([[["copper"]], [["zinc"]]], {"please": 99.0})
    assert index.look_up(["please"]).total == pytest.approx(index.look_up(["unheard"]).total)


@given(TRANSLATIONS)
def test_a_field_weighs_the_sum_of_its_stems(translations: Translations) -> None:
    """The weight of a field is that of a question with the same words."""
    index = index_of(translations)
    totals = [index.look_up(field).total for translation in translations for field in translation]
    np.testing.assert_allclose(index.stem_weights, totals, rtol=1e-5)
