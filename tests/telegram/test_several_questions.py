"""Several questions in one message through the real application, split at line breaks."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from index.search.index import Index
from tests.support.telegram_bench import GROUP, Bench, asked_for, run

OFF_TOPIC = "How long do I boil an egg so that the yolk stays soft?"


@pytest.fixture(autouse=True)
def split_at_line_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a message is split is not what these tests are about."""
    monkeypatch.setattr("index.search.index.split_questions", lambda text, language: tuple(text.split("\n")))


def logged(folder: Path) -> list[sqlite3.Row]:
    """Return the rows of the log in the order in which they were recorded."""
    with closing(sqlite3.connect(folder / "queries.db")) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute("SELECT * FROM questions ORDER BY seq").fetchall()


def test_each_question_is_answered_in_one_message_and_logged_before_it_is_sent(
    real_index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message quotes what answers, says what does not, and names what is left out; every part has its row."""
    question, wanted = asked_for(real_index)
    snippet = real_index.snippet(wanted, "en")
    assert snippet is not None
    recorded: list[list[str]] = []

    async def scenario(there: Bench) -> None:
        send = there.services.sender.send

        async def noted(*given: Any, **more: Any) -> int | None:
            recorded.append([row["question"] for row in logged(tmp_path)])
            return await send(*given, **more)

        monkeypatch.setattr(there.services.sender, "send", noted)
        (reply,) = await there.say(f"{OFF_TOPIC}\n{question}\n{OFF_TOPIC}\n{question}")
        lines = reply.text.splitlines()
        assert lines[:2] == [f"1. {OFF_TOPIC}", "My collection does not cover this."]
        assert lines.index(f"2. {question}") < lines.index(snippet.title) < lines.index(f"3. {OFF_TOPIC}")
        assert [text for tag, text in reply.entities if tag == "blockquote"] == [snippet.text]
        assert lines[-1] == f"I answer at most 3 questions at a time. Left out: {question}"
        assert reply.parameters["reply_parameters"]["message_id"] == 1
        assert [button["text"] for button in reply.buttons] == [
            "1. ➕ Ask the editors", "2. 👍", "2. 👎", "3. ➕ Ask the editors",
        ]  # fmt: skip

    run(real_index, tmp_path, scenario)
    assert recorded == [[OFF_TOPIC, question, OFF_TOPIC]]
    rows = logged(tmp_path)
    assert [(row["decision"], row["delivery"]) for row in rows] == [
        ("none", "sent"), ("answer", "sent"), ("none", "sent"),
    ]  # fmt: skip
    assert [row["id"] for row in rows] == sorted({row["id"] for row in rows})


def test_votes_and_wishes_belong_to_their_part(real_index: Index, tmp_path: Path) -> None:
    """A press on a part's button is kept with that part's row alone."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        (reply,) = await there.say(f"{OFF_TOPIC}\n{question}")
        assert "as helpful" in (await there.press(reply, reply.data("v+")))[0].parameters["text"]
        assert "will see it" in (await there.press(reply, reply.data("a")))[0].parameters["text"]

    run(real_index, tmp_path, scenario)
    first, second = (row["id"] for row in logged(tmp_path))
    with closing(sqlite3.connect(tmp_path / "queries.db")) as connection:
        assert connection.execute("SELECT question_id, value FROM votes").fetchall() == [(second, 1)]
        assert connection.execute("SELECT question_id FROM requests").fetchall() == [(first,)]


def test_an_edit_replaces_the_answers_to_all_questions(real_index: Index, tmp_path: Path) -> None:
    """One message shows the answers to whatever the question says now, and each row names the one it replaces."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        message = there.message(f"{OFF_TOPIC}\n{question}")
        await there.take("message", message)
        shown = there.telegram.messages
        for seconds, text in enumerate((question, f"{question}\n{OFF_TOPIC}"), 1):
            edited = {**message, "text": text, "edit_date": message["date"] + seconds}
            (edit,) = await there.take("edited_message", edited)
            assert (edit.method, edit.parameters["message_id"]) == ("editMessageText", shown)
            assert edit.text.startswith("1. ") is ("\n" in text)

    run(real_index, tmp_path, scenario)
    rows = logged(tmp_path)
    one, _, three, _, _ = (row["id"] for row in rows)
    assert [row["edit_of"] for row in rows] == [None, None, one, three, three]
    assert [row["delivery"] for row in rows] == ["sent"] * 2 + ["edited"] * 3


def test_a_follow_up_goes_on_from_the_last_question(real_index: Index, tmp_path: Path) -> None:
    """What points back means the last part: its date is told from the passage that answered it."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        await there.say(f"{OFF_TOPIC}\n{question}")
        (second,) = await there.say("and when did it appear?")
        assert "Published by" in second.text

    run(real_index, tmp_path, scenario)


def test_several_questions_in_a_group_and_as_a_guest(real_index: Index, tmp_path: Path) -> None:
    """Line breaks reach the index there too, without blank lines; the parts are logged with their surface."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        (reply,) = await there.say(f"/ask {question}\n\n  {OFF_TOPIC}", group=GROUP)
        assert [f"1. {question}" in reply.text, f"2. {OFF_TOPIC}" in reply.text] == [True, True]
        message = there.message(f"@test_bot {question}\n{OFF_TOPIC}", group=True)
        (guest,) = await there.take("guest_message", {**message, "guest_query_id": "g1"})
        shown = guest.parameters["result"]["input_message_content"]["message_text"]
        assert "<b>1. " in shown
        assert "<b>2. " in shown

    run(real_index, tmp_path, scenario)
    assert [(row["surface"], row["decision"], row["delivery"]) for row in logged(tmp_path)] == [
        ("group", "answer", "sent"), ("group", "none", "sent"), ("guest", "answer", "sent"), ("guest", "none", "sent"),
    ]  # fmt: skip


def test_a_failed_delivery_is_noted_for_every_part(real_index: Index, tmp_path: Path) -> None:
    """Somebody who has blocked the bot gets no part."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        there.telegram.answers.append(
            (403, {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"})
        )
        await there.say(f"{OFF_TOPIC}\n{question}")

    run(real_index, tmp_path, scenario)
    assert [row["delivery"] for row in logged(tmp_path)] == ["forbidden"] * 2
