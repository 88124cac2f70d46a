"""Terms of a text and how much of a question they cover.

A text has two kinds of terms: stems of its words (Snowball, where the language has a stemmer) and character 4-grams of
its words, which survive typing errors and inflection. Both are weighed by their inverse document frequency; the
*coverage* of a question by a text is the weight of the question's terms that the text holds, over the weight of all of
the question's terms. For a whole record each term counts as in BM25: more when several of its rows hold it, less the
more the record holds in all. Coverage is about 0 to 1 whatever the corpus, which the decision needs.
"""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import Stemmer
from numpy.typing import NDArray

GRAM = 4
"""Length of the character n-grams; measured on English and Russian questions, 3 and 5 are slightly worse."""

_SNOWBALL = {"en": "english", "ru": "russian"}
_SATURATION, _LENGTH_WEIGHT = 1.2, 0.75
"""BM25's k1 and b at their usual values."""

# A number with its groups of thousands and its fraction is one word, and what is written close behind it another, as in
# 55bn; else letters, digits and underscores are.
_WORD = re.compile(
    r"(?<!\d)\d{1,3}(?:[ ,\u00a0\u202f]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)+|(?<!\w)\d+(?=[^\W\d_])|\w+"
)
_GROUPS = re.compile(r"[ ,\u00a0\u202f](?=\d{3}(?!\d))")
# Acronyms are one word however they are written: B.G.S., and several of them: REEs, MoUs.
_DOTTED = re.compile(r"(?<![^\W_])(?:[^\W\d_]\.){2,}(?:[^\W\d_](?![^\W_]))?")
_PLURAL_ACRONYM = re.compile(r"(?<!\w)([A-Z][A-Za-z]?[A-Z]{1,4})s(?!\w)")
_STEM_MARK, _GRAM_MARK = "s", "g"

# Letters that people replace by a neighbour: ё in Russian, the Kazakh letters missing on a Russian keyboard, and Latin
# letters with a mark; the dot is what the small form of İ keeps.
_FOLD: dict[int, int | str] = {**str.maketrans("ёәқңөұүһіғłøđħŧı", "еакноуухигlodhti")}
_FOLD |= {
    code: base
    for code in (*range(0xDF, 0x250), *range(0x1E00, 0x1F00))
    if (base := unicodedata.normalize("NFD", chr(code))[0].translate(_FOLD)).isascii()
}
_FOLD[0x307] = ""


def fold(text: str) -> str:
    """Return ``text`` in the form in which terms are compared: NFKC, lower case, look-alike letters made one."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_FOLD)


def words(text: str) -> list[str]:
    """Return the folded words and numbers of ``text`` in order.

    Numbers come out in one spelling: ``6,218``, ``6 218`` and ``6218`` are the same, and so are ``1.18`` and ``1,18``.
    """
    text = _DOTTED.sub(lambda acronym: acronym[0].replace(".", ""), _PLURAL_ACRONYM.sub(r"\1", text))
    found: list[str] = _WORD.findall(fold(text))
    return [_GROUPS.sub("", word).replace(",", ".") if word[0].isdigit() else word for word in found]


class Terms:
    """Turns texts into terms, given synonyms. Safe to use from several threads."""

    def __init__(self, synonyms: Sequence[Sequence[str]] = ()) -> None:
        self._local = threading.local()
        self._groups = tuple(tuple(words(phrase) for phrase in group) for group in synonyms)

    def stems(self, text: str, language: str) -> list[str]:
        """Return the stems of the words of ``text``, with one term more for each synonym group it mentions."""
        stems = self._stem(words(text), language)
        groups = (name for start in range(len(stems)) for _, name in self._mentions(stems, start, language))
        return [*(_STEM_MARK + stem for stem in stems), *groups]

    def asked(self, question: str, language: str) -> list[str]:
        """Return the stems of a question, with the name of its group in place of each longest synonym.

        Whatever word of a group is used, the same is asked; one that no text holds is not an unknown word.
        """
        stems = self._stem(words(question), language)
        terms, start = [], 0
        while start < len(stems):
            length, name = max(self._mentions(stems, start, language), default=(1, _STEM_MARK + stems[start]))
            terms.append(name)
            start += length
        return terms

    def _mentions(self, stems: list[str], start: int, language: str) -> Iterator[tuple[int, str]]:
        """Yield how many stems from ``start`` on name a synonym group, and the group's name."""
        for phrase, name in self._synonyms(language).get(stems[start], ()):
            if tuple(stems[start : start + len(phrase)]) == phrase:
                yield len(phrase), name

    def grams(self, text: str) -> list[str]:
        """Return the character n-grams of the words of ``text``; a word's edges count as a character."""
        return [gram for word in words(text) for gram in _grams_of_word(word)]

    def _stem(self, found: list[str], language: str) -> list[str]:
        algorithm = _SNOWBALL.get(language)
        if algorithm is None:
            return found
        # A Snowball object keeps state between calls and must not be shared between threads.
        stemmers: dict[str, Stemmer.Stemmer] = self._local.__dict__.setdefault("stemmers", {})
        if language not in stemmers:
            stemmers[language] = Stemmer.Stemmer(algorithm)
        return list(stemmers[language].stemWords(found))

    def _synonyms(self, language: str) -> dict[str, list[tuple[tuple[str, ...], str]]]:
        """Return the synonyms by their first stem: all their stems, and the term that stands for their group."""
        tables: dict[str, dict[str, list[tuple[tuple[str, ...], str]]]] = self._local.__dict__.setdefault(
            "synonyms", {}
        )
        if language not in tables:
            table = tables[language] = {}
            for number, group in enumerate(self._groups):
                for phrase in filter(None, group):
                    stems = tuple(self._stem(phrase, language))
                    table.setdefault(stems[0], []).append((stems, f"={number}"))
        return tables[language]


@lru_cache(maxsize=65_536)
def _grams_of_word(word: str) -> tuple[str, ...]:
    edged = f"_{word}_"
    if len(edged) <= GRAM:
        return (_GRAM_MARK + edged,)
    return tuple(_GRAM_MARK + edged[i : i + GRAM] for i in range(len(edged) - GRAM + 1))


@lru_cache(maxsize=262_144)
def term_hash(term: str) -> int:
    """Return 63 bits of the term's BLAKE2b: the vocabulary is kept as sorted numbers and needs no strings."""
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=8).digest(), "big") >> 1


def hashes(terms: Iterable[str]) -> NDArray[np.int64]:
    """Return the distinct hashes of ``terms``, sorted, shape (n,)."""
    return np.array(sorted({term_hash(term) for term in terms}), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class TermWeights:
    """The terms of one question that the corpus may know, with what each is worth."""

    ids: NDArray[np.int64]
    """Numbers of the known terms, sorted, shape (n,)."""
    weights: NDArray[np.float32]
    """Share of each in the weight of all terms of the question, those unknown to the corpus included; shape (n,)."""
    unknown: float
    """Share of that weight that belongs to terms the corpus has nowhere."""
    unknown_terms: frozenset[int]
    """Their hashes."""
    rarity: float
    """Inverse document frequency of the rarest known term over that of a term no record holds, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a question's weight is held where, 0 to 1."""

    rows: NDArray[np.float64]
    """By single row, shape (rows,)."""
    records: NDArray[np.float64]
    """By all rows of a record together, with BM25's saturation and length, shape (records,)."""


@dataclass(frozen=True, slots=True)
class LexicalIndex:
    """An inverted index of rows (titles, sentences, questions), as plain arrays that can be memory-mapped.

    ``vocabulary`` (v,) holds the sorted hashes of all terms; ``postings[starts[t]:starts[t + 1]]`` are the rows with
    term ``t``, ascending; ``idf`` (v,) counts records, not rows; ``lengths`` (records,) is how many postings each
    record has, over the mean.
    """

    vocabulary: NDArray[np.int64]
    starts: NDArray[np.int64]
    postings: NDArray[np.int32]
    idf: NDArray[np.float32]
    lengths: NDArray[np.float32]
    owners: NDArray[np.int64]
    """The record of each row, ascending, shape (rows,)."""
    records: int

    FILES = ("vocabulary", "starts", "postings", "idf", "lengths")

    @classmethod
    def build(cls, rows: Iterable[NDArray[np.int64]], owners: NDArray[np.int64], records: int) -> LexicalIndex:
        """Index ``rows`` (distinct term hashes of each), row ``i`` belonging to record ``owners[i]``; owners ascend."""
        hashes_of_rows = list(rows)
        lengths = np.fromiter((len(row) for row in hashes_of_rows), dtype=np.int64, count=len(hashes_of_rows))
        flat = np.concatenate(hashes_of_rows) if hashes_of_rows else np.empty(0, np.int64)
        vocabulary, terms = np.unique(flat, return_inverse=True)
        order = np.argsort(terms, kind="stable")
        postings = np.repeat(np.arange(len(lengths)), lengths)[order]
        terms = terms[order]
        sizes = np.bincount(owners, lengths, records)
        frequency = np.bincount(terms[_first_of_run(terms, owners[postings])], minlength=len(vocabulary))
        return cls(
            vocabulary=vocabulary,
            starts=np.concatenate([[0], np.cumsum(np.bincount(terms, minlength=len(vocabulary)))]).astype(np.int64),
            postings=postings.astype(np.int32),
            idf=inverse_document_frequency(frequency, records),
            lengths=(sizes / max(1.0, float(sizes.mean()) if records else 1.0)).astype(np.float32),
            owners=owners,
            records=records,
        )

    def save(self, folder: Path) -> None:
        """Write one ``lexical-*.npy`` for each array."""
        for name in self.FILES:
            np.save(folder / f"lexical-{name}.npy", getattr(self, name), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, owners: NDArray[np.int64], records: int) -> LexicalIndex:
        """Memory-map what ``save`` wrote. Raises OSError or ValueError when a file is missing or damaged."""
        arrays = {name: map_array(folder / f"lexical-{name}.npy") for name in cls.FILES}
        return cls(**arrays, owners=owners, records=records)

    def look_up(self, terms: Collection[str], without: Sequence[int] = ()) -> TermWeights:
        """Look up the terms of a question; the corpus does not know what only rows in ``without`` hold."""
        wanted = hashes(terms)
        if not len(wanted) or not len(self.vocabulary):
            nothing = frozenset(wanted.tolist())
            return TermWeights(np.empty(0, np.int64), np.empty(0, np.float32), 1.0, nothing, 0.0)
        places = np.minimum(np.searchsorted(self.vocabulary, wanted), len(self.vocabulary) - 1)
        known = self.vocabulary[places] == wanted
        if without:
            known[known] = [not np.isin(postings, without).all() for postings in self._postings_of(places[known])]
        ids = places[known]
        idf = self.idf[ids]
        unseen = _idf_of_unseen(self.records)
        missing = (len(wanted) - len(ids)) * unseen
        total = float(idf.sum()) + missing
        return TermWeights(
            ids,
            idf / np.float32(total),
            missing / total,
            frozenset(wanted[~known].tolist()),
            float(idf.max(initial=0.0)) / unseen,
        )

    def _postings_of(self, ids: NDArray[np.int64]) -> Iterator[NDArray[np.int32]]:
        for begin, end in zip(self.starts[ids].tolist(), self.starts[ids + 1].tolist(), strict=True):
            yield self.postings[begin:end]

    def holds(self, term: str, first: int, end: int) -> bool:
        """Tell whether one of the rows from ``first`` up to ``end`` holds a term."""
        wanted = term_hash(term)
        place = int(np.searchsorted(self.vocabulary, wanted))
        if place == len(self.vocabulary) or self.vocabulary[place] != wanted:
            return False
        postings = self.postings[self.starts[place] : self.starts[place + 1]]
        found = int(np.searchsorted(postings, first))
        return found < len(postings) and int(postings[found]) < end

    def coverage(self, wanted: TermWeights, budget: int, without: Sequence[int] = ()) -> Coverage:
        """Return how much of the weight of ``wanted`` each row and each record holds; rows in ``without`` hold nothing.

        The rarest terms are looked at first, until ``budget`` postings have been read: frequent terms tell records
        apart the least and cost the most.
        """
        order = np.argsort(-self.idf[wanted.ids], kind="stable")
        ids = wanted.ids[order]
        lengths = self.starts[ids + 1] - self.starts[ids]
        # However many there are, the rarest one is looked at, lest nothing at all be found.
        read = max(int(np.searchsorted(np.cumsum(lengths), budget, side="right")), 1 if budget else 0)
        if not len(ids) or not read:
            return Coverage(np.zeros(len(self.owners)), np.zeros(self.records))
        rows = np.concatenate(list(self._postings_of(ids[:read])))
        terms = np.repeat(np.arange(read), lengths[:read])
        if without:
            kept = ~np.isin(rows, without)
            rows, terms = rows[kept], terms[kept]
        weights, owners = wanted.weights[order][terms], self.owners[rows]
        first = np.flatnonzero(_first_of_run(terms, owners))
        by_row = np.bincount(rows, weights, len(self.owners))
        times = np.diff(first, append=len(rows))
        holders = owners[first]
        length = 1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * self.lengths[holders]
        saturated = times * (_SATURATION + 1) / (times + _SATURATION * length)
        by_record = np.bincount(holders, weights[first] * saturated, self.records)
        return Coverage(by_row.astype(np.float64, copy=False), by_record.astype(np.float64, copy=False))


def _first_of_run(terms: NDArray[np.int64], owners: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the first of neighbouring pairs that are alike."""
    first = np.ones(len(terms), np.bool_)
    first[1:] = (terms[1:] != terms[:-1]) | (owners[1:] != owners[:-1])
    return first


def map_array(path: Path) -> NDArray[Any]:
    """Memory-map an array as a plain ``ndarray``; indexing numpy's ``memmap`` class costs microseconds each time."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def inverse_document_frequency(frequency: NDArray[np.integer], records: int) -> NDArray[np.float32]:
    """Robertson–Spärck Jones idf as in BM25, kept positive: ``ln(1 + (N - n + 0.5) / (n + 0.5))``."""
    return np.log1p((records - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)


def _idf_of_unseen(records: int) -> float:
    return float(np.log1p((records + 0.5) / 0.5))
