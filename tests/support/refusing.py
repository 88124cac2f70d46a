"""The project's own knowledge with questions that its editors decided not to cover, without building it again."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path

from index.search.index import Index
from index.search.lexical_index import LexicalIndex
from index.search.not_covered import ListedQuestions, NotCovered
from index.text.terms import Terms
from index.version.versions import index_folder


def refusing(index: Index, data: Path, questions: Sequence[str]) -> Index:
    """Return an open version of ``data`` as if ``not_covered.yaml`` listed these questions; both share files."""
    manifest = index.manifest
    lexical = LexicalIndex.load(index_folder(data) / index.version, index.fields.owners)
    listed = ListedQuestions.embed(questions, index.spoken, index.encoder)
    other = copy(index)
    other.not_covered = NotCovered(listed, Terms(manifest.synonyms), lexical, manifest.encoder_reads, index.names)
    return other
