"""Where the knowledge folder is in a git checkout, each publication is one commit of just its files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bot.review.publishing import git
from bot.review.publishing.git import GitError
from tests.support.publishing_desk import COPPER, DRAFTED, Desk

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="needs the git program")

NO_SETTINGS = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has told git who they are."""
    for name, value in NO_SETTINGS.items():
        monkeypatch.setenv(name, value)
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)


def run(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return what it prints."""
    command = ["git", "-C", str(folder), "-c", "user.name=Editor", "-c", "user.email=editor@example.org", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A knowledge folder inside a checkout, with two files committed."""
    run(tmp_path, "init", "--quiet")
    folder = tmp_path / "knowledge"
    (folder / "topic").mkdir(parents=True)
    for name in ("a.md", "topic/b.md"):
        (folder / name).write_text("old\n")
    run(tmp_path, "add", ".")
    run(tmp_path, "commit", "--quiet", "--message", "Begin")
    return folder


def commits(folder: Path) -> list[str]:
    return run(folder, "log", "--format=%an: %s").splitlines()


def hook(folder: Path, text: str) -> None:
    """Let a program run before each commit."""
    path = Path(run(folder, "rev-parse", "--absolute-git-dir").strip()) / "hooks" / "pre-commit"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_only_the_named_files_are_committed(checkout: Path) -> None:
    """A changed, a new and a removed file; what others have staged or not staged stays as it is."""
    (checkout / "a.md").write_text("new\n")
    (checkout / "topic/new.md").write_text("new\n")
    (checkout / "staged.md").write_text("staged\n")
    run(checkout, "add", "staged.md")
    (checkout / "untracked.md").write_text("untracked\n")
    (checkout / "topic/b.md").unlink()
    made = git.commit(checkout, ["a.md", "topic/new.md", "topic/b.md"], author="Anna Õ", message="Publish: it\n\nMore")
    assert commits(checkout)[0] == "Anna Õ: Publish: it"
    assert run(checkout, "log", "-1", "--format=%H").strip() == made
    assert set(run(checkout, "show", "--name-status", "--format=").splitlines()) == {
        "M\tknowledge/a.md",
        "A\tknowledge/topic/new.md",
        "D\tknowledge/topic/b.md",
    }
    assert run(checkout, "status", "--porcelain", "--untracked-files=all").splitlines() == [
        "A  knowledge/staged.md",
        "?? knowledge/untracked.md",
    ]


def test_committing_twice_makes_one_commit(checkout: Path) -> None:
    """A publication that is finished after a kill finds its own commit."""
    (checkout / "a.md").write_text("new\n")
    first = git.commit(checkout, ["a.md"], author="Anna", message="Publish")
    assert git.commit(checkout, ["a.md"], author="Anna", message="Publish") == first
    assert len(commits(checkout)) == 2


def test_the_committer_that_is_set_up_stays(checkout: Path) -> None:
    """The reviewer is the author; who commits is what the checkout says."""
    run(checkout, "config", "user.name", "Bot")
    run(checkout, "config", "user.email", "bot@example.org")
    (checkout / "a.md").write_text("new\n")
    git.commit(checkout, ["a.md"], author="Anna", message="Publish")
    assert run(checkout, "log", "-1", "--format=%an <%ae> %cn <%ce>").strip() == "Anna <> Bot <bot@example.org>"


def test_a_hook_that_refuses_is_heard(checkout: Path) -> None:
    """The error holds what the hook says; nothing is committed, and nothing more is staged than before."""
    hook(checkout, "echo 'No commits on Sundays.' >&2; exit 1")
    (checkout / "a.md").write_text("new\n")
    (checkout / "new.md").write_text("new\n")
    with pytest.raises(GitError, match="No commits on Sundays"):
        git.commit(checkout, ["a.md", "new.md"], author="Anna", message="Publish")
    assert commits(checkout) == ["Editor: Begin"]
    assert run(checkout, "status", "--porcelain").splitlines() == [" M knowledge/a.md", "?? knowledge/new.md"]


def test_a_lock_that_a_killed_program_left_is_explained(checkout: Path) -> None:
    """The error says what to do, in words."""
    (checkout.parent / ".git/index.lock").touch()
    (checkout / "a.md").write_text("new\n")
    with pytest.raises(GitError, match=r"left it locked\. If none is running, delete the file \.git/index\.lock"):
        git.commit(checkout, ["a.md"], author="Anna", message="Publish")
    assert commits(checkout) == ["Editor: Begin"]


def test_ignored_files_are_not_committed(checkout: Path) -> None:
    """Where git is told to ignore the knowledge, it is published all the same."""
    (checkout / ".gitignore").write_text("new.md\n")
    (checkout / "new.md").write_text("new\n")
    assert git.commit(checkout, ["new.md"], author="Anna", message="Publish") is None


def test_a_folder_outside_a_checkout_is_told(tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is a machine without git."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    outside = tmp_path.with_name(f"{tmp_path.name}-outside")
    outside.mkdir()
    assert git.is_checkout(checkout)
    assert not git.is_checkout(outside)
    monkeypatch.setenv("PATH", str(outside))
    assert not git.is_checkout(checkout)


def test_publications_and_undoing_are_commits(desk: Desk) -> None:
    """Each names the reviewer and the passage; afterwards git sees no change."""
    desk.put_under_git()
    publisher = desk.publisher
    made = publisher.publish("Anna", desk.tried().version)
    undone = publisher.undo("Boris", made.id)
    assert commits(desk.knowledge) == [
        "Boris: Undo: “Copper output” answers 1 question",
        "Anna: Publish: “Copper output” answers 1 question",
        "Editor: Begin",
    ]
    assert desk.git("status", "--porcelain", ".") == ""
    assert desk.git("log", "--format=%H").split()[:2] == [
        undone.outcome.commit_hash,
        made.outcome.commit_hash,
    ]


def test_a_commit_that_fails_does_not_stop_a_publication(desk: Desk) -> None:
    """The bot answers with it, the file is written, and the note says what git said."""
    desk.put_under_git()
    hook(desk.knowledge, "echo 'No commits on Sundays.' >&2; exit 1")
    tried = desk.tried()
    made = desk.publisher.publish("Anna", tried.version)
    [note] = made.outcome.notes
    assert note.startswith("The files were not committed: git commit: No commits on Sundays.")
    assert DRAFTED in (desk.knowledge / COPPER).read_text()
    assert desk.live == tried.version
    assert desk.publisher.history()[0].outcome.notes == (note,)
