"""The program as a process of its own, for tests that start, watch and kill it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.botapi_server import TOKEN

LOGGED = "import logging; logging.basicConfig(level=logging.DEBUG); from bot.cli import main; main()"


def environment(data: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a bot: nobody's settings but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    root = str(Path(__file__).parents[2])
    return kept | {"BOT_DATA_DIR": str(data), "BOT_TOKEN": TOKEN, "PYTHONPATH": root, **settings}


@contextmanager
def process(data: Path, log: Path, *, program: str = LOGGED, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the bot; whatever happens it is gone afterwards."""
    with log.open("ab") as out:
        bot = subprocess.Popen(
            [sys.executable, "-c", program, "run"], env=environment(data, **settings), stdout=out, stderr=out
        )
        try:
            yield bot
        finally:
            if bot.poll() is None:
                bot.kill()
            bot.wait()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str) -> tuple[int, str]:
    """Return status and body of a page; 0 while nobody listens."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except OSError:
            return 0, ""
