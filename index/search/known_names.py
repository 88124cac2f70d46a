"""Which words are names: those of a whole knowledge, and those of a question that may have no capital letters."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.knowledge.snippet import BETWEEN_HEADINGS, Snippet
from index.text.months import is_month
from index.text.names import Name, keys, words_of
from index.text.terms import OTHER_ALPHABETS, fold

_FILE = "known-names.json"
_FREQUENT = 0.05
"""A name in a larger share of the snippets is frequent, if it is a place."""
_PLACE = 0.2
"""A name that says where something is in a larger share of the snippets that have it is a place."""
_PLACE_BEFORE = re.compile(r"\b(?:in|at|near|from|в|во|из|под)\s+$", re.IGNORECASE)
_PLACE_ENDING = re.compile(r"[дт](?:а|е|агы|еги|ан|ен)$")
_LEAST = 3
"""Letters of a name; more without a capital letter. Longer questions may be in capital letters for emphasis."""
_CONTINENTS = ("europ", "asia", "africa", "европ", "еуроп", "азия", "азиа", "африк")
"""A passage about a country may not name its continent."""
_SHOUTED = 0.7
"""Capital letters on a larger share of the words name nothing."""
_CAPITAL_NOUNS = frozenset({"de"})
"""Languages in which every noun has a capital letter. In them only countries are known to be names."""
_SHARED = 4
"""Different words may share a key of so few letters: «Алматы», «алмасу»."""


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Which words are names in a whole knowledge, and which are not, by their ``name_key``."""

    names: frozenset[str] = frozenset()
    """Words that only ever stand with a capital letter, within sentences too."""
    common: frozenset[str] = frozenset()
    """Words that also stand without one; where the key is so short that other words share it, also as they are."""
    frequent: frozenset[str] = frozenset()
    """Places in so many snippets that their absence from one says little."""
    synonyms: tuple[tuple[frozenset[str], ...], ...] = ()
    """Groups of phrases that mean the same, each phrase by its words."""

    @classmethod
    def of(cls, snippets: Iterable[Snippet], synonyms: Sequence[Sequence[str]] = ()) -> KnownNames:
        """Collect the names of ``snippets``.

        Args:
            snippets: All translations of the knowledge.
            synonyms: Groups of words and phrases that mean the same.
        """
        capital: Counter[tuple[str, str]] = Counter()
        places: Counter[str] = Counter()
        counts: Counter[str] = Counter()
        small: set[str] = set()
        for snippet in snippets:
            counts[snippet.language] += 1
            names, others, located = _read(snippet)
            capital.update((snippet.language, key) for key in names)
            places.update(located)
            small |= others
        known = frozenset({key for _, key in capital} - small)
        frequent = frozenset(
            key
            for (language, key), count in capital.items()
            if count > _FREQUENT * counts[language] and places[key] > _PLACE * count
        )
        groups = tuple(tuple(keys(phrase) for phrase in group) for group in synonyms)
        return cls(known, frozenset(small), known & frequent, groups)

    def save(self, folder: Path) -> None:
        """Write the names into the folder of a version."""
        sets = {name: sorted(getattr(self, name)) for name in ("names", "common", "frequent")}
        groups = [[sorted(phrase) for phrase in group] for group in self.synonyms]
        (folder / _FILE).write_text(json.dumps({**sets, "synonyms": groups}, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> KnownNames:
        """Read what ``save`` wrote."""
        found = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        groups = tuple(tuple(frozenset(phrase) for phrase in group) for group in found.pop("synonyms"))
        return cls(**{name: frozenset(keys) for name, keys in found.items()}, synonyms=groups)

    def held(self, key: str, asked: frozenset[str], held: frozenset[str]) -> bool:
        """Tell whether a passage holds a synonym of a phrase in the question.

        Args:
            key: The key of one word of the phrase.
            asked: The keys of the question.
            held: The keys of the passage.
        """
        return any(
            any(key in phrase and phrase <= asked for phrase in group) and any(phrase <= held for phrase in group)
            for group in self.synonyms
        )


def _read(snippet: Snippet) -> tuple[set[str], set[str], list[str]]:
    """Return the words of a snippet with a capital letter, those without, and those that say where something is."""
    names: set[str] = set()
    others: set[str] = set()
    located = []
    for text in (*_headings(snippet), snippet.text):
        for name in words_of(text):
            if name.word[0].islower():
                others.update(_common_forms(name))
            elif name.capital and snippet.language not in _CAPITAL_NOUNS and not is_month(name.word):
                names.add(name.key)
                if _is_place(text, snippet.language, name):
                    located.append(name.key)
    for question in snippet.questions:
        # Who begins with a capital letter and types others too means the small ones.
        found = list(words_of(question)) if question[0].isupper() else []
        if any(name.capital for name in found):
            others.update(form for name in found if name.word[0].islower() for form in _common_forms(name))
    return names, others, located


def _headings(snippet: Snippet) -> list[str]:
    """Return what of a title may have names: of a path of headings each one, unless all its words have capitals."""
    if snippet.sources:
        return [snippet.title]
    headings = [list(words_of(heading)) for heading in snippet.title.split(BETWEEN_HEADINGS)]
    return [
        heading
        for heading, found in zip(snippet.title.split(BETWEEN_HEADINGS), headings, strict=True)
        if sum(name.word[0].isupper() for name in found) <= _SHOUTED * len(found)
    ]


def _common_forms(name: Name) -> tuple[str, ...]:
    return (name.key,) if len(name.key) > _SHARED else (name.key, fold(name.word))


def _is_common(name: Name, known: KnownNames) -> bool:
    """Tell whether a word of a question is none of the names of the knowledge."""
    by_key = name.word[0].islower() or len(name.key) > _SHARED
    return (name.key if by_key else fold(name.word)) in known.common


def names_in(question: str, language: str, known: KnownNames) -> Iterator[Name]:
    """Yield the names in a question, whose author may have typed no capital letters, or nothing else.

    A word is a name if the knowledge has it as a name only, or if it names a country, or if it has a capital letter and
    the knowledge does not have it at all. A frequent name counts only where it is the place of something: "London" may
    stand for a government, "in London" does not.
    """
    found = list(words_of(question))
    capitals = sum(name.capital and name.word != "I" for name in found)
    shouted = capitals > _SHOUTED * len(found) and len(found) > _LEAST
    if language in _CAPITAL_NOUNS:
        found = [name for name in found if name.is_country]
    for name in found:
        if name.is_country:
            if name.word != "us":
                yield name
        elif len(name.word) >= _LEAST and not _is_common(name, known) and not is_month(name.word):
            if name.key in known.frequent:
                is_name = _is_place(question, language, name)
            elif name.key in known.names:
                is_name = not name.word[0].islower() or (not capitals and len(name.word) > _LEAST)
            else:
                stands_out = name.capital or (language in OTHER_ALPHABETS and name.is_latin)
                is_name = stands_out and not shouted and not name.is_acronym
            is_name = is_name and not name.key.startswith(_CONTINENTS)
            if is_name:
                yield name


def _is_place(text: str, language: str, name: Name) -> bool:
    """Tell whether a word says where something is, by a preposition or a Kazakh ending."""
    if language == "kk":
        return _PLACE_ENDING.search(fold(name.word)) is not None
    return _PLACE_BEFORE.search(text, max(0, name.start - 6), name.start) is not None


def tells_place(sentence: str, language: str) -> bool:
    """Tell whether a sentence says where something is: it names a place, and does not begin with its name."""
    return any(
        name.capital and not is_month(name.word) and _is_place(sentence, language, name) for name in words_of(sentence)
    )
