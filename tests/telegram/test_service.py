"""The whole program as a process of its own against a Bot API server over HTTP: polling, webhook, signals, kills."""

from __future__ import annotations

import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from index.search.index import Index
from tests.support.bot_process import free_port, process
from tests.support.botapi_server import TOKEN, BotApi
from tests.support.telegram_bench import asked_for


def test_polling_from_start_to_clean_shutdown(real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """The bot presents itself, answers, finishes what it received when told to stop, and never logs its token."""
    question, _ = asked_for(real_index)
    log = tmp_path / "log"
    with BotApi() as api, process(own_data, log, BOT_API_URL=api.url) as bot:
        api.wait(lambda: api.ready)
        methods = {name for name, _ in api.calls}
        assert {"getMe", "setMyCommands", "setChatMenuButton", "setMyDescription", "getUpdates"} <= methods
        asked = [api.say(question, person) for person in range(1, 6)]
        api.wait(lambda: all(api.answers_to(number) for number in asked))
        last = api.say(question, 9)
        api.wait(lambda: api.confirmed)
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(30) == 0
        assert len(api.answers_to(last)) == 1
        assert api.violations == []
    written = log.read_text()
    assert f"@test_bot answers from index {real_index.version}" in written
    assert TOKEN.split(":")[1] not in written


def test_webhook_takes_only_calls_with_the_secret(real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """Updates come in by HTTP; a wrong secret, path or body is refused; the same update twice is answered once."""
    question, _ = asked_for(real_index)
    port = free_port()
    address = f"http://127.0.0.1:{port}/hook"
    settings = {
        "BOT_WEBHOOK_URL": address,
        "BOT_WEBHOOK_LISTEN": f"127.0.0.1:{port}",
        "BOT_WEBHOOK_SECRET": "quite_a-secret",
    }
    log = tmp_path / "log"
    with BotApi() as api, process(own_data, log, BOT_API_URL=api.url, **settings) as bot:
        api.wait(lambda: api.ready)
        number = api.say(question)
        api.wait(lambda: api.answers_to(number))
        for url, secret, status in (
            (address, "wrong", 403),
            (address, "", 403),
            (f"{address}s", "quite_a-secret", 404),
            (address, "quite_a-secret", 400),
        ):
            request = urllib.request.Request(url, b"[]", {"X-Telegram-Bot-Api-Secret-Token": secret})
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request)
            refused.value.close()
            assert refused.value.code == status
        update = {
            "message_id": 5,
            "date": 1,
            "chat": {"id": 7, "type": "private"},
            "from": {"id": 7, "is_bot": False, "first_name": "B"},
            "text": question,
        }
        first = api.deliver("message", update)
        api.wait(lambda: api.answers_to(5))
        api._next_update = first - 1
        api.deliver("message", update)
        api.wait(lambda: not api._updates)
        bot.send_signal(signal.SIGINT)
        assert bot.wait(30) == 0
        assert len(api.answers_to(5)) == 1
        assert api.violations == []
    assert "quite_a-secret" not in log.read_text()


@pytest.mark.faults
def test_a_killed_bot_answers_after_its_restart(real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """What was delivered when the process was killed is answered by the next; nothing is silently lost or repeated."""
    question, _ = asked_for(real_index)
    with BotApi() as api:
        asked: list[int] = []
        for _ in range(3):
            with process(
                own_data,
                tmp_path / "log",
                BOT_API_URL=api.url,
                BOT_QUESTIONS_PER_MINUTE="0",
                BOT_MESSAGES_PER_SECOND="0",
            ) as bot:
                before = len(api.calls)
                api.wait(lambda before=before: any(name == "getUpdates" for name, _ in api.calls[before:]))
                asked += [api.say(f"{question} ({n})", person=len(asked) + n + 1) for n in range(40)]
                api.wait(lambda latest=asked[-40:]: any(api.answers_to(number) for number in latest))
                bot.kill()
        with process(
            own_data, tmp_path / "log", BOT_API_URL=api.url, BOT_QUESTIONS_PER_MINUTE="0", BOT_MESSAGES_PER_SECOND="0"
        ):
            api.wait(lambda: all(api.answers_to(number) for number in asked), 40)
            time.sleep(0.5)
        for number in asked:
            answers = api.answers_to(number)
            assert len(answers) == 1 or all("Sent once more" in answer for answer in answers[1:])
        assert api.violations == []


def test_failing_calls_delay_answers_and_lose_none(real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """Every question is answered; where nobody knows whether the answer arrived it is repeated and says so."""
    question, _ = asked_for(real_index)
    with BotApi() as api, process(own_data, tmp_path / "log", BOT_API_URL=api.url):
        api.wait(lambda: api.ready)
        api.faults = [
            ("sendMessage", "500"),
            ("sendMessage", "drop"),
            ("sendMessage", "lost"),
            ("getUpdates", "drop"),
            ("getUpdates", "500"),
        ]
        asked = [api.say(question, person) for person in range(1, 7)]
        api.wait(lambda: all(api.answers_to(number) for number in asked) and not api.faults)
        api.wait(lambda: sum(len(api.answers_to(number)) for number in asked) == 7)
        assert sum("Sent once more" in answer for number in asked for answer in api.answers_to(number)) == 2
        assert api.violations == []


@pytest.mark.faults
def test_a_data_folder_is_worked_on_by_one_process(real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """A second one ends with a line that names the folder; once the first is killed, another takes its place."""
    question, _ = asked_for(real_index)
    second = tmp_path / "second.log"
    with BotApi() as api:
        with process(own_data, tmp_path / "log", BOT_API_URL=api.url) as first:
            api.wait(lambda: api.ready)
            with process(own_data, second, BOT_API_URL=api.url) as bot:
                assert bot.wait(30) == 1
            number = api.say(question)
            api.wait(lambda: api.answers_to(number))
            assert first.poll() is None
            first.kill()
        with process(own_data, tmp_path / "log", BOT_API_URL=api.url):
            later = api.say(question, 2)
            api.wait(lambda: api.answers_to(later))
    (told,) = (line for line in second.read_text().splitlines() if not line.startswith("DEBUG:"))
    assert f"Another bot is running on the data folder {own_data}: stop it" in told
    assert "BOT_DATA_DIR" in told


def test_without_a_token_one_line_tells_how_to_get_one(own_data: Path, tmp_path: Path) -> None:
    """No traceback: where tokens come from and what works without."""
    log = tmp_path / "log"
    with process(own_data, log, BOT_TOKEN="") as bot:
        assert bot.wait(30) == 1
    assert "@BotFather" in log.read_text()
    assert "partnership-bot ask" in log.read_text()
    assert "Traceback" not in log.read_text()


def test_a_rejected_token_ends_in_one_line(own_data: Path, tmp_path: Path) -> None:
    """A token Telegram does not know is told and not shown."""
    log = tmp_path / "log"
    with BotApi() as api, process(own_data, log, BOT_API_URL=api.url, BOT_TOKEN="5:wrong-and-secret") as bot:
        assert bot.wait(30) == 1
    assert "rejects the token" in log.read_text()
    assert "wrong-and-secret" not in log.read_text()


def test_a_token_revoked_while_the_bot_starts_ends_in_one_line(own_data: Path, tmp_path: Path) -> None:
    """Known when the bot asked who it is, and rejected at the next call: no traceback."""
    log = tmp_path / "log"
    with BotApi() as api:
        api.faults = [("deleteWebhook", "401")]
        with process(own_data, log, BOT_API_URL=api.url) as bot:
            assert bot.wait(30) == 1
    assert "rejects the token" in log.read_text()
    assert "Traceback" not in log.read_text()


def test_a_server_that_is_down_is_tried_again(real_index: Index, own_data: Path, tmp_path: Path) -> None:
    """The bot waits for the network and ends cleanly when told to meanwhile."""
    log = tmp_path / "log"
    with process(own_data, log, BOT_API_URL=f"http://127.0.0.1:{free_port()}") as bot:
        for _ in range(200):
            if "cannot be reached" in log.read_text():
                break
            time.sleep(0.1)
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(30) == 0
    assert "cannot be reached" in log.read_text()


def test_a_webhook_without_a_secret_is_refused(own_data: Path, tmp_path: Path) -> None:
    """Anybody could write to a webhook without one."""
    log = tmp_path / "log"
    with process(own_data, log, BOT_WEBHOOK_URL="https://example.com/hook") as bot:
        assert bot.wait(30) == 1
    assert "BOT_WEBHOOK_SECRET" in log.read_text()
