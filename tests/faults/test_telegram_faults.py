"""What goes wrong between the bot, Telegram and people, really caused: nobody is lost, and little is said twice."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from telegram.error import NetworkError, RetryAfter, TelegramError, TimedOut

from bot.telegram.bot_api import CountingRequest, TelegramBot, certainly_not_sent
from bot.telegram.context import ALLOWED_UPDATES
from bot.telegram.rate_limiter import LocalPace
from bot.telegram.sending import _DOUBT_SECONDS, RetrySchedule
from bot.telegram.update_queue import ATTEMPTS
from index.search.index import Index
from tests.support.bot_process import LOGGED, free_port, get, process
from tests.support.botapi_server import TOKEN as SERVED
from tests.support.botapi_server import BotApi
from tests.support.faulty_network import Network
from tests.support.telegram_bench import Bench, asked_for, bench, run

pytestmark = pytest.mark.faults

REMARK = "Sent once more"
FAST = {"BOT_MESSAGES_PER_SECOND": "0"}


def once(answers: list[str]) -> bool:
    """Whether one answer came, and any other says that it is a repetition."""
    return bool(answers) and all(REMARK in answer for answer in answers[1:])


def queue(port: int) -> float:
    """Return how many updates the bot has received and not finished."""
    for line in get(port, "/metrics")[1].splitlines():
        if line.startswith("partnership_bot_queue_updates "):
            return float(line.split()[1])
    return 0.0


def never_sent() -> NetworkError:
    """A failure before anything was sent."""
    error = NetworkError("no connection")
    error.__cause__ = httpx.ConnectError("refused")
    return error


def broken_off() -> NetworkError:
    """A failure of which nobody knows whether the call had its effect."""
    error = NetworkError("connection broken")
    error.__cause__ = httpx.ReadError("reset")
    return error


@pytest.mark.parametrize("state", ["delayed", "dropped", "reset"])
def test_a_partition_loses_no_question(state: str, real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """What was asked before, during and after it is answered; an answer that may have arrived is repeated as such."""
    question, _ = asked_for(real_index)
    with BotApi() as api, Network(api.url) as network:
        with process(own_data, tmp_path / "log", BOT_API_URL=network.url, **FAST) as bot:
            api.wait(lambda: api.ready)
            asked = [api.say(f"{question} ({person})", person) for person in range(1, 6)]
            network.become(state)
            asked += [api.say(f"{question} ({person})", person) for person in range(6, 11)]
            time.sleep(1.5)
            network.become("up")
            asked += [api.say(f"{question} ({person})", person) for person in range(11, 16)]
            api.wait(lambda: all(api.answers_to(number) for number in asked), 40)
            assert bot.poll() is None
        assert all(once(api.answers_to(number)) for number in asked)
        assert api.violations == []


def test_a_slow_server_delays_answers_and_repeats_none(real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """Every call takes more than a second; each question is answered once."""
    question, _ = asked_for(real_index)
    with BotApi() as api, process(own_data, tmp_path / "log", BOT_API_URL=api.url, **FAST):
        api.wait(lambda: api.ready)
        api.delays = {"sendMessage": 1.2, "getUpdates": 0.5}
        asked = [api.say(f"{question} ({person})", person) for person in range(1, 31)]
        api.wait(lambda: all(api.answers_to(number) for number in asked), 40)
        assert [len(api.answers_to(number)) for number in asked] == [1] * 30


def test_a_server_that_hangs_is_given_up_and_the_answer_repeated_as_such(real_index: Index, tmp_path: Path) -> None:
    """A call without an answer may have had its effect, so the next attempt says that it is one."""
    question, _ = asked_for(real_index)

    async def scenario() -> None:
        with BotApi() as api:
            async with bench(real_index, tmp_path) as there:
                request = CountingRequest(4, lambda kind: None, answer_seconds=0.5)
                there.services.sender._bot = TelegramBot(SERVED, api.url, (request, request), LocalPace(0))
                api.faults = [("sendMessage", "hang")]
                await there.take("message", {**there.message(question), "message_id": 77})
                (answer,) = api.answers_to(77)
                assert REMARK in answer
                await request.shutdown()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("error", "cause", "certain"),
    [
        (NetworkError("no connection"), httpx.ConnectError("refused"), True),
        (TimedOut("no connection is free"), httpx.PoolTimeout("all in use"), True),
        (NetworkError("Internal Server Error"), None, True),
        (RetryAfter(1), None, True),
        (NetworkError("connection broken"), httpx.ReadError("reset"), False),
        (NetworkError("Unknown error in HTTP implementation"), RuntimeError(), False),
        (TimedOut(), None, False),
        (TelegramError("Invalid server response"), ValueError(), False),
    ],
)
def test_only_what_surely_had_no_effect_is_repeated_without_a_word(
    error: TelegramError, cause: Exception | None, certain: bool
) -> None:
    """Refused or never reached is sure; broken off in whatever way is not."""
    error.__cause__ = cause
    assert certainly_not_sent(error) is certain


def test_every_further_attempt_after_an_unknown_one_carries_the_remark(
    real_index: Index, own_data: Path, tmp_path: Path
) -> None:
    """An answer cut off twice, or passed to a gateway that gave up, never stands there twice without it."""
    question, _ = asked_for(real_index)
    with BotApi() as api, process(own_data, tmp_path / "log", BOT_API_URL=api.url, **FAST):
        api.wait(lambda: api.ready)
        plans = ((["lost", "500", "lost"], 3), (["drop", "502"], 1), (["502"], 1), (["429", "500"], 1))
        for person, (kinds, sent) in enumerate(plans, 1):
            api.faults = [("sendMessage", kind) for kind in kinds]
            number = api.say(question, person)
            api.wait(lambda number=number, sent=sent: len(api.answers_to(number)) == sent)
            answers = api.answers_to(number)
            assert once(answers)
            assert (REMARK in answers[-1]) == (kinds != ["429", "500"])


def test_an_answer_waits_for_as_long_as_telegram_says_nothing(
    real_index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage costs no question, nor do the errors with which Telegram comes back."""
    question, _ = asked_for(real_index)
    monkeypatch.setattr("bot.telegram.sending._PAUSES", (0.0,))
    monkeypatch.setattr("bot.telegram.sending._DOUBT_SECONDS", 0.0)
    broken = (500, {"ok": False, "error_code": 500, "description": "Internal Server Error"})

    async def scenario(there: Bench) -> None:
        there.telegram.silence = [never_sent() for _ in range(3)]
        there.telegram.answers = [broken]
        calls = await there.say(question)
        assert len(calls) == 5
        assert REMARK not in calls[-1].text
        there.telegram.silence = [broken_off(), TimedOut(), TimedOut()]
        calls = await there.say(question, 2)
        assert len(calls) == 4
        assert REMARK in calls[-1].text
        assert there.services.queue.unfinished == 0

    run(real_index, tmp_path, scenario)


def test_doubtful_attempts_become_rare() -> None:
    """What was never sent is tried every few seconds; what may have arrived each time, every few minutes."""
    schedule = RetrySchedule((1.0, 2.0), 60.0)
    assert [schedule.after(never_sent()) for _ in range(4)] == [1.0, 2.0, 2.0, 2.0]
    assert schedule.after(TimedOut()) == _DOUBT_SECONDS
    assert [schedule.after(NetworkError("Bad answer")) for _ in range(3)] == [1.0, 2.0, None]


@pytest.mark.parametrize("fault", ["answers", "silence"])
def test_an_answer_is_given_up_in_the_end(
    fault: str, real_index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors that Telegram answers with are final after the usual attempts; silence is after a day."""
    question, _ = asked_for(real_index)
    monkeypatch.setattr("bot.telegram.sending._PAUSES", (0.0, 0.0, 0.0))
    broken = (500, {"ok": False, "error_code": 500, "description": "Internal Server Error"})

    async def scenario(there: Bench) -> None:
        if fault == "silence":
            monkeypatch.setattr("bot.telegram.sending._OUTAGE_SECONDS", 0.0)
            there.telegram.silence = [never_sent() for _ in range(4)]
        else:
            there.telegram.answers = [broken] * 4
        calls = await there.say(question)
        assert "Something went wrong" in calls[-1].text

    run(real_index, tmp_path, scenario)


def test_a_bot_stopped_in_an_outage_keeps_what_it_received(
    real_index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that waits is no reason not to stop; the next process sends it, as the first attempt that it is."""
    question, _ = asked_for(real_index)
    monkeypatch.setattr("bot.telegram.sending._PAUSES", (0.0, 3600.0))

    async def scenario() -> None:
        async with bench(real_index, tmp_path) as first:
            first.telegram.silence = [never_sent() for _ in range(9)]
            await first.receive({"update_id": 5, "message": first.message(question)})
            while len(first.telegram.calls) < 2:
                await asyncio.sleep(0.01)
            assert await first.drain(0) == 1
        async with bench(real_index, tmp_path) as second:
            assert await second.services.queue.resume(second.application.bot) == 1
            await second.drain()
            (answer,) = second.telegram.sent()
            assert REMARK not in answer.text

    asyncio.run(scenario())


@asynccontextmanager
async def server(answer: Callable[[web.Request, web.StreamResponse], Awaitable[None]]) -> AsyncIterator[str]:
    """A server that answers every call with what a function writes, piece by piece."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            await answer(request, response)
        return response

    application = web.Application()
    application.router.add_route("*", "/{any:.*}", handle)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def test_a_server_that_drips_holds_no_call_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often another byte comes, there is an end, and nobody knows whether the call had its effect."""
    monkeypatch.setattr("bot.telegram.bot_api._TOTAL_SECONDS", 0.5)
    dripped = 0

    async def drip(_: web.Request, response: web.StreamResponse) -> None:
        nonlocal dripped
        while True:
            await response.write(b" ")
            dripped += 1
            await asyncio.sleep(0.02)

    kinds: list[str] = []
    request = CountingRequest(1, kinds.append, answer_seconds=0.5)
    await request.initialize()
    async with server(drip) as url:
        with pytest.raises(TimedOut) as raised:
            await request.do_request(url, "POST")
        assert not certainly_not_sent(raised.value)
    assert dripped > 5
    assert kinds == ["timeout"]
    await request.shutdown()


def test_a_name_that_does_not_resolve_is_told_and_tried_again(own_data: Path, tmp_path: Path) -> None:
    """At the start the log names the host and goes on trying; a signal ends the bot cleanly."""
    log = tmp_path / "log"
    with process(own_data, log, BOT_API_URL="http://bot-api.invalid:8081") as bot:
        for _ in range(300):
            if log.exists() and log.read_text().count("cannot be reached at http://bot-api.invalid:8081") >= 2:
                break
            time.sleep(0.1)
        bot.terminate()
        assert bot.wait(30) == 0
    assert "Traceback" not in log.read_text()


def test_a_server_that_goes_away_stops_no_polling(real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """While the bot runs the loop goes on, and receives as soon as the server is there again."""
    question, _ = asked_for(real_index)
    log = tmp_path / "log"
    with BotApi() as api, Network(api.url) as network, process(own_data, log, BOT_API_URL=network.url, **FAST):
        api.wait(lambda: api.ready)
        network.become("reset")
        while "Updates cannot be received" not in log.read_text():
            time.sleep(0.05)
        network.become("up")
        number = api.say(question)
        api.wait(lambda: api.answers_to(number), 40)


async def test_an_update_that_cannot_be_read_costs_no_other(
    real_index: Index, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a batch with a malformed update, the others are received, and the next poll goes on behind it.

    The log names the update, and holds nothing of what people wrote.
    """
    with BotApi() as api:
        request = CountingRequest(4, lambda kind: None)
        bot = TelegramBot(SERVED, api.url, (request, request), LocalPace(0))
        await bot.initialize()
        asking: dict[str, Any] = {"timeout": 0, "allowed_updates": ALLOWED_UPDATES}
        await asyncio.to_thread(api.say, "before the war")
        broken = await asyncio.to_thread(api.deliver, "message", {"text": 5})
        updates = await bot.get_updates(offset=0, **asking)
        assert [update.message.text for update in updates if update.message] == ["before the war"]
        assert await bot.get_updates(offset=broken, **asking) == ()
        number = await asyncio.to_thread(api.say, "after")
        (after,) = await bot.get_updates(offset=broken, **asking)
        assert after.message
        assert after.message.message_id == number
        await bot.shutdown()
    assert f"Update {broken} cannot be read" in caplog.text
    assert "before the war" not in caplog.text


def test_a_day_of_backlog_is_answered(real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """All that Telegram kept is answered once, a bounded number at a time; nobody's day counts as one minute."""
    question, _ = asked_for(real_index)
    day, now = 24 * 3600, int(time.time())
    port = free_port()
    settings = {"BOT_QUEUE": "100", "BOT_QUESTIONS_PER_MINUTE": "5", "BOT_HTTP_LISTEN": f"127.0.0.1:{port}", **FAST}
    with BotApi() as api:
        asked = [api.say(f"{question} ({n})", 1 + n % 300, date=now - day + n) for n in range(600)]
        asked += [api.say(f"{question} ({n})", 9999, date=now - day + n * 3600) for n in range(8)]
        with process(own_data, tmp_path / "log", BOT_API_URL=api.url, **settings):
            most = 0.0

            def done() -> bool:
                nonlocal most
                most = max(most, queue(port))
                return all(api.answers_to(number) for number in asked)

            api.wait(done, 120)
        assert all(len(api.answers_to(number)) == 1 for number in asked)
        assert most < 100 + 100
        assert "more than" not in "".join(api.answers_to(asked[-1]))
        assert api.violations == []


def test_a_flood_from_one_keeps_nobody_else_waiting(real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """Of 700 messages of one person the quota is answered and they are told; everybody else is answered meanwhile."""
    question, _ = asked_for(real_index)
    port = free_port()
    settings = {"BOT_QUEUE": "150", "BOT_QUESTIONS_PER_MINUTE": "5", "BOT_HTTP_LISTEN": f"127.0.0.1:{port}", **FAST}
    with BotApi() as api, process(own_data, tmp_path / "log", BOT_API_URL=api.url, **settings):
        api.wait(lambda: api.ready)
        flood = [api.say(f"{question} ({n})", 666) for n in range(700)]
        others = [api.say(f"{question} ({n})", n) for n in range(1, 21)]
        api.wait(lambda: all(api.answers_to(number) for number in others), 30)
        api.wait(lambda: api.confirmed and queue(port) == 0, 40)
        told = [answer for number in flood for answer in api.answers_to(number)]
        notes = [text for text in told if "more than" in text or "more at once" in text]
        assert 1 <= len(notes) <= 2
        assert len(told) - len(notes) == 5


def test_a_crowded_group_keeps_nobody_else_waiting(real_index: Index, tmp_path: Path) -> None:
    """What is more than a group can be sent for a while is turned away, with one note; others are answered."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        asked = [there.message(f"/ask {question} ({person})", person, group=True) for person in range(1, 61)]
        await there.receive(*({"update_id": message["message_id"], "message": message} for message in asked))
        await there.receive({"update_id": 100, "message": there.message(question, 99)})
        while not any(call.parameters["chat_id"] == 99 for call in there.telegram.sent()):
            await asyncio.sleep(0.02)
        notes = [call for call in there.telegram.sent() if "more at once" in call.text]
        assert [call.parameters["chat_id"] for call in notes] == [asked[0]["chat"]["id"]]

    run(real_index, tmp_path, scenario)


def test_a_flood_from_ten_thousand_is_taken_in_small_parts(real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """The queue stays bounded while the rest waits at Telegram; told to stop, the bot answers what it took, once."""
    question, _ = asked_for(real_index)
    port = free_port()
    settings = {"BOT_QUEUE": "100", "BOT_HTTP_LISTEN": f"127.0.0.1:{port}", **FAST}
    with BotApi() as api:
        asked = [api.say(f"{question} ({person})", person) for person in range(1, 10_001)]
        with process(own_data, tmp_path / "log", BOT_API_URL=api.url, **settings) as bot:
            most = 0.0

            def some() -> bool:
                nonlocal most
                most = max(most, queue(port))
                return len(api.under) > 600

            api.wait(some, 60)
            assert 0 < most < 100 + 100
            bot.terminate()
            assert bot.wait(60) == 0
        answered = [number for number in asked if api.answers_to(number)]
        assert answered == asked[: len(answered)]
        assert all(len(api.answers_to(number)) <= 2 for number in answered)
        assert len(api._updates) == len(asked) - len(answered)
        assert api.violations == []


POISON = """
import os, signal
from bot.telegram.handlers import questions
ask = questions._ask
async def deadly(question, context):
    if "poison" in question.text:
        os.kill(os.getpid(), signal.SIGKILL)
    await ask(question, context)
questions._ask = deadly
"""


def test_a_message_that_kills_the_process_is_given_up_and_takes_no_other_with_it(
    real_index: Index, own_data: Path, tmp_path: Path
) -> None:
    """After some kills its writer is told, once; what others asked meanwhile is answered, however often it was left."""
    question, _ = asked_for(real_index)
    with BotApi() as api:
        deaths, others = 0, []
        poison = api.say("this is poison?", 13)
        for _ in range(ATTEMPTS + 3):
            others += [api.say(f"{question} ({len(others)})", 20 + len(others)) for _ in range(2)]
            with process(own_data, tmp_path / "log", program=POISON + LOGGED, BOT_API_URL=api.url, **FAST) as bot:
                while bot.poll() is None and not (
                    api.answers_to(poison) and all(api.answers_to(number) for number in others)
                ):
                    time.sleep(0.05)
                deaths += bot.poll() is not None
                if bot.poll() is None:
                    time.sleep(0.5)
                    break
        assert deaths == ATTEMPTS + 1
        (told,) = api.answers_to(poison)
        assert "Something went wrong" in told
        for number in others:
            assert once(api.answers_to(number))
            assert "Something went wrong" not in "".join(api.answers_to(number))


def test_of_two_bots_with_one_token_the_older_ends_with_one_line(
    real_index: Index, own_data: Path, tmp_path: Path
) -> None:
    """It says why and exits with 1; the other goes on answering."""
    question, _ = asked_for(real_index)
    second = tmp_path / "second"
    second.mkdir()
    for name in ("index", "encoders"):
        (second / name).symlink_to(own_data / name)
    with BotApi() as api, process(own_data, tmp_path / "log", BOT_API_URL=api.url) as older:
        api.wait(lambda: api.ready)
        with process(second, tmp_path / "second.log", BOT_API_URL=api.url) as newer:
            assert older.wait(30) == 1
            number = api.say(question)
            api.wait(lambda: api.answers_to(number))
            assert newer.poll() is None
    last = (tmp_path / "log").read_text()
    assert "Telegram reports a conflict: another program receives this bot's updates; stop one of them." in last
    assert "Traceback" not in last


def test_clock_jumps_change_nothing(real_index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day forward, two days back: questions are answered, edits find their answers, no id comes twice, no repeats."""
    question, _ = asked_for(real_index)
    real, real_ns = time.time, time.time_ns

    def jump(seconds: int) -> None:
        monkeypatch.setattr(time, "time", lambda: real() + seconds)
        monkeypatch.setattr(time, "time_ns", lambda: real_ns() + seconds * 10**9)

    async def scenario(there: Bench) -> None:
        first = there.message(question)
        await there.receive({"update_id": 1, "message": first})
        await there.drain()
        for seconds in (86_400, -172_800, 0, -172_800):
            jump(seconds)
            assert len(await there.say(f"{question} ({seconds})", language="en")) == 1
            await there.receive({"update_id": 1, "message": first})
            await there.drain()
        edited = {**first, "text": f"{question} again", "edit_date": first["date"]}
        calls = await there.take("edited_message", edited)
        (edit,) = [call for call in calls if call.method == "editMessageText"]
        assert edit.parameters["message_id"] == 1001
        assert len(there.telegram.sent("sendMessage")) == 5

    run(real_index, tmp_path, scenario, questions_per_minute=20)
    with closing(sqlite3.connect(tmp_path / "queries.db")) as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM questions")]
    assert len(ids) == len(set(ids)) == 6


def test_a_webhook_that_cannot_be_set_at_once_is_set_later(real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """The bot listens once, and tells Telegram again and again where until that works."""
    question, _ = asked_for(real_index)
    port = free_port()
    settings = {
        "BOT_WEBHOOK_URL": f"http://127.0.0.1:{port}/hook",
        "BOT_WEBHOOK_LISTEN": f"127.0.0.1:{port}",
        "BOT_WEBHOOK_SECRET": "a_secret-for-the-webhook",
    }
    with BotApi() as api:
        api.faults = [("setWebhook", "500"), ("setWebhook", "drop")]
        with process(own_data, tmp_path / "log", BOT_API_URL=api.url, **settings):
            api.wait(lambda: api.ready)
            number = api.say(question)
            api.wait(lambda: api.answers_to(number))
    assert "The webhook could not be set" in (tmp_path / "log").read_text()
