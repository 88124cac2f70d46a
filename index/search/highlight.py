"""Choose the sentence of a snippet that answers a question, and the example question nearest to it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.knowledge.snippet import Snippet
from index.search.scoring import Features
from index.search.wanted import Wanted, shows, wanted, wants_newest

_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
# What a sentence looks like that is about sources and figures instead of the subject, and a question that wants it.
_REMARK = re.compile(
    r"\b(?:figures? (?:var|diff)|differs?\b|disagree|reports (?:var|diff)|interview|comes? from|based on figures"
    r"|(?:do|does|did|was|were|is|are|has|have) not (?:name|state|publish|give|disclose|say|said)"
    r"|расход|различа|интервью|не (?:назва|сообща|указа|раскры|уточн|называ)"
    r"|сұхбат|әртүрлі|әр түрлі|айырмашылығ|аталма|айтылма|көрсетілме)",
    re.IGNORECASE,
)
_ASKS_ABOUT_SOURCES = re.compile(
    r"\b(?:sources?|report|publish|according|article|источник|сообщ|опублик|стать|дерек|мақала|хабар)", re.IGNORECASE
)

# The first three fitted on public passages with known answer sentences, by the same method as the weights of the score;
# the others chosen where no language loses on the passages of an encyclopaedia and of the shipped knowledge.
_SIMILARITY, _STEMS, _GRAMS = 1.0, 0.9, 0.6
_SHOWN = 0.16
"""For a sentence that has what is asked for."""
_LEAD = 0.06
"""For the first sentence: passages begin with what matters most."""
_REMARKED = -0.05
"""For a remark about sources."""
_NEWEST, _NEWEST_ASKED = 0.02, 0.1
"""For the latest year among the sentences that have what is asked for; the second where the question asks for today."""


@dataclass(frozen=True, slots=True)
class Cues:
    """What the words of a question tell about the sentence that answers it."""

    kinds: frozenset[Wanted]
    newest: float
    """What the latest year is worth."""
    remark: float
    """What a remark about sources is worth."""

    @classmethod
    def of(cls, question: str) -> Cues:
        """Read the cues of ``question``."""
        newest = _NEWEST_ASKED if wants_newest(question) else _NEWEST
        about_sources = _REMARK.search(question) or _ASKS_ABOUT_SOURCES.search(question)
        return cls(
            wanted(question),
            0.0 if _YEAR.search(question) else newest,
            0.0 if about_sources else _REMARKED,
        )


def best_sentence(snippet: Snippet, features: Features, position: int, cues: Cues) -> int:
    """Return the number of the sentence that answers best.

    Args:
        snippet: The translation to choose from.
        features: How several translations compare with the question.
        position: Where the translation stands in ``features``.
        cues: What the question's words tell about the sentence.
    """
    if len(snippet.sentences) == 1:
        return 0
    fields = features.sentences(position)
    alike = (
        _SIMILARITY * features.similarity[fields] + _STEMS * features.stems[fields] + _GRAMS * features.grams[fields]
    )
    apt = aptness([snippet.text[start:end] for start, end in snippet.sentences], cues)
    worth = [float(resemblance) + more for resemblance, more in zip(alike, apt, strict=True)]
    return worth.index(max(worth))


def aptness(sentences: list[str], cues: Cues) -> list[float]:
    """Return what each of the sentences of a snippet is worth by its form and place, whatever it is about."""
    shown = [shows(sentence, cues.kinds) for sentence in sentences]
    worth = [
        _SHOWN * has + (cues.remark if cues.remark and _REMARK.search(sentence) else 0.0)
        for has, sentence in zip(shown, sentences, strict=True)
    ]
    worth[0] += _LEAD
    if cues.newest:
        able = shown if any(shown) else [True] * len(sentences)
        years = [_latest_year(sentence) if has else 0 for has, sentence in zip(able, sentences, strict=True)]
        if latest := max(years):
            worth = [value + cues.newest * (year == latest) for value, year in zip(worth, years, strict=True)]
    return worth


def nearest_question(snippet: Snippet, features: Features, position: int) -> str | None:
    """Return the example question of a translation that is nearest to what was asked, if it has any."""
    if not snippet.questions:
        return None
    fields = features.questions(position)
    similarity: list[float] = features.similarity[fields].tolist()
    return snippet.questions[similarity.index(max(similarity))]


def _latest_year(sentence: str) -> int:
    return max(map(int, _YEAR.findall(sentence)), default=0)
