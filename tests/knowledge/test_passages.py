"""Any Markdown gives passages whose texts, marks and sentences fit each other."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.knowledge.front_matter import read_heading
from index.knowledge.markdown_blocks import read_markdown
from index.knowledge.passages import Passage, passages

PIECES = [
    "# A", "## B?", "Text one. Text two.", "- item", "1. first", "   more", "> quote", "> [!note] T", "**Q:** Why?",
    "**A:** So.", "**Bold?** yes", "**Bold**", "| a | b |", "|---|---|", "| E07 | **x** |", "```", "code", "    x = 1",
    "---", "", "", "[[P|w]] ![[x]]", "{{t}} and <% x %>", "*i* ~~s~~ `c` [l](https://a.example)", "<b>h</b>", "<!-- c",
    "-->", "text[^1]", "[^1]: note", "%%", "!!! note \"T\"", "    in", "Term", ": def",
    "<details><summary>Q?</summary>", "</details>", ":::tip", "* content\n{:toc}", "[[_TOC_]]",
    "* * *", "Вопрос: как?", "Ответ: так.",
    "- [ ] todo", "==m==", ".. note:: x", ".. code-block:: y", "| line", "(@x) e", "#. i", "+---+---+", "\\[", "\\]",
    "/// note | T", "///", "{{< tab \"x\" >}}", "{{< /tab >}}", "<table><tr><td>a", "</td></tr></table>", "import {",
    "} from 'x';", "x ~a~ ^b^ `a`_ :r:`x <y>` {r}`z` [1]_", "<TabItem label='w'>", "</TabItem>", "\\begin{a}",
]  # fmt: skip


def read(text: str, title: str | None = None) -> list[Passage]:
    return list(passages(read_markdown(text).blocks, title, "name"))


@settings(deadline=None)  # the first text waits until the parser is imported
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=20)), max_size=20).map("\n".join))
def test_any_text_gives_passages_that_fit(text: str) -> None:
    """Sentences cover all but white space in order, marks lie within, and something is to be seen."""
    read_heading(text)
    for passage in read(text):
        body = passage.body
        assert any(map(str.isalnum, body.text))
        assert passage.title
        spans = body.sentences("en")
        assert all(0 <= a < b <= len(body.text) for a, b in spans)
        assert all(a[1] <= b[0] for a, b in pairwise(spans))
        edges = [(0, 0), *spans, (len(body.text), len(body.text))]
        assert not "".join(body.text[a[1] : b[0]] for a, b in pairwise(edges)).strip()
        assert all(0 <= mark.start < mark.end <= len(body.text) for mark in body.marks)


def test_a_long_list_is_divided_with_its_introduction() -> None:
    """Each part begins with the sentence that leads into the list, and no item is lost."""
    items = [f"- item number {number} of a list that is long enough to be divided" for number in range(40)]
    found = read("Lead in:\n\n" + "\n".join(items))
    assert len(found) > 1
    assert all(passage.body.text.startswith("Lead in:\n") and len(passage.body.text) < 1200 for passage in found)
    assert [line for passage in found for line in passage.body.text.split("\n") if line.startswith("- ")] == items


def test_a_long_table_is_divided_with_the_names_of_its_columns() -> None:
    """Each part has the lead and the first row; each row is a sentence."""
    rows = "\n".join(f"| E{number:02} | The part with the number {number} is broken. |" for number in range(40))
    found = read(f"Codes:\n\n| Code | Meaning |\n|---|---|\n{rows}\n")
    assert len(found) > 1
    for passage in found:
        first, second, *others = (passage.body.text[a:b] for a, b in passage.body.sentences("en"))
        assert (first, second) == ("Codes:", "Code | Meaning")
        assert all(re.fullmatch(r"E\d\d \| The part with the number \d+ is broken\.", row) for row in others)


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("# A\n\nx\n\n## B\n\nx\n\n### C\n\nx\n\n## D\n\nx", ["A", "A – B", "A – B – C", "A – D"]),
        ("A\n=\nx\n\nB\n-\nx", ["A", "A – B"]),
        ("## A ##\nx\n# B\nx", ["A", "B"]),
        ("x\n\n# A\n\nx", ["name", "A"]),
        ("# A\n\n# B\n\nx", ["B"]),
    ],
)
def test_a_title_is_the_path_of_headings(text: str, titles: list[str]) -> None:
    """Headings of every level and form count; without any, the file has a name."""
    assert [passage.title for passage in read(text)] == titles


def test_a_stated_title_is_above_all_headings() -> None:
    """It is not repeated where the first heading says the same."""
    assert [passage.title for passage in read("x\n\n## B\n\nx", "T")] == ["T", "T – B"]
    assert [passage.title for passage in read("# T\n\nx", "T")] == ["T"]


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: T\ndate: 2026-01-02\n---\nx",
        "---\ntitle: 'T: U'\nx: {{y}}\n---\nx",
        '+++\ntitle = "T"\n+++\nx',
        '{\n"title": "T"\n}\nx',
        "Title: T\nDate: 2026-01-02 10:00\n\nx",
        "Title: T: U\n\nx",
    ],
)
def test_titles_of_other_programs_are_taken(text: str) -> None:
    """YAML, TOML, JSON and header lines above a text are no part of it."""
    heading = read_heading(text)
    assert heading.title in ("T", "T: U")
    assert "\n".join(text.split("\n")[heading.body_line - 1 :]).strip() == "x"


@pytest.mark.parametrize(
    "text", ["---\nProse between two rules.\n---\nx", "Note: this is a text.\n\nx", "---\nx", "{\nx"]
)
def test_what_only_looks_like_front_matter_is_text(text: str) -> None:
    """A rule, a note and a bracket begin ordinary texts."""
    assert read_heading(text).body_line == 1


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("**Q: Why?**\nA: So.", "Why?", "So."),
        ("**Q.** Why?\n\n**A.** So.", "Why?", "So."),
        ("Q: Why? So.", "Why?", "So."),
        ("Question 3: Tell me why\nAnswer: So.", "Tell me why", "So."),
        ("**Why?** So.", "Why?", "So."),
        ("__Why__? – So.", "Why?", "So."),
        ("**Why?**\n\nSo.\n\nTruly.", "Why?", "So.\n\nTruly."),
        ("### Q: Why\n\nA: So.", "Why", "So."),
        ("### 3. Why?\n\nA. Smith says so.", "Why?", "A. Smith says so."),
        ("## Why? 🙂\n\nSo.", "Why? 🙂", "So."),
        ("- **Why?**\n  So.", "Why?", "So."),
        ("1. Why?\n\n   So.", "Why?", "So."),
        ("Вопрос: Почему?\nОтвет: Так.", "Почему?", "Так."),
        ("<details><summary>Why?</summary>\n\nSo.\n</details>", "Why?", "So."),
        ("> [!faq]- Why?\n> So.", "Why?", "So."),
        ("В. Иванов спросил, почему.", None, "В. Иванов спросил, почему."),
        ("Why? Nobody knows.", None, "Why? Nobody knows."),
        ("**Never** ask why?", None, "Never ask why?"),
    ],
)
def test_a_question_belongs_to_its_answer(text: str, question: str | None, answer: str) -> None:
    """A question above a text is its example question, however it is set off; one within a text is none."""
    (only,) = read(text)
    assert (only.question, only.body.text) == (question, answer)
