"""A question that asks for what is not so is told from a polite one."""

from __future__ import annotations

import pytest

from index.text.negation import denies, negation


@pytest.mark.parametrize(
    ("question", "language", "word"),
    [
        ("Who did not sign the roadmap?", "en", "not"),
        ("who didn't sign", "en", "didn't"),
        ("who didnt sign", "en", "didnt"),
        ("Which country never joined?", "en", "never"),
        ("кто не подписал", "ru", "не"),
        ("Каких металлов в Казахстане нет?", "ru", "нет"),
        ("жол картасына кім қол қоймады", "kk", "қоймады"),
        ("кім қол қойған жоқ", "kk", "жоқ"),
        ("қай ел мүше емес", "kk", "емес"),
    ],
)
def test_a_negation_is_found(question: str, language: str, word: str) -> None:
    """In each language, with or without an apostrophe."""
    assert negation(question, language) == word


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("I don't know who signed it, do you?", "en"),
        ("Could you not tell me who signed?", "en"),
        ("Isn't Kazakhstan the largest producer?", "en"),
        ("It was signed in March, wasn't it?", "en"),
        ("not only copper but also zinc?", "en"),
        ("Has it been ratified or not?", "en"),
        ("Не подскажете, кто подписал?", "ru"),
        ("не знаю, кто подписал", "ru"),
        ("не только медь", "ru"),
        ("подписали или нет", "ru"),
        ("Бұл не?", "kk"),
        ("кездесуде не айтылды", "kk"),
        ("қол қойылды ма, әлде жоқ па", "kk"),
        ("Кто подписал соглашение?", "ru"),
    ],
)
def test_politeness_and_doubt_are_no_negations(question: str, language: str) -> None:
    """Nor is the Kazakh "what", which is spelled like the Russian "not"."""
    assert negation(question, language) is None


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Neither side disclosed the details.", "en", True),
        ("Both sides signed.", "en", False),
        ("Детали не раскрыли.", "ru", True),
        ("Егжей-тегжейін жария еткен жоқ.", "kk", True),
        ("Екі тарап қол қойды.", "kk", False),
    ],
)
def test_a_passage_denies_something_or_nothing(text: str, language: str, expected: bool) -> None:
    """A question with a negation may be answered by a passage that has one."""
    assert denies(text, language) is expected
