"""Wordings are spelled right before they are taken over."""

from __future__ import annotations

import pytest

from bot.review.wordings import spelled
from index.search.index import Index


@pytest.mark.parametrize(
    ("language", "typed", "meant"),
    [
        # The snippet that holds the word is not among those that the question finds.
        ("en", "how many lithum miners work in kazakhstan", "how many lithium miners work in kazakhstan"),
        ("en", "Kazakstan: who signd the roadmap?", "Kazakhstan: who signed the roadmap?"),
        ("ru", "кто падписал дарожную карту", "кто подписал дорожную карту"),
        ("en", "who signed the roadmap in March", "who signed the roadmap in March"),
        ("en", "<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("en", "", ""),
    ],
)
def test_words_one_slip_from_a_known_one_are_corrected(
    real_index: Index, language: str, typed: str, meant: str
) -> None:
    """Everything else stays as it was typed, and so do capitals."""
    assert spelled(typed, language, real_index) == meant
