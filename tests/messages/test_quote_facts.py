"""What is told about a quote, from its own fields."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.locales import texts_for
from bot.messages.quote_facts import QuoteFact, own_words, quote_fact
from index.knowledge.snippet import Snippet, Source

_SOURCES = tuple(
    Source(f"s{number}", f"Paper {number}", f"Title {number}", "2024-03", f"https://example.org/{number}")
    for number in range(5)
)
_SNIPPET = Snippet(
    "a/b", "en", "a", "Title", "“A thing of beauty”, said Ann. She called it “a joy for ever” and “Joy”.",
    ((0, 31), (32, 78)), ("Ann",), "2024-03-01", sources=_SOURCES,
)  # fmt: skip


def test_every_source_is_linked() -> None:
    """Few sources stand on lines of their own, many on one line."""
    many = quote_fact(QuoteFact.SOURCE, _SNIPPET, texts_for("en")).html
    assert all(f'href="https://example.org/{number}"' in many for number in range(5))
    assert len(many.splitlines()) == 1
    few = quote_fact(QuoteFact.SOURCE, replace(_SNIPPET, sources=_SOURCES[:2]), texts_for("en")).html
    assert [line[:9] for line in few.splitlines()] == ["📰 Paper 0", "📰 Paper 1"]


def test_only_words_in_quotation_marks_are_the_speakers_own() -> None:
    """Names in quotation marks are nobody's words, and without a speaker there are none."""
    assert own_words(_SNIPPET) == ["A thing of beauty", "a joy for ever"]
    assert own_words(replace(_SNIPPET, speakers=())) == []


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
@pytest.mark.parametrize("fact", QuoteFact)
def test_a_quote_without_fields_is_told_in_one_line(fact: QuoteFact, language: str) -> None:
    """A plain folder has no sources, speakers and dates, and every question still gets an honest line."""
    plain = replace(_SNIPPET, speakers=(), sources=(), as_of=None)
    html = quote_fact(fact, plain, texts_for(language)).html
    assert html
    assert len(html.splitlines()) == 1
