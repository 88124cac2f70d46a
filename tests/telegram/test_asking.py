"""Questions in private chats and groups, their answers and edits, through the real application."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.search.index import Index
from tests.support.telegram_bench import GROUP, ME, Bench, asked_for, refused_near, run

OFF_TOPIC = "How long do I boil an egg so that the yolk stays soft?"


def test_a_private_question_is_answered_with_a_quote_that_replies_to_it(real_index: Index, tmp_path: Path) -> None:
    """The answer quotes the snippet's own bytes, with the answering sentence in bold, and names where it comes from."""
    question, wanted = asked_for(real_index)
    snippet = real_index.snippet(wanted, "en")
    assert snippet is not None

    async def scenario(there: Bench) -> None:
        (answer,) = await there.say(question)
        assert answer.parameters["reply_parameters"]["message_id"] == 1
        quoted = [text for tag, text in answer.entities if tag == "blockquote"]
        assert quoted == [snippet.text]
        assert any(tag == "b" and text in snippet.text for tag, text in answer.entities)
        assert ("b", snippet.title) in answer.entities
        assert snippet.sources[0].publisher in answer.text
        assert [button["text"] for button in answer.buttons][-2:] == ["👍", "👎"]

    run(real_index, tmp_path, scenario)


def test_what_the_knowledge_does_not_cover_is_refused_with_ways_on(real_index: Index, tmp_path: Path) -> None:
    """Near the knowledge a refusal offers questions and the editors, and always the topics; it quotes nothing."""

    async def scenario(there: Bench) -> None:
        (refusal,) = await there.say(refused_near(real_index))
        assert refusal.text == "My collection does not cover this."
        kinds = [str(button["callback_data"])[0] for button in refusal.buttons]
        assert kinds in [["p"] * suggested + ["a", "t"] for suggested in range(3)]
        assert all(button["text"].endswith("?") for button in refusal.buttons[:-2])
        calls = await there.press(refusal, refusal.data("a"))
        assert "will see it" in calls[0].parameters["text"]

    run(real_index, tmp_path, scenario)


@pytest.mark.parametrize("text", [OFF_TOPIC, "Will it rain in London tomorrow?", "Завтра будет дождь?"])
def test_no_question_is_suggested_for_what_has_nothing_to_do_with_the_knowledge(
    text: str, real_index: Index, tmp_path: Path
) -> None:
    """Only the topics and, for more than a word or two, the editors."""

    async def scenario(there: Bench) -> None:
        (refusal,) = await there.say(text)
        assert refusal.text == "My collection does not cover this."
        kinds = "".join(str(button["callback_data"])[0] for button in refusal.buttons)
        assert kinds == ("at" if " " in text else "t")

    run(real_index, tmp_path, scenario)


def test_an_edited_question_changes_its_answer_in_place(real_index: Index, tmp_path: Path) -> None:
    """The earlier answer is edited; a change that nobody can see changes nothing."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        message = there.message(OFF_TOPIC)
        (first,) = [call for call in await there.take("message", message) if call.method == "sendMessage"]
        edited = {**message, "text": question, "edit_date": message["date"] + 5}
        (second,) = await there.take("edited_message", edited)
        assert second.method == "editMessageText"
        assert second.parameters["message_id"] == there.telegram.messages
        assert second.text != first.text
        assert await there.take("edited_message", {**edited, "edit_date": message["date"] + 9}) == []

    run(real_index, tmp_path, scenario)


def test_an_edit_finds_its_answer_after_a_restart(real_index: Index, tmp_path: Path) -> None:
    """Which message answers which is remembered on disk."""
    question, _ = asked_for(real_index)
    kept: dict[str, object] = {}

    async def before(there: Bench) -> None:
        kept.update(there.message(OFF_TOPIC))
        await there.take("message", kept)
        kept["answer"] = there.telegram.messages

    async def after(there: Bench) -> None:
        message_id = kept.pop("answer")
        (edit,) = await there.take("edited_message", {**kept, "text": question})
        assert (edit.method, edit.parameters["message_id"]) == ("editMessageText", message_id)

    run(real_index, tmp_path, before)
    run(real_index, tmp_path, after)


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("/ask {}", {}),
        ("@test_bot {}", {}),
        ("😀😀 {} @test_bot", {}),
        (
            "{}",
            {
                "reply_to_message": {
                    "message_id": 5,
                    "date": 1,
                    "from": ME,
                    "chat": {"id": GROUP, "type": "supergroup"},
                    "text": "…",
                }
            },
        ),
        ("/ask@test_bot {}", {"message_thread_id": 7, "is_topic_message": True}),
    ],
)
def test_in_groups_what_addresses_the_bot_is_answered(
    text: str, more: dict[str, object], real_index: Index, tmp_path: Path
) -> None:
    """``/ask``, a mention and a reply count; the answer stays in its forum topic."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        (answer,) = await there.say(text.format(question), group=True, **more)
        assert answer.parameters["chat_id"] == GROUP
        assert answer.parameters.get("message_thread_id") == more.get("message_thread_id")
        assert any(tag == "blockquote" for tag, _ in answer.entities)

    run(real_index, tmp_path, scenario)


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("{}", {}),
        ("/ask@other_bot {}", {}),
        ("@test_bot_two {}", {}),
        ("@test_bot {}", {"forward_origin": {"type": "hidden_user", "sender_user_name": "X", "date": 1}}),
        ("@test_bot {}", {"via_bot": {"id": 9, "is_bot": True, "first_name": "Other", "username": "other_bot"}}),
        (
            "{}",
            {
                "reply_to_message": {
                    "message_id": 5,
                    "date": 1,
                    "from": ME,
                    "chat": {"id": GROUP, "type": "supergroup"},
                    "forum_topic_created": {"name": "t", "icon_color": 1},
                }
            },
        ),
    ],
)
def test_in_groups_the_bot_keeps_quiet_otherwise(
    text: str, more: dict[str, object], real_index: Index, tmp_path: Path
) -> None:
    """Talk among people, other bots' business, forwards and messages in a topic the bot opened are left alone."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        assert await there.say(text.format(question), group=True, **more) == []

    run(real_index, tmp_path, scenario)


def test_kinds_of_update_that_look_like_messages_are_not_answered_like_them(real_index: Index, tmp_path: Path) -> None:
    """Channel posts and their edits get nothing, a guest message gets its own kind of answer."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        post = {"message_id": 1, "date": 1, "chat": {"id": -100777, "type": "channel", "title": "C"}, "text": question}
        assert await there.take("channel_post", post) == []
        assert await there.take("edited_channel_post", {**post, "edit_date": 2}) == []
        guest = {**there.message(f"@test_bot {question}", group=True), "guest_query_id": "g1"}
        (answer,) = await there.take("guest_message", guest)
        assert answer.method == "answerGuestQuery"
        assert "<blockquote" in answer.parameters["result"]["input_message_content"]["message_text"]

    run(real_index, tmp_path, scenario)


@pytest.mark.parametrize(
    "what",
    [
        {"voice": {"file_id": "f", "file_unique_id": "u", "duration": 1}},
        {"location": {"latitude": 1.0, "longitude": 2.0}},
    ],
)
def test_what_is_not_text_gets_a_friendly_line_in_private_only(
    what: dict[str, object], real_index: Index, tmp_path: Path
) -> None:
    """The bot says that it reads text; in groups it says nothing."""

    async def scenario(there: Bench) -> None:
        (line,) = await there.say(None, **what)
        assert "only read text" in line.text
        assert await there.say(None, group=True, **what) == []

    run(real_index, tmp_path, scenario)


PHOTO = {"photo": [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]}


def test_a_caption_is_a_question(real_index: Index, tmp_path: Path) -> None:
    """Words under a picture are answered, saying that only they were read; an edit of them edits the answer."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        message = there.message(None, caption=question, **PHOTO)
        (answer,) = await there.take("message", message)
        assert "only read text" in answer.text
        assert "blockquote" in answer.parameters["text"]
        assert answer.parameters["reply_parameters"]["message_id"] == message["message_id"]
        (edit,) = await there.take("edited_message", {**message, "caption": "Hello!", "edit_date": message["date"] + 1})
        assert edit.method == "editMessageText"
        (line,) = await there.say(None, caption="/start", **PHOTO)
        assert "only read text" in line.text

    run(real_index, tmp_path, scenario)


def test_captions_in_groups_only_when_addressed(real_index: Index, tmp_path: Path) -> None:
    """A picture in a group is answered if its caption mentions the bot, and else passed over."""
    question, _ = asked_for(real_index)
    mention = [{"type": "mention", "offset": 0, "length": 9}]

    async def scenario(there: Bench) -> None:
        assert await there.say(None, group=True, caption=question, **PHOTO) == []
        (answer,) = await there.say(
            None, group=True, caption=f"@test_bot {question}", caption_entities=mention, **PHOTO
        )
        assert "blockquote" in answer.parameters["text"]

    run(real_index, tmp_path, scenario)


def test_an_album_is_one_message(real_index: Index, tmp_path: Path) -> None:
    """Telegram delivers an album in parts: they get one line together, and none where its caption was answered."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        lines = [await there.say(None, media_group_id="1", **PHOTO) for _ in range(3)]
        assert [len(each) for each in lines] == [1, 0, 0]
        (answer,) = await there.say(None, media_group_id="2", caption=question, **PHOTO)
        assert "blockquote" in answer.parameters["text"]
        assert await there.say(None, media_group_id="2", **PHOTO) == []

    run(real_index, tmp_path, scenario)


def test_the_interface_speaks_the_language_chosen_then_telegrams_then_the_questions(
    real_index: Index, tmp_path: Path
) -> None:
    """/language comes before Telegram's language, and that before the question's own."""

    async def scenario(there: Bench) -> None:
        assert (await there.say("/topics", language="ru"))[0].text.startswith("Темы")
        assert (await there.say("/topics", person=2, language="de"))[0].text.startswith("Topics")
        (answer,) = await there.say("Сколько варить яйцо, чтобы желток остался жидким?", person=3, language=None)
        assert answer.text.startswith("В подборке об этом ничего нет")
        (menu,) = await there.say("/language", language="ru")
        await there.press(menu, "lkk")
        assert (await there.say("/topics", language="ru"))[0].text.startswith("Тақырыптар")

    run(real_index, tmp_path, scenario)


def test_more_than_the_quota_is_told_once_and_then_ignored(real_index: Index, tmp_path: Path) -> None:
    """The quota's questions are answered, one note follows, then silence; other people are not affected."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        replies = [await there.say(question) for _ in range(5)]
        assert [len(calls) for calls in replies] == [1, 1, 1, 0, 0]
        assert "more than 2 questions" in replies[2][0].text
        assert len(await there.say(question, person=2)) == 1

    run(real_index, tmp_path, scenario, questions_per_minute=2)


def test_banned_people_are_ignored(real_index: Index, tmp_path: Path) -> None:
    """Whoever is banned gets no answer to anything."""

    async def scenario(there: Bench) -> None:
        assert await there.say("/start", person=66) == []
        assert len(await there.say("/start", person=1)) == 1

    run(real_index, tmp_path, scenario, banned=frozenset({66}))


WORDS = st.sampled_from(
    [
        "<b>",
        "&amp;",
        "</blockquote>",
        "👩‍👩‍👧‍👦",
        "e\u0301",
        "\u202e",
        "مرحبا",
        "\u200b",
        "🇰🇿",
        "lithium",
        "литий",
        "@test_bot",
        "/ask",
        "\0",
    ]
)
TYPED = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300),
    st.lists(WORDS, min_size=1).map(" ".join),
)
LONG = st.builds(lambda text, times: (text * times)[:4096], TYPED, st.integers(1, 400))


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.one_of(TYPED, LONG), min_size=1, max_size=12))
def test_any_text_as_a_question_gets_one_message_telegram_takes(
    texts: list[str], real_index: Index, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """All of Unicode, markup, zero width, right to left, up to 4096 characters: one reply each, here and in groups."""

    async def scenario(there: Bench) -> None:
        for person, text in enumerate(texts, 1):
            if not text.startswith("/") or text.startswith("/ask"):
                assert len(await there.say(text, person)) == 1
            assert len(await there.say(f"/ask {text}"[:4096], person, group=GROUP - person)) == 1

    run(real_index, tmp_path_factory.mktemp("any"), scenario)
