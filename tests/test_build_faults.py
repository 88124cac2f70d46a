"""A build that dies, starves or may not write leaves the live version as it was, whenever that happens."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.artifact import index_folder, live_version
from index.build import BuildResult, build
from index.errors import BuildError
from index.passages import DEFAULT_ENCODER
from index.search import Index

Small = tuple[Path, Path, BuildResult]
ROOT = Path(__file__).parent.parent


def run(program: str, *arguments: object) -> list[list[object]]:
    """Run a program in a process of its own; return the JSON lines it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *map(str, arguments)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


# One process imports everything once. Each build runs in a fork that counts its steps: every file or folder it creates,
# renames, removes or flushes. At one of them the power fails: what was not flushed is lost, and the process killed.
POWER_CUT = """
import json, os, signal, sys
from pathlib import Path
import sentence_transformers, torch
from index.artifact import live_version
from index.build import build
from index.search import Index

folder, data, encoder = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
chosen = json.loads(sys.argv[4])

def attempt(number, fatal):
    copper = folder / "metals/copper.md"
    copper.write_text(copper.read_text().split("Change")[0].rstrip() + f" Change {number} was made.\\n")
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        status = os.waitpid(child, 0)[1]
        names = os.read(reader, 2**16).decode().split()
        os.close(reader)
        return status, names
    there = {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.is_file()}
    flushed, names, flush = set(), [], os.fsync

    def step(name):
        names.append(name)
        if len(names) - 1 != fatal:
            return
        for path in data.rglob("*"):
            inode = path.stat().st_ino
            if path.is_file() and path.name != "build.lock" and inode not in flushed and path not in there:
                os.truncate(path, path.stat().st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)

    def fsync(handle):
        step("flush")
        flush(handle)
        flushed.add(os.fstat(handle).st_ino)

    def watch(event, arguments):
        if not arguments or not str(arguments[0]).startswith(str(data)):
            return
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            step("open")
        elif event in ("os.rename", "os.remove", "os.rmdir", "os.mkdir"):
            step(event)

    os.fsync = fsync
    sys.addaudithook(watch)
    try:
        build(folder, data, encoder=encoder)
        os.write(writer, " ".join(names).encode())
        os._exit(0)
    except BaseException:
        import traceback
        traceback.print_exc()
        os._exit(1)

def look():
    index_ = Index.open(data)
    text = index_.answer("copper plant").hits[0].snippet.text
    index_.close()
    return [live_version(data), text]

status, names = attempt(0, None)
print(json.dumps([status, names, *look()]))
last = len(names)
for number, step in enumerate([int(place * last) if place < 1 else last - int(place) for place in chosen], start=1):
    status, _ = attempt(number, step)
    print(json.dumps([status, step, *look()]), flush=True)
status, _ = attempt(99, None)
print(json.dumps([status, "whole", *look()]))
"""


def test_a_power_cut_at_any_step_harms_nothing(small: Small) -> None:
    """After each, a whole version answers, the old one or the new, and in the end a build succeeds and tidies up."""
    folder, data, _ = small
    seed = random.randrange(10**6)
    draw = random.Random(seed)
    # Some anywhere, and each of the last steps, where the new version gets its name and the pointer moves.
    chosen = [*sorted(draw.random() for _ in range(3)), *range(6, 0, -1)]
    first, *looks, last = run(POWER_CUT, folder, data, DEFAULT_ENCODER, json.dumps(chosen))
    assert isinstance(first[1], list)
    assert first[1].count("flush") > 20, "files are flushed one by one"
    assert first[1].count("os.rename") == 3, "manifest, version, pointer"
    live = first[2]
    died = 0
    for number, (status, step, version, text) in enumerate(looks, start=1):
        assert status in (signal.SIGKILL, 0), (seed, step)
        died += status == signal.SIGKILL
        assert version == live or f"Change {number} " in str(text), (seed, step, version, text)
        live = version
    assert died >= len(chosen) - 2, seed
    assert last[0] == 0
    assert "Change 99 " in str(last[3])
    left = {path.name for path in index_folder(data).iterdir() if path.name.startswith(".")}
    assert not left, (seed, left)


# Everything is loaded first; then only so much more memory may be had, and a build runs.
STARVED = """
import json, os, resource, sys
from pathlib import Path
import sentence_transformers, torch
from index.artifact import live_version
from index.build import build
from index.errors import BuildError

folder, data, encoder = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
for more in json.loads(sys.argv[4]):
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + more * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        try:
            build(folder, data, encoder=encoder, force=True)
            told = "built"
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"
        os.write(writer, told.encode())
        os._exit(0)
    os.close(writer)
    status = os.waitpid(child, 0)[1]
    told = os.read(reader, 10_000).decode()
    os.close(reader)
    print(json.dumps([more, status, told, live_version(data)]), flush=True)
"""


def test_a_build_without_memory_says_so_and_leaves_the_live_version(small: Small) -> None:
    """However little there is, nothing half is published; where Python itself is told, the error says what to do."""
    folder, data, first = small
    tries = run(STARVED, folder, data, DEFAULT_ENCODER, json.dumps([0, 3, 30, 90]))
    told = [str(text) for _, status, text, _ in tries if status == 0]
    for line in told:
        assert line == "built" or line.startswith("BuildError: "), line
        assert "\n" not in line
    refused = [line for line in told if line != "built"]
    assert refused
    assert all("out of memory" in line and "live version is untouched" in line for line in refused), refused
    if "built" not in told:
        assert {version for *_, version in tries} == {first.version}
    opened = Index.open(data)
    assert "Balkhash" in opened.answer("where is the copper plant").hits[0].snippet.text
    opened.close()
    assert build(folder, data, encoder=DEFAULT_ENCODER, force=True).reused == 6


@pytest.fixture
def read_only(small: Small, tmp_path: Path) -> Iterator[Path]:
    """The small data folder on a file system mounted read-only; skipped where the tests may not mount one."""
    place = tmp_path / "read-only"
    place.mkdir()
    mount = shutil.which("mount")
    if not mount or subprocess.run([mount, "--bind", str(small[1]), str(place)], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        subprocess.run([mount, "-o", "remount,bind,ro", str(place)], check=True)
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_read_only_disk_answers_and_refuses_a_build(small: Small, read_only: Path) -> None:
    """The error names the folder; reading needs no right to write."""
    opened = Index.open(read_only)
    assert "Balkhash" in opened.answer("where is the copper plant").hits[0].snippet.text
    opened.close()
    with pytest.raises(BuildError, match=f"{read_only}.*Read-only file system") as caught:
        build(small[0], read_only, encoder=DEFAULT_ENCODER, force=True)
    assert "\n" not in str(caught.value)
    assert live_version(read_only) == small[2].version
