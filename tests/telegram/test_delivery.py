"""Nothing is lost and little is said twice: limits, retries, order, the queue on disk, failures and secrets."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from pathlib import Path

import pytest
from telegram import Update
from telegram.error import RetryAfter, TimedOut

from bot.database import open_database
from bot.telegram.bot_api import CountingRequest, TelegramBot
from bot.telegram.quota import Quota, Verdict
from bot.telegram.rate_limiter import GROUP_BURST, PRIVATE_BURST, ChatRateLimiter, Departure, LocalPace
from bot.telegram.secret_masking import keep_out_of_logs, token_secrets
from bot.telegram.state import STATE_MIGRATIONS
from bot.telegram.update_queue import UPDATE_MIGRATIONS, DurableQueue
from index.search.index import Index
from tests.support.telegram_bench import TOKEN, Bench, asked_for, bench, remembered, run

BLOCKED = (403, {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"})


def test_who_blocked_the_bot_is_remembered_until_they_write_again(real_index: Index, tmp_path: Path) -> None:
    """A blocked chat is not tried again; a new message from it shows that it is open."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        there.telegram.answers = [BLOCKED]
        assert len(await there.say(question)) == 1
        state = there.services.state
        assert await state.blocked(1)
        assert await there.take(
            "inline_query",
            {"id": "1", "from": {"id": 1, "is_bot": False, "first_name": "A"}, "query": "", "offset": ""},
        )
        assert len(await there.say(question)) == 1
        assert not await state.blocked(1)

    run(real_index, tmp_path, scenario)


def test_a_failing_handler_tells_the_person_a_number_and_admins_once(
    real_index: Index, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """People see a number and no exception text; the log has both; administrators are told once an hour per kind."""

    async def scenario(there: Bench) -> None:
        async def fails(*_: object, **__: object) -> None:
            raise ZeroDivisionError("secret inner text")

        there.services.live_index.reply = fails  # type: ignore[method-assign,assignment]
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
            assert "no such command" in (await there.say(command, person=1))[0].text

    run(real_index, tmp_path, scenario, admins=frozenset({99}))


async def leave_behind(data: Path, update: dict[str, object], *marks: str) -> None:
    """Write an update to the disk like a process that ended before it was finished."""
    database = open_database(data / "telegram.db", (STATE_MIGRATIONS, UPDATE_MIGRATIONS))
    queue = DurableQueue(database, 10)
    await queue.put(Update.de_json(update, None))
    for mark in marks:
        await getattr(queue, mark)(update["update_id"])
    database.close()


def left(data: Path) -> int:
    """Return how many updates are on disk and not finished."""
    query = "SELECT count(*) FROM updates WHERE payload IS NOT NULL"
    return int(remembered(data, query)[0][0])


def test_what_a_killed_process_received_is_answered_by_the_next_and_once(real_index: Index, tmp_path: Path) -> None:
    """An update on disk is resumed at the start; delivered again it is not answered again."""
    question, _ = asked_for(real_index)

    async def scenario() -> None:
        async with bench(real_index, tmp_path) as second:
            raw = {"update_id": 5, "message": second.message(question)}
            await leave_behind(tmp_path, raw)
            assert await second.services.queue.resume(second.application.bot) == 1
            await second.receive(raw)
            await second.drain()
            assert len(second.telegram.sent()) == 1
        async with bench(real_index, tmp_path) as third:
            await third.receive(raw)
            assert await third.services.queue.resume(third.application.bot) == 0
            assert third.telegram.sent() == []

    asyncio.run(scenario())


def test_an_answer_that_was_under_way_when_the_process_died_says_that_it_may_come_twice(
    real_index: Index, tmp_path: Path
) -> None:
    """Nobody can know whether it arrived, so the repetition is marked."""
    question, _ = asked_for(real_index)

    async def scenario() -> None:
        async with bench(real_index, tmp_path) as there:
            await leave_behind(tmp_path, {"update_id": 5, "message": there.message(question)}, "mark_sending")
            await there.services.queue.resume(there.application.bot)
            await there.drain()
            (answer,) = there.telegram.sent()
            assert "Sent once more" in answer.text

    asyncio.run(scenario())


def test_a_stored_update_that_cannot_be_read_holds_up_no_other(real_index: Index, tmp_path: Path) -> None:
    """It is logged and left out; what was received with it is answered."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        for number in (5, 6):
            await leave_behind(tmp_path, {"update_id": number, "message": there.message(question)})
        remembered(tmp_path, "UPDATE updates SET payload = '{' WHERE update_id = 5")
        assert await there.services.queue.resume(there.application.bot) == 1
        await there.drain()
        assert len(there.telegram.sent()) == 1
        assert left(tmp_path) == 0

    run(real_index, tmp_path, scenario)


def test_waiting_people_are_told_and_their_answer_takes_the_notes_place(
    real_index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under overload a question gets a short note first, which becomes the answer."""
    question, _ = asked_for(real_index)
    monkeypatch.setattr("bot.telegram.chat_order.BUSY", 0)

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


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_quota_slides_over_a_minute() -> None:
    """As soon as the oldest question is a minute old, one more is allowed, and the next excess is told again."""
    clock = Clock()
    quota = Quota(2, clock)
    assert [await quota.ask(1) for _ in range(4)] == [Verdict.TAKE, Verdict.TAKE, Verdict.NOTE, Verdict.DROP]
    clock.now += 60
    assert [await quota.ask(1) for _ in range(3)] == [Verdict.TAKE, Verdict.TAKE, Verdict.NOTE]


async def _times(limiter: ChatRateLimiter, chat: int, count: int, *, urgent: bool = False) -> list[float]:
    sent: list[float] = []

    async def call(*_: object, **__: object) -> bool:
        sent.append(time.monotonic())
        return True

    data, departure = {"chat_id": chat}, Departure(urgent)
    await asyncio.gather(*(limiter.process_request(call, (), {}, "sendMessage", data, departure) for _ in range(count)))
    return sent


async def test_a_private_chat_gets_a_short_burst_then_one_message_a_second() -> None:
    """The first after the burst leaves a second later, the next one more."""
    sent = await _times(ChatRateLimiter(LocalPace(0)), 1, PRIVATE_BURST + 2)
    assert sent[PRIVATE_BURST] - sent[0] >= 0.99
    assert sent[PRIVATE_BURST + 1] - sent[0] >= 1.99


async def test_a_group_gets_no_more_than_its_burst_at_once() -> None:
    """The next message has to wait."""
    sending = asyncio.create_task(_times(ChatRateLimiter(LocalPace(0)), -5, GROUP_BURST + 1))
    await asyncio.sleep(0.3)
    assert not sending.done()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_everything_together_keeps_the_overall_rate_and_the_urgent_goes_first() -> None:
    """When the common limit makes calls wait, what follows a press overtakes answers."""
    limiter, began = ChatRateLimiter(LocalPace(20)), time.monotonic()
    answers = [asyncio.create_task(_times(limiter, chat, 1)) for chat in range(1, 31)]
    await asyncio.sleep(0)
    (urgent,) = await _times(limiter, 99, 1, urgent=True)
    times = sorted(time for (time,) in await asyncio.gather(*answers))
    assert times[-1] - began >= (31 - 20 * 2 / 3 - 1) / 20 - 0.05
    assert urgent < times[-5]


async def test_a_refusal_is_waited_out_and_the_call_repeated() -> None:
    """The second attempt comes no earlier than Telegram asked."""
    attempts: list[float] = []

    async def call(*_: object, **__: object) -> bool:
        attempts.append(time.monotonic())
        if len(attempts) == 1:
            raise RetryAfter(1)
        return True

    assert (
        await ChatRateLimiter(LocalPace(0)).process_request(call, (), {}, "sendMessage", {"chat_id": 1}, None) is True
    )
    assert attempts[1] - attempts[0] >= 1


async def test_a_refused_chat_keeps_no_other_waiting() -> None:
    """Telegram refuses one group for an hour; a private chat gets its message all the same."""

    async def refused(*_: object, **__: object) -> bool:
        raise RetryAfter(3600)

    async def accepted(*_: object, **__: object) -> bool:
        return True

    limiter = ChatRateLimiter(LocalPace(0))
    waiting = asyncio.create_task(limiter.process_request(refused, (), {}, "sendMessage", {"chat_id": -1}, None))
    await asyncio.sleep(0.01)
    sending = limiter.process_request(accepted, (), {}, "sendMessage", {"chat_id": 1}, None)
    assert await asyncio.wait_for(sending, 5) is True
    waiting.cancel()


class Refusing(CountingRequest):
    """A connection on which Telegram answers each call with the same status."""

    def __init__(self, status: int) -> None:
        super().__init__(1, lambda kind: None)
        self._status = status

    async def do_request(self, *args: object, **kwargs: object) -> tuple[int, bytes]:
        body = {"ok": False, "error_code": self._status, "description": "no"}
        if self._status == 502:
            raise TimedOut("a gateway got no answer from Telegram (502)")
        return self._status, json.dumps(body).encode()


@pytest.mark.parametrize("status", [500, 502])
async def test_polls_that_fail_are_spaced_out_and_logged(
    status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The updater would ask again at once after a timeout, and wait half a minute after other failures."""
    monkeypatch.setattr("bot.telegram.bot_api._POLL_PAUSES", (0.0, 0.01, 0.02))
    bot = TelegramBot(TOKEN, "http://localhost", (Refusing(status), Refusing(status)), LocalPace(0))
    for _ in range(4):
        assert await bot.get_updates(offset=1, timeout=0) == ()
    again = re.findall(r"Updates cannot be received .*; trying again in (\S+) s", caplog.text)
    assert again == ["0.0", "0.01", "0.02", "0.02"]


async def test_a_conflict_in_the_last_poll_does_not_hold_up_a_stop() -> None:
    """While the bot stops, another program may receive already; nothing is left to wait for."""
    bot = TelegramBot(TOKEN, "http://localhost", (Refusing(409), Refusing(409)), LocalPace(0))
    bot.polls.stopping = True
    assert await asyncio.wait_for(bot.get_updates(offset=1, timeout=0), 5) == ()


REFUSALS = {
    "can't parse entities: unsupported start tag": "parse_mode",
    "BUTTON_URL_INVALID": "reply_markup",
    "message thread not found": "message_thread_id",
    "message to be replied not found": "reply_parameters",
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_an_answer_is_not_lost_to_an_ornament(refusal: str, real_index: Index, tmp_path: Path) -> None:
    """What Telegram refuses is left out, and the answer is sent again without it, and only without it."""
    question, wanted = asked_for(real_index)
    snippet = real_index.snippet(wanted, "en")
    assert snippet is not None

    async def scenario(there: Bench) -> None:
        body = {"ok": False, "error_code": 400, "description": f"Bad Request: {refusal}"}
        there.telegram.answers = [(400, body)]
        topic = {"message_thread_id": 7, "is_topic_message": True}
        first, second = await there.say(f"/ask {question}", group=True, **topic)
        assert first.parameters.keys() - second.parameters.keys() == {REFUSALS[refusal]}
        assert snippet.text in (second.text if "parse_mode" in second.parameters else second.parameters["text"])

    run(real_index, tmp_path, scenario)


def test_an_answer_refused_for_an_unknown_reason_is_sent_as_plain_text(real_index: Index, tmp_path: Path) -> None:
    """The last attempt has neither markup nor buttons, and no text of a tag."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        there.telegram.answers = [(400, {"ok": False, "error_code": 400, "description": "Bad Request: WHATEVER"})]
        _, plain = await there.say(question)
        assert not {"parse_mode", "reply_markup", "reply_parameters"} & plain.parameters.keys()
        assert "<" not in plain.parameters["text"]

    run(real_index, tmp_path, scenario)


def test_a_group_that_became_a_supergroup_gets_the_answer_there(real_index: Index, tmp_path: Path) -> None:
    """The new chat counts its messages anew, so the answer replies to none."""
    question, _ = asked_for(real_index)
    moved = {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": -100777},
    }

    async def scenario(there: Bench) -> None:
        there.telegram.answers = [(400, moved)]
        first, second = await there.say(f"/ask {question}", group=True)
        assert "reply_parameters" in first.parameters
        assert second.parameters["chat_id"] == -100777
        assert "reply_parameters" not in second.parameters

    run(real_index, tmp_path, scenario)


async def test_secrets_are_in_no_log_line_traceback_or_repr(caplog: pytest.LogCaptureFixture) -> None:
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
    request = CountingRequest(1, lambda kind: None)
    assert "TEST-token" not in repr(TelegramBot(TOKEN, "http://127.0.0.1:9", (request, request), LocalPace(0)))
