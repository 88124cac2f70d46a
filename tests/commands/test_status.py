"""What ``status`` tells of the live index and the log, and when it says that something is wrong."""

from __future__ import annotations

import json
import os
import shutil
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from bot.cli import cli
from bot.querylog.log import Entry, QueryLog
from index.search.index import Index
from tests.support.log_answers import answer_to


def status(data: Path, *options: str) -> Result:
    """Run ``status`` on a data folder."""
    return CliRunner().invoke(cli, ["status", "--data", str(data), *options])


@pytest.fixture
def copied(real_data: Path, tmp_path: Path) -> Path:
    """A data folder with the real index, to be written to."""
    folder = tmp_path / "data"
    shutil.copytree(real_data / "encoders", folder / "encoders", copy_function=os.link)
    shutil.copytree(real_data / "index", folder / "index")
    return folder


def test_status_says_what_is_live_and_how_far_to_trust_it(real_data: Path, real_index: Index) -> None:
    """Version, size, languages, encoder and the expected errors of the calibration are there in plain words."""
    result = status(real_data)
    assert result.exit_code == 0, result.output
    text = result.output
    assert real_index.version in text
    assert f"{len(real_index.snippets)} snippets in en, kk, ru" in text
    assert "all-MiniLM-L6-v2" in text
    costs = real_index.calibration("en").costs
    assert f"a wrong answer costs as much as {costs.wrong_answer / costs.withheld:g} right answers" in text
    assert f"the answer from {100 * costs.threshold:.1f} % confidence" in text
    expected = real_index.calibration("ru").expected
    line = next(line for line in text.splitlines() if line.strip().startswith("ru:"))
    assert f"near misses answered {100 * expected['near_miss']:.1f}".removesuffix(".0") in line
    assert "withheld" in line


def test_status_as_json_is_for_programs(real_data: Path, real_index: Index) -> None:
    """The same as fields; a question of the evaluation is not among them."""
    fields = json.loads(status(real_data, "--json").stdout)
    assert fields["ok"] is True
    assert fields["live"] == real_index.version
    assert fields["languages"] == ["en", "kk", "ru"]
    assert set(fields["calibration"]) == {"all", "en", "kk", "ru"}
    assert "results" not in fields["evaluation"]


def test_no_index_is_not_well(tmp_path: Path) -> None:
    """Without an index the exit code is 1 and the text says how to get one; the same holds for JSON."""
    result = status(tmp_path)
    assert result.exit_code == 1
    assert "partnership-bot build" in result.output
    assert "Traceback" not in result.output
    result = status(tmp_path, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["ok"] is False


@pytest.mark.faults
def test_a_damaged_index_is_not_well(copied: Path) -> None:
    """A file of the live version that was cut short is named."""
    version = (copied / "index" / "current").read_text().strip()
    (copied / "index" / version / "snippets.db").write_bytes(b"")
    result = status(copied)
    assert result.exit_code == 1
    assert "snippets.db: damaged" in result.output


async def test_the_log_is_counted(copied: Path) -> None:
    """Where questions are recorded, their number and the size of the log are told."""
    log = QueryLog(copied / "queries.db", key_file=copied / "key")
    for question in ("one", "two"):
        await log.record(Entry(answer_to(question), "private", person=1))
    assert "Query log: 2 questions" in status(copied).output
    await log.close()
    assert json.loads(status(copied, "--json").stdout)["log"]["questions"] == 2


@pytest.mark.faults
def test_a_log_that_cannot_be_read_is_told(copied: Path) -> None:
    """A broken log is said to be one; the index is well all the same."""
    (copied / "queries.db").write_bytes(b"no database at all" * 100)
    result = status(copied)
    assert result.exit_code == 0
    assert "cannot be read" in result.output


def test_the_index_may_lie_apart_from_the_data(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting names it; a data folder on the command line is the index's place too, whatever the setting says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOT_INDEX_DIR", str(real_data))
    result = CliRunner().invoke(cli, ["status", "--json"])
    assert json.loads(result.stdout)["data"] == str(real_data)
    assert list(tmp_path.iterdir()) == []
    assert json.loads(status(tmp_path / "other", "--json").stdout)["data"] == str(tmp_path / "other")


def test_health_asks_the_running_bot_alone() -> None:
    """What it says in one line, and the exit code; without an address or a bot the code is 1."""
    answers = iter([(200, b"ok\n"), (503, b"no update for 300 s\n"), (503, b"")])

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = next(answers)
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *given: object) -> None:
            pass

    def health(listen: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["health"], env={"BOT_HTTP_LISTEN": listen})
        return result.exit_code, result.output

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        listen = f"127.0.0.1:{server.server_port}"
        assert health(listen) == (0, "ok\n")
        assert health(listen) == (1, "no update for 300 s\n")
        assert health(listen) == (1, "status 503\n")
        server.shutdown()
    assert health(listen)[1].startswith(f"no bot tells its health at {listen}")
    assert health("") == (1, "BOT_HTTP_LISTEN is not set, so the running bot cannot be asked.\n")
