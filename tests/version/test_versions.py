"""A published version opens exactly as it was written, and nothing else opens."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path

import pytest

import index
from index.build.builder import BuildResult
from index.encoder.query_encoder import CARD_FILE, FILES
from index.errors import ArtifactError, EncoderError
from index.search.index import Index
from index.version.versions import (
    FORMAT,
    MANIFEST_FILE,
    POINTER_FILE,
    Manifest,
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


def np_header(text: str) -> bytes:
    """Return the beginning of an array's file with a header that was never written by numpy."""
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def names(built_small: Path) -> list[str]:
    return sorted(path.name for path in (index_folder(built_small) / str(live_version(built_small))).iterdir())


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


@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped", "emptied", "folder"])
def test_damage_of_any_file_is_refused_by_name(small_data: Path, version: Path, damage: str) -> None:
    """Each file of a version in turn: the error names it and the command that mends it."""
    for file in sorted(version.iterdir()):
        content = file.read_bytes()
        file.unlink()  # the copy shares its files with other tests
        if damage == "truncated":
            file.write_bytes(content[:-2])
        elif damage == "flipped":
            middle = len(content) // 2
            file.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
        elif damage == "emptied":
            file.write_bytes(b"")
        elif damage == "folder":
            file.mkdir()
        with pytest.raises(ArtifactError, match=r"partnership-bot build") as caught:
            Index.open(small_data)
        assert file.name in str(caught.value), damage
        assert "\n" not in str(caught.value)
        if file.is_dir():
            file.rmdir()
        file.write_bytes(content)
    Index.open(small_data).close()


def test_every_single_bit_of_the_manifest_counts(small_data: Path, version: Path) -> None:
    """Calibration and counts lie in the manifest itself, which no other file vouches for."""
    path = version / MANIFEST_FILE
    content = path.read_bytes()
    path.unlink()
    for place in range(0, len(content), max(1, len(content) // 300)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 2]) + content[place + 1 :])
        with pytest.raises(ArtifactError):
            Index.open(small_data)


def test_all_damage_is_told_at_once(small_data: Path, version: Path) -> None:
    """One look tells everything that is wrong."""
    (version / "vectors.npy").unlink()
    (version / "snippets.jsonl").unlink()
    with pytest.raises(ArtifactError, match=r"snippets\.jsonl: missing; vectors\.npy: missing"):
        Index.open(small_data)


def test_another_format_is_refused(small_data: Path, version: Path) -> None:
    """A version of a later program names both formats."""
    rewrite(version, format=99)
    with pytest.raises(
        ArtifactError, match=f"index format 99, this program reads {FORMAT}; run 'partnership-bot build'"
    ):
        Index.open(small_data)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("dimension", 768, "encoder dimension: 384, 768 expected"),
        ("counts", {"snippets": 6, "records": 7, "rows": 28, "tokens": 1}, "records: 6, 7 expected"),
        ("languages", ["en", "ru"], None),
        ("trust", {}, "damaged"),
        ("topics", [{"name": "x"}], "damaged"),
        ("sources", [], None),
        ("encoder_key", None, "damaged"),
        ("synonyms", {}, "damaged"),
        ("unheard_of", 1, "damaged"),
    ],
)
def test_a_manifest_that_fits_nothing_is_refused(
    small_data: Path, version: Path, field: str, value: object, told: str | None
) -> None:
    """Neither counts nor fields that do not belong together end in anything but one clear error, or in an answer."""
    path = version / MANIFEST_FILE
    if field == "unheard_of":
        fields = {**json.loads(path.read_text()), field: value}
        path.unlink()
        path.write_text(json.dumps(fields))
    else:
        rewrite(version, **{field: value})
    if told is None:
        try:
            Index.open(small_data).answer("uranium")
        except (ArtifactError, KeyError):
            return
        return
    with pytest.raises(ArtifactError, match=told):
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


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped"])
def test_a_damaged_encoder_is_refused_by_name(small_data: Path, name: str, damage: str) -> None:
    """Each of its files counts, whether or not the probe sentences would notice."""
    (folder,) = (small_data / "encoders").iterdir()
    content = (folder / name).read_bytes()
    (folder / name).unlink()  # the file is shared with other tests
    if damage != "missing":
        cut = len(content) // 2
        changed = bytes([content[cut] ^ 1]) + content[cut + 1 :] if damage == "flipped" else b""
        (folder / name).write_bytes(content[:cut] + changed)
    expected = ArtifactError if name == CARD_FILE and damage == "flipped" else EncoderError
    with pytest.raises((expected, EncoderError), match=name if name != CARD_FILE else "encoder|parts do not fit"):
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
    for path in Path(str(index.__file__)).parent.glob("*.py"):
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


NOTHING = "{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        # numpy's reader of headers lets an error of Python's tokenizer through.
        ("vectors", np_header("{'descr': '<f4', 'shape': (1, (")),
        ("snippet-keys", np_header("")),
        ("vectors", np_header(NOTHING)),
        # 2**60 rows: more memory than any machine has.
        ("row-starts", np_header("{'descr': '<i8', 'fortran_order': False, 'shape': (7,)}") + b"\0" * 55 + b"\x10"),
        ("scales", np_header(NOTHING)),
        ("lexical-starts", np_header(NOTHING)),
        ("lexical-lengths", np_header(NOTHING)),
        ("snippet-language", np_header(NOTHING)),
        ("snippet-number", np_header(NOTHING)),
    ],
)
def test_a_damaged_file_whose_hash_is_right_is_refused(
    small_data: Path, version: Path, name: str, content: bytes
) -> None:
    """Whatever the libraries raise on what they read, and whatever does not fit, is one line that says what to do."""
    (version / f"{name}.npy").write_bytes(content)
    rewrite(version)
    with pytest.raises(ArtifactError, match=r"run 'partnership-bot build") as caught:
        Index.open(small_data)
    assert "\n" not in str(caught.value)


def test_a_manifest_nested_without_end_is_refused(small_data: Path, version: Path) -> None:
    """Python's JSON reader gives up with an error of its own."""
    (version / MANIFEST_FILE).write_text("[" * 100_000)
    with pytest.raises(ArtifactError, match="missing or damaged"):
        Index.open(small_data)
