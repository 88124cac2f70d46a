"""Several processes behind one webhook: one index that none of them writes, a log for each, no answer twice."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.settings import load_settings
from bot.telegram.claims import OWN_SCHEMA, SHARED_SCHEMA, Claims
from bot.telegram.state import open_database
from bot.telegram.update_queue import INBOX_SCHEMA, Inbox
from index.search.index import Index
from tests.support.bot_process import environment, free_port, get, process
from tests.support.botapi_server import BotApi
from tests.support.telegram_bench import asked_for

SECRET = "a_secret-for-the-webhook"
README = Path(__file__).parents[2] / "README.md"


@dataclass
class Replica:
    """One of the processes: where it takes calls, and its own folder."""

    port: int
    data: Path
    bot: subprocess.Popen[bytes]

    def hand(self, update: dict[str, Any]) -> None:
        """Deliver an update to this replica."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
        address = f"http://127.0.0.1:{self.port}/hook"
        with urllib.request.urlopen(urllib.request.Request(address, json.dumps(update).encode(), headers)) as response:
            assert response.status == 200

    @property
    def logged(self) -> int:
        """How many questions are in its log."""
        with closing(sqlite3.connect(self.data / "queries.db")) as connection:
            return int(connection.execute("SELECT count(*) FROM questions").fetchone()[0])


@contextmanager
def replicas(real_data: Path, folder: Path, api: BotApi, front: int) -> Iterator[tuple[Replica, Replica]]:
    """Run two replicas that share the index and what was answered, but no log."""
    with ExitStack() as stack:
        running = []
        for name in ("one", "two"):
            port, health = free_port(), free_port()
            (folder / name).mkdir(exist_ok=True)
            bot = stack.enter_context(
                process(
                    folder / name,
                    folder / f"{name}.log",
                    BOT_API_URL=api.url,
                    BOT_INDEX_DIR=str(real_data),
                    BOT_SHARED_DIR=str(folder / "shared"),
                    BOT_PSEUDONYM_KEY_FILE=str(folder / "pseudonyms.key"),
                    BOT_WEBHOOK_URL=f"http://127.0.0.1:{front or port}/hook",
                    BOT_WEBHOOK_LISTEN=f"127.0.0.1:{port}",
                    BOT_WEBHOOK_SECRET=SECRET,
                    BOT_HTTP_LISTEN=f"127.0.0.1:{health}",
                )
            )
            api.wait(lambda health=health: get(health, "/readyz")[0] == 200)
            running.append(Replica(port, folder / name, bot))
        yield running[0], running[1]


@contextmanager
def nginx(folder: Path, front: int, ports: list[int]) -> Iterator[None]:
    """Run nginx with the configuration that the README shows, on these ports and without TLS."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    shown = README.read_text(encoding="utf-8").split("```nginx\n")[1].split("```")[0]
    shown = re.sub(r"server 127\.0\.0\.1:\d+;\s*server 127\.0\.0\.1:\d+;", "", shown)
    shown = re.sub(r"(?m)^\s*(?:server_name|ssl_\w+) .*\n", "", shown)
    shown = re.sub(r"listen .*?;", f"listen 127.0.0.1:{front};", shown)
    servers = "".join(f"server 127.0.0.1:{port}; " for port in ports)
    shown = shown.replace("consistent;", f"consistent; {servers}")
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; {temporary}\n{shown}\n}}\n"
    )
    server = subprocess.Popen([program, "-c", str(configuration), "-e", str(folder / "error.log")])
    try:
        yield
    finally:
        server.terminate()
        server.wait(10)


def message(number: int, text: str, person: int = 7) -> dict[str, Any]:
    """Return a message in a private chat."""
    user = {"id": person, "is_bot": False, "first_name": "Ann", "language_code": "en"}
    chat = {"id": person, "type": "private", "first_name": "Ann"}
    return {"message_id": number, "from": user, "chat": chat, "date": int(time.time()), "text": text}


def test_presses_votes_and_edits_work_at_the_replica_that_did_not_answer(
    real_index: Index, real_data: Path, tmp_path: Path
) -> None:
    """What one replica answered, the other changes and votes on and does not answer again; merged, the vote counts."""
    question, _ = asked_for(real_index)
    before = sorted(path.stat().st_mtime_ns for path in (real_data / "index").rglob("*"))
    with BotApi() as api, replicas(real_data, tmp_path, api, 0) as (one, two):
        asked = {"update_id": 1, "message": message(5, question)}
        one.hand(asked)
        api.wait(lambda: api.answers_to(5))
        number, sent = next(iter(api.messages.items()))
        buttons = [each for row in sent["reply_markup"]["inline_keyboard"] for each in row]
        data = {each["callback_data"][:2]: each["callback_data"] for each in buttons if "callback_data" in each}
        two.hand(asked)

        def press(update: int, pressed: str) -> None:
            user = message(5, "")["from"]
            shown = {"message_id": number, "date": 1, "chat": message(5, "")["chat"], "text": "…"}
            query = {"id": str(update), "from": user, "chat_instance": "1", "message": shown, "data": pressed}
            two.hand({"update_id": update, "callback_query": query})
            api.wait(
                lambda: any(
                    name == "answerCallbackQuery" for name, p in api.calls if p.get("callback_query_id") == str(update)
                )
            )

        press(2, data["v+"])
        press(3, next(value for start, value in data.items() if start.startswith("n")))
        api.wait(lambda: any(name == "editMessageText" for name, _ in api.calls))
        edited = {**asked["message"], "text": "When was the roadmap signed?", "edit_date": int(time.time())}
        two.hand({"update_id": 4, "edited_message": edited})
        api.wait(lambda: sum(name == "editMessageText" for name, _ in api.calls) == 2)
        assert [p["message_id"] for name, p in api.calls if name == "editMessageText"] == [number, number]
        assert len(api.answers_to(5)) == 1
        assert api.violations == []
        for replica in (one, two):
            replica.bot.terminate()
            assert replica.bot.wait(30) == 0
        assert (one.logged, two.logged) == (1, 1)
        merged = CliRunner().invoke(cli, ["log", "merge", str(two.data / "queries.db"), "--data", str(one.data)])
        assert merged.exit_code == 0, merged.output
        with closing(sqlite3.connect(one.data / "queries.db")) as connection:
            assert connection.execute("SELECT question, value FROM counted_votes").fetchall() == [(question, 1)]
    assert sorted(path.stat().st_mtime_ns for path in (real_data / "index").rglob("*")) == before
    assert not (one.data / "index").exists()


def test_behind_nginx_a_chat_keeps_its_replica_and_its_order(
    real_index: Index, real_data: Path, tmp_path: Path
) -> None:
    """As the README configures it both answer, each its chats in order; one that is killed leaves them to the other."""
    question, _ = asked_for(real_index)
    front = free_port()
    with ExitStack() as stack:
        api = stack.enter_context(BotApi())
        one, two = stack.enter_context(replicas(real_data, tmp_path, api, front))
        stack.enter_context(nginx(tmp_path, front, [one.port, two.port]))
        people = range(1, 13)
        asked = [api.say(f"{question} ({turn})", person) for turn in range(3) for person in people]
        api.wait(lambda: all(api.answers_to(number) for number in asked), 60)
        for person in people:
            order = [
                p["reply_parameters"]["message_id"]
                for name, p in api.calls
                if name == "sendMessage" and p["chat_id"] == person
            ]
            assert order == sorted(order)
        logged = (one.logged, two.logged)
        assert sum(logged) == len(asked)
        assert all(count and count % 3 == 0 for count in logged)
        one.bot.kill()
        one.bot.wait()
        later = [api.say(question, person) for person in people]
        api.wait(lambda: all(api.answers_to(number) for number in later), 60)
        assert all(len(api.answers_to(number)) == 1 for number in (*asked, *later))
        assert api.violations == []


def database(path: Path) -> sqlite3.Connection:
    """Open a database that can be a replica's own or the shared one."""
    return open_database(path, INBOX_SCHEMA, OWN_SCHEMA, SHARED_SCHEMA)


def test_a_claim_holds_for_the_first_and_after_its_restart(tmp_path: Path) -> None:
    """Of two replicas one takes an update, also when it comes up again; its number with other content is another."""
    with ExitStack() as stack:

        def inbox(name: str) -> Inbox:
            own, shared = (stack.enter_context(closing(database(tmp_path / file))) for file in (name, "shared.db"))
            return Inbox(own, Claims(shared, own))

        update = {"update_id": 1, "message": {"text": "?"}}
        first, second = inbox("one.db"), inbox("two.db")
        assert first.take([update]) == [update]
        assert second.take([update]) == []
        assert second.left() == []
        assert [left.raw for left in inbox("one.db").left()] == [update]
        assert second.take([{**update, "message": {"text": "!"}}])


def test_an_update_not_claimed_before_a_kill_is_left_to_whoever_got_it_again(tmp_path: Path) -> None:
    """A replica killed between writing an update down and claiming it does not answer what another one has taken."""
    with ExitStack() as stack:
        connect = lambda file: stack.enter_context(closing(database(tmp_path / file)))  # noqa: E731
        update = {"update_id": 1, "message": {"text": "?"}}
        Inbox(connect("one.db")).take([update])
        other = connect("two.db")
        assert Inbox(other, Claims(connect("shared.db"), other)).take([update])
        own = connect("one.db")
        assert Inbox(own, Claims(connect("shared.db"), own)).left() == []


def test_claims_that_cannot_be_made_stop_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    """Rather twice than not at all, and the operator is told."""
    own, shared = database(Path(":memory:")), database(Path(":memory:"))
    inbox = Inbox(own, Claims(shared, own))
    shared.execute("PRAGMA query_only = ON")
    assert inbox.take([{"update_id": 1}])
    assert "cannot be claimed" in caplog.text
    own.close()
    shared.close()


def test_a_data_folder_on_the_command_line_is_also_the_place_of_the_index(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The environment alone may name the index apart from the data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOT_INDEX_DIR", "shared-index")
    assert load_settings().index_home == Path("shared-index")
    assert load_settings(data_dir=Path("other")).index_home == Path("other")


def test_status_and_ask_find_the_index_apart_from_the_data(real_data: Path, tmp_path: Path) -> None:
    """Every command looks for the index where the setting says; the data folder needs none."""
    settings = environment(tmp_path, BOT_INDEX_DIR=str(real_data))
    told = subprocess.run(
        [sys.executable, "-m", "bot", "status", "--json"], env=settings, capture_output=True, check=True
    )
    assert json.loads(told.stdout)["data"] == str(real_data)
    assert list(tmp_path.iterdir()) == []
