"""Choose the sentence of a snippet that answers a question, and the example question nearest to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from index.knowledge.snippet import Snippet
from index.search.scoring import Features
from index.search.wanted import Wanted, shows, wanted, wants_newest

_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
# What a sentence looks like that is about sources and figures instead of the subject, and a question that wants it.
_REMARK = re.compile(
    r"\b(?:figures? (?:var|diff)|differs?\b|disagree|reports (?:var|diff)|interview|based on figures"
    r"|(?:do|does|did|was|were|is|are|has|have) not (?:name|state|publish|give|disclose|say|said)"
    r"|расход(?:ится|ятся)|различа|интервью|не (?:назва|сообща|указа|раскры|уточн|называ)"
    r"|сұхбат|әртүрлі|әр түрлі|айырмашылығ|аталма|айтылма|көрсетілме)"
)
_ASKS_ABOUT_SOURCES = re.compile(
    r"\b(?:sources?|report|publish|according|article|источник|сообщ|опублик|стать|дерек|мақала|хабар)"
)

# The first three fitted on public passages with known answer sentences, by the same method as the weights of the score;
# the others are small round numbers: a larger lead helps short curated passages and harms those of an encyclopaedia.
_SIMILARITY, _STEMS, _GRAMS = 1.0, 0.9, 0.6
_SHOWN = 0.16
"""For a sentence that has what is asked for."""
_LEAD = 0.06
"""For the first sentence: passages begin with what matters most."""
_REMARKED = -0.05
"""For a remark about sources."""
_NEWEST, _NEWEST_ASKED = 0.02, 0.1
"""For the latest year among the sentences that have what is asked for; the second where the question asks for today."""

_REACH = _SHOWN + _LEAD - _REMARKED + _NEWEST_ASKED
"""A sentence that resembles the question less than another by more than this is not chosen, whatever its form."""
_CACHED = 4096


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
        small = question.lower()
        about_sources = _REMARK.search(small) or _ASKS_ABOUT_SOURCES.search(small)
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
    ).tolist()
    least = max(alike) - _REACH
    near = [number for number, resemblance in enumerate(alike) if resemblance >= least]
    apt = _aptness({number: snippet.text[slice(*snippet.sentences[number])] for number in near}, cues)
    return max(near, key=lambda number: float(alike[number] + apt[number]))


def _aptness(sentences: dict[int, str], cues: Cues) -> dict[int, float]:
    """Return what sentences of one snippet, by number, are worth by their form and place, whatever they are about."""
    shown = {number for number, sentence in sentences.items() if shows(sentence, cues.kinds)}
    worth = {
        number: _SHOWN * (number in shown)
        + _LEAD * (number == 0)
        + (cues.remark if cues.remark and _is_remark(sentence) else 0.0)
        for number, sentence in sentences.items()
    }
    if cues.newest:
        years = {number: _latest_year(sentences[number]) for number in shown or sentences}
        latest = max(years.values())
        for number, year in years.items():
            worth[number] += cues.newest * (year == latest > 0)
    return worth


def nearest_question(snippet: Snippet, features: Features, position: int) -> str | None:
    """Return the example question of a translation that is nearest to what was asked, if it has any."""
    if not snippet.questions:
        return None
    fields = features.questions(position)
    similarity: list[float] = features.similarity[fields].tolist()
    return snippet.questions[similarity.index(max(similarity))]


@lru_cache(maxsize=_CACHED)
def _is_remark(sentence: str) -> bool:
    return bool(_REMARK.search(sentence.lower()))


@lru_cache(maxsize=_CACHED)
def _latest_year(sentence: str) -> int:
    return max(map(int, _YEAR.findall(sentence)), default=0)
