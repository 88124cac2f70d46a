"""What kind of thing a question asks for, and whether a snippet or a sentence has such a thing.

"How old is the ambassador?" asks for a duration. A snippet that tells who the ambassador is, and of whom nobody asks
the age, does not answer it, however many words both share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache

from index.text.terms import fold


class Wanted(StrEnum):
    """A kind of thing that questions ask for."""

    DATE = "date"
    DURATION = "duration"
    """A time span or an age."""
    MONEY = "money"
    SHARE = "share"
    """A part of a whole, such as a percentage."""
    COUNT = "count"
    """A number of things, or an amount."""
    PERSON = "person"
    PLACE = "place"
    REASON = "reason"
    CONTACT = "contact"
    """A telephone number, an address or a page on the web."""


def _any_of(*patterns: str) -> re.Pattern[str]:
    """Compile patterns of small letters; matching small letters takes half as long as ignoring case."""
    return re.compile("|".join(patterns))


def _any_folded(*patterns: str) -> re.Pattern[str]:
    """Return a pattern for folded text, so that Kazakh typed without its own letters is found too.

    The patterns hold no class named by a capital letter, which folding would change.
    """
    return re.compile(fold("|".join(patterns)))


# The words that ask for it, in English, Russian and Kazakh.
_ASKS = {
    Wanted.DATE: _any_folded(
        r"\bwhen\b(?! it comes)|\b(?:what|which|wich) (?:year|date|month|day)\b|\b(?:date|year) of\b",
        r"\bкогда\b(?! (?:сказал|говорил))|\bв како[мй] (?:году|месяце)|\bкакого (?:числа|года)\b|\bдата\b",
        r"қашан|\bкашан|қай (?:жыл|күн|ай)|\bкай (?:жыл|кун)",
    ),
    Wanted.DURATION: _any_folded(
        r"\b(?:how (?:long|old)|for what (?:term|period))\b(?! ago)|\bage of\b",
        r"\b(?:how many|number of) (?:years|months|weeks|days|hours)\b",
        r"\bкакой срок\b|\bкак долго\b|\bвозраст",
        r"\bсколько (?:ему |ей |им )?(?:лет|месяцев|недель|дней|часов|времени)\b",
        r"(?:қанша|неше|канша) (?:жыл|ай|апта|күн|кун|сағат|уақыт|жаста)|\bнешеде|\bжасы",
    ),
    Wanted.MONEY: _any_folded(
        r"\bhow much\b(?=.*\b(?:pa(?:y|ys|id)|costs?|worth|money|cash|earn|invest|spen[dt]|charge|g[ia]ve|dollars?|"
        r"pounds?|tenge))|\b(?:prices?|costs?|salar(?:y|ies)|wages?|fees?|budget|income|revenue|profit)\b",
        r"\b(?:цен[аыу]|стоит|стоил[аи]?|стоимость|зарплат\w*|бюджет\w*|доход\w*|выручк\w*|прибыль)\b",
        r"\bсколько (?:денег|платят|заплатил\w*|получает|зарабатывает)",
        r"баға|\bбага|құны|айлы[қк]|жалақы|ақша",
    ),
    Wanted.SHARE: _any_folded(
        r"\b(?:per ?cent|percentage|share of|stake|proportion)\b",
        r"\bwhat (?:share|part)\b|\b(?:which|how (?:big|large) an?) share\b",
        r"\bпроцент|\bдол[яиюе]\b|\bдолей\b|\bпакет\w* акций",
        r"пайыз|үлес",
    ),
    Wanted.COUNT: _any_folded(
        r"\bhow (?:many|much|big|large|far|tall|high|often|fast|deep)\b",
        r"\b(?:number|amount|quantity|capacity|size) of\b",
        r"\bсколько\b|\b(?:количество|объ[её]м|численность|мощность)\b",
        r"қанша|\bканша|неше|\bсаны\b|көлем",
    ),
    Wanted.PERSON: _any_folded(
        r"\b(?:who|whom|who['’]?s|whose)\b|\bname of the\b",
        r"\b(?:кто|кого|кем|кому|чь[яиюе]\w*|чей)\b",
        r"\bкім|\bким(?:дер|ге)?\b",
    ),
    Wanted.PLACE: _any_folded(
        r"\bwhere\b|\b(?:which|what) (?:city|town|country|region|place|area)\b",
        r"\b(?:где|куда|откуда)\b|\bв како[мй] (?:город|стран|област|регион|мест)",
        r"қай(?:да|ға)|\bкайда|қай (?:қала|жер|ел|облыс|аймақ)|\bкай (?:кала|жер|ел|облыс)|қандай қала",
    ),
    Wanted.REASON: _any_folded(
        r"\bwhy\b|\bhow come\b|\breasons?\b",
        r"\b(?:почему|зачем|отчего|причин\w*)\b",
        r"\bнеге\b|не үшін|неліктен|себеб",
    ),
    Wanted.CONTACT: _any_folded(
        r"\b(?:phone|telephone|e-?mail|address|website|hotline)\b",
        r"\b(?:телефон|адрес|сайт|контакт)",
        r"мекенжай",
    ),
}
_NARROWER = frozenset({Wanted.DURATION, Wanted.MONEY, Wanted.SHARE})
"""A question that asks for one of these asks for no other count."""

_NUMBER_WORDS = (
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|million|billion|half|dozen|first|second)\b",
    r"\b(?:дв[ае]|двух|три|тр[её]х|четыр|пят|шест|сем[ьи]|восем|восьми|девят|десят|сто|тысяч|миллион|миллиард|половин)",
    r"\b(?:екі|үш|төрт|бес|алты|жеті|сегіз|тоғыз|он|жүз|мың|жарты)\b",
)
# What a text looks like that has it, where that can be told.
_HAS = {
    Wanted.DATE: _any_of(r"\b(?:1\d{3}|20\d{2})\b"),
    Wanted.DURATION: _any_of(
        r"\b(?:years?|months?|weeks?|days?|decades?)\b",
        r"\b(?:лет|год|месяц|недел|дн[еяй]|десятилет)",
        r"\b(?:жыл|ай|апта|күн)",
    ),
    Wanted.MONEY: _any_of(r"[$€£₸]|\b(?:dollar|pound|euro|tenge|usd|gbp)|доллар|фунт|евро|тенге|теңге"),
    Wanted.SHARE: _any_of(
        r"%|\bper ?cent|процент|пайыз",
        r"\b(?:half|third|quarter)|половин|треть|четверт|жарты|үштен",
        r"\b\d+ (?:of|out of|из)\b",
    ),
    Wanted.COUNT: _any_of(r"\d", *_NUMBER_WORDS),
}

_YEAR = r"(?:1[5-9]|20)\d\d\b(?![.,]\d|[ \u00a0\u202f]\d{3})"
_SMALL_NUMBER = (
    r"(?:(?<![\d.,])\d{1,3}(?:[.,]\d+)?[- \u00a0]?"
    r"|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|several|half an?"
    r"|дв[ае]|двух|три|тр[её]х|четыр\w+|пят\w+|шест\w+|сем\w+|вос\w+|девят\w+|десят\w+|несколько"
    r"|бір|екі|үш|төрт|бес|алты|жеті|сегіз|тоғыз|он|бірнеше)[- \u00a0])"
)
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-ZА-ЯӘҒҚҢӨҰҮҺІЁ][\w’'-]+")
# What a sentence looks like that answers. It must show the thing more plainly than a whole snippet: most sentences have
# a year, which is no count, and "this year" is no duration.
_SHOWS = {
    **_HAS,
    Wanted.DATE: _any_of(
        r"\b(?:1\d{3}|20\d{2})\b|\b\d{1,2}(?:st|nd|rd|th) centur",
        r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b",
        r"\b(?:январ|феврал|март|апрел|ма[йя]\b|июн|июл|август|сентябр|октябр|ноябр|декабр)",
        r"қаңтар|ақпан|наурыз|сәуір|мамыр|маусым|шілде|тамыз|қыркүйек|қазан|қараша|желтоқсан",
    ),
    Wanted.DURATION: _any_of(
        _SMALL_NUMBER + r"(?:years?|months?|weeks?|days?|hours?|minutes?|decades?|centur)",
        _SMALL_NUMBER + r"(?:лет|год|месяц|недел|дн[еяй]|сут|час(?:а|ов)?\b|минут|десятилет|век)",
        _SMALL_NUMBER + r"(?:жыл(?!ғы|дың|ы )|ай|апта|күн|сағат|минут|ғасыр)",
    ),
    Wanted.COUNT: _any_of(rf"(?<![\w.,])(?!{_YEAR})\d", *_NUMBER_WORDS),
}
_NAMED = frozenset({Wanted.PERSON, Wanted.PLACE})
_ASKS_NEWEST = _any_of(
    r"\b(?:now|nowadays|current(?:ly)?|latest|newest|today|most recent(?:ly)?|at present|at the moment)\b",
    r"\b(?:сейчас|теперь|ныне|нынешн\w+|текущ\w+|сегодня|последн(?:ий|яя|ее|ие|юю|его|ей|их))\b|\bновейш",
    r"қазір|бүгін|соңғы|\bказир",
)


@lru_cache(maxsize=16_384)
def wanted(question: str) -> frozenset[Wanted]:
    """Return the kinds of things that ``question`` asks for."""
    folded = fold(question)
    found = frozenset(kind for kind, asks in _ASKS.items() if asks.search(folded))
    return found - {Wanted.COUNT} if found & _NARROWER else found


@lru_cache(maxsize=16_384)
def wants_newest(question: str) -> bool:
    """Tell whether ``question`` asks for the state of today: the current holder, the latest figure."""
    return bool(_ASKS_NEWEST.search(question.lower()))


@lru_cache(maxsize=16_384)
def shows(sentence: str, kinds: frozenset[Wanted]) -> bool:
    """Tell whether ``sentence`` names a thing of one of these kinds; false for those that cannot be told."""
    if kinds & _NAMED and _NAME.search(sentence):
        return True
    values = [_SHOWS[kind] for kind in kinds if kind in _SHOWS]
    small = sentence.lower() if values else ""
    return any(value.search(small) for value in values)


def held(texts: Iterable[str]) -> frozenset[Wanted]:
    """Return the kinds that can be told from a text and that one of ``texts`` has, and all that cannot be told."""
    whole = "\n".join(texts).lower()
    return frozenset(kind for kind in Wanted if kind not in _HAS or _HAS[kind].search(whole))


def unmet(
    question: frozenset[Wanted], has: frozenset[Wanted], asked_of_it: Mapping[Wanted, int] | None
) -> frozenset[Wanted]:
    """Return what ``question`` asks for that a snippet does not have, or that nobody asks of it.

    Args:
        question: What the question asks for.
        has: What the snippet has.
        asked_of_it: How many of its example questions ask for each kind; ``None`` where it has no example questions.
    """
    return frozenset(
        kind for kind in question if kind not in has or (asked_of_it is not None and not asked_of_it.get(kind))
    )
