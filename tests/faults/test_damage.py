"""Whatever happens to the files of an index, it is refused by name or answers as before; it never crashes or lies."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.build.builder import build, rollback
from index.encoder.known_questions import KNOWN_QUESTIONS_FILE
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.errors import ArtifactError, EncoderError
from index.search.index import Index
from index.version import versions
from index.version.manifest import read_manifest
from index.version.versions import MANIFEST_FILE, POINTER_FILE, encoder_folder, index_folder, live_version
from tests.support.small_knowledge import SMALL, write_knowledge

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[2]
QUESTION = "when was the roadmap signed"


def answer(data: Path) -> list[tuple[str, float]]:
    opened = Index.open(data)
    try:
        return [(hit.snippet.text, hit.score) for hit in opened.answer(QUESTION).hits]
    finally:
        opened.close()


def all_files(data: Path) -> list[Path]:
    """Everything a bot reads to answer: the pointer, the version, the encoder."""
    version = index_folder(data) / str(live_version(data))
    (encoder,) = (data / "encoders").iterdir()
    files = sorted(file for file in encoder.iterdir() if file.name != KNOWN_QUESTIONS_FILE)
    return [index_folder(data) / POINTER_FILE, *sorted(version.iterdir()), *files]


def replace(file: Path, content: bytes) -> None:
    """Write a file anew, as its old one may be shared with other tests."""
    file.unlink()
    file.write_bytes(content)


def check_refused_or_harmless(data: Path, file: Path, before: list[tuple[str, float]], told: object) -> None:
    try:
        after = answer(data)
    except (ArtifactError, EncoderError) as error:
        # The pointer that names another version leads to a folder that is not there.
        assert file.name in str(error) or file.name == POINTER_FILE, (file.name, told, error)
        assert "\n" not in str(error), (file.name, told)
        assert "partnership-bot build" in str(error), (file.name, told)
    else:
        assert after == before, (file.name, told)


def test_a_bit_that_flips_anywhere_is_refused_or_harmless(small_data: Path) -> None:
    """Random bits of every file, and each bit of the first and last bytes, where formats keep their lengths."""
    seed = random.randrange(10**6)
    draw = random.Random(seed)
    before = answer(small_data)
    for file in all_files(small_data):
        content = file.read_bytes()
        size = len(content)
        bits = {draw.randrange(8 * size) for _ in range(12)} | {0, 7, 8 * size - 1}
        for bit in sorted(bits):
            flipped = bytearray(content)
            flipped[bit // 8] ^= 1 << bit % 8
            replace(file, bytes(flipped))
            check_refused_or_harmless(small_data, file, before, (seed, bit))
        replace(file, content)
    assert answer(small_data) == before


def test_a_file_cut_anywhere_or_grown_is_refused_or_harmless(small_data: Path) -> None:
    """Random lengths, and bytes behind the end."""
    seed = random.randrange(10**6)
    draw = random.Random(seed)
    before = answer(small_data)
    for file in all_files(small_data):
        content = file.read_bytes()
        cuts = [content[: draw.randrange(len(content))] for _ in range(3)]
        for changed in (*cuts, content + b"\0", content + content):
            replace(file, changed)
            check_refused_or_harmless(small_data, file, before, (seed, len(changed)))
        replace(file, content)


@pytest.mark.parametrize("damage", ["missing", "emptied", "folder"])
def test_a_file_that_is_gone_is_refused_by_name(small_data: Path, damage: str) -> None:
    """Each file of the version and of the encoder in turn, also where there is a folder or nothing in its place."""
    before = answer(small_data)
    for file in all_files(small_data)[1:]:
        content = file.read_bytes()
        file.unlink()
        if damage == "emptied":
            file.write_bytes(b"")
        elif damage == "folder":
            file.mkdir()
        with pytest.raises((ArtifactError, EncoderError), match=rf"{re.escape(file.name)}.*partnership-bot build"):
            answer(small_data)
        if file.is_dir():
            file.rmdir()
        file.write_bytes(content)
    assert answer(small_data) == before


def test_every_part_of_the_manifest_counts(small_data: Path) -> None:
    """Calibration and counts lie in the manifest itself, for which no other file vouches."""
    path = all_files(small_data)[1].parent / MANIFEST_FILE
    content = path.read_bytes()
    for place in range(0, len(content), max(1, len(content) // 300)):
        replace(path, content[:place] + bytes([content[place] ^ 2]) + content[place + 1 :])
        with pytest.raises(ArtifactError):
            Index.open(small_data)


@pytest.fixture(scope="module")
def two_versions(tmp_path_factory: pytest.TempPathFactory, encoder_cache: Path) -> Path:
    """A data folder with two versions; the first knows a plant near Balkhash, the second one near Almaty."""
    root = tmp_path_factory.mktemp("two")
    shutil.copytree(encoder_cache, root / "data" / "encoders", copy_function=os.link)
    write_knowledge(root / "knowledge", SMALL)
    build(root / "knowledge", root / "data", encoder=DEFAULT_ENCODER)
    copper = root / "knowledge/metals/copper.md"
    copper.write_text(copper.read_text().replace("Balkhash", "Almaty"))
    build(root / "knowledge", root / "data", encoder=DEFAULT_ENCODER)
    return root / "data"


def test_files_of_two_versions_are_never_mixed(two_versions: Path, tmp_path: Path) -> None:
    """Each file of the live version in turn is the other version's: refused by name, unless the two are the same."""
    data = tmp_path / "data"
    shutil.copytree(two_versions, data, copy_function=os.link)
    old, new = sorted(path for path in index_folder(data).iterdir() if path.is_dir())
    before = answer(data)
    different = 0
    for file in sorted(new.iterdir()):
        content, other = file.read_bytes(), (old / file.name).read_bytes()
        replace(file, other)
        if other == content:
            assert answer(data) == before
        else:
            different += 1
            with pytest.raises(ArtifactError, match=re.escape(str(new))):
                answer(data)
        replace(file, content)
    assert different >= 5


def test_a_version_under_another_name_is_refused(two_versions: Path, tmp_path: Path) -> None:
    """A bot tells versions apart by name: one that lies about it would be taken for new again and again."""
    data = tmp_path / "data"
    shutil.copytree(two_versions, data, copy_function=os.link)
    old, new = sorted(path for path in index_folder(data).iterdir() if path.is_dir())
    shutil.rmtree(new)
    old.rename(new)
    with pytest.raises(ArtifactError, match=f"{new.name}: holds version {old.name} under another name"):
        Index.open(data)


# Runs as another user, who may not read what belongs to root, and tells what came of it. All modules are loaded before,
# as that user may not be able to read Python's own files either.
STRANGER = """
import os, sys
from pathlib import Path
from index.version.versions import build_lock
from index.errors import UserFacingError
from index.search.index import Index
data, what = Path(sys.argv[1]), sys.argv[2]
Index.open(Path(sys.argv[3])).answer("copper")
with build_lock(Path(sys.argv[3])):
    pass
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    if what == "read":
        Index.open(data).answer("copper")
    else:
        with build_lock(data):
            pass
    print("fine")
except UserFacingError as error:
    print(error)
"""


@pytest.fixture
def open_place(two_versions: Path) -> Iterator[Path]:
    """A copy of the data folder where every user of the machine may go, unlike the usual place of tests."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        shutil.copytree(two_versions, Path(place) / "data")
        yield Path(place) / "data"
        for path in [Path(place) / "data", *(Path(place) / "data").rglob("*")]:
            path.chmod(0o755)


def as_a_stranger(data: Path, what: str, own: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", STRANGER, str(data), what, str(own)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_files_that_may_not_be_read_are_named(open_place: Path, small_data: Path) -> None:
    """Each file and folder in turn that another user may not read: one line that names it, and no traceback."""
    data = open_place
    version = index_folder(data) / str(live_version(data))
    (encoder,) = (data / "encoders").iterdir()
    assert as_a_stranger(data, "read", small_data) == "fine"
    for path in (
        version / "manifest.json", version / "vectors.npy", version / "snippets.db", version,
        index_folder(data) / POINTER_FILE, index_folder(data), encoder / "model.onnx", encoder, data,
    ):  # fmt: skip
        mode = path.stat().st_mode
        path.chmod(0)
        told = as_a_stranger(data, "read", small_data)
        path.chmod(mode)
        assert path.name in told, (path, told)
        assert "\n" not in told
        assert re.search(r"cannot be read|missing or damaged|no index here", told), (path, told)


def test_a_folder_that_may_not_be_written_is_read_and_not_built_into(open_place: Path, small_data: Path) -> None:
    """Another user's data folder answers, and a build says that it cannot be written."""
    if os.geteuid() != 0:
        for path in (open_place, index_folder(open_place), *index_folder(open_place).iterdir()):
            path.chmod(path.stat().st_mode & ~0o222)
    assert as_a_stranger(open_place, "read", small_data) == "fine"
    told = as_a_stranger(open_place, "build", small_data)
    assert "cannot be written (Permission denied); choose another folder with --data" in told


def test_a_clock_set_back_does_not_reorder_versions(
    make_knowledge, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    """A build after the clock was set back is the newest all the same, and rolling back leads to the one before."""
    folder = make_knowledge()
    real = versions.datetime

    class Told(real):  # type: ignore[misc, valid-type]
        times = iter(["2026-05-01T10:00:00+00:00", "2025-01-01T00:00:00+00:00", "2026-05-01T10:00:00+00:00"])

        @classmethod
        def now(cls, zone: object = None) -> object:
            return real.fromisoformat(next(cls.times))

    monkeypatch.setattr(versions, "datetime", Told)
    made = []
    for town in ("Balkhash", "Almaty", "Aktobe"):
        copper = folder / "metals/copper.md"
        copper.write_text(re.sub(r"stands near \w+", f"stands near {town}", copper.read_text()))
        made.append(build(folder, data, encoder=DEFAULT_ENCODER).version)
        assert live_version(data) == made[-1]
    assert made == sorted(made)
    assert [name[:19] for name in made] == ["20260501T100000000Z", "20260501T100000001Z", "20260501T100000002Z"]
    assert rollback(data) == made[1]
    assert rollback(data) == made[0]
    manifest = read_manifest(index_folder(data) / made[0])
    assert encoder_folder(data, manifest.encoder_key).is_dir()
