"""What many tests share: the real encoder, and indexes built once with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
for _name in [name for name in os.environ if name.startswith("BOT_")]:
    del os.environ[_name]

from index.build.builder import BuildResult, build  # noqa: E402
from index.encoder.passage_encoder import DEFAULT_ENCODER  # noqa: E402
from index.search.index import Index  # noqa: E402
from tests.support.publishing_desk import Desk, make_desk  # noqa: E402
from tests.support.small_knowledge import SMALL, MakeKnowledge, write_knowledge  # noqa: E402

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def real_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the project's own knowledge, built once for all tests; not to be written to."""
    given = os.environ.get("TEST_DATA")
    if given:
        return Path(given)
    data = tmp_path_factory.mktemp("real") / "data"
    build(ROOT / "knowledge", data, encoder=DEFAULT_ENCODER)
    return data


@pytest.fixture(scope="session")
def real_index(real_data: Path) -> Iterator[Index]:
    """The project's own knowledge, opened."""
    index = Index.open(real_data)
    yield index
    index.close()


@pytest.fixture(scope="session")
def encoder_cache(real_data: Path) -> Path:
    """The exported encoder, so that a small index is built without exporting it again."""
    return real_data / "encoders"


@pytest.fixture
def own_data(real_data: Path, tmp_path: Path) -> Path:
    """A data folder with the built real_index, and nothing else of anybody's."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("index", "encoders"):
        (folder / name).symlink_to(real_data / name)
    return folder


@pytest.fixture
def data(tmp_path: Path, encoder_cache: Path) -> Path:
    """An empty data folder that has the exported encoder already."""
    folder = tmp_path / "data"
    shutil.copytree(encoder_cache, folder / "encoders", copy_function=os.link)
    return folder


@pytest.fixture
def make_knowledge(tmp_path: Path) -> MakeKnowledge:
    """Write a small knowledge folder; keyword arguments are not needed for the six default snippets."""

    def write(entries: dict[str, tuple[str, str, list[str]]] | None = None, name: str = "knowledge") -> Path:
        write_knowledge(tmp_path / name, SMALL if entries is None else entries)
        return tmp_path / name

    return write


@pytest.fixture(scope="session")
def built_small(tmp_path_factory: pytest.TempPathFactory, encoder_cache: Path) -> Path:
    """The data folder of the six default snippets, built once; not to be written to."""
    root = tmp_path_factory.mktemp("small")
    shutil.copytree(encoder_cache, root / "data" / "encoders", copy_function=os.link)
    write_knowledge(root / "knowledge", SMALL)
    build(root / "knowledge", root / "data", encoder=DEFAULT_ENCODER)
    return root / "data"


@pytest.fixture
def small_data(built_small: Path, tmp_path: Path) -> Path:
    """A copy of ``built_small`` to spoil; the encoder's files are shared, so replace those and never write to one."""
    copy = tmp_path / "small-data"
    shutil.copytree(built_small / "index", copy / "index")
    shutil.copytree(built_small / "encoders", copy / "encoders", copy_function=os.link)
    return copy


@pytest.fixture
def small(make_knowledge: MakeKnowledge, data: Path) -> tuple[Path, Path, BuildResult]:
    """A small knowledge folder, the data folder it was built into, and the result of that build."""
    folder = make_knowledge()
    return folder, data, build(folder, data, encoder=DEFAULT_ENCODER)


@pytest.fixture(scope="session")
def first_desk(tmp_path_factory: pytest.TempPathFactory, encoder_cache: Path) -> Desk:
    """A desk on which a draft was tried, made once; not to be written to."""
    return make_desk(tmp_path_factory.mktemp("desk"), encoder_cache)


@pytest.fixture
def desk(first_desk: Desk, tmp_path: Path) -> Desk:
    """A copy of it for one test."""
    return first_desk.copied_to(tmp_path / "desk")
