"""Several files change together: all of them or none, from wherever somebody else left them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.review.knowledge_edit import copy_folder
from bot.review.publishing import file_changes
from bot.review.publishing.file_changes import FileChange, FilesChangedError
from index.knowledge.files import file_hashes

NAMES = ("a.md", "topic/b.md", "topic/c.md", "new/d.md")
CONTENTS = st.one_of(st.none(), st.binary(max_size=20))
ONE = st.builds(FileChange, st.sampled_from(NAMES), CONTENTS, CONTENTS).filter(lambda each: each.before != each.after)
CHANGES = st.lists(ONE, unique_by=lambda each: each.name, max_size=4).map(tuple)
unhurried = settings(deadline=None, max_examples=50)  # every file is flushed to the disk


def put(folder: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)


def held(folder: Path) -> dict[str, bytes]:
    """Return every file, hidden ones too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def wanted(changes: tuple[FileChange, ...]) -> dict[str, bytes]:
    return {each.name: each.after for each in changes if each.after is not None}


@unhurried
@given(CHANGES)
def test_all_files_change(changes: tuple[FileChange, ...]) -> None:
    """Files are changed, made and removed, and nothing else lies there afterwards."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for each in changes:
            put(folder, each.name, each.before)
        file_changes.write_all(folder, changes)
        file_changes.tidy(folder, changes)
        assert held(folder) == wanted(changes)
        assert all(any(path.iterdir()) for path in folder.iterdir() if path.is_dir()), "no folder is left empty"


@unhurried
@given(CHANGES, st.sampled_from(NAMES), st.binary(min_size=21, max_size=22))
def test_a_file_that_somebody_else_changed_stops_all(changes: tuple[FileChange, ...], name: str, other: bytes) -> None:
    """The error names it, and every file is as it was."""
    if name not in {each.name for each in changes}:
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for each in changes:
            put(folder, each.name, other if each.name == name else each.before)
        before = held(folder)
        with pytest.raises(FilesChangedError) as caught:
            file_changes.write_all(folder, changes)
        assert caught.value.names == (name,)
        assert held(folder) == before


@unhurried
@given(CHANGES, st.data())
def test_what_was_begun_is_completed_or_taken_back(changes: tuple[FileChange, ...], data: st.DataObject) -> None:
    """Whichever files a killed program has changed; a file that somebody else has changed since is left to them."""
    for bring in (file_changes.complete, file_changes.take_back):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            foreign = {}
            for each in changes:
                content = data.draw(st.sampled_from([each.before, each.after, b"by somebody else, much longer"]))
                put(folder, each.name, content)
                if content not in (each.before, each.after):
                    foreign[each.name] = content
            left = bring(folder, changes)
            file_changes.tidy(folder, changes)
            assert set(left) == set(foreign)
            goal = changes if bring is file_changes.complete else tuple(each.reversed for each in changes)
            assert held(folder) == wanted(goal) | foreign


def test_the_mode_of_a_file_stays(tmp_path: Path) -> None:
    """Who may read a file does not change with its text."""
    path = tmp_path / "a.md"
    path.write_bytes(b"old")
    path.chmod(0o640)
    file_changes.write_all(tmp_path, [FileChange("a.md", b"old", b"new")])
    assert (path.stat().st_mode & 0o777, path.read_bytes()) == (0o640, b"new")


def test_hidden_files_are_no_knowledge(tmp_path: Path) -> None:
    """Neither a copy nor the hashes hold them: a checkout's own files, and what lies beside a file while it changes."""
    folder = tmp_path / "knowledge"
    for name in ("a.md", ".git", ".a.md.publishing-new"):
        put(tmp_path, f"knowledge/{name}", b"x")
    copy_folder(folder, tmp_path / "copy")
    assert set(held(tmp_path / "copy")) == set(file_hashes(folder)) == {"a.md"}
