"""What newcomers see and tap: the welcome, its examples, deep links, pages; in private chats and groups."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from index.knowledge.profile import read_profile
from index.knowledge.snippet import snippet_key
from index.search.decision import Decision
from index.search.index import Index
from tests.support.telegram_bench import GROUP, ME, Bench, Call, asked_for, run

OWN = read_profile(Path(__file__).parents[2] / "knowledge", [])


def texts_of(call: Call) -> list[str]:
    """Return the labels of a message's buttons."""
    return [button["text"] for button in call.buttons]


def under(call: Call, chat: int, kind: str, **more: Any) -> dict[str, Any]:
    """Return a message of the bot as a press on its buttons brings it."""
    keyboard = call.parameters.get("reply_markup")
    return {"message_id": 90, "date": 1, "from": ME, "chat": {"id": chat, "type": kind}, "text": "…",
            "reply_markup": keyboard, **more}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_our_examples_are_answered_with_certainty(language: str, real_index: Index) -> None:
    """Each fits its button and gets an answer in its own language."""
    questions = OWN.examples[language]
    assert len(questions) == 4
    assert [len(question) <= 60 for question in questions] == [True] * 4
    answers = [real_index.answer(question) for question in questions]
    assert [(answer.decision, answer.language) for answer in answers] == [(Decision.ANSWER, language)] * 4


def test_a_tapped_example_is_answered_below_like_a_typed_question(real_index: Index, tmp_path: Path) -> None:
    """The answer names the question and takes votes; the question is logged; the welcome stays as it is."""

    async def scenario(there: Bench) -> None:
        (welcome,) = await there.say("/start")
        question = texts_of(welcome)[0]
        assert question == real_index.profile.examples["en"][0]
        toast, answer = await there.press(welcome, welcome.data("q"))
        assert (toast.method, answer.method) == ("answerCallbackQuery", "sendMessage")
        assert answer.text.splitlines()[0] == question
        assert "reply_parameters" not in answer.parameters
        quoted = [text for tag, text in answer.entities if tag == "blockquote"]
        assert quoted == [real_index.answer(question).hits[0].snippet.text]
        (thanks,) = await there.press(answer, answer.data("v+"))
        assert "as helpful" in thanks.parameters["text"]

    run(real_index, tmp_path, scenario)
    with closing(sqlite3.connect(tmp_path / "queries.db")) as log:
        rows = log.execute("SELECT question, surface, value FROM questions JOIN votes ON question_id = id").fetchall()
    assert rows == [(real_index.profile.examples["en"][0], "private", 1)]


def test_an_example_tapped_twice_is_answered_twice(real_index: Index, tmp_path: Path) -> None:
    """Each press is a question of its own, within what everybody may ask."""

    async def scenario(there: Bench) -> None:
        (welcome,) = await there.say("/start")
        first, second, third = [await there.press(welcome, welcome.data("q")) for _ in range(3)]
        assert first[1].text == second[1].text
        assert "more than 2 questions" in third[1].text

    run(real_index, tmp_path, scenario, questions_per_minute=2)


def test_an_example_that_is_none_any_more_says_so(real_index: Index, tmp_path: Path) -> None:
    """The key of a question of an older folder is answered with a word."""

    async def scenario(there: Bench) -> None:
        (welcome,) = await there.say("/start")
        (toast,) = await there.press(welcome, f"q{snippet_key('no such question')}")
        assert "no longer works" in toast.parameters["text"]
        calls = await there.press(welcome, welcome.data("q"), message=None, inline_message_id="AQ1")
        assert [call.method for call in calls] == ["answerCallbackQuery"]

    run(real_index, tmp_path, scenario)


def test_an_example_in_a_forum_is_answered_in_its_topic(real_index: Index, tmp_path: Path) -> None:
    """As a reply to the message with the button, and logged as asked in a group."""

    async def scenario(there: Bench) -> None:
        (welcome,) = await there.say("/start")
        message = under(welcome, GROUP, "supergroup", message_thread_id=7, is_topic_message=True)
        _, answer = await there.press(welcome, welcome.data("q"), message=message)
        assert answer.parameters["chat_id"] == GROUP
        assert answer.parameters["message_thread_id"] == 7
        assert answer.parameters["reply_parameters"]["message_id"] == 90

    run(real_index, tmp_path, scenario)
    with closing(sqlite3.connect(tmp_path / "queries.db")) as log:
        assert log.execute("SELECT surface FROM questions").fetchall() == [("group",)]


def test_topics_open_below_welcome_and_answers_and_turn_in_place(real_index: Index, tmp_path: Path) -> None:
    """Whatever a button of an older version says, nothing takes the place of examples or votes."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        (welcome,) = await there.say("/start")
        (answer,) = await there.say(question)
        for shown in (welcome, answer):
            for data in ("t", "b", "b:1", f"b{snippet_key(real_index.topics[0].id)}:0", "s0"):
                _, page = await there.press(shown, data)
                assert page.method == "sendMessage", data
        _, topics = await there.press(welcome, welcome.data("t"))
        _, topic = await there.press(topics, topics.data("b"))
        _, read = await there.press(topic, topic.data("r"))
        _, back = await there.press(read, read.data("b"))
        _, first = await there.press(back, back.data("b:"))
        assert [call.method for call in (topic, read, back, first)] == ["editMessageText"] * 4
        assert back.text == topic.text
        assert first.text == topics.text

    run(real_index, tmp_path, scenario)


def test_a_linked_passage_leads_to_its_topic_in_place(real_index: Index, tmp_path: Path) -> None:
    """The message from the link holds no votes, so its topic takes its place."""
    _, wanted = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        (linked,) = await there.say(f"/start p_{snippet_key(wanted)}")
        _, topic = await there.press(linked, linked.data("b"))
        assert topic.method == "editMessageText"
        assert any(data["callback_data"][1:12] == snippet_key(wanted) for data in topic.buttons)

    run(real_index, tmp_path, scenario)


def test_in_a_group_pages_keep_their_language(real_index: Index, tmp_path: Path) -> None:
    """Somebody with another language turns the page, and it stays readable for the others."""

    async def scenario(there: Bench) -> None:
        (topics,) = await there.say("/topics", group=True, language="ru")
        _, page = await there.press(topics, topics.data("b:1"), person=2)
        assert page.text.startswith("Темы · 2 / 3")
        (private,) = await there.say("/topics", language="ru")
        _, page = await there.press(private, private.data("b:1"))
        assert page.text.startswith("Topics · 2 / 3")

    run(real_index, tmp_path, scenario)


def test_choosing_a_language_in_a_group_leaves_the_buttons_to_the_others(real_index: Index, tmp_path: Path) -> None:
    """Who pressed reads that it is done, and the message stays."""

    async def scenario(there: Bench) -> None:
        (offer,) = await there.say("/language", group=True)
        calls = await there.press(offer, "lru", person=2)
        assert [call.method for call in calls] == ["answerCallbackQuery"]
        assert "на русском" in calls[0].parameters["text"]

    run(real_index, tmp_path, scenario)


@pytest.mark.parametrize("command", ["/start", "/help"])
def test_in_groups_greeting_and_help_have_no_buttons(command: str, real_index: Index, tmp_path: Path) -> None:
    """They tell how to ask there, in the forum topic in which they were called for."""

    async def scenario(there: Bench) -> None:
        (reply,) = await there.say(f"{command}@test_bot", group=True, message_thread_id=7, is_topic_message=True)
        assert reply.buttons == []
        assert reply.parameters["message_thread_id"] == 7
        assert "/ask your question" in reply.text

    run(real_index, tmp_path, scenario)


def test_privacy_is_told_in_full_in_groups(real_index: Index, tmp_path: Path) -> None:
    """Only the personal buttons are in the private chat, to which a link leads."""

    async def scenario(there: Bench) -> None:
        (private,) = await there.say("/privacy")
        (group,) = await there.say("/privacy", group=True)
        assert private.text.rsplit("\n\n", 1)[0] == group.text.rsplit("\n\n", 1)[0]
        assert [button["url"] for button in group.buttons] == ["https://t.me/test_bot?start=privacy"]
        (linked,) = await there.say("/start privacy")
        assert (linked.text, linked.buttons) == (private.text, private.buttons)

    run(real_index, tmp_path, scenario)


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
@pytest.mark.parametrize("recorded", [True, False])
def test_privacy_is_short(language: str, recorded: bool, real_index: Index, tmp_path: Path) -> None:
    """At most 900 characters, with and without recording."""

    async def scenario(there: Bench) -> None:
        for group in (False, True):
            (told,) = await there.say("/privacy", group=group, language=language)
            assert len(told.text) <= 900

    run(real_index, tmp_path, scenario, log=recorded)
