"""Rendering: whatever a snippet holds, Telegram takes the message and the quote is the snippet's own text."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.locales import Texts, texts_for
from bot.messages.answers import (
    MESSAGE_UNITS,
    UNSURE_UNITS,
    Frame,
    Rendered,
    answer_message,
    single_snippet,
    sources_message,
)
from bot.messages.buttons import AnswerRef, Place
from bot.messages.telegram_text import clip, visible
from index.knowledge.snippet import Snippet, Source, Topic
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


def mined(snippet_id: str = "a/b", **fields: Any) -> Hit:
    values = {"language": "en", "topic": "a", "title": "T", "text": MINED, "sentences": ((0, len(MINED)),), **fields}
    return hit(Snippet(snippet_id, **values), 0)


def buttons(rendered: Rendered) -> list[str]:
    return [button.text for row in rendered.keyboard.inline_keyboard for button in row] if rendered.keyboard else []


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
    notes = [line for line in said if line != texts_for(language)("closest-note")]
    assert notes == [parse(texts_for(language)("answer-read-as", question="litium &lt; &amp; lithium"))[0]]


@pytest.mark.parametrize(
    ("difference", "line"),
    [
        (("date", "2020", "18 March 2023"), "You asked about “2020”; the closest I have says “18 March 2023”."),
        (("number", "<5> tonnes"), "The closest I have does not mention “<5> tonnes”."),
        (("name", "Mongolia"), "The closest I have does not mention “Mongolia”."),
        (("negation", "not"), "You asked about what is not so; the closest I have tells what is."),
        (("role", "ambassador"), "In the closest I have, the roles are the other way round."),
    ],
)
def test_what_differs_stands_before_the_closest_passage(difference: tuple[str, ...], line: str) -> None:
    """One line says what of the question the passage does not hold; a refusal, which shows none, has no line."""
    kind, *words = difference
    differing = Difference(DifferenceKind(kind), *words)
    asked = dataclasses.replace(answer([mined()], Decision.CLOSEST), differences=(differing, differing))
    lines = accepted(answer_message(asked, Frame(texts_for("en"), PLACE, REF), ())).splitlines()
    assert lines == [line, "T", MINED]
    refused = answer_message(dataclasses.replace(asked, decision=Decision.NONE), Frame(texts_for("en"), PLACE, REF), ())
    assert line not in accepted(refused)


@pytest.mark.parametrize(
    ("language", "likely", "line"),
    [
        ("en", False, "The closest I have; it may not be exactly this."),
        ("en", True, "This may be what you asked."),
        ("ru", False, "Самое близкое, что есть в подборке; возможно, это не совсем то."),
        ("ru", True, "Похоже, вы спрашиваете об этом."),
        ("kk", False, "Жинақтағы ең жақын үзінді осы, бірақ дәл сіз сұраған нәрсе болмауы мүмкін."),
        ("kk", True, "Сіз іздеген жауап осы болуы мүмкін."),
    ],
)
def test_an_uncertain_answer_is_one_passage_below_one_quiet_line(language: str, likely: bool, line: str) -> None:
    """The line is softer where the passage probably answers; the wish and the votes stand below the titles."""
    hits = [mined(), mined("c/d", title="Gold"), mined("e/f", title="Copper"), mined("g/h", title="Tin")]
    hits[1] = dataclasses.replace(hits[1], score=0.79)
    asked = dataclasses.replace(answer(hits, Decision.CLOSEST), likely=likely, near=True)
    texts = texts_for(language)
    rendered = answer_message(asked, Frame(texts, PLACE, REF), ())
    accepted(rendered)
    assert rendered.html == f"<i>{line}</i>\n<b>T</b>\n<blockquote>{MINED}</blockquote>"
    assert buttons(rendered) == ["Copper", "Tin", "👍", "👎", texts("button-not-asked")]


def test_other_titles_are_offered_only_for_a_question_near_them() -> None:
    """The second best passage for a question about something else looks like an answer as little as the best."""
    asked = answer([mined(), mined("c/d", title="Gold")], Decision.CLOSEST)
    assert buttons(answer_message(asked, Frame(texts_for("en"), PLACE, REF), ())) == ["👍", "👎", "Not what I asked"]


TOPICS = (Topic("a", {"en": "Minerals"}), Topic("b", {"en": "People"}))


@pytest.mark.parametrize(
    ("language", "line", "below"),
    [
        ("en", "My collection does not cover this.", ["➕ Ask the editors", "☰ Topics"]),
        ("ru", "В подборке об этом ничего нет.", ["➕ Спросить редакторов", "☰ Темы"]),
        ("kk", "Жинақта бұл туралы мәлімет жоқ.", ["➕ Редакторлардан сұрау", "☰ Тақырыптар"]),
    ],
)
def test_a_refusal_is_one_sentence_with_up_to_two_questions(language: str, line: str, below: list[str]) -> None:
    """Only whole questions in the language of the question, near enough to it, are suggested."""
    asked = [
        dataclasses.replace(mined(), question="gold export"),
        dataclasses.replace(mined("c/d", language="de"), question="Wo ist Gold?"),
        dataclasses.replace(mined("e/f"), question="Where is gold?"),
        dataclasses.replace(mined("g/h"), question="Is there lead?", score=0.39),
        dataclasses.replace(mined("i/j"), question=None),
        dataclasses.replace(mined("o/p"), question=f"Where is {'very ' * 12}much gold?"),
        dataclasses.replace(mined("k/l"), question="Who mines gold? "),
        dataclasses.replace(mined("m/n"), question="When was it mined?"),
    ]
    refused = dataclasses.replace(answer(asked, Decision.NONE), near=True)
    rendered = answer_message(refused, Frame(texts_for(language), PLACE, REF), TOPICS)
    accepted(rendered)
    assert rendered.html == line
    assert buttons(rendered) == ["Where is gold?", "Who mines gold?", *below]


def test_nothing_is_suggested_for_what_has_nothing_to_do_with_the_knowledge() -> None:
    """Editors are asked a question, not a word; without topics there is no button at all."""
    refused = answer([dataclasses.replace(mined(), question="Where is gold?")], Decision.NONE)
    frame = Frame(texts_for("en"), PLACE, REF)
    assert buttons(answer_message(refused, frame, TOPICS)) == ["☰ Topics"]
    assert answer_message(refused, frame, ()) == Rendered("My collection does not cover this.")
    asked = dataclasses.replace(refused, understood="How many wolves are there?")
    assert buttons(answer_message(asked, frame, TOPICS)) == ["➕ Ask the editors", "☰ Topics"]


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_what_is_not_covered_asks_nobody_for_anything(language: str) -> None:
    """Beside the editors' decision stand only what the bot covers and the topics, however near the question is."""
    hits = [dataclasses.replace(mined(), question="Where is gold?")]
    near = dataclasses.replace(answer(hits, Decision.NONE), near=True, not_covered="Who buys gold?")
    texts = texts_for(language)
    rendered = answer_message(near, Frame(texts, PLACE, REF, covers="Ask me about gold."), TOPICS)
    accepted(rendered)
    assert rendered.html == f"{texts('not-covered')}\nAsk me about gold."
    assert buttons(rendered) == [texts("button-topics")]


SOURCES = (
    Source("s", "BGS", "World <mining>", "2024-03-12", "https://example.com/a?b=c&d"),
    Source("t", "Reuters", "Zinc", "2024", None),
    Source("u", "FT", "Gold", None, "https://example.com/gold"),
)


@pytest.mark.parametrize(
    ("language", "first", "more", "held"),
    [
        ("en", "12 March 2024", "and 2 more sources", "As of March 2025"),
        ("ru", "12 марта 2024\u202fг.", "и ещё 2 источника", "По состоянию на март 2025\u202fг."),
        ("kk", "2024\u202fж. 12 наурыз", "және тағы 2 дереккөз", "2025\u00a0жылғы\u00a0наурыздағы жағдай бойынша"),
        ("de", "12 March 2024", "and 2 more sources", "As of March 2025"),
    ],
)
def test_a_certain_answer_links_to_its_sources_in_the_language_of_the_quote(
    language: str, first: str, more: str, held: str
) -> None:
    """The title leads to the first source, "more sources" to all; notes and buttons are the reader's."""
    found = mined(language=language, sources=SOURCES, as_of="2025-03", speakers=("A. Smith",))
    rendered = answer_message(answer([found], Decision.ANSWER), Frame(texts_for("en"), PLACE, REF), ())
    accepted(rendered)
    link = "https://example.com/a?b=c&amp;d"
    assert rendered.html.splitlines() == [
        f'<a href="{link}"><b>T</b></a>',
        f"<blockquote>{MINED}</blockquote>",
        "🗣 A. Smith",
        f'📰 BGS, <a href="{link}">World &lt;mining&gt;</a>, {first} '
        f'<a href="https://t.me/test_bot?start=s_{found.snippet.key}">{more}</a>',
        f"📅 {held}",
    ]
    assert buttons(rendered) == ["Source 🔗", "Share ↗", "👍", "👎"]


def test_source_opens_the_one_source_or_shows_all() -> None:
    """With one source the button is its link, with none and without an address there is no button."""
    texts = texts_for("ru")
    many = single_snippet(mined(sources=SOURCES).snippet, texts, PLACE).keyboard
    assert many is not None
    assert many.inline_keyboard[0][0].callback_data == f"o{mined().snippet.key}en.ru"
    one = single_snippet(mined(sources=SOURCES[:1]).snippet, texts, PLACE).keyboard
    assert one is not None
    assert one.inline_keyboard[0][0].url == SOURCES[0].url
    for sources in ((), SOURCES[1:2]):
        rendered = single_snippet(mined(sources=sources).snippet, texts, PLACE)
        assert buttons(rendered) == ["Поделиться ↗"]
        assert rendered.html.startswith("<b>T</b>\n")


def test_all_sources_of_a_passage_make_a_message_of_their_own() -> None:
    """Each on a line, linked where it has an address, in the language of the passage."""
    rendered = sources_message(mined(language="kk", sources=SOURCES).snippet, texts_for("en"))
    assert accepted(rendered) == (
        "T\n📰 BGS, World <mining>, 2024\u202fж. 12 наурыз\n📰 Reuters, Zinc, 2024\u202fж.\n📰 FT, Gold"
    )


@settings(deadline=None, max_examples=30)
@given(snippets(), ANYTHING, ANYTHING | st.none(), st.sampled_from(DifferenceKind), TEXTS)
def test_any_difference_fits_into_the_message(
    snippet: Snippet, asked: str, found: str | None, kind: DifferenceKind, texts: Texts
) -> None:
    """However long the words of question and passage are, and whatever notes stand above."""
    differing = dataclasses.replace(
        answer([hit(snippet, 0)] * 3, Decision.CLOSEST, truncated=True),
        differences=(Difference(kind, asked, found),),
        read_as=asked,
    )
    text = accepted(answer_message(differing, Frame(texts, PLACE, REF), (), captioned=True))
    assert units(text) <= UNSURE_UNITS


@pytest.mark.parametrize(
    ("language", "count", "line"),
    [
        ("en", 1, "▶ 1 more answer is about this."),
        ("en", 4, "▶ 4 more answers are about this."),
        ("ru", 1, "▶ Об этом есть ещё 1 фрагмент."),
        ("ru", 3, "▶ Об этом есть ещё 3 фрагмента."),
        ("ru", 5, "▶ Об этом есть ещё 5 фрагментов."),
        ("kk", 2, "▶ Бұл туралы тағы 2 үзінді бар."),
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
    st.lists(snippets(), min_size=1, max_size=5),
    st.sampled_from([Decision.CLOSEST, Decision.NONE]),
    TEXTS,
    ANYTHING,
    st.booleans(),
)
def test_any_snippets_make_a_short_uncertain_or_refusing_message(
    found: list[Snippet], decision: Decision, texts: Texts, title: str, near: bool
) -> None:
    """At most 900 units and seven buttons, and one quote at most; a refusal quotes nothing."""
    topics = [Topic(f"t{number}", {"en": title}) for number in range(20)]
    asked = dataclasses.replace(answer([hit(snippet, 0) for snippet in found], decision), near=near)
    rendered = answer_message(asked, Frame(texts, PLACE, REF), topics)
    text = accepted(rendered)
    assert units(text) <= UNSURE_UNITS
    assert len(buttons(rendered)) <= (5 if decision is Decision.NONE else 7)
    quotes = [quoted for tag, quoted in parse(rendered.html)[1] if tag == "blockquote"]
    assert len(quotes) <= (decision is Decision.CLOSEST)
    assert all(quoted in found[0].text for quoted in quotes)
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
