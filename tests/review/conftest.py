"""A month of questions, and the server on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from index.search.index import Index
from tests.conftest import ROOT
from tests.support.month_log import fill_month
from tests.support.review_pages import one_time_link, served


@dataclass(frozen=True, slots=True)
class Office:
    """The review page of the project's own knowledge, with a month of questions."""

    address: str
    link: str
    """The one-time link to sign in."""
    data: Path
    knowledge: Path
    ids: Mapping[str, str]
    """An entry id of each question."""


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
    """The server on a copy of that log, as a process of its own."""
    data, knowledge = tmp_path / "data", tmp_path / "knowledge"
    shutil.copytree(month[0], data, ignore=shutil.ignore_patterns("encoders"))
    shutil.copytree(month[0] / "encoders", data / "encoders", copy_function=os.link)
    shutil.copytree(ROOT / "knowledge", knowledge)
    with served(data, "review", "--as", "Ann", "--knowledge", str(knowledge)) as (address, printed):
        yield Office(address, one_time_link(printed), data, knowledge, month[1])
