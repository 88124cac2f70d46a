"""A month of questions, and the server on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.search.index import Index
from tests.conftest import ROOT
from tests.support.month_log import fill_month

if TYPE_CHECKING:
    from tests.support.review_office import Office


@pytest.fixture(scope="session")
def month(
    real_data: Path, real_index: Index, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Mapping[str, str]]:
    """A data folder with the log of a month, and an entry id of each question; not to be written to."""
    data = tmp_path_factory.mktemp("month")
    shutil.copytree(real_data / "index", data / "index")
    shutil.copytree(real_data / "encoders", data / "encoders", copy_function=os.link)
    return data, fill_month(data, real_index, ROOT / "knowledge")


@pytest.fixture
def office(month: tuple[Path, Mapping[str, str]], tmp_path: Path) -> Iterator[Office]:
    """The server on a copy of that log."""
    # The extra `review` may be missing, and other tests of this folder do not need it.
    from tests.support.review_office import opened

    with opened(*month, tmp_path) as office:
        yield office
