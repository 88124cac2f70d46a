"""Commit files of the knowledge folder with the git program, where the folder is in a checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from index.errors import UserFacingError

_SECONDS = 60
"""A hook that takes longer is stopped."""
_LOCK = "index.lock"
_REPOSITORY_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX")


class GitError(UserFacingError):
    """Git refused to commit. The files are as they were; so is what was staged."""


def is_checkout(folder: Path) -> bool:
    """Return whether the folder is in a git checkout and the git program is installed.

    Raises:
        GitError: Git refuses to look, for example because the checkout belongs to somebody else.
    """
    if shutil.which("git") is None:
        return False
    done = _git(folder, "rev-parse", "--is-inside-work-tree")
    if done.returncode and "not a git repository" not in done.stderr:
        raise _error("rev-parse", done)
    return done.stdout.strip() == "true"


def commit(folder: Path, names: Sequence[str], *, author: str, message: str) -> str | None:
    """Commit the named files as they are, and nothing else; what was staged of other files stays staged.

    Args:
        folder: A folder in a checkout.
        names: Files in it, which may be new or gone.
        author: Whose change it is.
        message: The commit's text.

    Returns:
        The hash of the last commit of these files; ``None`` where they are in none.

    Raises:
        GitError: Git or a hook of the checkout refuses.
    """
    if _checked(folder, "status", "--porcelain", "--", *names):
        new = [name for name in names if (folder / name).exists() and not _is_known(folder, name)]
        try:
            # Only what git knows of can be committed by its name.
            if new:
                _checked(folder, "add", "--intent-to-add", "--", *new)
            made_by = ("--only", f"--author={author} <>", f"--message={message}")
            _checked(folder, "commit", "--quiet", *made_by, "--", *names, options=_committer(folder, author))
        except GitError:
            if new:
                _git(folder, "rm", "--quiet", "--cached", "--ignore-unmatch", "--", *new)
            raise
    return _checked(folder, "log", "-1", "--format=%H", "--", *names).strip() or None


def _is_known(folder: Path, name: str) -> bool:
    return not _git(folder, "ls-files", "--error-unmatch", "--", name).returncode


def _committer(folder: Path, author: str) -> Sequence[str]:
    """Return options that name the author as committer too, where nobody has set up who commits here."""
    if not _git(folder, "var", "GIT_COMMITTER_IDENT").returncode:
        return ()
    return ("-c", f"user.name={author}", "-c", "user.email=")


def _checked(folder: Path, verb: str, *arguments: str, options: Sequence[str] = ()) -> str:
    done = _git(folder, *options, verb, *arguments)
    if done.returncode:
        raise _error(verb, done)
    return done.stdout


def _error(verb: str, done: subprocess.CompletedProcess[str]) -> GitError:
    said = " ".join((done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").split())
    if _LOCK in said:
        return GitError(
            "another git program is at work in the folder, or one was stopped and left it locked. "
            f"If none is running, delete the file .git/{_LOCK} there, then commit the files by hand."
        )
    return GitError(f"git {verb}: {said[:500]}")


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in a folder, in English, without ever asking anybody anything."""
    known = {name: value for name, value in os.environ.items() if name not in _REPOSITORY_VARIABLES}
    command = ["git", "--literal-pathspecs", "-C", str(folder), *arguments]
    try:
        return subprocess.run(  # noqa: S603 - a program with arguments, no shell
            command,
            env={**known, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"did not end within {_SECONDS} seconds")
    except OSError as error:
        return subprocess.CompletedProcess(command, 1, "", f"cannot be run: {error.strerror}")
