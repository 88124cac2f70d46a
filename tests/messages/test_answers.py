"""Rendering: whatever a snippet holds, Telegram takes the message and the quote is the snippet's own text."""

from __future__ import annotations

import dataclasses

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.locales import Texts, texts_for
from bot.messages.answers import MESSAGE_UNITS, Frame, answer_message, extract, quote, single_snippet
from bot.messages.buttons import AnswerRef, Place
from bot.messages.telegram_text import clip, visible
from index.knowledge.sentences import split_sentences
from index.knowledge.snippet import Snippet, Topic
from index.search.answer import Answer, Hit
from index.search.contradiction import Difference, DifferenceKind
from index.search.decision import Decision
from tests.support.any_snippets import ANYTHING, TEXTS, WORDS, accepted, hit, snippets
from tests.support.telegram_rules import check_text, parse, units

PLACE = Place("test_bot")
REF = AnswerRef("0123456789ABCDEFGHJKMNPQRS", 2**52 - 1)
MINED = "Lithium is mined in 2025."


def answer(hits: list[Hit], decision: Decision, truncated: bool = False) -> Answer:
    return Answer("question", "question", "question", "en", decision, 0.9, tuple(hits), "v1", 1.0, truncated, None)  # type: ignore[arg-type]


def mined(snippet_id: str = "a/b") -> Hit:
    return hit(Snippet(snippet_id, "en", "a", "T", MINED, ((0, len(MINED)),)), 0)


@pytest.mark.parametrize("decision", [Decision.ANSWER, Decision.CLOSEST])
@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_the_message_says_how_a_mistyped_question_was_read(decision: Decision, language: str) -> None:
    """Above the quote, whatever was typed; nothing is said where it was read as it stands."""
    plain = answer([mined()], decision)
    said = []
    for asked in (
        plain,
        dataclasses.replace(plain, question="Hi! question, please"),
        dataclasses.replace(plain, read_as="litium < & lithium"),
    ):
        rendered = answer_message(asked, Frame(texts_for(language), PLACE, REF), ())
        accepted(rendered)
        said += [text for tag, text in parse(rendered.html)[1] if tag == "i"]
    assert said == [parse(texts_for(language)("answer-read-as", question="litium &lt; &amp; lithium"))[0]]


@pytest.mark.parametrize(
    ("difference", "line"),
    [
        (("date", "2020", "18 March 2023"), "You asked about “2020”; the first passage says “18 March 2023”."),
        (("number", "<5> tonnes"), "The first passage does not mention “<5> tonnes”."),
        (("name", "Mongolia"), "The first passage does not mention “Mongolia”."),
        (("negation", "not"), "You asked about what is not so; the first passage tells what is."),
        (("role", "ambassador"), "In the first passage the roles are the other way round."),
    ],
)
def test_what_differs_stands_before_the_closest_passages(difference: tuple[str, ...], line: str) -> None:
    """One line says what of the question the first passage does not hold; a refusal, which shows none, has no line."""
    kind, *words = difference
    differing = Difference(DifferenceKind(kind), *words)
    asked = dataclasses.replace(answer([mined()], Decision.CLOSEST), differences=(differing, differing))
    lines = accepted(answer_message(asked, Frame(texts_for("en"), PLACE, REF), ())).splitlines()
    assert lines[0] == line
    assert lines.count(line) == 1
    assert lines.index(MINED) > 0
    refused = answer_message(dataclasses.replace(asked, decision=Decision.NONE), Frame(texts_for("en"), PLACE, REF), ())
    assert line not in accepted(refused)


@settings(deadline=None, max_examples=30)
@given(snippets(), ANYTHING, ANYTHING | st.none(), st.sampled_from(DifferenceKind), TEXTS)
def test_any_difference_fits_into_the_message(
    snippet: Snippet, asked: str, found: str | None, kind: DifferenceKind, texts: Texts
) -> None:
    """However long the words of question and passage are."""
    differing = dataclasses.replace(
        answer([hit(snippet, 0)] * 3, Decision.CLOSEST), differences=(Difference(kind, asked, found),)
    )
    accepted(answer_message(differing, Frame(texts, PLACE, REF), ()))


@pytest.mark.parametrize(
    ("language", "count", "line"),
    [
        ("en", 1, "▶ 1 more passage is about this."),
        ("en", 4, "▶ 4 more passages are about this."),
        ("ru", 1, "▶ Об этом есть ещё 1 текст."),
        ("ru", 3, "▶ Об этом есть ещё 3 текста."),
        ("ru", 5, "▶ Об этом есть ещё 5 текстов."),
        ("kk", 2, "▶ Бұл туралы тағы 2 мәтін бар."),
    ],
)
def test_an_answer_ends_with_the_number_of_more_passages(language: str, count: int, line: str) -> None:
    """The arrow is that of the button which turns to them; without any more there is no such line."""
    texts = texts_for(language)
    asked = dataclasses.replace(answer([mined(), mined("c/d")], Decision.ANSWER), more_about=count)
    rendered = answer_message(asked, Frame(texts, PLACE, REF), ())
    assert accepted(rendered).splitlines()[-1] == line
    assert rendered.keyboard is not None
    assert rendered.keyboard.inline_keyboard[0][0].text.endswith("▶")
    alone = answer_message(dataclasses.replace(asked, more_about=0), Frame(texts, PLACE, REF), ())
    assert "▶" not in accepted(alone)


@settings(deadline=None, max_examples=60)
@given(snippets(), st.integers(0, 40), TEXTS, st.booleans())
def test_any_snippet_makes_a_message_telegram_takes(
    snippet: Snippet, sentence: int, texts: Texts, truncated: bool
) -> None:
    """The quote is a piece of the snippet's text, cut between graphemes, with the answering sentence within."""
    rendered = answer_message(
        answer([hit(snippet, sentence)], Decision.ANSWER, truncated), Frame(texts, PLACE, REF), (), follow_up=truncated
    )
    accepted(rendered)
    for tag, quoted in parse(rendered.html)[1]:
        if tag == "blockquote":
            assert quoted in snippet.text


@settings(deadline=None, max_examples=40)
@given(
    st.lists(snippets(), min_size=1, max_size=5), st.sampled_from([Decision.CLOSEST, Decision.NONE]), TEXTS, ANYTHING
)
def test_any_snippets_make_a_closest_or_refusing_message(
    found: list[Snippet], decision: Decision, texts: Texts, title: str
) -> None:
    """Up to three snippets share one message; a refusal names none of them as an answer."""
    topics = [Topic(f"t{number}", {"en": title}) for number in range(20)]
    rendered = answer_message(
        answer([hit(snippet, 0) for snippet in found], decision), Frame(texts, PLACE, REF), topics
    )
    text = accepted(rendered)
    quotes = [quoted for tag, quoted in parse(rendered.html)[1] if tag == "blockquote"]
    assert len(quotes) <= (3 if decision is Decision.CLOSEST else 0)
    assert all(any(quoted in snippet.text for snippet in found) for quoted in quotes)
    assert decision is Decision.CLOSEST or text.startswith(parse(texts("none-intro"))[0])


@settings(deadline=None)
@given(snippets(WORDS), TEXTS)
def test_a_snippet_that_fits_is_quoted_whole(snippet: Snippet, texts: Texts) -> None:
    """Nothing is left out of a snippet short enough for a message."""
    if units(snippet.text) <= 1000 and visible(snippet.text):
        quotes = [quoted for tag, quoted in parse(single_snippet(snippet, texts, PLACE).html)[1] if tag == "blockquote"]
        assert quotes == [snippet.text]


@given(st.text(), st.integers(1, 50))
@example("👩‍👩‍👧‍👦" * 9, 30)
@example("e\u0301" * 40, 20)
def test_clipping_keeps_graphemes_whole(text: str, limit: int) -> None:
    """What is kept is a beginning of the text that ends between graphemes and fits."""
    clipped = clip(text, limit)
    assert units(clipped) <= limit
    if clipped != text:
        kept = clipped.removesuffix("…")
        borders = {0, *(grapheme.end() for grapheme in regex.finditer(r"\X", text))}
        assert any(text[:border].rstrip() == kept for border in borders)


def test_the_part_of_a_long_snippet_that_is_quoted_holds_the_sentence_that_answers() -> None:
    """Where the sentence lies beyond what fits, the quote begins with it and ends with a sentence."""
    text = " ".join(f"Sentence number {number} says something." for number in range(300))
    snippet = Snippet("a/b", "en", "a", "T", text, split_sentences(text))
    wanted = snippet.sentences[250]
    start, end = extract(snippet, wanted, 2000)
    assert start == wanted[0]
    assert end in {stop for _, stop in snippet.sentences}
    assert end - start <= 2000


def test_a_grapheme_longer_than_a_message_is_not_cut() -> None:
    """Rather than cutting a grapheme the quote is left out; the message still names the snippet."""
    text = "a" + "\u0301" * 5000
    snippet = Snippet("a/b", "en", "a", "Title", text, ((0, len(text)),))
    rendered = single_snippet(snippet, texts_for("en"), PLACE)
    assert "blockquote" not in rendered.html
    assert accepted(rendered).startswith("Title")


def test_long_quotes_are_folded() -> None:
    """A long snippet comes in an expandable blockquote, a short one in a plain one."""
    texts = texts_for("en")
    for length, tag in ((100, "<blockquote>"), (2000, "<blockquote expandable>")):
        text = "x" * length + "."
        assert tag in single_snippet(Snippet("a/b", "en", "a", "T", text, ((0, len(text)),)), texts, PLACE).html


def test_densest_markup_stays_within_the_raw_limit() -> None:
    """Every character escaped is still below 32 KiB."""
    text = "&" * MESSAGE_UNITS
    html = single_snippet(Snippet("a/b", "en", "a", "T", text, ((0, len(text)),)), texts_for("en"), PLACE).html
    check_text(html)


def test_nothing_is_bold_where_the_whole_quote_would_be() -> None:
    """A snippet of one sentence is quoted as it stands."""
    text = "Lithium is mined."
    snippet = Snippet("a/b", "en", "a", "T", text, ((0, len(text)),))
    assert quote(snippet, (0, len(text)), 1000) == (f"<blockquote>{text}</blockquote>", False)
