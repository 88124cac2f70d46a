"""Rendering: whatever a snippet holds, Telegram takes the message and the quote is the snippet's own text."""

from __future__ import annotations

import dataclasses

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.locales import LANGUAGES, Texts, texts_for
from bot.messages.answers import (
    MESSAGE_UNITS,
    Frame,
    Rendered,
    answer_message,
    extract,
    quote,
    reply_message,
    single_snippet,
)
from bot.messages.buttons import AnswerRef, Place
from bot.messages.telegram_text import clip, parsed_units, visible
from index.knowledge.sentences import split_sentences
from index.knowledge.snippet import Snippet, Source, Topic
from index.search.answer import Answer, Hit, Reply
from index.search.contradiction import Difference, DifferenceKind
from index.search.decision import Decision
from tests.support.telegram_rules import check_keyboard, check_text, parse, units

PLACE = Place("test_bot")
REF = AnswerRef("0123456789ABCDEFGHJKMNPQRS", 2**52 - 1)
PIECES = [
    "<b>",
    "&amp;",
    "</blockquote>",
    "👩‍👩‍👧‍👦",
    "e\u0301",
    "\u202e",
    "مرحبا ",
    "\u200b",
    "🇰🇿🇬🇧",
    "👍🏽",
    "&",
    "<",
    ">",
    '"',
    "Қазақстан. ",
    "A sentence. ",
    "\n\n",
]
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
WORDS = (
    st.lists(st.one_of(st.sampled_from(PIECES), ANYTHING), min_size=1, max_size=12)
    .map("".join)
    .filter(lambda text: bool(text.strip()))
)
LONG = st.builds(lambda piece, times: piece * times, WORDS, st.integers(1, 300)).map(lambda text: text[:12000])
TEXTS = st.sampled_from(sorted(LANGUAGES)).map(texts_for)
URLS = st.sampled_from(
    [
        None,
        "https://example.com/a?b=c&d=%22",
        "javascript:alert(1)",
        "https://x",
        "http://a.b/" + "c" * 3000,
        'https://a.b/"<>',
    ]
)
SOURCES = st.lists(
    st.builds(
        Source,
        id=st.just("s"),
        publisher=ANYTHING,
        title=ANYTHING,
        date=st.sampled_from([None, "2024", "2024-03", "2024-03-12", "soon"]),
        url=URLS,
    ),
    max_size=6,
).map(tuple)


@st.composite
def snippets(draw: st.DrawFn, text: st.SearchStrategy[str] = LONG) -> Snippet:
    """Snippets with anything in every field."""
    words = draw(text)
    return Snippet(
        id=draw(st.sampled_from(["topic/slug", "т" * 200])),
        language="en",
        topic="topic",
        title=draw(ANYTHING),
        text=words,
        sentences=split_sentences(words),
        speakers=tuple(draw(st.lists(ANYTHING, max_size=2))),
        as_of=draw(st.sampled_from([None, "2025-06", "x"])),
        sources=draw(SOURCES),
        questions=("Why?",),
    )


def hit(snippet: Snippet, sentence: int) -> Hit:
    span = snippet.sentences[sentence % len(snippet.sentences)]
    return Hit(snippet, 1.0, span, next(iter(snippet.questions), None), {}, 1.0)


def answer(hits: list[Hit], decision: Decision, truncated: bool = False) -> Answer:
    return Answer("question", "question", "question", "en", decision, 0.9, tuple(hits), "v1", 1.0, truncated, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("decision", [Decision.ANSWER, Decision.CLOSEST])
@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_the_message_says_how_a_mistyped_question_was_read(decision: Decision, language: str) -> None:
    """Above the quote, whatever was typed; nothing is said where it was read as it stands."""
    text = "Lithium is mined."
    found = [hit(Snippet("a/b", "en", "a", "T", text, ((0, len(text)),)), 0)]
    plain = answer(found, decision)
    said = []
    for asked in (plain, dataclasses.replace(plain, read_as="litium < & lithium")):
        rendered = answer_message(asked, Frame(texts_for(language), PLACE, REF), ())
        said.append("litium < & lithium" in accepted(rendered))
    assert said == [False, True]


def accepted(rendered: Rendered) -> str:
    """Return the text if Telegram takes the message."""
    if rendered.keyboard:
        check_keyboard(rendered.keyboard.to_dict())
    text = check_text(rendered.html)
    assert parsed_units(rendered.html) == units(text)
    return text


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


@given(st.lists(snippets(), min_size=2, max_size=3), TEXTS, ANYTHING, st.lists(ANYTHING, max_size=4), st.data())
@settings(max_examples=60, deadline=None)
def test_answers_to_several_questions_fit_into_one_message(
    found: list[Snippet], texts: Texts, question: str, left_out: list[str], data: st.DataObject
) -> None:
    """Whatever was asked and is quoted, Telegram takes it; each answer has its own votes."""
    decisions = data.draw(st.lists(st.sampled_from(Decision), min_size=len(found), max_size=len(found)))
    answers = [
        dataclasses.replace(answer([hit(snippet, 0)], decision), question=question)
        for snippet, decision in zip(found, decisions, strict=True)
    ]
    refs = [AnswerRef(f"{number:026}", 7) for number in range(len(found))]
    rendered = reply_message(Reply(question, tuple(answers), tuple(left_out)), Frame(texts, PLACE, refs[0]), refs)
    check_text(rendered.html)
    assert rendered.keyboard is not None
    check_keyboard(rendered.keyboard.to_dict())
    buttons = [button.callback_data for row in rendered.keyboard.inline_keyboard for button in row]
    voted = {str(data)[2:28] for data in buttons if str(data).startswith("v")}
    assert voted == {ref.entry for ref, own in zip(refs, decisions, strict=True) if own is Decision.ANSWER}


@pytest.mark.parametrize(
    ("difference", "line"),
    [
        (
            Difference(DifferenceKind.DATE, "2020", "18 March 2023"),
            "You asked about “2020”; this passage says “18 March",
        ),
        (Difference(DifferenceKind.NAME, "<Mongolia>"), "The nearest passage does not mention “&lt;Mongolia&gt;”."),
        (Difference(DifferenceKind.ROLE, "who replaced whom"), "The nearest passage says it otherwise"),
    ],
)
def test_the_message_says_what_differs_from_the_question(difference: Difference, line: str) -> None:
    """Above the passages that come closest."""
    text = "Lithium is mined."
    found = [hit(Snippet("a/b", "en", "a", "T", text, ((0, len(text)),)), 0)]
    asked = dataclasses.replace(answer(found, Decision.CLOSEST), differences=(difference,))
    html = answer_message(asked, Frame(texts_for("en"), PLACE, REF), ()).html
    assert line in html
    assert html.index(line) < html.index("may not answer")


def test_the_message_counts_what_else_is_about_a_subject() -> None:
    """Only where there is more."""
    text = "Lithium is mined."
    found = [hit(Snippet("a/b", "en", "a", "T", text, ((0, len(text)),)), 0)]
    plain = answer(found, Decision.ANSWER)
    frame = Frame(texts_for("en"), PLACE, REF)
    assert "about this" not in answer_message(plain, frame, ()).html
    assert "One more passage is about this." in answer_message(dataclasses.replace(plain, more_about=1), frame, ()).html


def test_nothing_is_bold_where_the_whole_quote_would_be() -> None:
    """A snippet of one sentence is quoted as it stands."""
    text = "Lithium is mined."
    snippet = Snippet("a/b", "en", "a", "T", text, ((0, len(text)),))
    assert quote(snippet, (0, len(text)), 1000) == (f"<blockquote>{text}</blockquote>", False)
