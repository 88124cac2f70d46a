"""The program as an operator runs it: in a pipe with any environment, or in a terminal of any width."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

ROOT = Path(__file__).parents[2]
_START = [sys.executable, "-m", "bot"]
_CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\r")


def environment(**settings: str) -> dict[str, str]:
    """Return an environment without anybody's settings and without a wish for an encoding or colours."""
    foreign = ("BOT_", "PYTHON", "LC_", "LANG", "COLUMNS", "FORCE_COLOR", "NO_COLOR")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1", "HF_HUB_OFFLINE": "1", **settings}


def piped(
    *arguments: str | Path, folder: Path, typed: bytes = b"", **settings: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a folder, without a terminal."""
    return subprocess.run(
        [*_START, *map(str, arguments)],
        cwd=folder,
        env=environment(**settings),
        input=typed,
        capture_output=True,
        check=False,
    )


def in_terminal(columns: int, *arguments: str | Path) -> str:
    """Return what a command shows in a terminal so wide, without colours."""
    process, screen = pty.fork()
    if process == 0:
        os.execvpe(_START[0], [*_START, *map(str, arguments)], environment(TERM="xterm"))
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    shown = b""
    try:
        while piece := os.read(screen, 65536):
            shown += piece
    except OSError:  # Linux ends it so when the program has ended
        pass
    os.waitpid(process, 0)
    os.close(screen)
    return _CONTROL.sub(b"", shown).decode()
