"""Small talk, questions about the bot and commands in words, through the real application."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.search.index import Index
from tests.support.telegram_bench import GROUP, Bench, asked_for, run


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("Hello!", "Hello! Ask me about"),
        ("Thank you, that was very helpful", "You are welcome!"),
        ("Спасибо 🙏", "Пожалуйста!"),
        ("рақмет, өте пайдалы болды", "Оқасы жоқ!"),
        ("Сәлеметсіз бе", "Сәлеметсіз бе!"),
        ("понятно", "Хорошо"),
        ("ты тупой", "Жаль"),
        ("кто тебя создал?", "Кто ведёт бота"),
        ("is this official?", "No."),
        ("are you ChatGPT?", "I am a program"),
        ("деректерің қаншалықты жаңа?", "Ең жаңа дерек"),
    ],
)
def test_the_reply_is_in_the_language_of_the_phrase_and_has_no_buttons(
    text: str, start: str, real_index: Index, tmp_path: Path
) -> None:
    """Whatever the language of the phone; nothing is quoted and nothing recorded as a question."""

    async def scenario(there: Bench) -> None:
        (reply,) = await there.say(text, language="en")
        assert reply.text.startswith(start)
        assert reply.buttons == []
        assert not any(tag == "blockquote" for tag, _ in reply.entities)

    run(real_index, tmp_path, scenario)


def test_a_phrase_of_no_language_is_answered_in_the_persons(real_index: Index, tmp_path: Path) -> None:
    """An emoji or "ok" has none."""

    async def scenario(there: Bench) -> None:
        (reply,) = await there.say("ok", language="kk")
        assert reply.text.startswith("Жақсы")

    run(real_index, tmp_path, scenario)


def test_what_can_be_asked_is_shown_with_examples_in_private_chats(real_index: Index, tmp_path: Path) -> None:
    """In groups there are no buttons under it."""

    async def scenario(there: Bench) -> None:
        (private,) = await there.say("What can you do?")
        assert private.buttons
        (group,) = await there.say("@test_bot what can you do?", group=GROUP)
        assert group.text == private.text
        assert group.buttons == []

    run(real_index, tmp_path, scenario)


def test_thanks_with_a_question_get_the_answer(real_index: Index, tmp_path: Path) -> None:
    """What else a message asks is answered."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        (reply,) = await there.say(f"Thanks! {question}")
        assert any(tag == "blockquote" for tag, _ in reply.entities)

    run(real_index, tmp_path, scenario)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("topics", "topics"),
        ("источники", "sources"),
        ("Мәзір", "start"),
        ("help", "help"),
        ("privacy", "privacy"),
        ("тіл", "language"),
        ("version", "about"),
        ("delete my data", "forget"),
    ],
)
def test_a_command_in_words_does_what_the_command_does(
    words: str, command: str, real_index: Index, tmp_path: Path
) -> None:
    """The same text with the same buttons."""

    async def scenario(there: Bench) -> None:
        (said,) = await there.say(words)
        (ordered,) = await there.say(f"/{command}")
        assert said.text == ordered.text
        assert said.buttons == ordered.buttons

    run(real_index, tmp_path, scenario)


def test_the_name_of_a_language_sets_the_language_of_buttons(real_index: Index, tmp_path: Path) -> None:
    """It stays until another is chosen."""

    async def scenario(there: Bench) -> None:
        (done,) = await there.say("по-русски")
        assert done.text.startswith("Готово")
        (topics,) = await there.say("/topics")
        assert topics.text.startswith("Темы")
        (done,) = await there.say("қазақша")
        assert done.text.startswith("Тіл өзгертілді")

    run(real_index, tmp_path, scenario)


def test_a_language_without_texts_leads_to_those_there_are(real_index: Index, tmp_path: Path) -> None:
    """The languages to choose from are offered."""

    async def scenario(there: Bench) -> None:
        (offer,) = await there.say("en français")
        (ordered,) = await there.say("/language")
        assert offer.buttons == ordered.buttons

    run(real_index, tmp_path, scenario)


def test_an_edit_into_small_talk_changes_the_answer(real_index: Index, tmp_path: Path) -> None:
    """The reply takes the place of the answer."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        message = there.message(question)
        await there.take("message", message)
        edited = {**message, "text": "thanks", "edit_date": message["date"] + 5}
        (reply,) = await there.take("edited_message", edited)
        assert (reply.method, reply.text) == ("editMessageText", "You are welcome!")

    run(real_index, tmp_path, scenario)
