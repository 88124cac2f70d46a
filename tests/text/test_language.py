"""The language of a question is recognised by its letters and commonest words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.language import UNKNOWN, detect_language
from index.text.word_frequency import function_words

FRENCH_AND_GERMAN = {language: function_words(language) for language in ("fr", "de")}


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


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Combien coûte une batterie ?", "fr"),
        ("combien coute la batterie", "fr"),
        ("est-ce que je peux laver le vélo", "fr"),
        ("Was kostet die Mitgliedschaft?", "de"),
        ("wann ist die Halle offen", "de"),
        ("How much is the battery?", "en"),
        ("who is the chair of the club", "en"),
        ("Сколько стоит батарея?", "ru"),
        ("Бұл батарея қанша тұрады?", "kk"),
        ("batterie", UNKNOWN),
    ],
)
def test_other_languages_are_recognised_by_their_function_words(text: str, language: str) -> None:
    """Where a knowledge is in them, beside the three with rules."""
    assert detect_language(text, others=FRENCH_AND_GERMAN) == language


def test_a_word_of_two_languages_counts_for_the_language_of_the_knowledge() -> None:
    """The German question word is an English verb."""
    assert detect_language("was kostet", others=FRENCH_AND_GERMAN) == "de"
    assert detect_language("was kostet") == "en"


@given(st.text())
def test_no_text_fails_where_there_are_other_languages(text: str) -> None:
    """It has one of all these languages or none."""
    assert detect_language(text, others=FRENCH_AND_GERMAN) in {"en", "ru", "kk", "fr", "de", UNKNOWN}
