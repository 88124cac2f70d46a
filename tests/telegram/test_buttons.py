"""Buttons, browsing and deep links through the real application."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.locales import texts_for
from bot.messages.buttons import LIMIT, AnswerRef, Mark, Paging, Place, add_button, parse, read_paging, vote_buttons
from bot.querylog.log import Forgotten
from index.knowledge.snippet import snippet_key
from index.search.index import Index
from tests.support.telegram_bench import Bench, asked_for, run

KEYS = st.text("ABCxyz019_-", min_size=11, max_size=11)
MARKS = st.builds(Mark, KEYS, st.none() | st.integers(0, 35))


LANGUAGES = st.sampled_from(["en", "ru", "kk", "kaz"])


@given(st.lists(MARKS, min_size=2, max_size=4), LANGUAGES, LANGUAGES, st.integers(0, 3))
def test_paging_fits_into_a_button_and_comes_back(marks: list[Mark], language: str, interface: str, at: int) -> None:
    """Whatever the passages and the two languages, the data is within 64 bytes and reads back."""
    paging = Paging(tuple(marks), language, interface, at % len(marks))
    data = str(paging)
    assert len(data.encode()) <= LIMIT
    parsed = parse(data)
    assert parsed is not None
    assert read_paging(parsed[1]) == paging


@given(st.lists(MARKS, min_size=2, max_size=5), st.sampled_from(["en", "ru", "kk"]), st.integers(0, 4))
def test_buttons_of_older_versions_still_turn_to_the_next_passage(marks: list[Mark], language: str, at: int) -> None:
    """They hold up to five passages and no language of the interface."""
    at %= len(marks)
    parsed = parse(f"n{at}{language}{''.join(map(str, marks))}")
    assert parsed is not None
    paging = read_paging(parsed[1])
    assert paging == Paging(tuple(marks), language, None, at)
    assert paging is not None
    again = parse(str(paging.next()))
    assert again is not None
    assert again[0] == "next"
    assert read_paging(again[1]) is not None


@given(st.integers(0, 2**52 - 1))
def test_votes_fit_into_a_button_for_anybody(person: int) -> None:
    """Telegram ids have up to 52 bits."""
    asked = AnswerRef("0123456789ABCDEFGHJKMNPQRS", person)
    for button in (*vote_buttons(asked), add_button(asked, texts_for("en"))):
        assert isinstance(button.callback_data, str)
        assert len(button.callback_data) <= LIMIT
        parsed = parse(button.callback_data)
        assert parsed is not None
        assert int(parsed[1]["asker"], 36) == person


@given(st.text(max_size=70))
def test_any_callback_data_is_understood_or_refused(data: str) -> None:
    """Parsing forged data never fails."""
    parsed = parse(data)
    assert parsed is None or isinstance(parsed[0], str)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "x",
        "n9en",
        "oABC",
        "p" + "A" * 12 + "en.",
        "p" + "A" * 12 + "en.ENG",
        "n0en.ru",
        "v+1:zzzzzzzzzzzzzzzz",
        "b" * 64,
        "t_DROP TABLE",
        "🤷",
        "n4en" + "A" * 12,
        "m",
        "lxx",
        None,
    ],
)
def test_forged_data_gets_an_answer_and_does_nothing(data: str | None, real_index: Index, tmp_path: Path) -> None:
    """A press with data the bot never wrote is answered with a word and changes no message."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        (answer,) = await there.say(question)
        calls = await there.press(answer, data)
        assert [call.method for call in calls] == ["answerCallbackQuery"]
        assert calls[0].parameters["text"]

    run(real_index, tmp_path, scenario)


def test_next_shows_the_other_passages_and_keeps_the_votes(real_index: Index, tmp_path: Path) -> None:
    """The message turns to the next passage in place; the vote buttons stay those of the question."""
    question, _ = asked_for(real_index)
    hits = real_index.answer(question).hits

    async def scenario(there: Bench) -> None:
        (answer,) = await there.say(question)
        _, turned = await there.press(answer, answer.data("n"))
        assert turned.method == "editMessageText"
        assert ("b", hits[1].snippet.title) in turned.entities
        assert turned.text.startswith("2 of 4\n")
        assert turned.data("v+") == answer.data("v+")
        assert turned.data("n2")

    run(real_index, tmp_path, scenario)


def test_who_presses_does_not_change_the_language_of_a_message(real_index: Index, tmp_path: Path) -> None:
    """Notes and buttons stay in that of the reader for whom it was written; labels in that of the quote."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        (answer,) = await there.say(question, language="ru")
        assert "Ещё фрагмент ▶" in [button["text"] for button in answer.buttons]
        _, turned = await there.press(answer, answer.data("n"), person=2)
        assert turned.text.startswith("Фрагмент 2 из 4\n")
        assert "As of " in turned.text
        assert "Ещё фрагмент ▶" in [button["text"] for button in turned.buttons]
        _, chosen = await there.press(answer, f"p{turned.data('n')[7:19]}en.kk", person=2)
        assert "Бөлісу ↗" in [button["text"] for button in chosen.buttons]

    run(real_index, tmp_path, scenario)


def test_all_sources_of_a_passage_are_a_tap_away(real_index: Index, tmp_path: Path) -> None:
    """By the button they come below, or in the private chat where the bot is not a member; there by the link, too."""
    topics = [real_index.in_topic(topic.id, "en") for topic in real_index.topics]
    snippet = next(snippet for found in topics for snippet in found if len(snippet.sources) > 1)

    async def scenario(there: Bench) -> None:
        (shown,) = await there.say(f"/start p_{snippet.key}")
        _, sources = await there.press(shown, shown.data("o"))
        assert sources.method == "sendMessage"
        assert f"?start=s_{snippet.key}" in shown.parameters["text"]
        (opened,) = await there.press(shown, shown.data("o"), message=None, inline_message_id="AQ1")
        assert opened.parameters["url"] == f"https://t.me/test_bot?start=s_{snippet.key}"
        (linked,) = await there.say(f"/start s_{snippet.key}")
        for message in (sources, linked):
            assert message.text.count("📰") == len(snippet.sources)
            assert all(source.title in message.text for source in snippet.sources)

    run(real_index, tmp_path, scenario)


def test_topics_of_a_refusal_open_below_it(real_index: Index, tmp_path: Path) -> None:
    """The refusal stays, with its wish and its suggestions."""

    async def scenario(there: Bench) -> None:
        (refusal,) = await there.say("How long do I boil an egg so that the yolk stays soft?")
        _, topics = await there.press(refusal, refusal.data("t"))
        assert topics.method == "sendMessage"
        assert topics.text.startswith("Topics")

    run(real_index, tmp_path, scenario)


def test_only_the_askers_vote_counts_and_it_can_be_changed(real_index: Index, tmp_path: Path) -> None:
    """Somebody else's press is refused; the asker's second press takes the vote back, another one changes it."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        (answer,) = await there.say(question, person=1)

        async def word(data: str, person: int) -> str:
            (call,) = await there.press(answer, data, person)
            return str(call.parameters["text"])

        up, down = answer.data("v+"), answer.data("v-")
        assert "Only the person who asked" in await word(up, 2)
        assert "as helpful" in await word(up, 1)
        assert "not helpful" in await word(down, 1)
        assert "taken back" in await word(down, 1)
        forged = up.rsplit(":", 1)[0] + ":2"
        assert "Only the person who asked" in await word(forged, 2)

    run(real_index, tmp_path, scenario)


def test_a_passage_that_is_gone_says_so(real_index: Index, tmp_path: Path) -> None:
    """Buttons and links to what is not in this version are answered in words."""
    gone = snippet_key("no/such-snippet")

    async def scenario(there: Bench) -> None:
        (start,) = await there.say("/start")
        for data in (f"p{gone}0en.ru", f"o{gone}en.ru", f"r{gone}:0", f"b{gone}:0", f"t{gone}", f"n0en.ru{gone}0"):
            (toast,) = await there.press(start, data)
            assert "no longer in the collection" in toast.parameters["text"]
        for payload in (f"p_{gone}", f"s_{gone}", f"t_{gone}"):
            (reply,) = await there.say(f"/start {payload}")
            assert "no longer in the collection" in reply.text

    run(real_index, tmp_path, scenario)


def test_every_passage_can_be_reached_by_tapping_and_has_its_deep_link(real_index: Index, tmp_path: Path) -> None:
    """From /topics each topic's pages lead to passages; a passage's own link opens it again."""

    async def scenario(there: Bench) -> None:
        (menu,) = await there.say("/topics")
        found = set()
        for topic in real_index.topics:
            _, page = await there.press(menu, f"b{snippet_key(topic.id)}")
            while True:
                found |= {
                    str(button["callback_data"])[1:12]
                    for button in page.buttons
                    if str(button["callback_data"]).startswith("r")
                }
                more = [button for button in page.buttons if button["text"].startswith("More")]
                if not more:
                    break
                _, page = await there.press(page, str(more[0]["callback_data"]))
        wanted = {snippet.key for topic in real_index.topics for snippet in real_index.in_topic(topic.id)}
        assert found == wanted
        key = sorted(wanted)[0]
        _, read = await there.press(menu, f"r{key}:0")
        (linked,) = await there.say(f"/start p_{key}")
        assert [text for tag, text in linked.entities if tag == "blockquote"] == [
            text for tag, text in read.entities if tag == "blockquote"
        ]

    run(real_index, tmp_path, scenario)


def test_the_same_press_twice_changes_the_message_once(real_index: Index, tmp_path: Path) -> None:
    """Telegram refuses an edit that changes nothing; that is no failure, and nothing is sent instead."""

    async def scenario(there: Bench) -> None:
        (menu,) = await there.say("/topics")
        data = menu.data("b")
        first, second = await there.press(menu, data), await there.press(menu, data)
        assert [call.method for call in first] == ["answerCallbackQuery", "editMessageText"]
        assert [call.method for call in second] == ["answerCallbackQuery", "editMessageText"]

    run(real_index, tmp_path, scenario)


def test_a_button_under_a_message_telegram_does_not_show_any_more_still_works(
    real_index: Index, tmp_path: Path
) -> None:
    """Months later the press carries an inaccessible message; the answer comes all the same."""
    _, wanted = asked_for(real_index)
    key = snippet_key(wanted)

    async def scenario(there: Bench) -> None:
        (start,) = await there.say("/start")
        old = {"message_id": 3, "date": 0, "chat": {"id": 1, "type": "private"}}
        toast, shown = await there.press(start, f"p{key}-en", message=old)
        assert toast.method == "answerCallbackQuery"
        assert any(tag == "blockquote" for tag, _ in shown.entities)

    run(real_index, tmp_path, scenario)


def test_buttons_under_inline_messages_change_them(real_index: Index, tmp_path: Path) -> None:
    """A press with nothing but an inline message's id edits that message."""

    async def scenario(there: Bench) -> None:
        (start,) = await there.say("/start")
        _, edit = await there.press(start, "b", message=None, inline_message_id="AQ1")
        assert edit.parameters["inline_message_id"] == "AQ1"

    run(real_index, tmp_path, scenario)


@pytest.mark.parametrize(
    "command", ["start", "help", "topics", "sources", "about", "language", "privacy", "forget", "settings", "nonsense"]
)
@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_every_command_is_answered_in_every_language(
    command: str, language: str, real_index: Index, tmp_path: Path
) -> None:
    """Each command gets one message that Telegram takes."""

    async def scenario(there: Bench) -> None:
        assert len(await there.say(f"/{command}", language=language)) == 1

    run(real_index, tmp_path, scenario)


def test_share_leads_to_inline_mode_only_where_the_bot_has_it(real_index: Index, tmp_path: Path) -> None:
    """Without inline mode Telegram refuses such a button; the share link takes its place."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        (answer,) = await there.say(question)
        assert any("switch_inline_query" in button for button in answer.buttons)
        services = there.services
        assert replace(services.place, inline=False) == Place("test_bot", False)

    run(real_index, tmp_path, scenario)


def test_people_see_and_delete_what_is_recorded_of_them(real_index: Index, tmp_path: Path) -> None:
    """/mydata sends a file, /forget asks first and then deletes; neither works in a group."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        await there.say(question)
        (file,) = await there.say("/mydata")
        assert file.method == "sendDocument"
        (ask,) = await there.say("/forget")
        _, kept = await there.press(ask, "mkeep")
        assert "Nothing was deleted" in kept.text
        _, done = await there.press(ask, "mforget")
        assert "1 question was deleted" in done.text
        (refused,) = await there.say("/mydata@test_bot", group=True)
        assert "private chat" in refused.text

    run(real_index, tmp_path, scenario)


@pytest.mark.parametrize("command", ["/forget", "/mydata"])
def test_what_makes_the_log_work_counts_as_a_question(command: str, real_index: Index, tmp_path: Path) -> None:
    """Beyond the quota one note follows, then silence; others are not affected."""

    async def scenario(there: Bench) -> None:
        for _ in range(2):
            (call,) = await there.say(command)
            assert "more than 2 questions" not in call.parameters.get("text", "")
        (note,) = await there.say(command)
        assert "more than 2 questions" in note.text
        assert await there.say(command) == []
        (call,) = await there.say(command, person=2)
        assert "more than 2 questions" not in call.parameters.get("text", "")

    run(real_index, tmp_path, scenario, questions_per_minute=2)


def test_the_button_that_deletes_counts_as_a_question(real_index: Index, tmp_path: Path) -> None:
    """Pressed again and again it makes the log rewrite itself no more often than the quota allows."""
    forgotten = []

    async def scenario(there: Bench) -> None:
        log = there.services.log
        forget = log.forget_person

        async def counted(person: int) -> Forgotten:
            forgotten.append(person)
            return await forget(person)

        log.forget_person = counted  # type: ignore[method-assign]
        (asked,) = await there.say("/forget")
        for _ in range(4):
            calls = await there.press(asked, "mforget")
        (toast,) = (call for call in calls if call.method == "answerCallbackQuery")
        assert "more than 3 questions" in toast.parameters["text"]
        assert forgotten == [1, 1]

    run(real_index, tmp_path, scenario, questions_per_minute=3)


def test_people_are_told_when_erasing_takes_long(
    real_index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the last traces take longer than a reply may, the confirmation says so and a second message says when."""
    monkeypatch.setattr("bot.telegram.handlers.privacy._ERASING_SECONDS", 0.0)
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        await there.say(question)
        (ask,) = await there.say("/forget")
        _, done = await there.press(ask, "mforget")
        assert "1 question was deleted" in done.text
        assert "being overwritten" in done.text
        before = len(there.telegram.calls)
        while len(there.telegram.calls) == before:
            await asyncio.sleep(0.05)
        assert "nothing of yours is left" in there.telegram.calls[-1].text
        assert question.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("queries.db*"))

    run(real_index, tmp_path, scenario)
