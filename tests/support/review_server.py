"""The server that `partnership-bot review` starts, as a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).parents[2]


class ReviewServer(NamedTuple):
    """A running server."""

    address: str
    link: str
    """The one-time link to sign in."""


@contextmanager
def review_server(data: Path, knowledge: Path, *, name: str = "Ann", **environment: str) -> Iterator[ReviewServer]:
    """Run the server until the block ends."""
    arguments = [
        sys.executable, "-m", "bot", "review", "--port", "0", "--as", name,
        "--data", str(data), "--knowledge", str(knowledge),
    ]  # fmt: skip
    variables = {**os.environ, "PYTHONPATH": str(_ROOT), **environment}
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env=variables) as process:
        try:
            assert process.stderr is not None
            link = None
            for line in process.stderr:
                link = re.search(r"(http://127\.0\.0\.1:\d+)/-/sign-in\?\S+", line) or link
                if link and "Uvicorn running" in line:
                    break
            assert link, "the server ended before it printed a link"
            yield ReviewServer(link[1], link[0])
        finally:
            process.terminate()
            process.communicate(timeout=30)
