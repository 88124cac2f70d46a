"""Health, metrics and systemd's watchdog: of the running program over real sockets, and of a bot that is not well."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

import bot.telegram.health
from bot.telegram.health import Health, Notifier
from bot.telegram.live_index import LiveIndex
from bot.telegram.metrics import LATENCY_STEPS, Metrics
from bot.telegram.receiving import Polling, Webhook
from bot.telegram.update_queue import DurableQueue
from index.search.index import Index
from tests.support.bot_process import LOGGED, environment, free_port, get, process
from tests.support.botapi_server import TOKEN, BotApi
from tests.support.telegram_bench import Bench, asked_for, bench, run

SECRET = "a_secret-for-the-webhook"


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return what a page of metrics says, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def status(data: Path, **settings: str) -> dict[str, Any]:
    """Return what ``status --json`` tells, and its exit code as ``code``."""
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "status", "--json"],
        env=environment(data, **settings),
        capture_output=True,
        text=True,
        check=False,
    )
    return {**json.loads(ran.stdout), "code": ran.returncode}


def test_a_running_bot_tells_its_health_and_its_numbers(real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """Well and ready once it polls; metrics count what was asked and what failed; while it stops it is not ready."""
    question, _ = asked_for(real_index)
    port = free_port()
    settings = {"BOT_HTTP_LISTEN": f"127.0.0.1:{port}"}
    with BotApi() as api, process(own_data, tmp_path / "log", BOT_API_URL=api.url, **settings) as bot:
        api.wait(lambda: api.ready)
        api.wait(lambda: get(port, "/readyz") == (200, "ok\n"))
        assert get(port, "/healthz") == (200, "ok\n")
        api.faults = [("sendMessage", "500")]
        asked = api.say(question)
        api.wait(lambda: api.answers_to(asked))
        api.wait(lambda: api.confirmed)
        answered = ("partnership_bot_questions_total", frozenset({("decision", "answer"), ("language", "en")}))
        # An answer is counted once Telegram's word that it has it has been read.
        api.wait(lambda: answered in samples(get(port, "/metrics")[1]))
        page = get(port, "/metrics")[1]
        values = samples(page)
        assert values[answered] == 1
        assert values["partnership_bot_telegram_errors_total", frozenset({("kind", "server")})] == 1
        assert values["partnership_bot_answer_seconds_count", frozenset()] == 1
        assert values["partnership_bot_index_info", frozenset({("version", real_index.version)})] == 1
        for name in ("queue_updates", "polling_age_seconds", "log_backlog_rows", "index_age_seconds", "failures_total"):
            assert values[f"partnership_bot_{name}", frozenset()] >= 0
        assert values["process_resident_memory_bytes", frozenset()] > 0
        assert TOKEN.split(":")[1] not in page
        assert get(port, "/")[0] == 404
        well = status(own_data, **settings)
        assert (well["code"], well["bot"]) == (0, "")
        api.delays["sendMessage"] = 3.0
        last = api.say(question, person=2)
        api.wait(lambda: samples(get(port, "/metrics")[1])["partnership_bot_queue_updates", frozenset()] == 1)
        bot.send_signal(signal.SIGTERM)
        api.wait(lambda: get(port, "/readyz") == (503, "stopping: what was received is being answered\n"))
        assert get(port, "/healthz") == (200, "ok\n")
        assert bot.wait(30) == 0
        assert len(api.answers_to(last)) == 1
    gone = status(own_data, **settings)
    assert gone["code"] == 1
    assert "no bot tells its health" in gone["bot"]


def test_before_telegram_is_reached_the_bot_is_neither_ready_nor_well(own_data: Path, tmp_path: Path) -> None:
    """The reason is one plain line, and the metrics count the calls that found nobody."""
    port = free_port()
    settings = {"BOT_HTTP_LISTEN": f"127.0.0.1:{port}", "BOT_API_URL": f"http://127.0.0.1:{free_port()}"}
    with BotApi() as waiting, process(own_data, tmp_path / "log", **settings) as bot:
        waiting.wait(lambda: get(port, "/readyz")[0] == 503)
        for page in ("/readyz", "/healthz"):
            assert get(port, page) == (503, "starting: Telegram has not been reached yet\n")
        assert samples(get(port, "/metrics")[1])[
            "partnership_bot_telegram_errors_total", frozenset({("kind", "unreachable")})
        ]
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(30) == 0


def test_health_works_beside_a_webhook(real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """With a webhook well means that its server accepts connections; no polling age is told, and no secret."""
    port, hook = free_port(), free_port()
    settings = {
        "BOT_HTTP_LISTEN": f"127.0.0.1:{port}",
        "BOT_WEBHOOK_URL": f"http://127.0.0.1:{hook}/hook",
        "BOT_WEBHOOK_LISTEN": f"127.0.0.1:{hook}",
        "BOT_WEBHOOK_SECRET": SECRET,
    }
    with BotApi() as api, process(own_data, tmp_path / "log", BOT_API_URL=api.url, **settings):
        api.wait(lambda: api.ready and get(port, "/healthz") == (200, "ok\n"))
        page = get(port, "/metrics")[1]
        assert "polling_age" not in page
        assert SECRET not in page


HASTY = "import bot.telegram.receiving as receiving; receiving._LOOK_SECONDS = 0.1; " + LOGGED


def test_a_webhook_that_another_program_takes_is_told_and_set_again(own_data: Path, tmp_path: Path) -> None:
    """Whoever sets or removes the webhook, the bot is not well until it is set again; failed deliveries are logged."""
    port, listen, log = free_port(), free_port(), tmp_path / "log"
    settings = {
        "BOT_HTTP_LISTEN": f"127.0.0.1:{port}",
        "BOT_WEBHOOK_URL": f"http://127.0.0.1:{listen}/hook",
        "BOT_WEBHOOK_LISTEN": f"127.0.0.1:{listen}",
        "BOT_WEBHOOK_SECRET": "quite_a-secret",
    }
    with BotApi() as api, process(own_data, log, program=HASTY, BOT_API_URL=api.url, **settings):
        api.wait(lambda: get(port, "/healthz")[0] == 200)
        for others in ({}, {"url": "https://example.org/other"}):
            api.injector = lambda method: "500" if method == "setWebhook" else None
            api._hook = others
            api.wait(lambda: get(port, "/healthz") == (503, "another program has set or removed this bot's webhook\n"))
            api.injector = lambda method: None
            api.wait(lambda: api._hook.get("url") == settings["BOT_WEBHOOK_URL"])
            api.wait(lambda: get(port, "/healthz")[0] == 200)
        assert "partnership_bot_webhook_pending_updates 0.0" in get(port, "/metrics")[1]
        api.webhook_failure = {"last_error_date": 1_750_000_000, "last_error_message": "Connection refused"}
        api.wait(lambda: "could not deliver updates here (Connection refused)" in log.read_text())
    written = log.read_text()
    assert "Another program has removed this bot's webhook" in written
    assert "Another program has set this bot's webhook elsewhere" in written
    assert written.count("(Connection refused)") == 1


def test_a_place_that_is_taken_ends_in_one_line(own_data: Path, tmp_path: Path) -> None:
    """The setting and the place are named, there is no traceback; what is no place at all is refused likewise."""
    log = tmp_path / "log"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        with process(own_data, log, BOT_HTTP_LISTEN=place) as bot:
            assert bot.wait(30) == 1
    assert f"BOT_HTTP_LISTEN={place}: nobody can listen there" in log.read_text()
    with process(own_data, log, BOT_HTTP_LISTEN="9464") as bot:
        assert bot.wait(30) == 1
    assert "BOT_HTTP_LISTEN" in log.read_text().splitlines()[-1]
    assert "must be host:port" in log.read_text()
    assert "Traceback" not in log.read_text()


class Receiving:
    """A receiver that receives, unless a test gives it a problem."""

    def __init__(self) -> None:
        self.reason = ""

    async def problem(self) -> str:
        return self.reason


@asynccontextmanager
async def healthy(index: Index, data: Path) -> AsyncIterator[tuple[LiveIndex, Health]]:
    """A live index and the health of a bot that is well with it."""
    live_index = LiveIndex(index, data)
    health = Health(live_index)
    health.begin(Receiving())
    assert await health.problem() == ""
    try:
        yield live_index, health
    finally:
        live_index.close()


def lost(index: Index) -> tuple[object, bool]:
    """Probe an index that does not find a snippet by its own words."""
    return object(), False


async def test_an_index_that_does_not_answer_is_not_well(
    real_index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that raises, and one that finds nothing by its own words, are told apart."""
    async with healthy(real_index, tmp_path) as (live_index, health):

        class Broken:
            snippets = real_index.snippets

            def answer(self, *_: object, **__: object) -> object:
                raise OSError("secret path")

        live_index.index = Broken()  # type: ignore[assignment]
        assert await health.problem() == "the index cannot answer a probe: OSError"
        live_index.index = real_index

        monkeypatch.setattr("bot.telegram.health.probe", lost)
        assert await health.problem() == "the index does not find a passage by its own words"


async def test_a_full_queue_of_slow_questions_is_no_illness(real_index: Index, tmp_path: Path) -> None:
    """The probe does not wait behind the questions, so that a busy bot is not restarted."""
    async with healthy(real_index, tmp_path) as (live_index, health):
        go = threading.Event()

        class Slow:
            def answer(self, question: str, *_: object, **__: object) -> object:
                go.wait(60)
                return real_index.answer(question)

        live_index.index = Slow()  # type: ignore[assignment]
        asked = [asyncio.create_task(live_index.answer(f"question {number}")) for number in range(20)]
        await asyncio.sleep(0)
        live_index.index = real_index
        assert await health.problem() == ""
        assert not any(task.done() for task in asked)
        go.set()
        await asyncio.gather(*asked)


async def test_what_is_not_received_is_not_well_until_the_bot_stops(real_index: Index, tmp_path: Path) -> None:
    """The receiver's reason is passed on; a bot that stops receives nothing on purpose, and is not ready."""
    live_index = LiveIndex(real_index, tmp_path)
    health, receiver = Health(live_index), Receiving()
    assert await health.problem() == health.unready() == "starting: Telegram has not been reached yet"
    receiver.reason = "nothing comes"
    health.begin(receiver)
    assert await health.problem() == "nothing comes"
    assert health.unready() == ""
    health.stop()
    assert await health.problem() == ""
    assert health.unready() == "stopping: what was received is being answered"
    live_index.close()


def test_polling_that_stands_still_is_not_well(
    real_index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a poll for a while the bot is not well; while the queue is full it is given longer."""

    async def scenario(there: Bench) -> None:
        polling = Polling(there.application)
        assert await polling.problem() == ""
        monkeypatch.setattr("bot.telegram.receiving._STALE_SECONDS", -1.0)
        assert re.fullmatch("polling has not come round for [0-9]+ s", await polling.problem())
        monkeypatch.setattr(DurableQueue, "crowded", True)
        assert await polling.problem() == ""
        monkeypatch.setattr("bot.telegram.receiving._FULL_SECONDS", -1.0)
        assert "waits for room in the queue" in await polling.problem()

    run(real_index, tmp_path, scenario)


def test_a_webhook_that_does_not_accept_is_not_well(real_index: Index, tmp_path: Path) -> None:
    """Before it listens and after it is closed, connections are refused, and that is told."""

    async def scenario(there: Bench) -> None:
        webhook = Webhook(there.application, SECRET)
        assert "does not accept connections" in await webhook.problem()
        webhook.listen()
        assert await webhook.problem() == ""
        await webhook.close()
        assert "does not accept connections" in await webhook.problem()

    place = f"127.0.0.1:{free_port()}"
    run(real_index, tmp_path, scenario, webhook_url="https://example.org/x", webhook_listen=place)


def test_languages_in_labels_are_those_of_the_index(real_index: Index, tmp_path: Path) -> None:
    """However many languages people write in, there is one label for all that the index does not hold."""

    async def scenario() -> None:
        async with bench(real_index, tmp_path) as there:
            await there.say("Wie wird das Wetter morgen in Hamburg und in München, und was ziehe ich an?")
            await there.say("¿Qué tiempo hará mañana en Madrid y en Barcelona, y qué ropa me pongo?")
            text = there.services.metrics.text().decode()
            assert set(re.findall(r'language="([^"]+)"', text)) <= {"en", "ru", "kk", "other"}

    asyncio.run(scenario())


def test_answers_are_counted_by_how_long_they_took() -> None:
    """A bucket holds everything up to its bound; what is slower than all of them is counted at the end alone."""
    metrics = Metrics()
    for seconds in (0.01, 0.02, 1e9):
        metrics.answered("answer", "en", seconds)
    values = samples(metrics.text().decode())
    buckets = {dict(labels)["le"]: value for (name, labels), value in values.items() if name.endswith("_bucket")}
    assert (buckets["0.01"], buckets["0.025"], buckets[str(LATENCY_STEPS[-1])], buckets["+Inf"]) == (1, 2, 2, 3)
    assert values["partnership_bot_questions_total", frozenset({("decision", "answer"), ("language", "en")})] == 3
    assert metrics.answers == 3


def test_metrics_show_the_parts_once_they_run(real_index: Index, tmp_path: Path) -> None:
    """Each kind of receiving has a gauge of its own; the version is the one in use when the page is read."""
    metrics, live_index = Metrics(), LiveIndex(real_index, tmp_path)
    metrics.failure()
    metrics.telegram_error("server")
    before = samples(metrics.text().decode())
    assert before["partnership_bot_failures_total", frozenset()] == metrics.failures == 1
    assert before["partnership_bot_telegram_errors_total", frozenset({("kind", "server")})] == 1
    metrics.watch(queue=lambda: 3, log_backlog=lambda: 4, live_index=live_index, polling_age=lambda: 5.5)
    values = samples(metrics.text().decode())
    wanted = {"queue_updates": 3, "log_backlog_rows": 4, "polling_age_seconds": 5.5}
    assert {name: values[f"partnership_bot_{name}", frozenset()] for name in wanted} == wanted
    assert values["partnership_bot_index_info", frozenset({("version", real_index.version)})] == 1
    names = {name for name, _ in values}
    assert "partnership_bot_webhook_pending_updates" not in names
    assert not [name for name in names if name.endswith("_created")]
    live_index.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A service manager's socket, and its name as systemd gives it."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@partnership-bot-test-{free_port()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.bind(name.replace("@", "\0", 1))
        link.settimeout(20)
        yield link, name


def test_systemd_is_told_of_the_start_of_health_and_of_the_end(
    manager: tuple[socket.socket, str], real_index: Index, own_data: Path, tmp_path: Path
) -> None:
    """READY=1 once it answers, WATCHDOG=1 again and again, STOPPING=1 when it is told to stop."""
    link, name = manager
    settings = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "200000"}
    with BotApi() as api, process(own_data, tmp_path / "log", BOT_API_URL=api.url, **settings) as bot:
        sent = [link.recv(4096).decode() for _ in range(4)]
        assert sorted(line.splitlines()[0] for line in sent) == ["READY=1", *["WATCHDOG=1"] * 3]
        assert any(f"STATUS=@test_bot answers from index {real_index.version}" in line for line in sent)
        bot.send_signal(signal.SIGTERM)
        while (line := link.recv(4096).decode()) == "WATCHDOG=1":
            pass
        assert line == "STOPPING=1"
        assert bot.wait(30) == 0


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds, for half a minute at most."""
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it never came true")


def test_the_watchdog_is_fed_only_while_the_bot_is_well(
    manager: tuple[socket.socket, str],
    real_index: Index,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An index that stops answering starves it, the reason is logged once; afterwards it is fed again."""
    link, name = manager
    link.setblocking(False)

    def heard() -> int:
        count = 0
        while True:
            try:
                assert link.recv(100) == b"WATCHDOG=1"
            except BlockingIOError:
                return count
            count += 1

    async def scenario() -> None:
        async with healthy(real_index, tmp_path) as (_, health):
            notifier = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "20000"})
            watching = asyncio.create_task(notifier.watch(health))
            await until(lambda: heard() > 0)

            found = bot.telegram.health.probe
            monkeypatch.setattr("bot.telegram.health.probe", lost)
            await until(lambda: "does not find a passage" in caplog.text)
            heard()
            await asyncio.sleep(0.2)
            assert heard() == 0
            monkeypatch.setattr("bot.telegram.health.probe", found)
            await until(lambda: heard() > 0)
            watching.cancel()

    with caplog.at_level(logging.INFO):
        asyncio.run(scenario())
    assert caplog.text.count("does not find a passage by its own words") == 1
    assert "Health: well again" in caplog.text


async def test_without_a_service_manager_nothing_is_told(real_index: Index, tmp_path: Path) -> None:
    """Started by hand, or with another process's watchdog, the notifier is silent and returns at once."""
    async with healthy(real_index, tmp_path) as (_, health):
        await Notifier({}).watch(health)
    assert Notifier({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}).watchdog_seconds == 0
    Notifier({"NOTIFY_SOCKET": "/nowhere/at/all"}).notify("READY=1")
