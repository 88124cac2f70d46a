"""A real Valkey or Redis server for tests, on a free port of this machine and in a folder of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.bot_process import free_port

PROGRAM = shutil.which("valkey-server") or shutil.which("redis-server")
MISSING = "no valkey-server or redis-server is installed (Debian: apt install redis-server)"


class RedisServer:
    """The server's program, which can be stopped, killed and started again on its files."""

    def __init__(self, folder: Path, *, fsync: str = "always") -> None:
        assert PROGRAM, MISSING
        self._port = free_port()
        self._fsync = fsync
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        options = {
            "bind": "127.0.0.1", "port": str(self._port), "dir": str(self._folder), "appendonly": "yes",
            "appendfsync": self._fsync, "save": "", "daemonize": "no",
        }  # fmt: skip
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen([str(PROGRAM), *words], stdout=quiet, stderr=quiet)
        deadline = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """The number of its process while it runs."""
        assert self._process
        return self._process.pid

    def stop(self, *, kill: bool = False) -> None:
        """Stop it, or kill it."""
        if self._process:
            (self._process.kill if kill else self._process.terminate)()
            self._process.wait(10)
            self._process = None

    def empty(self) -> None:
        """Forget everything."""
        assert self._say("FLUSHALL").startswith("+OK")

    def configure(self, name: str, value: str) -> None:
        """Change one of its options until it is started again."""
        assert self._say(f"CONFIG SET {name} {value}").startswith("+OK")

    def set_password(self, password: str) -> None:
        """Let in only who knows a password."""
        self.configure("requirepass", password)

    def _answers(self) -> bool:
        try:
            return self._say("PING").startswith("+PONG")
        except OSError:
            return False

    def _say(self, command: str) -> str:
        with socket.create_connection(("127.0.0.1", self._port), timeout=5) as link:
            link.sendall(f"{command}\r\n".encode())
            return link.recv(64).decode()


@contextmanager
def redis_server(folder: Path, *, fsync: str = "always") -> Iterator[RedisServer]:
    """Run a server; it is gone afterwards."""
    server = RedisServer(folder, fsync=fsync)
    try:
        server.start()
        yield server
    finally:
        server.stop(kill=True)
