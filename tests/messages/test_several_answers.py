"""The message for several questions: whatever the passages hold, Telegram takes it, and each part can be told apart."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.locales import LANGUAGES, Texts, texts_for
from bot.messages.answers import UNSURE_UNITS, Frame, answer_message
from bot.messages.buttons import AnswerRef, Place
from bot.messages.several_answers import reply_message, shown_hits
from index.knowledge.snippet import Snippet
from index.search.answer import Answer, Hit, Reply
from index.search.contradiction import Difference, DifferenceKind
from index.search.decision import Decision
from tests.support.any_snippets import ANYTHING, TEXTS, accepted, hit, snippets
from tests.support.telegram_rules import parse, units

PLACE = Place("test_bot")


def answer(question: str, found: list[Hit], decision: Decision) -> Answer:
    return Answer(question, question, question, "en", decision, 0.9, tuple(found), "v1", 1.0, False, None)  # type: ignore[arg-type]


def frames(texts: Texts, count: int) -> list[Frame]:
    return [Frame(texts, PLACE, AnswerRef(str(number) * 26, 2**52 - 1)) for number in range(1, count + 1)]


def passage(title: str, text: str) -> Hit:
    return hit(Snippet(f"a/{title}", "en", "a", title, text, ((0, len(text)),)), 0)


ANSWERED = answer("Where is <copper>?", [passage("Copper", "At Balkhash.")], Decision.ANSWER)
CLOSE = answer("Who leads in 2020?", [passage("Leaders", "Two do."), passage("More", "Or three.")], Decision.CLOSEST)
NOTHING = answer("How is an egg boiled?", [passage("Uranium", "It is mined.")], Decision.NONE)


def test_each_answer_stands_under_its_question_with_its_own_buttons() -> None:
    """Only a sure answer is quoted; the closest passage is behind its button, which has the number of the part."""
    close = dataclasses.replace(
        CLOSE, read_as="Who leads in 2021?", differences=(Difference(DifferenceKind.DATE, "2020"),)
    )
    texts = texts_for("en")
    near = dataclasses.replace(NOTHING, question="Where is gold?", near=True)
    rendered = reply_message(Reply("all", (ANSWERED, close, NOTHING, near)), frames(texts, 4), ())
    assert rendered.html == (
        "<b>1. Where is &lt;copper&gt;?</b>\n"
        "<b>Copper</b>\n"
        "<blockquote>At Balkhash.</blockquote>\n\n"
        "<b>2. Who leads in 2020?</b>\n"
        "The closest I have does not mention “2020”.\n"
        "I have no sure answer to this. Button 2 opens the closest I have.\n\n"
        "<b>3. How is an egg boiled?</b>\n"
        "My collection does not cover this.\n\n"
        "<b>4. Where is gold?</b>\n"
        "My collection does not cover this."
    )
    assert rendered.keyboard is not None
    rows = [
        [(str(button.callback_data)[:3], button.text) for button in row] for row in rendered.keyboard.inline_keyboard
    ]
    assert rows == [
        [("v+1", "1. 👍"), ("v-1", "1. 👎")],
        [(f"p{close.hits[0].snippet.key[:2]}", "2. Leaders")],
        [("a33", "3. ➕ Ask the editors")],
        [("a44", "4. ➕ Ask the editors")],
    ]


def test_one_answer_is_shown_as_ever() -> None:
    """A message with one question gets the same message with and without others being possible."""
    [frame] = frames(texts_for("en"), 1)
    for each in (ANSWERED, CLOSE, NOTHING):
        rendered = reply_message(Reply(each.question, (each,)), [frame], (), follow_up=True, captioned=True)
        assert rendered == answer_message(each, frame, (), follow_up=True, captioned=True)
        assert shown_hits(Reply(each.question, (each,)), each) is None


def test_the_log_is_told_what_of_each_part_was_shown() -> None:
    """A title on a button is no quote."""
    reply = Reply("all", (ANSWERED, CLOSE, NOTHING))
    assert [shown_hits(reply, each) for each in reply.answers] == [1, 0, 0]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_questions_left_out_are_named_at_the_end(language: str) -> None:
    """The last line says how many questions are answered at a time, and which ones were not."""
    reply = Reply("all", (ANSWERED, CLOSE), ("And <lithium>?", "And gold?"))
    rendered = reply_message(reply, frames(texts_for(language), 2), (), captioned=True)
    last = accepted(rendered).splitlines()[-1]
    assert last.endswith("And <lithium>? · And gold?")
    assert "2" in last
    assert rendered.html.startswith(f"<i>{texts_for(language)('answer-caption')}</i>\n\n<b>1. ")


PARTS = st.builds(
    lambda question, snippet, decision, read, difference, more: dataclasses.replace(
        answer(question, [hit(snippet, 1)], decision),
        read_as=read, differences=(difference,) if difference else (), more_about=more, near=more > 4,
    ),
    ANYTHING, snippets(), st.sampled_from([Decision.ANSWER, *Decision]), ANYTHING,
    st.none() | st.builds(Difference, st.sampled_from(DifferenceKind), ANYTHING, st.none() | ANYTHING),
    st.integers(0, 9),
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.lists(PARTS, min_size=2, max_size=3), st.lists(ANYTHING, max_size=200), TEXTS, st.booleans())
def test_any_answers_make_one_message_telegram_takes(
    parts: list[Answer], left_out: list[str], texts: Texts, captioned: bool
) -> None:
    """Together the quotes keep Telegram's limits; each is a piece of its passage, and every question stands above."""
    reply = Reply("all", tuple(parts), tuple(left_out))
    rendered = reply_message(reply, frames(texts, len(parts)), (), captioned=captioned)
    text = accepted(rendered)
    entities = parse(rendered.html)[1]
    assert len(rendered.keyboard.inline_keyboard if rendered.keyboard else ()) <= 3
    assert units(text) <= UNSURE_UNITS or any(part.decision is Decision.ANSWER for part in parts)
    heads = [text[:3] for tag, text in entities if tag == "b" and text[:1].isdigit() and text[1:3] == ". "]
    assert {f"{number}. " for number in range(1, len(parts) + 1)} <= set(heads)
    texts_quoted = [part.hits[0].snippet.text for part in parts if part.decision is Decision.ANSWER]
    quotes = [text for tag, text in entities if tag == "blockquote"]
    assert len(quotes) <= len(texts_quoted)
    assert all(any(quoted in text for text in texts_quoted) for quoted in quotes)


def test_long_passages_share_the_room_of_the_message() -> None:
    """Three passages of which each fills a message are all quoted, about equally long."""
    found = [passage(str(number), f"{number} " + "word " * 1500) for number in range(3)]
    reply = Reply("all", tuple(answer("Why?", [each], Decision.ANSWER) for each in found))
    rendered = reply_message(reply, frames(texts_for("en"), 3), ())
    accepted(rendered)
    quotes = [text for tag, text in parse(rendered.html)[1] if tag == "blockquote"]
    assert [quoted[0] for quoted in quotes] == ["0", "1", "2"]
    assert all(1000 < len(quoted) < 1400 for quoted in quotes)
