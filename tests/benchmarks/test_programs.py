"""Every program of this folder starts and ends well, with as little to do as it takes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from index.build.builder import build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from tests.support.redis_server import MISSING
from tests.support.redis_server import PROGRAM as SERVER
from tests.support.small_knowledge import SMALL, write_knowledge

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
RUNS = {
    "ablation": "--data DATA --questions QUESTIONS",
    "cluster": "--data DATA --seconds 5 --rate 3",
    "common_words": "WORDS",
    "edit_stability": "--knowledge KNOWLEDGE --data DATA --edits 1",
    "edit_to_publication": "--knowledge KNOWLEDGE --data DATA --edits 1",
    "faults": "--data DATA --rate 3 --seconds 3 --outage 0.5",
    "fuzz": "--data DATA --minutes 0.001",
    "grouping": "--data DATA --days 2 --fit --errors",
    "live_rebuild": "--data DATA --knowledge KNOWLEDGE --rate 3 --quiet 0.5",
    "log_cost": "DATA 20",
    "long_log": "LOG 100",
    "long_log_pages": "LOG 60",
    "one_question": "--data DATA --knowledge KNOWLEDGE --rounds 1 --starts 1",
    "public_sets": "SET --indexes INDEXES",
    "soak": "--data DATA --knowledge KNOWLEDGE --questions 40 --restarts 1 --rebuilds 1",
    "steady_rate": "--data DATA --rates 5 --seconds 1 --within 60000",
}
FIRST = {"long_log_pages": "long_log"}
"""Programs that read what another one writes."""
NEEDED = {"common_words": "spellchecker", "long_log_pages": "datasette_dashboards"}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, encoder_cache: Path) -> dict[str, Path]:
    """A small knowledge folder, its index, a folder for a log, and a set of passages and questions."""
    root = tmp_path_factory.mktemp("programs")
    found = {name: root / name.lower() for name in ("KNOWLEDGE", "DATA", "LOG", "SET", "INDEXES", "QUESTIONS", "WORDS")}
    more = {f"places/town-{n}.md": (f"Town {n}", f"Town {n} has {n} mines.", [f"mines of town {n}"]) for n in range(9)}
    write_knowledge(found["KNOWLEDGE"], SMALL | more)
    shutil.copytree(encoder_cache, found["DATA"] / "encoders", copy_function=os.link)
    build(found["KNOWLEDGE"], found["DATA"], encoder=DEFAULT_ENCODER)
    shutil.copytree(found["DATA"], found["LOG"], copy_function=os.link)
    # With the exported encoder beside it, the index of the set is built without exporting it again.
    shutil.copytree(encoder_cache, found["INDEXES"] / "small" / "data" / "encoders", copy_function=os.link)
    found["SET"].mkdir()
    found["WORDS"].mkdir()
    passages = [{"id": file[:-3].replace("/", "-"), "title": SMALL[file][0], "text": SMALL[file][1]} for file in SMALL]
    asked = [{"question": SMALL[file][2][0], "passage": each["id"]} for file, each in zip(SMALL, passages, strict=True)]
    for name, rows in (("passages", passages), ("questions", asked)):
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        (found["SET"] / f"small.{name}.jsonl").write_text(lines, encoding="utf-8")
    found["QUESTIONS"].write_text("- {question: how much copper, answers: [metals/copper]}\n", encoding="utf-8")
    return found


def test_each_program_is_started() -> None:
    """None is left out, whether old or new."""
    programs = {file.stem for file in FOLDER.glob("*.py") if "__main__" in file.read_text(encoding="utf-8")}
    assert programs - {Path(__file__).stem} == set(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_program_runs(name: str, places: dict[str, Path]) -> None:
    """It needs nothing but its arguments: the project need not be installed."""
    if name in NEEDED and find_spec(NEEDED[name]) is None:
        pytest.skip(f"needs {NEEDED[name]}")
    if name == "cluster" and SERVER is None:
        pytest.skip(MISSING)
    for program in filter(None, (FIRST.get(name), name)):
        done = subprocess.run(
            [
                sys.executable,
                str(FOLDER / f"{program}.py"),
                *(str(places.get(word, word)) for word in RUNS[program].split()),
            ],
            cwd=ROOT,
            env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert done.stdout


@pytest.mark.skipif(SERVER is None, reason=MISSING)
def test_a_program_that_is_told_to_end_leaves_nothing_running(places: dict[str, Path], tmp_path: Path) -> None:
    """A run that takes too long is ended by ``timeout``, and must not load the machine for the next one."""
    command = [sys.executable, str(FOLDER / "cluster.py"), "--data", str(places["DATA"]), "--throughput"]
    settings = os.environ | {"TMPDIR": str(tmp_path)}
    running = subprocess.Popen(command, cwd=ROOT, env=settings, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while not any("answers from" in log.read_text() for log in tmp_path.glob("*/*/bot-0/bot.log")):
            assert time.monotonic() < deadline, "no bot starts"
            time.sleep(0.1)
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 128 + signal.SIGTERM
        with pytest.raises(ProcessLookupError):
            os.killpg(running.pid, 0)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
