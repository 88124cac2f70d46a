"""The facts that a snippet states in any of its translations, collected once, when they are asked for."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache

from index.knowledge.snippet import Snippet
from index.search.known_names import KnownNames
from index.search.roles import Direction, directions
from index.search.successions import Succession, successions
from index.text.codes import codes
from index.text.dates import DateFound, DateStated, dates_found, iso_date
from index.text.folded import folded
from index.text.names import keys, short_keys
from index.text.negation import denies
from index.text.quantities import Ordinal, Quantity, ordinals, quantities

_DIGITS = re.compile(r"\d+")
_ROMAN = " I II III IV V VI VII VIII IX X".split(" ")
Found = DateFound | Quantity | Ordinal


class PassageFacts:
    """What a snippet holds in all its translations, collected when it is asked for."""

    def __init__(self, translations: Sequence[Snippet]) -> None:
        self._translations = translations
        self.texts = [(text, snippet.language) for snippet in translations for text in (snippet.title, snippet.text)]
        """Titles and texts, each with its language."""

    @cached_property
    def dates(self) -> frozenset[DateStated]:
        """The dates in the texts and in the front matter."""
        stated = {found.stated for text, _ in self.texts for found in dates_found(text)}
        for snippet in self._translations:
            stated.update(iso_date(text) for text in (snippet.as_of, snippet.valid_until) if text)
        return frozenset(stated)

    @cached_property
    def quantities(self) -> list[Quantity]:
        """The quantities in the texts."""
        return [quantity for text, _ in self.texts for quantity in quantities(text)]

    @cached_property
    def digits(self) -> frozenset[float]:
        """The numbers written in digits anywhere, names included, and those of up to ten in Roman ones."""
        texts = " ".join(text for text, _ in self.texts)
        roman = {float(_ROMAN.index(word)) for word in texts.split() if word in _ROMAN}
        return frozenset(map(float, _DIGITS.findall(texts))) | roman

    @cached_property
    def codes(self) -> frozenset[str]:
        """The codes of letters and digits in the texts and example questions."""
        asked = (question for snippet in self._translations for question in snippet.questions)
        return frozenset[str]().union(*map(codes, (*(text for text, _ in self.texts), *asked)))

    @cached_property
    def ordinals(self) -> list[Ordinal]:
        """The ordinals in the texts."""
        return [ordinal for text, _ in self.texts for ordinal in ordinals(text)]

    @cached_property
    def quoted_keys(self) -> frozenset[str]:
        """The keys of all words that may be names, in what an answer shows."""
        texts = [text for text, _ in self.texts]
        for snippet in self._translations:
            texts += [
                *snippet.speakers,
                *(name for source in snippet.sources for name in (source.publisher, source.title)),
            ]
        return frozenset[str]().union(*map(keys, texts))

    @cached_property
    def keys(self) -> frozenset[str]:
        """The same with the example questions: readers use the names in them."""
        asked = (question for snippet in self._translations for question in snippet.questions)
        return self.quoted_keys.union(*map(keys, asked))

    @cached_property
    def short_keys(self) -> frozenset[str]:
        """The short keys of the words with a capital letter in the texts."""
        return frozenset[str]().union(*(short_keys(text) for text, _ in self.texts))

    @cached_property
    def denies(self) -> bool:
        """Whether a text says of anything that it is not so."""
        return any(denies(text, language) for text, language in self.texts)

    @cached_property
    def directions(self) -> frozenset[Direction]:
        """Which things of which countries are in which others."""
        return frozenset[Direction]().union(*(directions(text, language) for text, language in self.texts))

    def successions(self, known: KnownNames) -> frozenset[Succession]:
        """Return who follows whom; few ask, so this is not kept."""
        return frozenset(pair for text, language in self.texts for pair in successions(text, language, known))

    def instead(self, read: Callable[[str], Sequence[Found]], fits: Callable[[Found], bool]) -> str | None:
        """Return the words of the one thing of its kind in the translation that is shown.

        Args:
            read: Finds the things of a kind in a text.
            fits: Tells which of them may stand for what was asked.
        """
        for text, _ in self.texts[:2]:
            found = {folded(text).words(item.start, item.end) for item in read(text) if fits(item)}
            if len(found) == 1:
                return found.pop()
        return None


class _Same:
    """Translations that are equal only to themselves, which is quicker to tell than whether two texts are equal."""

    def __init__(self, snippets: tuple[Snippet, ...]) -> None:
        self.snippets = snippets

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.snippets)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and all(map(operator.is_, self.snippets, other.snippets))


@lru_cache(maxsize=512)
def _facts(translations: _Same) -> PassageFacts:
    return PassageFacts(translations.snippets)


def passage_facts(translations: Sequence[Snippet]) -> PassageFacts:
    """Return the facts of a snippet, the same object for the same translations while it is remembered."""
    return _facts(_Same(tuple(translations)))
