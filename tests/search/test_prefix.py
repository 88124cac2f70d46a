"""Words that are still being typed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.knowledge.snippet import Snippet
from index.search.index import Index
from index.search.prefix import PrefixIndex
from index.text.terms import words


def snippet(title: str, text: str = "", language: str = "en", speakers: tuple[str, ...] = ()) -> Snippet:
    return Snippet(title, language, "topic", title, text, ((0, len(text)),), speakers)


def found(text: str, snippets: Sequence[Snippet], preferred: Sequence[int] = (), limit: int = 10) -> list[str]:
    """Return the titles found among snippets, each of which is its own."""
    names = sorted({each.language for each in snippets})
    languages = np.array([names.index(each.language) for each in snippets], np.int16)
    index = PrefixIndex(snippets, languages, np.arange(len(snippets), dtype=np.int32))
    return [snippets[hit.number].title for hit in index.find(words(text), preferred, limit)]


def test_titles_come_before_names_and_these_before_the_text() -> None:
    """The same beginning is worth most in a title."""
    snippets = [
        snippet("One", "We saw a lithium mine."),
        snippet("Two", "The firm Lithgow came."),
        snippet("Lithium", "About a metal."),
        snippet("Three", "Nothing here."),
    ]
    assert found("lith", snippets) == ["Lithium", "Two", "One"]


def test_speakers_are_found_by_their_names() -> None:
    """They need not stand in the text."""
    assert found("benh", [snippet("One", "A text."), snippet("Two", "A text.", speakers=("Kirsty Benham",))]) == ["Two"]


def test_most_of_what_was_typed_must_be_there() -> None:
    """A frequent word alone finds nothing where the rare one is missing."""
    snippets = [snippet(f"Title {number}", "The trade of the country.") for number in range(5)]
    assert found("trade", snippets)
    assert found("trade of bananas", snippets) == []


def test_a_word_with_another_ending_is_found_by_its_beginning() -> None:
    """Up to four letters may differ."""
    assert found("урановый", [snippet("Добыча урана", language="ru")]) == ["Добыча урана"]
    assert found("цинковый", [snippet("Добыча урана", language="ru")]) == []


def test_the_preferred_language_is_taken_where_it_holds_the_words() -> None:
    """Letters that only another language has lead to that one."""
    snippets = [snippet("Copper mine"), snippet("Мыс кеніші", "Rio Tinto", "kk"), snippet("Медь", "Rio Tinto", "ru")]
    assert found("rio", snippets, [1])[0] == "Мыс кеніші"
    assert found("rio", snippets, [2])[0] == "Медь"
    assert found("copp", snippets, [2]) == ["Copper mine"]


def test_translations_of_one_snippet_are_one_hit() -> None:
    """Whatever languages hold the word."""
    snippets = [snippet("Rio"), snippet("Rio", language="ru")]
    index = PrefixIndex(snippets, np.array([0, 1], np.int16), np.array([0, 0], np.int32))
    assert len(index.find(["rio"], (), 10)) == 1


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_every_beginning_from_three_letters_on_finds_its_snippet(language: str, real_index: Index) -> None:
    """While a word of a title is typed, a snippet with such a title is among the first ten."""
    titles = [found[language].title for found in real_index.snippets.values() if language in found]
    typed = sorted({word for title in titles for word in words(title) if len(word) > 5 and word.isalpha()})[::7][:30]
    assert len(typed) == 30
    for word in typed:
        for end in range(3, len(word) + 1):
            begun = real_index.prefixes.find(word[:end], [language], 10)
            assert any(held.startswith(word[:end]) for shown in begun.titled for held in words(shown.title)), word[:end]
            assert begun.titled[0].language == language


def test_a_whole_word_of_the_knowledge_is_known(real_index: Index) -> None:
    """Its beginning is none."""
    word = max(words(real_index.snippet(next(iter(real_index.snippets))).title), key=len)  # type: ignore[union-attr]
    assert real_index.prefixes.find(word, [], 1).is_word
    assert not real_index.prefixes.find(f"{word}xq", [], 1).is_word


@given(st.text(max_size=60))
def test_any_text_can_be_typed(text: str) -> None:
    """Nothing makes the search fail, and no more comes than was asked for."""
    assert len(found(text, [snippet("Uranium", "About İstanbul."), snippet("Уран", language="ru")], limit=1)) <= 1


def test_an_empty_knowledge_holds_nothing() -> None:
    """There are no words at all."""
    assert found("uranium", []) == []
