"""What a deep link carries."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.deep_links import ask_payload, asked_by


@pytest.mark.parametrize(
    "words", ["lithium", "Кто подписал дорожную карту 2024 года?", "Қазақстандағы елші кім?", "où est l’uranium"]
)
def test_short_words_come_back_as_they_were(words: str) -> None:
    """In Latin, Russian and Kazakh letters 46 characters fit."""
    assert asked_by(ask_payload(words) or "") == words


def test_of_a_long_text_its_first_whole_words_fit() -> None:
    """No word is cut."""
    long = "кто подписал дорожную карту между двумя странами в прошлом году"
    asked = asked_by(ask_payload(long) or "")
    assert asked is not None
    assert long.startswith(f"{asked} ")


@pytest.mark.parametrize("payload", ["", "ask", "p_abcdefghijk", "a_", "a_%%", "u_gICA", "a_A", "b_bGl0"])
def test_other_payloads_ask_nothing(payload: str) -> None:
    """Forged ones included."""
    assert asked_by(payload) is None


@given(st.text(max_size=300))
def test_any_text_makes_a_payload_that_telegram_takes_or_none(text: str) -> None:
    """It has one to 64 characters of the URL-safe alphabet, and carries the beginning of the text."""
    words = " ".join(text.split())
    payload = ask_payload(words)
    if payload is not None:
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", payload)
        assert words.startswith(asked_by(payload) or "?")
