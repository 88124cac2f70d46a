"""A publication that is killed, starved of room or met by another one is done in the end, or never begun."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.commands.build import build_index
from bot.review.gap_store import State
from bot.review.publishing import PublishError
from bot.review.publishing.answers import second_process
from bot.review.publishing.file_changes import FileChange
from bot.review.publishing.journal import Journal, Plan
from index.version.versions import build_lock
from tests.support.publishing_desk import COPPER, DRAFTED, Desk

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[2]
# Whoever runs the tests has settings of git; the program must not need them.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

# A publication, or the undoing of one, is repeated on copies of a desk. Each time the process is killed one step later:
# before it opens a file for writing, renames, links or removes one, opens a database or starts git. The next process
# settles what is left, and tells what it finds.
KILLED = """
import json, os, shutil, signal, sys
from pathlib import Path
import index.build.builder, index.search.index, faiss, onnxruntime, tokenizers
from bot.review.gap_store import State
from bot.review.publishing import Publisher, conclusion
from tests.support.publishing_desk import COPPER, DRAFTED, Desk

first, place, act = Desk(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3]
CHANGING = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "sqlite3.connect", "subprocess.Popen")

def do(desk):
    if act == "publish":
        desk.publisher.publish("Anna", desk.tried().version)
    else:
        desk.publisher.undo("Anna", 1)

def killed_at(step, desk):
    seen = 0
    def watch(event, arguments):
        nonlocal seen
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if event in CHANGING or writes:
            seen += 1
            if seen > step:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(watch)
    do(desk)

def in_child(work):
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
    return os.waitpid(child, 0)[1]

def settle(desk, step, status):
    left = [desk.copper.count(DRAFTED), desk.live]
    desk.publisher.recover()
    print(json.dumps({
        "step": step, "killed": status == signal.SIGKILL, "left": left, "now": [desk.copper.count(DRAFTED), desk.live],
        "drafts": len(desk.drafts.all()), "gap": desk.gap,
        "hidden": [path.name for path in desk.knowledge.rglob(".*.md*")],
        "dirty": desk.git("status", "--porcelain"), "commits": desk.git("log", "--format=%an: %s").splitlines(),
        "history": [each.state for each in desk.publisher.history()],
    }), flush=True)

for step in range(10_000):
    desk = first.copied_to(place / str(step))
    status = in_child(lambda: killed_at(step, desk))
    assert in_child(lambda: settle(desk, step, status)) == 0
    shutil.rmtree(desk.folder)
    if status != signal.SIGKILL:
        sys.exit(status)
"""


def killed(first: Desk, place: Path, act: str) -> list[dict[str, object]]:
    """Return what was left, and what it was settled to, for each step at which a publication was killed."""
    place.mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, str(first.folder), str(place), act],
        cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.skipif(not shutil.which("git"), reason="needs the git program")
@pytest.mark.parametrize("act", ["publish", "undo"])
def test_a_publication_killed_at_any_step_is_finished_or_taken_back(desk: Desk, tmp_path: Path, act: str) -> None:
    """The next start settles it: files, live version, drafts, gap and commits all agree, the old ones or the new."""
    tried = desk.tried()
    desk.put_under_git()
    old = ([0, tried.previous], 1, State.OPEN)
    new = ([1, tried.version], 0, State.ANSWERED)
    begun = ["Editor: Begin"]
    if act == "undo":
        desk.publisher.publish("Anna", tried.version)
        old, new = new, old
        begun = ["Anna: Publish: “Copper output” answers 1 question", *begun]
    *looks, last = killed(desk, tmp_path / "copies", act)
    for look in looks:
        assert look["killed"], look
        settled = (look["now"], look["drafts"], look["gap"])
        assert settled in (old, new), look
        assert len(look["commits"]) == len(begun) + (settled == new), look  # type: ignore[arg-type]
        assert (look["dirty"], look["hidden"]) == ("", []), look
    assert [last["killed"], last["now"]] == [False, new[0]]
    assert {tuple(look["now"]) for look in looks} == {tuple(old[0]), tuple(new[0])}, (
        "some are taken back, some finished"
    )  # type: ignore[arg-type]
    assert any(look["left"] != look["now"] for look in looks), "some were killed when only half was done"


@pytest.mark.parametrize("free", [0, 8_000, 40_000, 60_000, 80_000, 100_000, 150_000])
def test_a_full_disk_leaves_everything_as_before(first_desk: Desk, full_disk: Path, free: int) -> None:
    """Wherever room runs out, the error says so, and nothing is half done; with room again it is published."""
    shutil.copytree(first_desk.folder, full_disk / "desk", ignore=shutil.ignore_patterns("encoders"))
    desk = Desk(full_disk / "desk")
    (desk.data / "encoders").symlink_to(first_desk.data / "encoders")
    tried = desk.tried()
    filler = full_disk / "filler"
    filler.write_bytes(bytes(max(0, shutil.disk_usage(full_disk).free - free)))
    try:
        desk.publisher.publish("Anna", tried.version)
    except PublishError as error:
        assert str(error) == "The disk is full. Free some space, then try again."
        assert (DRAFTED in desk.copper, desk.live) == (False, tried.previous)
    else:
        assert (DRAFTED in desk.copper, desk.live) == (True, tried.version)
    filler.unlink()
    if desk.live == tried.previous:
        desk.publisher.publish("Anna", tried.version)
    desk.publisher.recover()
    assert (DRAFTED in desk.copper, desk.live, desk.drafts.all()) == (True, tried.version, [])
    assert list(desk.knowledge.rglob(".*")) == []


def test_a_try_on_a_full_disk_says_so(first_desk: Desk, full_disk: Path) -> None:
    """The problem is told, and the live version and the files are untouched."""
    shutil.copytree(first_desk.folder, full_disk / "desk", ignore=shutil.ignore_patterns("encoders", "candidate"))
    desk = Desk(full_disk / "desk")
    (desk.data / "encoders").symlink_to(first_desk.data / "encoders")
    (desk.knowledge / "long.txt").write_bytes(b"x" * 500_000)
    (full_disk / "filler").write_bytes(bytes(shutil.disk_usage(full_disk).free - 400_000))
    publisher = desk.publisher
    publisher.start_try("Anna")
    # Where the disk is still full then, only the server that tried can tell why.
    problem = desk.followed(publisher).problem
    assert problem == "The disk is full. Free some space, then try again."
    assert desk.live == first_desk.live


def test_a_folder_that_cannot_be_written_is_named(desk: Desk, full_disk: Path) -> None:
    """Nothing changes, and the error names the file."""
    shutil.copytree(desk.knowledge, full_disk / "knowledge")
    shutil.rmtree(desk.knowledge)
    desk.knowledge.symlink_to(full_disk / "knowledge")
    tried = desk.tried()
    subprocess.run(["mount", "-o", "remount,ro", str(full_disk)], check=True)
    with pytest.raises(PublishError, match=r"copper\.md.* cannot be used: Read-only file system"):
        desk.publisher.publish("Anna", tried.version)
    assert (DRAFTED in desk.copper, desk.live) == (False, tried.previous)
    assert len(desk.drafts.all()) == 1


# Publishes as Anna; a hook of git keeps it from going on until a file is there.
WAITING = """
import sys
from pathlib import Path
from tests.support.publishing_desk import Desk

desk = Desk(Path(sys.argv[1]))
desk.publisher.publish("Anna", desk.tried().version)
"""


@pytest.mark.skipif(not shutil.which("git"), reason="needs the git program")
def test_two_reviewers_publish_one_after_the_other(desk: Desk, tmp_path: Path) -> None:
    """The second is told who is publishing; the first ends well."""
    desk.put_under_git()
    tried, begun, go = desk.tried(), tmp_path / "begun", tmp_path / "go"
    hook = desk.knowledge / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{begun}'\nwhile [ ! -e '{go}' ]; do sleep 0.05; done\n")
    hook.chmod(0o755)
    first = subprocess.Popen([sys.executable, "-c", WAITING, str(desk.folder)], cwd=ROOT, env=ENVIRONMENT)
    try:
        while not begun.exists():
            assert first.poll() is None
            time.sleep(0.05)
        with pytest.raises(PublishError, match="Anna is publishing right now"):
            desk.publisher.publish("Boris", tried.version)
        with pytest.raises(PublishError, match="Anna is publishing right now"):
            desk.publisher.undo("Boris", 1)
    finally:
        go.touch()
        assert first.wait() == 0
    [made] = desk.publisher.history()
    assert (made.plan.author, made.outcome.notes) == ("Anna", ())


# Begins a try, as a server does, and says so.
SERVING = """
import sys, time
from pathlib import Path
from tests.support.publishing_desk import Desk

publisher = Desk(Path(sys.argv[1])).publisher
publisher.start_try("Anna")
while not publisher.progress().steps:
    time.sleep(0.05)
print("trying", flush=True)
time.sleep(600)
"""


def test_a_try_ends_with_its_server(desk: Desk) -> None:
    """After the server was killed the try is over, the next one says so and can begin."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVING, str(desk.folder)], cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "trying\n"
        server.kill()
    progress = desk.followed()
    assert progress.problem == "The try was stopped before it was finished. Nothing was changed; try again."
    assert desk.publisher.tried() is None
    assert desk.try_drafts("Anna").drafts == (1,)


def test_a_second_process_that_is_killed_is_explained() -> None:
    """Whoever waits for its answers is told, instead of waiting for ever."""
    with pytest.raises(PublishError, match="memory of the server ran out"), second_process() as second:
        second.submit(os.kill, second.submit(os.getpid).result(), signal.SIGKILL).result()


def test_a_publication_waits_for_no_build(desk: Desk) -> None:
    """While a build runs in a terminal, publishing is refused in words, and nothing changes."""
    with build_lock(desk.data), pytest.raises(PublishError, match="is being built right now"):
        desk.publisher.publish("Anna", desk.tried().version)
    assert DRAFTED not in desk.copper
    assert desk.publisher.history() == []


def test_a_build_settles_what_a_killed_publication_left(desk: Desk) -> None:
    """Whoever builds in a terminal next does not publish half of it."""
    tried = desk.tried()
    Journal(desk.data).begin(
        Plan("Anna", tried.version, tried.previous, "", changes=(FileChange(COPPER, desk.copper.encode(), b"half"),))
    )
    (desk.knowledge / COPPER).write_bytes(b"half")
    assert build_index(desk.settings).startswith("Nothing has changed")
    assert "half" not in desk.copper
