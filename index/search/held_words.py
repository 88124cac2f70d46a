"""How much of what a few words say a snippet holds: whether a follow-up is about the passage that was found for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from index.knowledge.snippet import Snippet
from index.search.lexical_index import LexicalIndex
from index.search.passage_facts import passage_facts
from index.text.names import keys, name_key
from index.text.terms import Terms, term_hash, words


class HeldWords:
    """Looks up words in single snippets, with the weights of one index.

    Args:
        terms: Makes the terms of words.
        lexical: Knows what each term weighs.
    """

    def __init__(self, terms: Terms, lexical: LexicalIndex) -> None:
        self._terms = terms
        self._lexical = lexical

    def share(self, text: str, language: str, translations: Sequence[Snippet]) -> float:
        """Return the share of the weight of ``text`` in words that a snippet holds in any of its translations.

        The example questions count: with their words people ask for what the snippet says.

        Args:
            text: A few words.
            language: Their language.
            translations: The snippet in all its languages.
        """
        stems = set[str]().union(
            *(
                self._terms.stems("\n".join([s.title, s.text, *s.speakers, *s.questions]), s.language)
                for s in translations
            )
        )
        return self._share(text, language, stems, passage_facts(translations).keys)

    def shared(self, text: str, other: str, language: str) -> float:
        """Return the share of the weight of ``text`` in words that ``other``, in the same language, holds."""
        return self._share(text, language, self._terms.stems(other, language), keys(other))

    def by_sentence(self, text: str, language: str, snippet: Snippet) -> list[float]:
        """Return the share of the weight of ``text`` in words that each sentence of a translation holds."""
        sentences = [snippet.text[slice(*span)] for span in snippet.sentences]
        return [
            self._share(text, language, self._terms.stems(sentence, snippet.language), keys(sentence))
            for sentence in sentences
        ]

    def _share(self, text: str, language: str, stems: Collection[str], names: Collection[str]) -> float:
        terms, found = self._terms.question_stems(text, language), words(text)
        if not terms:
            return 0.0
        # A synonym of several words is one term; then no word has a term of its own to weigh.
        own = [name_key(word) for word in found] if len(found) == len(terms) else [""] * len(terms)
        weights = self._lexical.idf_of(np.array([term_hash(term) for term in terms], np.int64))
        held = np.array([term in stems or name in names for term, name in zip(terms, own, strict=True)])
        return float(weights[held].sum() / weights.sum())
