"""The review page of the project's own knowledge, with a month of questions."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.review_pages import one_time_link, served

_KNOWLEDGE = Path(__file__).parents[2] / "knowledge"


@dataclass(frozen=True, slots=True)
class Office:
    """A running server."""

    address: str
    link: str
    """The one-time link to sign in."""
    data: Path
    knowledge: Path
    ids: Mapping[str, str]
    """An entry id of each question."""


@contextmanager
def opened(month: Path, ids: Mapping[str, str], folder: Path) -> Iterator[Office]:
    """Run the server as a process of its own, on copies in ``folder``, until the block ends."""
    data, knowledge = folder / "data", folder / "knowledge"
    shutil.copytree(month, data, ignore=shutil.ignore_patterns("encoders"))
    shutil.copytree(month / "encoders", data / "encoders", copy_function=os.link)
    shutil.copytree(_KNOWLEDGE, knowledge)
    with served(data, "review", "--as", "Ann", "--knowledge", str(knowledge)) as (address, printed):
        yield Office(address, one_time_link(printed), data, knowledge, ids)
