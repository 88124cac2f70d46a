"""Snippets on disk: one JSON line each, read when asked for, so that a million of them cost no memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.knowledge.snippet import Snippet, Source, Topic
from index.search.lexical_index import map_array
from index.text.terms import term_hash

_LINES_FILE = "snippets.jsonl"
_NAMED = ("snippet-language", "snippet-number", "snippet-topic")
_ARRAYS = ("snippet-starts", "snippet-ids", "snippet-by-id", "snippet-keys", "snippet-by-key")
_CACHE = 4096


def write_snippets(folder: Path, snippets: Sequence[Snippet], languages: Sequence[str], topics: Sequence[str]) -> None:
    """Write ``snippets``, which are ordered by id and language; their languages and topics become numbers."""
    starts = [0]
    with (folder / _LINES_FILE).open("wb") as stream:
        for snippet in snippets:
            fields = {**asdict(snippet), "sources": [source.id for source in snippet.sources]}
            starts.append(starts[-1] + stream.write(json.dumps(fields, ensure_ascii=False).encode() + b"\n"))
    ids = np.fromiter((term_hash(snippet.id) for snippet in snippets), np.int64, len(snippets))
    keys = np.fromiter((term_hash(snippet.key) for snippet in snippets), np.int64, len(snippets))
    by_id, by_key = np.argsort(ids, kind="stable"), np.argsort(keys, kind="stable")
    language = np.array([languages.index(snippet.language) for snippet in snippets], np.int16)
    topic = np.array([topics.index(snippet.topic) if snippet.topic in topics else -1 for snippet in snippets], np.int32)
    number = np.cumsum([0, *(a.id != b.id for a, b in pairwise(snippets))]).astype(np.int32)
    named: list[NDArray[Any]] = [language, number, topic]
    sorted_: list[NDArray[Any]] = [np.array(starts, np.int64), ids[by_id], by_id, keys[by_key], by_key]
    for name, array in zip(_NAMED + _ARRAYS, named + sorted_, strict=True):
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


class SnippetStore(Mapping[str, Mapping[str, Snippet]]):
    """All snippets of a version: id -> language -> snippet. Safe to use from several threads."""

    def __init__(self, folder: Path, sources: Sequence[Source], topics: Sequence[str]) -> None:
        """Map the files that ``write_snippets`` wrote. Raises OSError or ValueError when they are damaged."""
        self.languages, self.snippet_numbers, self._topic_numbers = (
            map_array(folder / f"{name}.npy") for name in _NAMED
        )
        self._topics = list(topics)
        self._lines = (
            np.memmap(folder / _LINES_FILE, mode="r")
            if (folder / _LINES_FILE).stat().st_size
            else np.empty(0, np.uint8)
        )
        arrays = [map_array(folder / f"{name}.npy") for name in _ARRAYS]
        self._starts, self._ids, self._by_id, self._keys, self._by_key = arrays
        self._sources = {source.id: source for source in sources}
        self.record = lru_cache(maxsize=_CACHE)(self._read)

    @property
    def records(self) -> int:
        """Number of snippets times languages."""
        return len(self._starts) - 1

    def _read(self, number: int) -> Snippet:
        fields = json.loads(self._lines[self._starts[number] : self._starts[number + 1]].tobytes())
        return Snippet(
            **{
                **fields,
                "sentences": tuple((start, end) for start, end in fields["sentences"]),
                "sources": tuple(self._sources[name] for name in fields["sources"]),
                **{name: tuple(fields[name]) for name in ("speakers", "questions", "see_also")},
            }
        )

    def numbers(self, snippet_id: str) -> list[int]:
        """Return the records of a snippet, one for each language."""
        wanted = term_hash(snippet_id)
        begin, end = np.searchsorted(self._ids, [wanted, wanted + 1])
        return [number for number in self._by_id[begin:end].tolist() if self.record(number).id == snippet_id]

    def in_topic(self, topic: str) -> list[int]:
        """Return the records of a topic, ordered by id."""
        if topic not in self._topics:
            return []
        found: list[int] = np.flatnonzero(self._topic_numbers == self._topics.index(topic)).tolist()
        return found

    def by_key(self, key: str) -> str | None:
        """Return the id of the snippet with this ``Snippet.key``, or ``None``."""
        place = int(np.searchsorted(self._keys, term_hash(key)))
        if place == len(self._keys):
            return None
        found = self.record(int(self._by_key[place]))
        return found.id if found.key == key else None

    def __getitem__(self, snippet_id: str) -> Mapping[str, Snippet]:
        found = {(snippet := self.record(number)).language: snippet for number in self.numbers(snippet_id)}
        if not found:
            raise KeyError(snippet_id)
        return MappingProxyType(found)

    def __iter__(self) -> Iterator[str]:
        last = None
        for number in range(self.records):
            current = self.record(number).id
            if current != last:
                yield current
            last = current

    def __len__(self) -> int:
        return int(self.snippet_numbers[-1]) + 1 if len(self.snippet_numbers) else 0


def as_plain(entries: Sequence[Topic] | Sequence[Source]) -> list[dict[str, Any]]:
    """Return topics or sources as the manifest keeps them."""
    return [{**asdict(entry)} for entry in entries]
