"""What a question is about, as a few columns and values in which all languages meet.

A signature is made of parts, each a vector of length one times the square root of its weight: what two questions share
of a part adds at most its weight to their likeness. The weights are those of a logistic model, fitted on pairs of
questions of which it is known whether they are on one subject (tests/benchmarks/grouping.py), so that the sum over all
parts is the log-odds that two questions are.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from importlib import resources
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import yaml

from bot.review.grouping import DTYPE, Bounds, Floats, Signature
from index.text.alphabets import sound
from index.text.terms import GRAM, Terms, term_hash, words

if TYPE_CHECKING:
    from index import Index


class Part(StrEnum):
    """A part of a signature."""

    WORDS = auto()
    """The stems of the words, which languages share for names in Latin letters and for synonyms of the knowledge."""
    LETTERS = auto()
    """Runs of letters of the words as they sound: names, and words that languages have taken from each other."""
    THINGS = auto()
    """Words for things of everyday life, each by what it means in any language."""
    ASPECTS = auto()
    """Words for what is asked about a thing: its price, its place, who owns it."""
    SNIPPETS = auto()
    """The snippets that hold the words: their translations say the same."""
    CANDIDATES = auto()
    """The snippets that the bot considered, with their scores."""
    EMBEDDING = auto()
    """The sentence embedding, where the encoder reads every language of the knowledge."""
    LANGUAGE = auto()
    """The language. It counts against being alike: questions in one language share more of all else."""


_WEIGHTS = {
    Part.WORDS: 7.0,
    Part.LETTERS: 9.1,
    Part.THINGS: 5.6,
    Part.ASPECTS: 4.1,
    Part.SNIPPETS: 3.2,
    Part.CANDIDATES: 0.8,
    Part.EMBEDDING: 0.0,
    Part.LANGUAGE: -3.9,
}
_CONSTANT = -8.5
_WEIGHTS_WITH_EMBEDDING = {
    Part.WORDS: 2.5,
    Part.LETTERS: 9.2,
    Part.THINGS: 5.1,
    Part.ASPECTS: 2.0,
    Part.SNIPPETS: 0.0,
    Part.CANDIDATES: 3.6,
    Part.EMBEDDING: 16.0,
    Part.LANGUAGE: -6.2,
}
_CONSTANT_WITH_EMBEDDING = -8.9
_BOUNDS = Bounds(least=0.5, near=-2.5, lead=3.0)
_BOUNDS_WITH_EMBEDDING = Bounds(least=1.5, near=1.5, lead=0.0)
"""As log-odds, on average over the pairs of a group."""
MAY_BE_ALIKE = 3.5
"""Least mean likeness of two groups that may be on one subject: of the pairs with more, half are."""
_READS = 0.5
"""How well the encoder must read each language of the knowledge."""
_SNIPPETS = 24
"""So many snippets, those that hold most of the words."""
_CANDIDATES = 5
_TELLING = 0.4
"""Share of the weight of a question's rarest word from which the letters of a word count."""
_CENTRED_ON = 100
"""So many titles show what all embeddings have in common, which says nothing of a subject."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A wording, as the log holds it."""

    text: str
    language: str
    candidates: Sequence[tuple[str, float]] = ()
    """Snippets that were considered, with their scores, the best first."""
    embedding: Floats | None = None
    """Its sentence embedding by the encoder of the index, where that is known."""


class Signatures:
    """Makes the signatures by which questions are grouped, with an open index: its words, synonyms and snippets."""

    def __init__(self, index: Index) -> None:
        reads = (index.manifest.encoder_reads.get(language, 1.0) for language in index.languages)
        self._embeds = min(reads) >= _READS
        self._weights = _WEIGHTS_WITH_EMBEDDING if self._embeds else _WEIGHTS
        self._index = index
        everyday = _everyday_words()
        self._everyday = {part: Terms(everyday[str(part)]) for part in (Part.THINGS, Part.ASPECTS)}
        self._middle = _middle(index) if self._embeds else np.zeros(index.manifest.dimension, np.float32)
        self.encoder = index.manifest.encoder_key
        """The stored embeddings of this encoder can be used."""
        self.name = f"parts-2+{self.encoder}" if self._embeds else "parts-2"
        """Signatures with different names cannot be compared."""
        self._constant = _CONSTANT_WITH_EMBEDDING if self._embeds else _CONSTANT
        odds = _BOUNDS_WITH_EMBEDDING if self._embeds else _BOUNDS
        self.bounds = replace(odds, least=odds.least - self._constant, near=odds.near - self._constant)

    def signature(self, asked: Asked) -> Signature:
        """Return the signature of a wording."""
        columns: dict[int, float] = {}
        for part, values in self.parts(asked).items():
            weight = self._weights[part]
            length = math.sqrt(sum(value * value for value in values.values()))
            scale = math.sqrt(abs(weight)) / length if length else 0.0
            for name, value in values.items():
                column = _column(part, name, against=weight < 0)
                columns[column] = columns.get(column, 0.0) + value * scale
        return np.array(sorted(columns.items()), DTYPE)

    def certainty(self, likeness: float) -> float:
        """Return the probability that questions of such a likeness are on one subject."""
        return 1 / (1 + math.exp(-likeness - self._constant))

    def parts(self, asked: Asked) -> Mapping[Part, Mapping[str, float]]:
        """Return the values of each part by their names, of any length."""
        text, language = asked.text, asked.language
        weights = self._index.term_weights(text, language)
        return {
            Part.WORDS: weights,
            Part.LETTERS: self._letters(text, language),
            **{part: _meanings(terms, text, language) for part, terms in self._everyday.items()},
            Part.SNIPPETS: self._index.holders(text, language, _SNIPPETS),
            Part.CANDIDATES: {name: max(score, 0.0) ** 2 for name, score in asked.candidates[:_CANDIDATES]},
            Part.EMBEDDING: self._embedding(asked),
            Part.LANGUAGE: {language: 1.0},
        }

    def _letters(self, text: str, language: str) -> Mapping[str, float]:
        weights = {word: max(self._index.term_weights(word, language).values(), default=0.0) for word in words(text)}
        least = _TELLING * max(weights.values(), default=0.0)
        found: defaultdict[str, float] = defaultdict(float)
        for word, weight in weights.items():
            if weight >= least:
                for run in _runs(sound(word)):
                    found[run] += weight
        return found

    def _embedding(self, asked: Asked) -> Mapping[str, float]:
        if not self._embeds:
            return {}
        vector = asked.embedding if asked.embedding is not None else self._index.encoder.encode(asked.text).vector
        return {str(place): value for place, value in enumerate((vector - self._middle).tolist())}


def _column(part: Part, name: str, *, against: bool) -> int:
    """Return the number of a column; it is odd where sharing it counts against being alike."""
    if part is Part.EMBEDDING:
        return 2 * int(name)
    return (term_hash(f"{part} {name}") & 0x7FFFFFFE | against) | 1 << 31


def _runs(word: str) -> set[str]:
    """Return the runs of letters of a word, of which the beginning is marked."""
    marked = f"_{word}"
    return {marked[start : start + GRAM] for start in range(max(1, len(marked) - GRAM + 1))}


def _middle(index: Index) -> Floats:
    titles: Iterator[str] = (each.title for each in index.snippets.every_translation())
    vectors = [index.encoder.encode(title).vector for title in islice(titles, _CENTRED_ON)]
    return np.asarray(np.mean(vectors, axis=0), np.float32)


def _meanings(terms: Terms, text: str, language: str) -> dict[str, float]:
    return {term: 1.0 for term in terms.stems(text, language) if term.startswith("=")}


def _everyday_words() -> Mapping[str, list[list[str]]]:
    text = resources.files("bot.review").joinpath("everyday_words.yaml").read_text(encoding="utf-8")
    groups: Mapping[str, list[list[str]]] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)(text).get_data()
    return groups
