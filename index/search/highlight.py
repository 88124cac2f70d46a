"""Choose the sentence of a snippet that answers a question, and the example question nearest to it."""

from __future__ import annotations

import re

from index.knowledge.snippet import Snippet
from index.search.scoring import Features

# What a sentence looks like that names a quantity, a date, a person or a place, or a sum of money.
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|million|billion|half|dozen"
    r"|два|две|двух|три|тр[её]х|четыре|четыр[её]х|пять|пяти|шесть|шести|семь|семи|восемь|восьми|девять|девяти|десять|десяти"
    r"|сто|екі|үш|төрт|бес|алты|жеті|сегіз|тоғыз|он|жүз|мың|жарты)\b|\b(?:тысяч|миллион|миллиард|половин)",
    re.I,
)
_YEAR = re.compile(r"\b(?:1\d{3}|20\d{2})\b|\b\d{1,2}(?:st|nd|rd|th) centur", re.I)
_MONTH = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\b(?:январ|феврал|март|апрел|мая|май|июн|июл|август|"
    r"сентябр|октябр|ноябр|декабр)|(?:қаңтар|ақпан|наурыз|сәуір|мамыр|маусым|шілде|тамыз|қыркүйек|қазан|қараша|желтоқсан)",
    re.I,
)
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-ZА-ЯӘҒҚҢӨҰҮҺІЁ][\w’'-]+")
_MONEY = re.compile(r"[$€£₸]|\b(?:dollar|pound|euro|tenge|percent|per cent|доллар|фунт|евро|тенге|теңге)|%", re.I)

# Question words that ask for such a thing.
_ASKS_WHEN = re.compile(
    r"\b(?:when|since when|how long ago|(?:what|which) (?:year|date|month|day|century|time)|когда|како(?:й|м|го) год"
    r"|қашан|қай жылы)",
    re.IGNORECASE,
)
_ASKS_HOW_MANY = re.compile(
    r"\b(?:how (?:many|much|big|large|long|far|old|tall|high|fast|often)|what (?:percent|share|number|amount|size)"
    r"|number of|сколько|как много|какая доля|қанша|неше)",
    re.IGNORECASE,
)
_ASKS_WHO_OR_WHERE = re.compile(
    r"\b(?:who|whom|whose|where|which (?:person|minister|company|country)"
    r"|what (?:person|company|country|city|organi[sz]ation)|кто|кого|кем|где|куда|кім|қайда)\b",
    re.IGNORECASE,
)
_CUES = ((_ASKS_WHEN, (_YEAR, _MONTH)), (_ASKS_HOW_MANY, (_NUMBER, _MONEY)), (_ASKS_WHO_OR_WHERE, (_NAME,)))

Kinds = tuple[re.Pattern[str], ...]
"""Patterns of what a question asks for; a sentence fits when one of them is found in it."""

# Fitted on public passages with known answer sentences, by the same method as the weights of the score.
_SIMILARITY, _STEMS, _GRAMS, _CUE = 1.0, 0.9, 0.6, 0.12


def wanted_kinds(question: str) -> Kinds:
    """Return the patterns of what ``question`` asks for: dates, quantities or names; none where it gives no cue."""
    for cue, kinds in _CUES:
        if cue.search(question):
            return kinds
    return ()


def best_sentence(snippet: Snippet, features: Features, position: int, wanted: Kinds) -> int:
    """Return the number of the sentence that answers best.

    Args:
        snippet: The translation to choose from.
        features: How several translations compare with the question.
        position: Where the translation stands in ``features``.
        wanted: What the question asks for.
    """
    if len(snippet.sentences) == 1:
        return 0
    fields = features.sentences(position)
    similarity, stems, grams = features.similarity[fields], features.stems[fields], features.grams[fields]

    def worth(number: int) -> float:
        sentence = snippet.text[slice(*snippet.sentences[number])]
        cue = _CUE if any(kind.search(sentence) for kind in wanted) else 0.0
        return float(_SIMILARITY * float(similarity[number]) + _STEMS * stems[number] + _GRAMS * grams[number] + cue)

    return max(range(len(snippet.sentences)), key=worth)


def nearest_question(snippet: Snippet, features: Features, position: int) -> str | None:
    """Return the example question of a translation that is nearest to what was asked, if it has any."""
    if not snippet.questions:
        return None
    fields = features.questions(position)
    similarity: list[float] = features.similarity[fields].tolist()
    return snippet.questions[similarity.index(max(similarity))]
