"""What is set off in a text reaches Telegram as HTML that it takes, and not a character is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.markup import formatted
from index.knowledge.snippet import Mark, MarkKind
from tests.support.telegram_rules import parse

TEXT = "Press <Start> & read the manual"
BOLD, ITALIC, CODE, LINK = MarkKind.BOLD, MarkKind.ITALIC, MarkKind.CODE, MarkKind.LINK


@pytest.mark.parametrize(
    ("marks", "bold", "html"),
    [
        ([], None, "Press &lt;Start&gt; &amp; read the manual"),
        ([Mark(6, 13, CODE)], None, "Press <code>&lt;Start&gt;</code> &amp; read the manual"),
        ([Mark(6, 13, CODE)], (0, 31), "<b>Press </b><code>&lt;Start&gt;</code><b> &amp; read the manual</b>"),
        (
            [Mark(0, 5, BOLD), Mark(0, 13, ITALIC)],
            None,
            "<b><i>Press</i></b><i> &lt;Start&gt;</i> &amp; read the manual",
        ),
        ([Mark(0, 13, BOLD)], (0, 13), "<b>Press &lt;Start&gt;</b> &amp; read the manual"),
        (
            [Mark(21, 31, LINK, "https://a.example/?b=1&c=2")],
            (25, 31),
            'Press &lt;Start&gt; &amp; read <a href="https://a.example/?b=1&amp;c=2">the <b>manual</b></a>',
        ),
        ([Mark(25, 31, LINK, "javascript:alert(1)")], None, "Press &lt;Start&gt; &amp; read the manual"),
        ([Mark(25, 31, LINK, "../other.md")], None, "Press &lt;Start&gt; &amp; read the manual"),
        (
            [Mark(6, 13, LINK, "https://a.example"), Mark(6, 13, CODE)],
            None,
            'Press <a href="https://a.example">&lt;Start&gt;</a> &amp; read the manual',
        ),
        ([Mark(5, 6, BOLD)], None, "Press &lt;Start&gt; &amp; read the manual"),
    ],
)
def test_marks_become_tags(marks: list[Mark], bold: tuple[int, int] | None, html: str) -> None:
    """Bold may lie in a link, code lies in nothing, and only web addresses are links."""
    assert formatted(TEXT, marks, 0, len(TEXT), bold) == html


def test_a_part_has_the_marks_that_reach_into_it() -> None:
    """Marks are cut where the quoted part begins and ends."""
    assert formatted("one two three", [Mark(0, 7, BOLD), Mark(8, 13, ITALIC)], 4, 11, None) == "<b>two</b> <i>thr</i>"


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60),
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from(list(MarkKind))),
        max_size=6,
    ),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_any_marks_give_html_that_telegram_takes(
    text: str, drawn: list[tuple[int, int, MarkKind]], first: int, last: int
) -> None:
    """The HTML nests, and shows exactly the part of the text."""
    size = len(text)
    marks = [Mark(min(a, b, size), min(max(a, b), size), kind, "https://a.example/b") for a, b, kind in drawn]
    start, end = sorted((min(first, size), min(last, size)))
    html = formatted(text, marks, start, end, (0, size))
    shown, entities = parse(html)
    assert shown == text[start:end]
    assert all(covered for _, covered in entities)
    assert not re.search("<(?:code|pre)>[^<]*<[^/]", html)
