"""Questions typed on the wrong keyboard layout or in another alphabet are read as they were meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.spelling import possible_readings


@pytest.mark.parametrize(
    ("typed", "language", "meant"),
    [
        ("rnj gjlgbcfk cjukfitybt", "ru", "кто подписал соглашение"),
        (",hbnfycrbq gjcjk", "ru", "британский посол"),
        ("0fpf0cnfy ehfys", "kk", "қазақстан ураны"),
        ("kto podpisal dorozhnuyu kartu", "ru", "кто подписал дорожную карту"),
        ("Qazaqstan uranı qansha", "kk", "қазақстан урані қанша"),
        ("црщ ышптув еру кщфвьфз", "en", "who signed the roadmap"),
    ],
)
def test_a_question_is_read_as_meant(typed: str, language: str, meant: str) -> None:
    """One of the readings is what was meant."""
    assert (language, meant) in list(possible_readings(typed))


def test_text_of_several_alphabets_is_left_alone() -> None:
    """Nobody types half a question on the wrong layout, but Russian questions contain names in Latin letters."""
    assert not list(possible_readings("чем занимается Rio Tinto"))
    assert not list(possible_readings("2024?"))


@given(st.text())
def test_any_text_has_readings(text: str) -> None:
    """No text makes it fail, and every reading names one of the three languages."""
    assert {language for language, _ in possible_readings(text)} <= {"en", "ru", "kk"}
