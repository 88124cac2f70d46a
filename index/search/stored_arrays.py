"""Arrays in the folder of a version: written once, then memory-mapped."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class StoredArrays:
    """A base for classes whose fields are arrays, each in a file named like it."""

    def save(self, folder: Path) -> None:
        """Write a file for each array."""
        for each in dataclasses.fields(self):
            save_array(folder, each.name, getattr(self, each.name))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Memory-map what ``save`` wrote."""
        return cls(*(map_array(folder, each.name) for each in dataclasses.fields(cls)))


def save_array(folder: Path, name: str, array: NDArray[Any]) -> None:
    """Write an array into the folder of a version."""
    np.save(_file(folder, name), array, allow_pickle=False)


def map_array(folder: Path, name: str) -> NDArray[Any]:
    """Memory-map it as a plain ``ndarray``; indexing numpy's ``memmap`` class costs microseconds each time."""
    return np.asarray(np.load(_file(folder, name), mmap_mode="r", allow_pickle=False))


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name.replace('_', '-')}.npy"


def starts_of(lengths: Iterable[int]) -> NDArray[np.int64]:
    """Return where each of several ranges of these lengths begins, and the end of the last one."""
    return np.concatenate([[0], np.cumsum(np.fromiter(lengths, np.int64))]).astype(np.int64)
