"""Kazakh words lose their endings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.kazakh import kazakh_stem
from index.text.terms import fold


@pytest.mark.parametrize(
    ("stem", "forms"),
    [
        ("қала", "қала қалалар қаласы қалаға қаладан қалалардың қаламыздан"),
        ("мектеп", "мектеп мектебі мектептер мектептерде мектептен мектептің"),
        ("министр", "министр министрі министрдің министрлер министрлерге министрмен"),
        ("қазақстан", "Қазақстан Қазақстанның Қазақстанда Қазақстандағы Қазақстаннан Қазақстанға Қазақстанды"),
        ("бол", "болды болған болып болатын болмады болса болу"),
        ("жаз", "жазды жазған жазылған жазылды жазбайды"),
        ("кел", "келді келген келіп келмейді"),
    ],
)
def test_forms_of_a_word_share_a_stem(stem: str, forms: str) -> None:
    """Plural, possessor, case; voice, negation and tense; also where п becomes б before a vowel."""
    assert {kazakh_stem(fold(form)) for form in forms.split()} == {fold(stem)}


@pytest.mark.parametrize("word", ["uranium", "2024", "co2", "да", "мен", "ал", "мг", "ұқк"])
def test_what_is_no_long_kazakh_word_stays_whole(word: str) -> None:
    """Latin words, numbers and short words have no endings."""
    assert kazakh_stem(fold(word)) == fold(word)


@given(st.text("абгдежзийклмнопрстуыхш", min_size=1, max_size=20))
def test_a_stem_is_a_beginning_of_three_letters_or_more(word: str) -> None:
    """Nothing but its last letter may change, and nothing is cut to nothing."""
    stem = kazakh_stem(word)
    assert word.startswith(stem[:-1])
    assert len(stem) >= min(3, len(word))
