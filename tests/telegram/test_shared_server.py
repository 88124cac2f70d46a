"""The server that several bots share: what is said when it cannot be used, and that its password never is."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from telegram import Update

from bot.settings import Settings
from bot.telegram.stores import Stores, open_stores
from bot.telegram.update_queue import NotTakenError
from index.errors import UserFacingError
from tests.support.bot_process import environment, free_port
from tests.support.redis_server import MISSING, PROGRAM, RedisServer, redis_server

ROOT = Path(__file__).parents[2]
PASSWORD = "tyu7-Gqz"
COLLECT = "import logging; logging.basicConfig(level=logging.DEBUG); from bot.cli import main; main()"
needs_server = pytest.mark.skipif(PROGRAM is None, reason=MISSING)


def collect(data: Path, url: str, program: str = COLLECT) -> subprocess.Popen[str]:
    """Begin to collect the log from a server."""
    command = [sys.executable, "-c", program, "log", "collect"]
    return subprocess.Popen(command, env=environment(data, BOT_REDIS_URL=url), stderr=subprocess.PIPE, text=True)


def refused(data: Path, url: str, program: str = COLLECT) -> str:
    """Return the one line in which the program says why it does not begin."""
    with collect(data, url, program) as begun:
        _, said = begun.communicate(timeout=60)
        assert begun.returncode == 1
    (line,) = [line for line in said.splitlines() if not line.startswith(("DEBUG", "INFO"))]
    return line


def test_a_server_that_nobody_runs_is_named_without_its_password(tmp_path: Path) -> None:
    """The line says which setting, which address, and what to do."""
    port = free_port()
    line = refused(tmp_path, f"redis://:{PASSWORD}@127.0.0.1:{port}/0")
    assert f"BOT_REDIS_URL: the server 127.0.0.1:{port}/0 cannot be used" in line
    assert "Start it or correct the address" in line
    assert PASSWORD not in line


@pytest.mark.parametrize(
    "url", [f"redis://:{PASSWORD}/x@host:6379/0", f"redis://:{PASSWORD}#@host/0", f"://{PASSWORD}"]
)
def test_no_part_of_a_wrong_address_is_shown(url: str, tmp_path: Path) -> None:
    """A character that must be written otherwise would else show a part of the password."""
    line = refused(tmp_path, url)
    assert "BOT_REDIS_URL must be like redis://" in line
    assert PASSWORD not in line


def test_without_the_extra_it_is_named(tmp_path: Path) -> None:
    """The client is a dependency only of those who need it."""
    program = "import sys; sys.modules['redis'] = sys.modules['redis.asyncio'] = None; from bot.cli import main; main()"
    assert "pip install 'partnership-bot[cluster]'" in refused(tmp_path, "redis://127.0.0.1:1/0", program)


@needs_server
def test_the_password_is_in_no_log(tmp_path: Path) -> None:
    """Neither while the server is there, nor when it goes away."""
    with redis_server(tmp_path / "redis", fsync="no") as server:
        server.set_password(PASSWORD)
        address = server.url.removeprefix("redis://")
        wrong = refused(tmp_path, f"redis://:other-word@{address}")
        assert "cannot be used" in wrong
        assert "other-word" not in wrong
        with collect(tmp_path, f"redis://:{PASSWORD}@{address}") as collecting:
            while not (tmp_path / "queries.db").exists():
                assert collecting.poll() is None
                time.sleep(0.05)
            server.stop()
            time.sleep(1)
            collecting.kill()
            _, said = collecting.communicate()
    assert "does not answer" in said
    assert PASSWORD not in said


def test_several_bots_need_a_webhook(tmp_path: Path) -> None:
    """Telegram lets only one program poll."""
    settings = Settings(data_dir=tmp_path, redis_url=SecretStr("redis://127.0.0.1:1/0"), _env_file=None)  # type: ignore[call-arg]
    with pytest.raises(UserFacingError, match="BOT_WEBHOOK_URL"):
        asyncio.run(open_stores(settings))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server for the tests that follow."""
    with redis_server(tmp_path_factory.mktemp("redis"), fsync="everysec") as running:
        yield running


@pytest.fixture
async def stores(program: RedisServer, tmp_path: Path) -> AsyncIterator[Stores]:
    """What a bot keeps there."""
    program.empty()
    settings = Settings(
        data_dir=tmp_path, webhook_url="https://bot.example.org/hook", redis_url=SecretStr(program.url), queue=2,
        _env_file=None,
    )  # type: ignore[call-arg]  # fmt: skip
    opened = await open_stores(settings)
    yield opened
    await opened.close()


@needs_server
async def test_what_a_full_server_cannot_take_stays_at_telegram(program: RedisServer, stores: Stores) -> None:
    """The update is taken when there is room again, and once."""
    program.configure("maxmemory", "1")
    with pytest.raises(NotTakenError):
        await stores.queue.put(Update(1))
    program.configure("maxmemory", "0")
    await stores.queue.put(Update(1))
    await stores.queue.put(Update(1))
    assert await stores.queue.waiting() == 1  # type: ignore[attr-defined]


@needs_server
async def test_more_than_the_bound_stays_at_telegram(stores: Stores) -> None:
    """The bound holds for all processes together."""
    await stores.queue.put(Update(1))
    await stores.queue.put(Update(2))
    with pytest.raises(NotTakenError):
        await stores.queue.put(Update(3))


def test_one_place_chooses_where_things_are_kept() -> None:
    """Nothing else asks whether there is a server, except what hides its password and what runs only with one."""
    asking = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "bot").rglob("*.py")
        if re.search(r"\bredis_url\b", path.read_text(encoding="utf-8"))
    }
    assert asking == {
        "bot/settings.py",
        "bot/telegram/stores.py",
        "bot/telegram/secret_masking.py",
        "bot/commands/collect.py",
    }
