"""Vectors and terms of all that a snippet consists of, made or taken from the version before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.build import Report
from index.encoder.passage_encoder import PassageEncoder
from index.knowledge.snippet import Snippet
from index.search.negatives import question_hashes
from index.text.terms import Terms

if TYPE_CHECKING:
    from index.search.index import Index

_AFTER_TITLE = ". "


@dataclass(frozen=True, slots=True)
class Vectors:
    """The vectors and terms of one translation; its fields are the whole, the title, sentences and questions."""

    fields: NDArray[np.int8]
    scales: NDArray[np.float32]
    negatives: NDArray[np.int8]
    """Vectors of the questions that it does not answer, shape (n, dimension)."""
    negative_scales: NDArray[np.float32]
    tokens: NDArray[np.int8]
    token_counts: NDArray[np.int64]
    """Tokens of the title and of each sentence, shape (sentences + 1,)."""
    question_terms: list[NDArray[np.int64]]
    """Hashes of the terms of the title and of each question, answered or not."""


def field_texts(snippet: Snippet) -> list[str]:
    """Return the texts of all fields but the first, which is the whole: title, sentences, example questions."""
    return [snippet.title, *(snippet.text[start:end] for start, end in snippet.sentences), *snippet.questions]


def embed(
    snippets: Sequence[Snippet],
    passages: PassageEncoder,
    terms: Terms,
    live: Index | None,
    report: Report,
) -> tuple[list[Vectors], int]:
    """Return the vectors of all translations in order, and how many of them were embedded.

    Args:
        snippets: The translations.
        passages: The encoder.
        terms: Makes the terms of texts.
        live: The version to take the vectors of unchanged translations from.
        report: Shows the progress.
    """
    known = live.snippets.content_hashes() if live else {}
    same_terms = live is not None and live.manifest.synonyms == terms.synonyms
    results: dict[int, Vectors] = {}
    fresh = []
    for number, snippet in enumerate(snippets):
        old = known.get(snippet.content_hash)
        if live and old is not None:
            fields, scales, tokens, counts = live.fields.stored(old)
            hashes = live.question_terms.stored(old) if same_terms else question_hashes(snippet, terms)
            results[number] = Vectors(fields, scales, *live.negatives.stored(old), tokens, counts, hashes)
        else:
            fresh.append(number)
    texts: list[str] = []
    asked: list[bool] = []
    for number in fresh:
        fields_of_one = (*field_texts(snippets[number]), *snippets[number].does_not_answer)
        texts += fields_of_one
        asked += [place > len(snippets[number].sentences) for place in range(len(fields_of_one))]
    report.step(f"Embedding {len(fresh)} of {len(snippets)} passages", len(fresh) + len(texts))
    wholes = [f"{snippets[number].title}{_AFTER_TITLE}{snippets[number].text}" for number in fresh]
    whole = passages.encode_passages(wholes, report.advance)
    others = passages.encode(texts, asked, report.advance)
    start = 0
    for number, passage in zip(fresh, whole, strict=True):
        snippet = snippets[number]
        end = start + 1 + len(snippet.sentences) + len(snippet.questions) + len(snippet.does_not_answer)
        exact = np.vstack([passage.vector[None], others[start:end]])
        scales = np.abs(exact).max(axis=1) / 127
        fields = np.rint(exact / scales[:, None]).astype(np.int8)
        begins = [len(snippet.title) + len(_AFTER_TITLE) + begin for begin, _ in snippet.sentences]
        sentence_of_token = np.searchsorted(begins, passage.token_offsets, side="right")
        counts = np.bincount(sentence_of_token, minlength=len(begins) + 1)
        own = len(fields) - len(snippet.does_not_answer)
        scales = scales.astype(np.float32)
        negatives, hashes = (fields[own:], scales[own:]), question_hashes(snippet, terms)
        results[number] = Vectors(fields[:own], scales[:own], *negatives, passage.tokens, counts, hashes)
        start = end
    return [results[number] for number in range(len(snippets))], len(fresh)
