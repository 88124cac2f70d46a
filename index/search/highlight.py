"""Choose the one sentence of a passage that answers a question."""

from __future__ import annotations

import re
from collections.abc import Sequence

# What kind of thing a question asks for, by its question words, and what a sentence that names such a thing looks like.
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
"""What a sentence that names the wanted kind of thing looks like, any of them."""


def wanted_kinds(question: str) -> Kinds:
    """Return the patterns of what ``question`` asks for: dates, quantities or names; none where it gives no cue."""
    for cue, kinds in _CUES:
        if cue.search(question):
            return kinds
    return ()


# Fitted on public passages with known answer sentences, by the same method as the score's weights.
_SIMILARITY, _STEMS, _GRAMS, _CUE = 1.0, 0.9, 0.6, 0.12


def best_sentence(
    wanted: Kinds,
    sentences: Sequence[str],
    similarity: Sequence[float],
    stems: Sequence[float],
    grams: Sequence[float],
) -> int:
    """Return the number of the sentence that answers best, by how each compares with the question."""

    def worth(number: int) -> float:
        cue = _CUE if any(kind.search(sentences[number]) for kind in wanted) else 0.0
        return _SIMILARITY * similarity[number] + _STEMS * stems[number] + _GRAMS * grams[number] + cue

    return max(range(len(sentences)), key=worth)
