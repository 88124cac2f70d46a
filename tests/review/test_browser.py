"""The log's pages in a real browser: charts are drawn, and nothing goes wrong in its console."""

from __future__ import annotations

import re
import subprocess
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from bot.review.options import log as log_commands
from bot.review.web.server import METADATA_FILE
from tests.support.chromium import CHROMIUM
from tests.support.filled_log import fill
from tests.support.review_pages import served

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs Chromium")


def seen(address: str, profile: Path) -> tuple[str, list[str]]:
    """Return a page as it is once its scripts have run, and what came to the browser's console."""
    command = [
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        f"--user-data-dir={profile}", "--enable-logging=stderr", "--virtual-time-budget=8000", "--dump-dom", address,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[str]:
    """`log serve` on a small log, as a process of its own; its address."""
    pytest.importorskip("datasette_dashboards", reason="needs the extra `review`")
    await fill(tmp_path)
    with served(tmp_path, "log", "serve") as (address, _):
        yield address


def test_the_console_is_heard(tmp_path: Path) -> None:
    """An error of a script would be noticed by these tests."""
    page = "data:text/html," + quote("<script>document.title = 'ran'; nothing.like.this()</script>")
    dom, console = seen(page, tmp_path)
    assert "ran" in dom
    assert len(console) == 1


def test_dashboard_is_drawn(server: str, tmp_path: Path) -> None:
    """Every chart of the dashboard is there as a drawing with marks in it, every figure as a number."""
    dom, console = seen(f"{server}/-/dashboards/overview", tmp_path / "profile")
    assert console == []
    assert len(re.findall(r'class="marks"', dom)) == METADATA_FILE.read_text().count("library: vega-lite")
    for mark in ("mark-rect", "mark-arc", "mark-line"):
        assert mark in dom
    assert "What people ask" in dom


@pytest.mark.parametrize("page", ["/queries/questions", "/queries/unanswered", "/queries/gaps_ranked?state="])
def test_pages_have_no_error(server: str, tmp_path: Path, page: str) -> None:
    """A page shows what was asked, typed programs as text, and its own scripts run."""
    dom, console = seen(server + page, tmp_path / "profile")
    assert console == []
    assert "&lt;script&gt;alert(1)" in dom
    assert urllib.request.urlopen(server + page).status == 200


async def test_report_is_drawn(tmp_path: Path) -> None:
    """The report shows its charts from the file alone, and its policy stops nothing it needs."""
    pytest.importorskip("matplotlib", reason="needs the extra `review`")
    await fill(tmp_path)
    target = tmp_path / "report.html"
    result = CliRunner().invoke(log_commands, ["report", "--html", str(target), "--data", str(tmp_path)])
    assert result.exit_code == 0, result.output
    dom, console = seen(target.as_uri(), tmp_path / "profile")
    assert console == []
    assert dom.count("<svg") == 3
