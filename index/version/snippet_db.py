"""The snippets of a version in one SQLite table, read when asked for, so that a million of them cost no memory."""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import cached_property, lru_cache
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from index.knowledge.snippet import Mark, MarkKind, Snippet, Source
from index.search.stored_arrays import map_array, save_array

SNIPPETS_FILE = "snippets.db"
_LANGUAGES, _NUMBERS = "translation_language", "translation_snippet"
_CACHE = 4096
_CHUNK = 500
_SCHEMA = """
CREATE TABLE translations (
    number INTEGER PRIMARY KEY, id TEXT, key TEXT, topic TEXT, content_hash TEXT, snippet TEXT
);
CREATE INDEX by_id ON translations (id);
CREATE INDEX by_key ON translations (key);
CREATE INDEX by_topic ON translations (topic);
"""


def write_snippets(folder: Path, snippets: Sequence[Snippet]) -> None:
    """Write ``snippets``, ordered by id and language, and which language and snippet each translation is of."""
    languages = sorted({snippet.language for snippet in snippets})
    language = np.array([languages.index(snippet.language) for snippet in snippets], np.int16)
    number = np.cumsum([0, *(a.id != b.id for a, b in pairwise(snippets))]).astype(np.int32)
    save_array(folder, _LANGUAGES, language)
    save_array(folder, _NUMBERS, number)
    with closing(sqlite3.connect(folder / SNIPPETS_FILE, isolation_level=None)) as connection:
        # The folder is unfinished: it is flushed as a whole later, or thrown away.
        connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN; {_SCHEMA}")
        connection.executemany("INSERT INTO translations VALUES (?, ?, ?, ?, ?, ?)", map(_row, count(), snippets))
        connection.execute("COMMIT")


def _row(number: int, snippet: Snippet) -> tuple[int | str, ...]:
    fields = {**asdict(snippet), "sources": [source.id for source in snippet.sources]}
    text = json.dumps(fields, ensure_ascii=False)
    return number, snippet.id, snippet.key, snippet.topic, snippet.content_hash, text


class SnippetDatabase(Mapping[str, Mapping[str, Snippet]]):
    """All snippets of a version: id -> language -> snippet. Safe to use from several threads.

    Translations are numbered in the order of id and language. ``languages`` has the language of each translation, as a
    position in ``Manifest.languages``; ``snippet_numbers`` has its snippet, so that translations of one snippet share a
    number.
    """

    def __init__(self, folder: Path, sources: Sequence[Source]) -> None:
        """Open what ``write_snippets`` wrote."""
        self.languages, self.snippet_numbers = map_array(folder, _LANGUAGES), map_array(folder, _NUMBERS)
        # Immutable: SQLite neither locks the file nor looks for a journal beside it.
        address = f"{(folder / SNIPPETS_FILE).absolute().as_uri()}?mode=ro&immutable=1"
        connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        # A replaced version is closed when nothing refers to it any more.
        self._close = weakref.finalize(self, connection.close)
        self._connection, self._lock = connection, threading.Lock()
        self._sources = {source.id: source for source in sources}
        self.translation = lru_cache(maxsize=_CACHE)(self._read)

    def close(self) -> None:
        """Close the file."""
        self._close()

    def numbers(self, snippet_id: str) -> list[int]:
        """Return the translations of a snippet, one for each language."""
        return self._column("SELECT number FROM translations WHERE id = ? ORDER BY number", snippet_id)

    def all_translations(self, number: int) -> tuple[Snippet, ...]:
        """Return the snippet of a translation in all its languages, that translation first."""
        own = self.snippet_numbers[number]
        first, last = np.searchsorted(self.snippet_numbers, own), np.searchsorted(self.snippet_numbers, own, "right")
        others = (self.translation(other) for other in range(int(first), int(last)) if other != number)
        return (self.translation(number), *others)

    def in_topic(self, topic: str) -> list[str]:
        """Return the ids of the snippets in a topic, in order."""
        return self._column("SELECT DISTINCT id FROM translations WHERE topic = ? ORDER BY id", topic)

    def by_key(self, key: str) -> str | None:
        """Return the id of the snippet with this ``Snippet.key``, or ``None``."""
        return next(iter(self._column("SELECT id FROM translations WHERE key = ? LIMIT 1", key)), None)

    @cached_property
    def newest_date(self) -> str | None:
        """The latest date at which a snippet is said to hold."""
        (newest,) = self._column("SELECT max(json_extract(snippet, '$.as_of')) FROM translations")
        return str(newest) if newest else None

    def every_translation(self) -> Iterator[Snippet]:
        """Yield all translations in the order of their numbers, without keeping them in memory."""
        query = "SELECT snippet FROM translations WHERE number >= ? AND number < ? ORDER BY number"
        for first in range(0, len(self.languages), _CHUNK):
            yield from map(self._parsed, self._column(query, first, first + _CHUNK))

    def content_hashes(self) -> dict[str, int]:
        """Return a translation for each ``Snippet.content_hash``."""
        return dict(self._rows("SELECT content_hash, number FROM translations"))

    def __getitem__(self, snippet_id: str) -> Mapping[str, Snippet]:
        found = {(snippet := self.translation(number)).language: snippet for number in self.numbers(snippet_id)}
        if not found:
            raise KeyError(snippet_id)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._column("SELECT DISTINCT id FROM translations ORDER BY id"))

    def __len__(self) -> int:
        return int(self.snippet_numbers[-1]) + 1

    def _rows(self, query: str, *values: str | int) -> list[Any]:
        with self._lock:  # for some microseconds; two threads must not use one connection at once
            return self._connection.execute(query, values).fetchall()

    def _column(self, query: str, *values: str | int) -> list[Any]:
        return [value for (value,) in self._rows(query, *values)]

    def _read(self, number: int) -> Snippet:
        (text,) = self._column("SELECT snippet FROM translations WHERE number = ?", number)
        return self._parsed(text)

    def _parsed(self, text: str) -> Snippet:
        fields = json.loads(text)
        return Snippet(
            **{
                **fields,
                "sentences": tuple((start, end) for start, end in fields["sentences"]),
                "sources": tuple(self._sources[name] for name in fields["sources"]),
                "marks": tuple(Mark(start, end, MarkKind(kind), url) for start, end, kind, url in fields["marks"]),
                **{name: tuple(fields[name]) for name in ("speakers", "questions", "does_not_answer", "see_also")},
            }
        )
