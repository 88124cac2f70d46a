"""A build that dies, starves or may not write leaves the live version as it was, whenever that happens."""

from __future__ import annotations

import gc
import json
import os
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.build.builder import BuildOptions, BuildResult, build
from index.encoder.known_questions import KNOWN_QUESTIONS_FILE
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.errors import BuildError
from index.search.index import Index
from index.version.manifest import Manifest
from index.version.versions import KEEP_VERSIONS, MANIFEST_FILE, SEAL, index_folder, live_version

pytestmark = pytest.mark.faults

Small = tuple[Path, Path, BuildResult]
ROOT = Path(__file__).parents[2]


def run(program: str, *arguments: object) -> list[list[object]]:
    """Run a program in a process of its own; return the JSON lines it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *map(str, arguments)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


# One build, watched. Before each of its steps (a file or folder is created, renamed, removed or flushed) and after the
# last, all that a power cut could leave of the index folder is copied aside: of a file that was not flushed half its
# bytes; of each name that changed since its folder was flushed either what it is now or what it was then.
POWER_CUT = """
import json, os, shutil, sys
from pathlib import Path
import sentence_transformers, torch
from index.version.versions import live_version
from index.build.builder import build
from index.search.index import Index

folder, data, encoder, copies = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
top, kept = data / "index", copies / "kept"
kept.mkdir(parents=True)
names, left, flush = [], {}, os.fsync
flushed, folders = {}, {}

def mark(stat):
    return [stat.st_size, stat.st_mtime_ns]

def keep(path):
    # A second name keeps the content, and the inode's number from being given to another file.
    if not (kept / str(path.stat().st_ino)).exists():
        os.link(path, kept / str(path.stat().st_ino))

def remember(path):
    entries = {each.name: each for each in path.iterdir() if each.name != "build.lock"}
    for each in entries.values():
        if each.is_file():
            keep(each)
    folders[path.stat().st_ino] = {name: (each.is_dir(), each.stat().st_ino) for name, each in entries.items()}

def now(path):
    return {each.name: (each.is_dir(), each.stat().st_ino) for each in path.iterdir() if each.name != "build.lock"}

def content(inode):
    # A file, and whether it was written to since it was flushed.
    path = kept / str(inode)
    return (path, mark(path.stat()) != flushed.get(inode))

def plans():
    for path in [top, *top.iterdir()]:
        if path.is_dir():
            for each in path.iterdir():
                if each.is_file() and each.name != "build.lock":
                    keep(each)
    current = {top.stat().st_ino: now(top)}
    for path in top.iterdir():
        if path.is_dir():
            current[path.stat().st_ino] = now(path)
    old, new = folders[top.stat().st_ino], current[top.stat().st_ino]
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    tops = [old, new]
    for name in changed:
        for most, one in ((old, new), (new, old)):
            mixed = {key: value for key, value in most.items() if key != name}
            tops.append(mixed | ({name: one[name]} if name in one else {}))
    for entries in tops:
        for inside in (folders, current):
            plan = {}
            for name, (is_folder, inode) in entries.items():
                if not is_folder:
                    plan[name] = content(inode)
                    continue
                plan[name] = None
                for inner, (_, number) in inside.get(inode, {}).items():
                    plan[f"{name}/{inner}"] = content(number)
            yield plan

def step(name):
    names.append(name)
    for plan in plans():
        key = str([(path, what, what and mark(what[0].stat())) for path, what in sorted(plan.items())])
        if key in left:
            continue
        place = copies / str(len(left))
        left[key] = (len(names) - 1, place)
        for name, what in sorted(plan.items()):
            target = place / "index" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if what is None:
                target.mkdir(exist_ok=True)
            elif what[1]:
                shutil.copyfile(what[0], target)
                os.truncate(target, target.stat().st_size // 2)
            else:
                os.link(what[0], target)
        (place / "encoders").symlink_to(data / "encoders")

watching = busy = False

def fsync(handle):
    global busy
    watch("flush", (os.readlink(f"/proc/self/fd/{handle}"),))
    flush(handle)
    place = Path(os.readlink(f"/proc/self/fd/{handle}"))
    if not str(place).startswith(str(top)):
        return
    busy = True
    if place.is_dir():
        remember(place)
    else:
        flushed[place.stat().st_ino] = mark(place.stat())
    busy = False

def watch(event, arguments):
    global busy
    if not watching or busy or event not in ("flush", "open", "os.rename", "os.remove", "os.rmdir", "os.mkdir"):
        return
    path = str(arguments[0])
    if event in ("os.remove", "os.rmdir") and arguments[1] >= 0:
        path = os.path.join(os.readlink(f"/proc/self/fd/{arguments[1]}"), path)
    if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
        return
    if path.startswith(str(top)):
        busy = True
        step(event)
        busy = False

for path in [top, *(each for each in top.iterdir() if each.is_dir())]:
    remember(path)
    flushed.update((each.stat().st_ino, mark(each.stat())) for each in path.iterdir() if each.is_file())
os.fsync = fsync
sys.addaudithook(watch)
watching = True
build(folder, data, encoder=encoder)
watching = False
step("end")
print(json.dumps(names))
whole = Index.open(data)
for number, place in left.values():
    index_ = Index.open(place, encoder=whole.encoder)
    text = index_.answer("copper plant").hits[0].snippet.text
    index_.close()
    print(json.dumps([number, str(place), live_version(place), text]), flush=True)
"""


def test_a_power_cut_at_any_step_harms_nothing(small: Small, tmp_path: Path) -> None:
    """Whatever it leaves, a whole version answers, the old one or the new, and after the build's end only the new.

    From some of what is left, drawn at random, a build succeeds and tidies up.
    """
    folder, data, first = small
    # Of six versions the oldest is removed, which is a step too.
    for number in range(KEEP_VERSIONS - 1):
        copy_version(data, f"2001010{number + 1}T000000000Z-0123abcd")
    copper = folder / "metals/copper.md"
    copper.write_text(copper.read_text().rstrip() + " This was added.\n")
    (names, *looks) = run(POWER_CUT, folder, data, DEFAULT_ENCODER, tmp_path / "copies")
    assert names.count("flush") > 20, "files are flushed one by one"
    assert names.count("os.rename") == 4, "manifest, version, pointer, the version that is removed"
    oldest_files = len(list((index_folder(data) / first.version).iterdir()))
    assert names.count("os.remove") >= oldest_files, "the oldest version is removed"
    assert len(looks) > len(names) / 2, "what is left differs"
    for step, place, version, text in looks:
        assert (version == first.version) != ("This was added." in str(text)), (step, place, version)
        assert version != first.version or step != len(names) - 1, place
    seed = random.randrange(10**6)
    copper.write_text(copper.read_text().replace("This was added.", "This was built after the cut."))
    for step, place, *_ in random.Random(seed).sample(looks, 3):
        build(folder, Path(str(place)), encoder=DEFAULT_ENCODER)
        opened = Index.open(Path(str(place)))
        assert "built after the cut" in opened.answer("copper plant").hits[0].snippet.text, (seed, step)
        opened.close()
        hidden = {path.name for path in (Path(str(place)) / "index").iterdir() if path.name.startswith(".")}
        assert not hidden, (seed, step, hidden)


def copy_version(data: Path, name: str) -> None:
    """Copy the live version under another name, as sound as that one."""
    copy = index_folder(data) / name
    shutil.copytree(index_folder(data) / str(live_version(data)), copy)
    fields = json.loads((copy / MANIFEST_FILE).read_text())
    fields.pop(SEAL)
    Manifest(**{**fields, "version": name, "files": {}}).write(copy)


# Everything is loaded first; then only so much more memory may be had, and a build runs.
STARVED = """
import json, os, resource, sys
from pathlib import Path
import sentence_transformers, torch
from index.version.versions import live_version
from index.build.builder import BuildOptions, build
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
            build(folder, data, encoder=encoder, options=BuildOptions(force=True))
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
    assert "Balkhash" in ask(data)
    assert build(folder, data, encoder=DEFAULT_ENCODER, options=BuildOptions(force=True)).reused == 6


def edit(folder: Path) -> None:
    path = folder / "metals/copper.md"
    path.write_text(path.read_text().replace("Balkhash", "Almaty"))


def ask(data: Path) -> str:
    opened = Index.open(data)
    try:
        return opened.answer("where is the copper plant").hits[0].snippet.text
    finally:
        opened.close()


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 40 MB in memory; skipped where the tests may not mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=40m", "none", str(place)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        yield place
    finally:
        gc.collect()  # files of an index stay mapped until it is collected
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("free", [0, 40_000])
def test_a_full_disk_leaves_the_live_version(small: Small, full_disk: Path, free: int) -> None:
    """The error says so in one line, the old version answers on, and the next build succeeds once there is room."""
    folder, data, first = small
    shutil.copytree(data, full_disk / "data", ignore=shutil.ignore_patterns(KNOWN_QUESTIONS_FILE))
    edit(folder)
    filler = full_disk / "filler"
    filler.write_bytes(bytes(max(0, shutil.disk_usage(full_disk).free - free)))
    with pytest.raises(BuildError, match="the disk is full; free some space and build again") as caught:
        build(folder, full_disk / "data", encoder=DEFAULT_ENCODER)
    assert "\n" not in str(caught.value)
    assert live_version(full_disk / "data") == first.version
    assert "Balkhash" in ask(full_disk / "data")
    filler.unlink()
    assert build(folder, full_disk / "data", encoder=DEFAULT_ENCODER).embedded == 1
    assert "Almaty" in ask(full_disk / "data")


@pytest.mark.parametrize("most", [100, 4_000, 9_000])
def test_a_file_that_cannot_grow_leaves_the_live_version(small: Small, most: int) -> None:
    """A limit on the size of files stops the writing at one file after the other; none of them is published."""
    folder, data, first = small
    edit(folder)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        with pytest.raises(BuildError, match="The live version is untouched"):
            build(folder, data, encoder=DEFAULT_ENCODER)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert live_version(data) == first.version
    assert "Balkhash" in ask(data)
    assert build(folder, data, encoder=DEFAULT_ENCODER).embedded == 1
