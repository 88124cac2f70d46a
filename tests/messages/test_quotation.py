"""Quotes: the part of a snippet that is shown, its bold sentence, and the italics of quoted words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.messages.quotation import extract, quote
from bot.messages.telegram_text import visible
from index.knowledge.sentences import split_sentences
from index.knowledge.snippet import Mark, MarkKind, Snippet, Span
from tests.support.any_snippets import snippets
from tests.support.telegram_rules import parse, units


def said(text: str, highlight: Span | None = None, limit: int = 4000) -> str:
    return quote(Snippet("a/b", "en", "a", "T", text, split_sentences(text)), highlight, limit)[0]


def test_the_part_of_a_long_snippet_that_is_quoted_holds_the_sentence_that_answers() -> None:
    """Where the sentence lies beyond what fits, the quote begins with it and ends with a sentence."""
    text = " ".join(f"Sentence number {number} says something." for number in range(300))
    snippet = Snippet("a/b", "en", "a", "T", text, split_sentences(text))
    wanted = snippet.sentences[250]
    start, end = extract(snippet, wanted, 2000)
    assert start == wanted[0]
    assert end in {stop for _, stop in snippet.sentences}
    assert end - start <= 2000


def test_nothing_is_bold_where_the_whole_quote_would_be() -> None:
    """A snippet of one sentence is quoted as it stands."""
    text = "Lithium is mined."
    assert said(text, (0, len(text))) == f"<blockquote>{text}</blockquote>"


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("He called it “a natural fit” & left.", "He called it <i>“a natural fit”</i> &amp; left."),
        ("Он назвал это «естественным союзом».", "Он назвал это <i>«естественным союзом»</i>."),
        ("Компания «Рога «и» копыта» молчит.", "Компания <i>«Рога «и» копыта»</i> молчит."),
        ('A "good" and a "better" one.', 'A <i>"good"</i> and a <i>"better"</i> one.'),
        ("Er sagte „sehr gut“.", "Er sagte <i>„sehr gut“</i>."),
        ("Britain's and Leach’s ‘own’ words", "Britain's and Leach’s ‘own’ words"),
        ("A “half open quote. Another.", "A “half open quote. Another."),
        ('A pipe of 5" and one of 7" each.', 'A pipe of 5" and one of 7" each.'),
        ("Opened “here\n\nand closed” there.", "Opened “here\n\nand closed” there."),
        ("Empty “” and “ ” and ”back“.", "Empty “” and <i>“ ”</i> and ”back“."),
    ],
)
def test_quoted_words_are_in_italics(text: str, inner: str) -> None:
    """Between balanced marks on one line, with their marks; an apostrophe and inches are no marks."""
    assert said(text) == f"<blockquote>{inner}</blockquote>"


def test_quoted_words_in_the_answering_sentence_are_bold_and_in_italics() -> None:
    """The italics lie within the bold; where the marks reach beyond the sentence there are two pieces of them."""
    text = "One. He said “yes” to it. Two."
    assert said(text, (5, 25)) == "<blockquote>One. <b>He said <i>“yes”</i> to it.</b> Two.</blockquote>"
    text = "She said “Yes. And no.” Then."
    assert said(text, (0, 14)) == "<blockquote><b>She said <i>“Yes.</i></b><i> And no.”</i> Then.</blockquote>"


QUOTING = st.lists(
    st.sampled_from(["“", "”", "«", "»", '"', "„", "’", " ", "\n", "word", "A sentence. ", "<b>", "&", "\u200b"]),
    min_size=1,
    max_size=40,
).map("".join)


@settings(deadline=None)
@given(snippets(QUOTING.filter(lambda text: bool(text.strip()))), st.integers(0, 40), st.integers(20, 200))
def test_italics_change_no_character_of_the_quote(snippet: Snippet, sentence: int, limit: int) -> None:
    """Whatever marks a text holds, its quote is a piece of it, and every tag covers something that can be seen."""
    html, shortened = quote(snippet, snippet.sentences[sentence % len(snippet.sentences)], limit)
    if not html:
        return
    text, entities = parse(html)
    assert text in snippet.text
    assert units(text) <= limit
    assert shortened == (text != snippet.text)
    assert all(visible(covered) for _, covered in entities)


def test_formatting_of_the_text_is_shown_beside_the_answering_sentence() -> None:
    """Links and code of the file come through; the sentence that answers is in bold."""
    text = "Press reset. Then read the manual."
    marks = (Mark(6, 11, MarkKind.CODE), Mark(27, 33, MarkKind.LINK, "https://example.org/m"))
    snippet = Snippet("a/b", "en", "a", "Title", text, ((0, 12), (13, 34)), marks=marks)
    assert quote(snippet, (13, 34), 4000)[0] == (
        "<blockquote>Press <code>reset</code>. "
        '<b>Then read the </b><a href="https://example.org/m"><b>manual</b></a><b>.</b></blockquote>'
    )


def test_a_text_full_of_long_links_is_quoted_without_them() -> None:
    """Telegram refuses a message of more than 32 KiB before parsing."""
    text = " ".join(["word"] * 100)
    marks = tuple(Mark(5 * n, 5 * n + 4, MarkKind.LINK, f"https://example.org/{'x' * 500}") for n in range(100))
    snippet = Snippet("a/b", "en", "a", "Title", text, ((0, len(text)),), marks=marks)
    assert quote(snippet, None, 4000)[0] == f"<blockquote>{text}</blockquote>"
