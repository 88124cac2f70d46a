"""The language of a question is recognised by its letters and commonest words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.language import UNKNOWN, detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Who is the trade envoy?", "en"),
        ("Who is Тоқаев?", "en"),
        ("Кто торговый посланник?", "ru"),
        ("уран казахстан добыча", "ru"),
        ("Кто такой Қасым-Жомарт Тоқаев?", "ru"),
        ("кто не подписал соглашение", "ru"),
        ("чем занимается Ferro-Alloy Resources", "ru"),
        ("Сауда өкілі кім?", "kk"),
        ("Central Asia Metals және Қоңырат мысы", "kk"),
        ("бул келісім туралы", "kk"),
        ("казакстан уран канша", "kk"),
        ("что такое The Bank of England and Wales", "ru"),
        ("кто такой Gavin Harper", "ru"),
        ("Gavin Harper деген кім", "kk"),
        ("стратегическое партнёрство", "ru"),
        ("товарооборот, миллиарды долларов", "ru"),
        ("визит министра в Лондон", "ru"),
        ("Елимизде сарматтардын коныстанган аймагы", "kk"),
        ("уран ондирисинин колеми канша", "kk"),
        ("турик тилдери создигинин авторы", "kk"),
        ("Торгай боксити негизинде курылган", "kk"),
        ("Wie viel Zink?", UNKNOWN),
        ("uranium", UNKNOWN),
        ("", UNKNOWN),
        ("🙂 123", UNKNOWN),
    ],
)
def test_the_language_is_recognised(text: str, language: str) -> None:
    """Also where names in other letters stand in the text, and Kazakh is typed in Russian letters."""
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("Gavin Harper", "kk", "kk"),
        ("Gavin Harper", "ru", "ru"),
        ("Bank of England", "ru", "ru"),
        ("uranium", None, UNKNOWN),
        ("Who is Gavin Harper?", "ru", "en"),
        ("what is the Bank of England", "kk", "en"),
        ("уран", "kk", "kk"),
        ("уран", "ru", "ru"),
        ("уран", "en", "ru"),
        ("шикизат тизими", "kk", "kk"),
        ("кто такой Харпер", "kk", "ru"),
        ("стратегическое партнёрство", "kk", "ru"),
        ("Қоңырат мысы", "ru", "kk"),
    ],
)
def test_the_language_of_the_person_decides_where_the_text_does_not(text: str, hint: str | None, language: str) -> None:
    """A name in Latin letters, and Cyrillic text that may be Kazakh."""
    assert detect_language(text, hint=hint) == language


@given(st.text(), st.sampled_from(["en", "kk", "de"]))
def test_the_default_is_for_text_without_evidence(text: str, default: str) -> None:
    """The answer is one of the three languages or what the caller gave."""
    assert detect_language(text, default) in {"en", "ru", "kk", default}
    assert detect_language("", default) == default
