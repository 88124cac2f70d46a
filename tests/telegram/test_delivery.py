"""Nothing is lost and little is said twice: pace, retries, order, the inbox, failures and secrets."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import RetryAfter

from bot.telegram.application import make_bot
from bot.telegram.lanes import Lanes
from bot.telegram.quota import Quota, Verdict
from bot.telegram.rate_limiter import GROUP_PER_MINUTE, NORMAL, PRIVATE_BURST, URGENT, Gate, Pacing
from bot.telegram.request import AiohttpRequest
from bot.telegram.secret_masking import keep_out_of_logs, token_secrets
from bot.telegram.update_queue import ATTEMPTS, INBOX_SCHEMA, Inbox
from index.search.index import Index
from tests.support.telegram_bench import TOKEN, Bench, asked_for, bench, run

BROKEN = (500, {"ok": False, "error_code": 500, "description": "Internal Server Error"})
BLOCKED = (403, {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"})
WAIT = (
    429,
    {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 1",
        "parameters": {"retry_after": 1},
    },
)


@pytest.mark.parametrize("fault", [BROKEN, WAIT])
def test_an_answer_that_surely_did_not_arrive_is_sent_again(
    fault: tuple[int, object], real_index: Index, tmp_path: Path
) -> None:
    """Server errors and flood control delay an answer and change nothing about it."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        there.telegram.answers = [fault, fault]  # type: ignore[list-item]
        calls = await there.say(question)
        assert len(calls) == 3
        assert len({call.parameters["text"] for call in calls}) == 1

    run(real_index, tmp_path, scenario)


def test_who_blocked_the_bot_is_remembered_until_they_write_again(real_index: Index, tmp_path: Path) -> None:
    """A blocked chat is not tried again; a new message from it shows that it is open."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        there.telegram.answers = [BLOCKED]
        assert len(await there.say(question)) == 1
        memory = there.service.desk.services.memory
        assert memory.blocked(1)
        assert await there.take(
            "inline_query",
            {"id": "1", "from": {"id": 1, "is_bot": False, "first_name": "A"}, "query": "", "offset": ""},
        )
        assert len(await there.say(question)) == 1
        assert not memory.blocked(1)

    run(real_index, tmp_path, scenario)


def test_a_failing_handler_tells_the_person_a_number_and_admins_once(
    real_index: Index, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """People see a number and no exception text; the log has both; administrators are told once an hour per kind."""

    async def scenario(there: Bench) -> None:
        async def fails(*_: object, **__: object) -> None:
            raise ZeroDivisionError("secret inner text")

        there.service.desk.services.library.answer = fails  # type: ignore[method-assign,assignment]
        for _ in range(2):
            calls = await there.say("anything at all here?")
            await asyncio.sleep(0.05)
            mine = [call for call in there.telegram.calls if call.parameters.get("chat_id") == 1]
            assert "Something went wrong" in mine[-1].text
            assert "secret inner text" not in mine[-1].text
            number = mine[-1].text.rsplit(" ", 1)[1]
            assert number in caplog.text
        assert calls
        notices = [call for call in there.telegram.calls if call.parameters.get("chat_id") == 99]
        assert len(notices) == 1
        assert "ZeroDivisionError" in notices[0].text

    with caplog.at_level(logging.ERROR):
        run(real_index, tmp_path, scenario, admins=frozenset({99}))
    assert "secret inner text" in caplog.text


def test_admin_commands_work_for_admins_and_do_not_exist_for_others(real_index: Index, tmp_path: Path) -> None:
    """/status and /reload answer an administrator; anybody else is told that there is no such command."""

    async def scenario(there: Bench) -> None:
        assert real_index.version in (await there.say("/status", person=99))[0].text
        assert real_index.version in (await there.say("/reload", person=99))[0].text
        for command in ("/status", "/reload", "/stats"):
            assert "do not know that command" in (await there.say(command, person=1))[0].text

    run(real_index, tmp_path, scenario, admins=frozenset({99}))


def test_what_a_killed_process_received_is_answered_by_the_next_and_once(real_index: Index, tmp_path: Path) -> None:
    """An update in the inbox is taken up at the start; delivered again it is not answered again."""
    question, _ = asked_for(real_index)

    async def scenario() -> None:
        async with bench(real_index, tmp_path) as first:
            raw = {"update_id": 5, "message": first.message(question)}
            first.service.inbox.take([raw])
        async with bench(real_index, tmp_path) as second:
            assert second.service.take_up_left() == 1
            second.service.take([raw])
            await second.service.lanes.drain(10)
            assert len(second.telegram.sent()) == 1
        async with bench(real_index, tmp_path) as third:
            third.service.take([raw])
            assert third.service.take_up_left() == 0
            assert third.telegram.sent() == []

    asyncio.run(scenario())


def test_an_answer_that_was_under_way_when_the_process_died_says_that_it_may_come_twice(
    real_index: Index, tmp_path: Path
) -> None:
    """Nobody can know whether it arrived, so the repetition is marked."""
    question, _ = asked_for(real_index)

    async def scenario() -> None:
        async with bench(real_index, tmp_path) as first:
            first.service.inbox.take([{"update_id": 5, "message": first.message(question)}])
            first.service.inbox.sending(5)
        async with bench(real_index, tmp_path) as second:
            second.service.take_up_left()
            await second.service.lanes.drain(10)
            (answer,) = second.telegram.sent()
            assert "Sent once more" in answer.text

    asyncio.run(scenario())


def test_an_update_that_ends_every_process_is_given_up_and_the_person_told(real_index: Index, tmp_path: Path) -> None:
    """After several starts that did not finish it the update is no longer handled."""
    question, _ = asked_for(real_index)

    async def scenario() -> None:
        async with bench(real_index, tmp_path) as there:
            inbox = there.service.inbox
            inbox.take([{"update_id": 5, "message": there.message(question)}])
            for _ in range(ATTEMPTS):
                inbox.begin(5)
            there.service.take_up_left()
            await there.service.lanes.drain(10)
            (told,) = there.telegram.sent()
            assert "Something went wrong" in told.text
            assert inbox.left() == []

    asyncio.run(scenario())


def test_a_malformed_update_harms_no_other(real_index: Index, tmp_path: Path) -> None:
    """What cannot be read is reported and left out; the rest of the batch is answered."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        there.service.take(
            [
                {"update_id": 1, "message": {"text": 5}},
                {"update_id": 2, "message": there.message(question)},
                {"update_id": 3, "message": "?"},
            ]
        )
        await there.service.lanes.drain(10)
        assert len(there.telegram.sent()) == 1
        assert there.service.inbox.left() == []

    run(real_index, tmp_path, scenario)


def test_waiting_people_are_told_and_their_answer_takes_the_notes_place(
    real_index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under overload a question gets a short note first, which becomes the answer."""
    question, _ = asked_for(real_index)
    monkeypatch.setattr("bot.telegram.service._BUSY", 0)

    async def scenario(there: Bench) -> None:
        note, answer = await there.say(question)
        assert note.text.startswith("⏳")
        assert (answer.method, answer.parameters["message_id"]) == ("editMessageText", there.telegram.messages)

    run(real_index, tmp_path, scenario)


def test_answered_texts_leave_no_trace_on_disk(real_index: Index, tmp_path: Path) -> None:
    """Once answered, a message's text is not in the bot's own database, its free pages or its write-ahead log."""
    words = "boiling-an-egg-for-nine-minutes"

    async def scenario(there: Bench) -> None:
        await there.say(f"{words}?", person=987654321)

    run(real_index, tmp_path, scenario)
    for path in tmp_path.glob("telegram.db*"):
        assert words.encode() not in path.read_bytes()
        assert b"987654321" not in path.read_bytes()


def test_an_inbox_that_cannot_be_written_loses_nothing_while_the_process_lives(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Updates are handed on all the same, and the trouble is logged once."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(INBOX_SCHEMA)
    inbox = Inbox(connection)
    connection.execute("PRAGMA query_only = ON")
    assert len(inbox.take([{"update_id": 1}, {"update_id": 2}])) == 2
    assert len(inbox.take([{"update_id": 3}])) == 1
    assert caplog.text.count("cannot be written down") == 1
    connection.close()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=40))
def test_lanes_keep_order_within_and_run_side_by_side(items: list[tuple[int, int]]) -> None:
    """Each lane's items are done in the order put, whatever the others do."""
    done: list[tuple[int, int]] = []

    async def scenario() -> None:
        async def work(item: tuple[int, int]) -> None:
            for _ in range(item[1]):
                await asyncio.sleep(0)
            done.append(item)

        lanes: Lanes[tuple[int, int]] = Lanes(work, 10)
        for item in items:
            lanes.put(item[0], item)
            await asyncio.sleep(0)
        assert await lanes.drain(5) == 0

    asyncio.run(scenario())
    for lane in range(4):
        assert [item for item in done if item[0] == lane] == [item for item in items if item[0] == lane]


def test_full_lanes_wait_for_room() -> None:
    """With the bound reached there is no room until something is done."""

    async def scenario() -> None:
        go = asyncio.Event()

        async def work(item: int) -> None:
            await go.wait()

        lanes: Lanes[int] = Lanes(work, 2)
        lanes.put("a", 1)
        lanes.put("b", 2)
        waiting = asyncio.create_task(lanes.room())
        await asyncio.sleep(0.01)
        assert lanes.full
        assert not waiting.done()
        go.set()
        await asyncio.wait_for(waiting, 5)
        await lanes.drain(5)

    asyncio.run(scenario())


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_quota_slides_over_a_minute() -> None:
    """As soon as the oldest question is a minute old, one more is allowed, and the next excess is told again."""
    clock = Clock()
    quota = Quota(2, clock)
    assert [quota.ask(1) for _ in range(4)] == [Verdict.TAKE, Verdict.TAKE, Verdict.NOTE, Verdict.DROP]
    clock.now += 60
    assert [quota.ask(1) for _ in range(3)] == [Verdict.TAKE, Verdict.TAKE, Verdict.NOTE]


async def _times(pacing: Pacing, chat: int, count: int) -> list[float]:
    sent: list[float] = []

    async def call(*_: object, **__: object) -> bool:
        sent.append(time.monotonic())
        return True

    await asyncio.gather(
        *(pacing.process_request(call, (), {}, "sendMessage", {"chat_id": chat}, None) for _ in range(count))
    )
    return sent


def test_a_private_chat_gets_a_short_burst_then_one_message_a_second() -> None:
    """The sixth message leaves at least two seconds after the first."""

    async def scenario() -> None:
        sent = await _times(Pacing(0), 1, PRIVATE_BURST + 2)
        assert sent[PRIVATE_BURST] - sent[0] >= 0.99
        assert sent[PRIVATE_BURST + 1] - sent[0] >= 1.99

    asyncio.run(scenario())


def test_a_group_gets_no_more_than_twenty_messages_at_once() -> None:
    """The twenty-first has to wait for the minute to pass."""

    async def scenario() -> None:
        sending = asyncio.create_task(_times(Pacing(0), -5, GROUP_PER_MINUTE + 1))
        await asyncio.sleep(0.3)
        assert not sending.done()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending

    asyncio.run(scenario())


def test_everything_together_keeps_the_overall_rate_and_the_urgent_goes_first() -> None:
    """In a queue for the common limit, presses on buttons overtake answers."""

    async def scenario() -> None:
        gate, order = Gate(20), []

        async def enter(name: str, priority: int) -> None:
            await gate.enter(priority)
            order.append((name, time.monotonic()))

        began = time.monotonic()
        await asyncio.gather(*(enter(f"answer{n}", NORMAL) for n in range(20)), enter("press", URGENT))
        assert order[-1][1] - began >= (21 - 4 - 1) / 20 - 0.05
        assert [name for name, _ in order].index("press") <= 5

    asyncio.run(scenario())


def test_a_refusal_is_waited_out_and_the_call_repeated() -> None:
    """The second attempt comes no earlier than Telegram asked."""
    attempts: list[float] = []

    async def call(*_: object, **__: object) -> bool:
        attempts.append(time.monotonic())
        if len(attempts) == 1:
            raise RetryAfter(1)
        return True

    assert asyncio.run(Pacing(0).process_request(call, (), {}, "sendMessage", {"chat_id": 1}, None)) is True
    assert attempts[1] - attempts[0] >= 1


def test_secrets_are_in_no_log_line_traceback_or_repr(caplog: pytest.LogCaptureFixture) -> None:
    """Masked are messages, arguments and exceptions, at every level and whoever logs."""
    undo = keep_out_of_logs(token_secrets(TOKEN))
    try:
        with caplog.at_level(logging.DEBUG):
            logging.getLogger("httpx").info("HTTP Request: POST https://api.telegram.org/bot%s/getMe", TOKEN)
            logging.getLogger("x").warning(f"plain {TOKEN}")
            try:
                raise ValueError(f"https://api.telegram.org/bot{TOKEN}/sendMessage")
            except ValueError:
                logging.getLogger("y").exception("broken")
    finally:
        undo()
    assert "TEST-token" not in caplog.text
    assert caplog.text.count("[secret]") >= 3
    assert "TEST-token" not in repr(make_bot(TOKEN, "http://127.0.0.1:9", Pacing(), AiohttpRequest(1, 1)))
