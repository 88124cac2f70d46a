"""A candidate is built beside the live version, looked at, and published in one step or not at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.telegram.live_index import open_for_serving
from index.build.builder import BuildOptions, BuildResult, build, publish_candidate, rollback
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.errors import ArtifactError, BuildError
from index.search.index import Index
from index.version.candidate import read_candidate
from index.version.versions import CANDIDATE_FILE, candidates, index_folder, live_version, versions

Small = tuple[Path, Path, BuildResult]
ROOT = Path(__file__).parents[2]


def build_candidate(folder: Path, data: Path, town: str, *, force: bool = False) -> BuildResult:
    """Move the copper plant to another town and build a candidate."""
    path = folder / "metals/copper.md"
    before, found, after = path.read_text().partition("stands near ")
    assert found
    path.write_text(f"{before}{found}{town}{after[after.index('.') :]}")
    return build(folder, data, encoder=DEFAULT_ENCODER, options=BuildOptions(publish=False, force=force))


def ask(path: Path) -> str:
    opened = Index.open(path)
    try:
        return opened.answer("where is the copper plant").hits[0].snippet.text
    finally:
        opened.close()


def test_a_candidate_is_whole_and_not_live(small: Small) -> None:
    """It opens by its own folder and answers; everything else goes on with the live version."""
    folder, data, first = small
    result = build_candidate(folder, data, "Almaty")
    assert (result.unchanged, result.embedded, result.objections) == (False, 1, ())
    assert "Almaty" in ask(index_folder(data) / result.version)
    assert "Balkhash" in ask(data)
    assert (live_version(data), versions(data), candidates(data)) == (first.version, [first.version], [result.version])


def test_publishing_a_candidate_makes_it_live(small: Small) -> None:
    """It is no candidate any more, rolling back leads to the version before, and publishing it again does nothing."""
    folder, data, first = small
    candidate = build_candidate(folder, data, "Almaty").version
    publish_candidate(data, candidate)
    assert "Almaty" in ask(data)
    assert (versions(data), candidates(data)) == ([first.version, candidate], [])
    publish_candidate(data, candidate)
    assert live_version(data) == candidate
    assert rollback(data) == first.version
    assert versions(data) == [first.version, candidate]


def test_the_first_version_may_be_a_candidate(make_knowledge, data: Path) -> None:  # type: ignore[no-untyped-def]
    """Nothing is live until it is published."""
    candidate = build_candidate(make_knowledge(), data, "Almaty").version
    assert live_version(data) is None
    publish_candidate(data, candidate)
    assert "Almaty" in ask(data)


def test_nothing_is_built_where_the_live_version_holds_it_already(small: Small) -> None:
    """The live version is named, and publishing it does nothing."""
    folder, data, first = small
    result = build_candidate(folder, data, "Balkhash in Kazakhstan")
    publish_candidate(data, result.version)
    again = build_candidate(folder, data, "Balkhash in Kazakhstan")
    assert (again.unchanged, again.version, again.objections) == (True, result.version, ())
    publish_candidate(data, again.version)
    assert versions(data) == [first.version, result.version]


def test_only_the_newest_candidate_is_kept(small: Small) -> None:
    """An older one is gone and says so."""
    folder, data, first = small
    older = build_candidate(folder, data, "Almaty").version
    newer = build_candidate(folder, data, "Aktobe").version
    assert candidates(data) == [newer]
    with pytest.raises(BuildError, match=f"no candidate {older} any more"):
        publish_candidate(data, older)
    assert sorted(path.name for path in index_folder(data).iterdir()) == [
        first.version, newer, "build.lock", "current",
    ]  # fmt: skip


def test_a_candidate_of_another_live_version_is_refused(small: Small) -> None:
    """Somebody published meanwhile: both versions are named, and the candidate stays until the next one."""
    folder, data, first = small
    candidate = build_candidate(folder, data, "Almaty").version
    (folder / "people/envoy.md").unlink()
    meanwhile = build(folder, data, encoder=DEFAULT_ENCODER).version
    with pytest.raises(BuildError, match=f"{meanwhile} is live now.*{candidate} was built beside {first.version}"):
        publish_candidate(data, candidate)
    assert (live_version(data), candidates(data)) == (meanwhile, [candidate])
    assert versions(data) == [first.version, meanwhile]
    assert rollback(data) == first.version
    publish_candidate(data, candidate)
    assert live_version(data) == candidate
    assert rollback(data) == first.version


def test_a_candidate_is_never_rolled_back_to(small: Small) -> None:
    """Neither 'build --rollback' nor a bot whose live version is damaged takes a candidate for an older version."""
    folder, data, first = small
    build_candidate(folder, data, "Almaty")
    (folder / "people/envoy.md").unlink()
    live = build(folder, data, encoder=DEFAULT_ENCODER).version
    (index_folder(data) / live / "vectors.npy").unlink()
    served = open_for_serving(Settings(knowledge_dir=folder, data_dir=data))
    assert served.version == first.version
    served.close()
    assert rollback(data) == first.version


def test_candidates_do_not_count_among_the_versions_that_are_kept(small: Small) -> None:
    """Five published versions stay beside the candidate."""
    folder, data, _ = small
    candidate = build_candidate(folder, data, "Almaty").version
    made = [build(folder, data, encoder=DEFAULT_ENCODER, options=BuildOptions(force=True)).version for _ in range(6)]
    assert (versions(data), candidates(data)) == (made[1:], [candidate])


def test_a_refused_candidate_says_why_and_is_not_published(small: Small) -> None:
    """The verdict has the measure, the text for the terminal and, once it is read from the disk again, the same."""
    folder, data, first = small
    asked = "questions:\n  - {question: where is the copper plant, kind: full, answers: [metals/copper]}\n"
    (folder / "evaluation.yaml").write_text(f"floor: {{recall_at_1: 1.0, calibration_error: 0.0}}\n{asked}")
    result = build_candidate(folder, data, "Almaty")
    assert "calibration_error" in result.objections[0]
    assert [(each.metric, each.language) for each in result.verdict.shortfalls] == [("calibration_error", None)]
    assert read_candidate(data, result.version).verdict == result.verdict
    assert "Almaty" in ask(index_folder(data) / result.version)
    with pytest.raises(BuildError, match=f"(?s)calibration_error.*Candidate {result.version} cannot be published"):
        publish_candidate(data, result.version)
    assert live_version(data) == first.version


def test_a_forced_candidate_is_published_in_spite_of_the_gate(small: Small) -> None:
    """The objections are told and kept with the version."""
    folder, data, _ = small
    (folder / "evaluation.yaml").write_text("floor: {recall_at_1: 1.0}\n")
    result = build_candidate(folder, data, "Almaty", force=True)
    assert "no question to measure with" in result.objections[0]
    publish_candidate(data, result.version)
    opened = Index.open(data)
    assert "no question to measure with" in opened.manifest.overridden
    opened.close()


def test_questions_that_got_worse_are_named(small: Small) -> None:
    """The verdict has each question with its line, what it wants and what it finds now."""
    folder, data, _ = small
    texts = ["copper plant", "where is the copper plant", "copper plant near balkhash", "tonnes of copper in 2025"]
    texts += ["copper output", "copper in 2025", "the copper plant", "who makes copper", "copper tonnes", "copper"]
    entries = [{"question": text, "answers": ["metals/copper"]} for text in texts]
    (folder / "evaluation.yaml").write_text(f"questions: {json.dumps(entries)}\n")
    build(folder, data, encoder=DEFAULT_ENCODER)
    (folder / "metals/copper.md").rename(folder / "metals/kept")
    copied = (folder / "metals/kept").read_text()
    (folder / "metals/copper.md").write_text((folder / "people/envoy.md").read_text())
    (folder / "metals/brass.md").write_text(copied)
    (folder / "metals/kept").unlink()
    result = build(folder, data, encoder=DEFAULT_ENCODER, options=BuildOptions(publish=False))
    assert {each.metric for each in result.verdict.shortfalls} >= {"recall_at_1"}
    worse = {each.text: each for each in result.verdict.worse}
    assert worse["where is the copper plant"].wanted == ("metals/copper",)
    assert worse["where is the copper plant"].found == "metals/brass"
    assert not worse["where is the copper plant"].is_right


@pytest.mark.faults
def test_a_damaged_candidate_is_not_published(small: Small) -> None:
    """A lost file and a spoilt mark are named; the live version stays."""
    folder, data, first = small
    candidate = build_candidate(folder, data, "Almaty").version
    place = index_folder(data) / candidate
    (place / "vectors.npy").unlink()
    with pytest.raises(ArtifactError, match=r"vectors\.npy: missing"):
        publish_candidate(data, candidate)
    (place / CANDIDATE_FILE).write_text("{")
    with pytest.raises(BuildError, match=rf"{CANDIDATE_FILE}: missing or damaged"):
        publish_candidate(data, candidate)
    assert live_version(data) == first.version


# Publishes a candidate and dies at the call of the function that is named.
KILLED = """
import os, signal, sys
from pathlib import Path
from index.build.builder import publish_candidate
from index.version import versions
setattr(versions, sys.argv[3], lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL))
publish_candidate(Path(sys.argv[1]), sys.argv[2])
"""


@pytest.mark.faults
@pytest.mark.parametrize(("killed_in", "is_live"), [("write_atomically", False), ("_remove", True)])
def test_a_killed_publication_happened_or_did_not(small: Small, killed_in: str, is_live: bool) -> None:
    """Before the pointer moves the candidate waits as before; after that it is live, and the rest is made up for."""
    folder, data, _ = small
    for town in ("Aktau", "Atyrau", "Taraz", "Oral"):
        build_candidate(folder, data, town)
        build(folder, data, encoder=DEFAULT_ENCODER)
    candidate = build_candidate(folder, data, "Almaty").version
    live = live_version(data)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(data), candidate, killed_in],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    assert live_version(data) == (candidate if is_live else live)
    assert candidates(data) == ([] if is_live else [candidate])
    publish_candidate(data, candidate)
    assert "Almaty" in ask(data)
    assert candidates(data) == []
    assert rollback(data) == live


@pytest.mark.faults
def test_a_mark_that_outlived_the_publication_means_nothing(small: Small) -> None:
    """Killed just after the pointer moved, the live version is published for good: a later rollback leads to it."""
    folder, data, first = small
    candidate = build_candidate(folder, data, "Almaty").version
    mark = (index_folder(data) / candidate / CANDIDATE_FILE).read_bytes()
    publish_candidate(data, candidate)
    (index_folder(data) / candidate / CANDIDATE_FILE).write_bytes(mark)
    assert (versions(data), candidates(data)) == ([first.version, candidate], [])
    build_candidate(folder, data, "Aktobe")
    newest = build(folder, data, encoder=DEFAULT_ENCODER).version
    assert versions(data) == [first.version, candidate, newest]
    assert rollback(data) == candidate


@pytest.mark.faults
def test_what_a_killed_removal_leaves_is_no_version(small: Small) -> None:
    """It has another name until the next build clears it away."""
    folder, data, first = small
    left = index_folder(data) / f".building-{build_candidate(folder, data, 'Almaty').version}"
    (index_folder(data) / left.name.removeprefix(".building-")).rename(left)
    (left / CANDIDATE_FILE).unlink()
    assert (versions(data), candidates(data)) == ([first.version], [])
    shutil.copytree(index_folder(data) / first.version, left, dirs_exist_ok=True)
    build_candidate(folder, data, "Aktobe")
    assert not left.exists()
