"""Names of files that look the same to a reader and are not."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import resources

import yaml


def look_alikes(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each name that looks like another one, with the first that looks so."""
    first: dict[str, str] = {}
    for name in sorted(set(names)):
        if (other := first.setdefault(_looks(name), name)) != name:
            yield name, other


def _looks(name: str) -> str:
    """Return what a name looks like: without case and invisible characters, look-alike letters as Latin ones."""
    composed = unicodedata.normalize("NFKC", name)
    shown = (character for character in composed if unicodedata.category(character) != "Cf")
    return "".join(shown).translate(_latin()).casefold().translate(_latin())


@lru_cache(maxsize=1)
def _latin() -> dict[int, int]:
    table = yaml.safe_load(resources.files("index.question").joinpath("confusables.yaml").read_text("utf-8"))
    return str.maketrans(table["cyrillic"] + table["other"], table["latin"] + table["other_latin"])
