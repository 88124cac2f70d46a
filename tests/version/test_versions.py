"""A published version opens exactly as it was written, and nothing else opens."""

from __future__ import annotations

import ast
import gc
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import index
from index.build.builder import BuildResult
from index.errors import ArtifactError, EncoderError
from index.search.index import Index
from index.version.manifest import FORMAT, Manifest
from index.version.versions import (
    MANIFEST_FILE,
    POINTER_FILE,
    index_folder,
    live_version,
    publish,
    versions,
)

Small = tuple[Path, Path, BuildResult]


@pytest.fixture
def version(small_data: Path) -> Path:
    """The folder of the one version in a data folder of its own."""
    return index_folder(small_data) / str(live_version(small_data))


def rewrite(version: Path, **changes: object) -> None:
    """Change fields of the manifest and seal it again, as another program version would have written it."""
    fields = json.loads((version / MANIFEST_FILE).read_text())
    fields.pop("sha256")
    Manifest(**{**fields, "files": {}, **changes}).write(version)


def test_a_version_answers_as_long_as_it_is_whole(small_data: Path, version: Path) -> None:
    """It opens by data folder and by its own folder, and answers the same."""
    answers = []
    for path in (small_data, version):
        opened = Index.open(path)
        answer = opened.answer("when was the roadmap signed")
        answers.append([(hit.snippet, hit.score, hit.highlight) for hit in answer.hits])
        assert answer.index_version == version.name
        opened.close()
    assert answers[0] == answers[1]
    assert answers[0][0][0].id == "deals/roadmap"


def test_all_damage_is_told_at_once(small_data: Path, version: Path) -> None:
    """One look tells everything that is wrong."""
    (version / "vectors.npy").unlink()
    (version / "snippets.db").unlink()
    with pytest.raises(ArtifactError, match=r"snippets\.db: missing; vectors\.npy: missing"):
        Index.open(small_data)


def test_another_format_is_refused(small_data: Path, version: Path) -> None:
    """A version of a later program names both formats."""
    rewrite(version, format=99)
    with pytest.raises(
        ArtifactError, match=f"index format 99, this program reads {FORMAT}; run 'partnership-bot build'"
    ):
        Index.open(small_data)


def test_another_encoder_is_refused(small_data: Path, version: Path) -> None:
    """Vectors of one encoder are never compared with those of another."""
    encoders = small_data / "encoders"
    (own,) = encoders.iterdir()
    shutil.copytree(own, encoders / "other-0123456789ab")
    rewrite(version, encoder_key="other-0123456789ab")
    with pytest.raises(ArtifactError, match=f"encoder: {own.name}, other-0123456789ab expected"):
        Index.open(small_data)


def test_a_missing_encoder_is_named(small_data: Path) -> None:
    """The error says what to run."""
    shutil.rmtree(small_data / "encoders")
    with pytest.raises(EncoderError, match=r"encoder\.json: missing or damaged; run 'partnership-bot build"):
        Index.open(small_data)


@pytest.mark.parametrize("content", [b"", b"rubbish", b"../../etc", b"\xff\xfe", b"20260101T000000000Z-0123456"])
def test_a_pointer_to_nothing_is_refused(small_data: Path, content: bytes) -> None:
    """The pointer names a version or is refused by its own name."""
    (index_folder(small_data) / POINTER_FILE).write_bytes(content)
    with pytest.raises(ArtifactError, match=rf"{POINTER_FILE}: .*run 'partnership-bot build'"):
        Index.open(small_data)


def test_a_pointer_to_a_version_that_is_gone_is_refused(small_data: Path, version: Path) -> None:
    """The error names the folder that should be there."""
    shutil.rmtree(version)
    with pytest.raises(ArtifactError, match=version.name):
        Index.open(small_data)


def test_no_index_at_all_says_how_to_get_one(tmp_path: Path) -> None:
    """An empty or missing data folder is not an error of the reader's making."""
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ArtifactError, match="no index here; run 'partnership-bot build --data"):
            Index.open(path)


def test_five_versions_are_kept(tmp_path: Path) -> None:
    """The oldest go, whatever is live stays."""
    made = [f"2026010{day}T000000000Z-0000000{day}" for day in range(1, 9)]
    for name in made:
        (index_folder(tmp_path) / name).mkdir(parents=True)
        publish(tmp_path, name)
    assert versions(tmp_path) == made[-5:]
    assert live_version(tmp_path) == made[-1]
    publish(tmp_path, made[3])
    assert versions(tmp_path) == made[3:]


def test_a_new_version_displaces_what_was_rolled_back(tmp_path: Path) -> None:
    """After going back from a bad version and building again, going back does not lead to the bad one."""
    good, bad, better = (f"2026010{day}T000000000Z-0000000{day}" for day in (1, 2, 3))
    for name in (good, bad):
        (index_folder(tmp_path) / name).mkdir(parents=True)
        publish(tmp_path, name)
    publish(tmp_path, good)
    assert versions(tmp_path) == [good, bad]
    (index_folder(tmp_path) / better).mkdir()
    publish(tmp_path, better)
    assert versions(tmp_path) == [good, better]


def test_nothing_is_ever_unpickled() -> None:
    """Every call of numpy's load and save in the package forbids pickle."""
    calls = 0
    for path in Path(str(index.__file__)).parent.glob("**/*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                imported = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
                assert not {"pickle", "joblib", "dill", "shelve", "marshal"} & set(imported), path.name
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("load", "save")
            ):
                if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "np"):
                    continue
                calls += 1
                allowed = [k.value for k in node.keywords if k.arg == "allow_pickle"]
                refuses = [isinstance(value, ast.Constant) and value.value is False for value in allowed]
                # np.load refuses by default; np.save would pickle an array of objects without a word.
                assert refuses == [True] or (node.func.attr == "load" and not allowed), f"{path.name}:{node.lineno}"
    assert calls > 5


def test_an_index_can_be_read_only(small_data: Path) -> None:
    """Opening and answering write nothing."""
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in small_data.rglob("*")}
    opened = Index.open(small_data)
    opened.answer("uranium")
    opened.close()
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in small_data.rglob("*")} == before


def test_an_open_index_outlives_its_version(small_data: Path, version: Path) -> None:
    """A bot goes on answering from the version it opened while that one is removed."""
    opened = Index.open(small_data)
    shutil.rmtree(version)
    assert opened.answer("who is the trade envoy").hits[0].snippet.id == "people/envoy"
    opened.close()


def test_a_manifest_nested_without_end_is_refused(small_data: Path, version: Path) -> None:
    """Python's JSON reader gives up with an error of its own."""
    (version / MANIFEST_FILE).write_text("[" * 100_000)
    with pytest.raises(ArtifactError, match="missing or damaged"):
        Index.open(small_data)


def test_snippets_can_be_read_from_many_threads(real_index: Index) -> None:
    """Threads that read at once get what one thread reads."""
    numbers = range(len(real_index.snippets.languages))
    expected = [real_index.snippets.translation(number) for number in numbers]
    real_index.snippets.translation.cache_clear()
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(real_index.snippets.translation, [*numbers] * 4)) == expected * 4


def test_a_snippet_is_found_by_id_by_key_and_by_topic(real_index: Index) -> None:
    """All its translations, and nothing for what does not exist."""
    snippets = real_index.snippets
    snippet = snippets.translation(0)
    assert [snippets.translation(number).id for number in snippets.numbers(snippet.id)] == [snippet.id] * len(
        snippets[snippet.id]
    )
    assert snippets.by_key(snippet.key) == snippet.id
    assert snippet.id in snippets.in_topic(snippet.topic)
    assert list(snippets) == sorted(snippets)
    assert len(list(snippets)) == len(snippets)
    assert (snippets.numbers("no/such"), snippets.by_key("nosuchkey00"), snippets.in_topic("nowhere")) == ([], None, [])
    with pytest.raises(KeyError):
        snippets["no/such"]


def test_a_version_that_nobody_uses_any_more_closes_its_files(small_data: Path, version: Path) -> None:
    """The files go with the last reference, as when a running bot takes over a new version."""

    def held() -> list[str]:
        links = [path.resolve() for path in Path("/proc/self/fd").iterdir()]
        return [link.name for link in links if link.parent == version]

    opened = Index.open(small_data)
    assert "snippets.db" in held()
    del opened
    gc.collect()
    assert held() == []
