"""Read the quantities and ordinals that a text states, in English, Russian and Kazakh."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from index.text.dates import dates_found
from index.text.folded import beginnings_of, folded, overlaps

_CACHE = 1024


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit: ``55 billion tonnes``, ``8%``, ``three companies``."""

    value: float
    unit: str
    """``%``, a currency, a kind of measure, or the stem of the noun that is counted; empty where there is none."""
    measured: bool
    """Whether the unit is a measure, not a noun."""
    exact: bool
    """Whether no word such as "about" stands before it."""
    digits: int
    """Significant digits; 0 where the number is a word."""
    start: int
    end: int

    def equals(self, other: Quantity) -> bool:
        """Tell whether ``other``, which is stated as a fact, is what this quantity means.

        A rounded number means what rounds to it, if it has two significant digits or more.
        """
        if self.measured and other.measured and self.unit != other.unit:
            return False
        if math.isclose(self.value, other.value):
            return True
        if not self.exact:
            return abs(self.value - other.value) <= _TOLERANCE * abs(other.value)
        return self.digits > 1 and math.isclose(self.value, float(f"{other.value:.{self.digits - 1}e}"))


_TOLERANCE = 0.15

# All patterns are for folded text.
_MAGNITUDES = {
    "thousand": 1e3, "тыс": 1e3, "тысяч": 1e3, "мын": 1e3, "million": 1e6, "mln": 1e6, "m": 1e6, "млн": 1e6,
    "миллион": 1e6, "billion": 1e9, "bn": 1e9, "млрд": 1e9, "миллиард": 1e9, "trillion": 1e12, "трлн": 1e12,
    "триллион": 1e12,
}  # fmt: skip
_MAGNITUDE = (
    r"thousand|тысяч|тыс|мын|million|mln|m(?![^\W\d_])|млн|миллион|billion|bn|млрд|миллиард|trillion|трлн|триллион"
)
_MEASURES = (
    ("%", r"%|per ?cent|процент|пайыз"),
    ("$", r"\$|us dollar|dollar|usd|доллар"),
    ("£", r"£|pound|gbp|фунт|стерлинг"),
    ("€", r"€|euro|eur\b|евро|еуро"),
    ("₸", r"₸|tenge|kzt|тенге"),
    ("tonne", r"tonn|tons?\b|t\b|тонн|т\b"),
    ("kg", r"kg\b|kilogram|кг\b|килограм"),
    ("km", r"km\b|kilomet|км\b|километр|шакырым"),
    ("m", r"met(?:re|er)s?\b|метр"),
    ("year", r"years?\b|года?\b|лет\b|жыл"),
    ("month", r"months?\b|месяц|ай(?:да|дан|га)?\b"),
    ("day", r"days?\b|дн(?:я|ей)\b|день\b|кун(?:нен|ге)?\b"),
)
_MEASURE = re.compile("|".join(f"(?P<u{place}>{pattern})" for place, (_, pattern) in enumerate(_MEASURES)))
_WORD_VALUES: dict[str, int] = {}
for _value, _forms in (
    (2, "two both два две двух двум двумя оба обе еки екеуи"),
    (3, "three три трех трем тремя уш ушеуи"),
    (4, "four четыре четырех четырьмя торт тортеуи"),
    (5, "five пять пяти пятью бес бесеуи"),
    (6, "six шесть шести алты алтауы"),
    (7, "seven семь семи жети жетеуи"),
    (8, "eight восемь восьми сегиз сегизи"),
    (9, "nine девять девяти тогыз"),
    (10, "ten десять десяти"),
    (11, "eleven одиннадцать одиннадцати"),
    (12, "twelve двенадцать двенадцати"),
    (20, "twenty двадцать двадцати жиырма"),
):
    _WORD_VALUES |= dict.fromkeys(_forms.split(), _value)
_NUMBER = re.compile(
    r"(?P<before>[$£€₸]\s?)?(?<![\w.,-])(?P<digits>\d{1,3}(?:[ ,]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)"
    rf"(?:[\s-]*(?P<magnitude>{_MAGNITUDE})[а-я]{{0,4}}\b\.?)?"
    rf"|\b(?P<word>{'|'.join(sorted(_WORD_VALUES, key=len, reverse=True))})\b"
)
# A decade, or a number in front of letters that are no unit.
_IS_PART = re.compile(r"-?(?:е|х|ые|ых|['’]?s)\b|-[а-я]{2,4} жылдар|\s(?:жылдар|годах|годы)|[^\W\d_]")
_GROUPS = re.compile(r"[ ,](?=\d{3}(?!\d))")
_NEAR = re.compile(r"[\s-]*(?:of |us )?")
_LIST_NUMBER = re.compile(r"\s*\d{1,2}\s*[.)]\s")
_CASE_ENDING = re.compile(r"-?(?:ти|и|х|м|ю|мя|га|ге|ка|ке|нан|нен|дан|ден|тан|тен|нын|нин|дын|дин|тын|тин|ы|и|и)\b")
_APPROXIMATELY = re.compile(
    r"(?:about|around|roughly|nearly|almost|approximately|some|over|under|(?:more|less|fewer) than|at least|up to"
    r"|около|примерно|почти|более|больше|свыше|менее|меньше|порядка|до|шамамен|жуык)\s*[$£€₸]?\s*$"
)
_OR_SO = re.compile(r"\s*(?:-[а-я]{2,3}\s)?\s*(?:астам|жуык|шамасында)|\s?\+")
# "Name three minerals" says how long the answer shall be.
_REQUEST = re.compile(r"\b(?:top|name|list|give|any|best|топ|назови\w*|перечисли\w*|атап)[ -](?:me |us |the |мне )?$")
_NOUN = re.compile(r"[\s-]*(?:of (?:the )?|из )?([^\W\d_]{3,})")
# Letters of a noun that stay in all its forms, roughly.
_STEM = 5

_ORDINAL_WORDS: dict[int, str] = {
    1: r"first|перв(?:ый|ая|ое|ого|ой|ому|ом|ым|ую|ые|ых|ыми)|биринши|алгашкы|тунгыш",
    2: r"second(?! ?s\b|-?hand)|втор(?:ой|ая|ое|ого|ому|ом|ым|ую|ые|ых|ыми)|екинши",
    3: r"third(?!s)|трет(?:ий|ья|ье|ьего|ьей|ьему|ьем|ьим|ью|ьи|ьих)(?! част)|ушинши",
    4: r"fourth|четверт(?:ый|ая|ое|ого|ой|ому|ом|ым|ую|ые|ых)|тортинши",
    5: r"fifth|пят(?:ый|ая|ое|ого|ой|ому|ом|ым|ую|ые|ых)|бесинши",
    6: r"sixth|шест(?:ой|ая|ое|ого|ому|ом|ым|ую|ые|ых)|алтыншы",
    7: r"seventh|седьм(?:ой|ая|ое|ого|ому|ом|ым|ую|ые|ых)|жетинши",
    8: r"eighth|восьм(?:ой|ая|ое|ого|ому|ом|ым|ую|ые|ых)|сегизинши",
    9: r"ninth|девят(?:ый|ая|ое|ого|ой|ому|ом|ым|ую|ые|ых)|тогызыншы",
    10: r"tenth|десят(?:ый|ая|ое|ого|ой|ому|ом|ым|ую|ые|ых)|оныншы",
}
_ORDINAL = re.compile(
    r"\b(?:(?<!a )(?<!one )(?:"
    + "|".join(f"(?P<o{number}>{forms})" for number, forms in _ORDINAL_WORDS.items())
    + r")|(?P<number>\d{1,3})(?:st|nd|rd|th|-?(?:ый|й|ая|я|ое|е|го|ому|му|ом|ую|ю|ши|шы|инши|ншы)))\b"
)
_ORDINAL_BEGINNINGS = beginnings_of(
    "first second third fourth fifth sixth seventh eighth ninth tenth первый второй третий четвертый пятый шестой"
    " седьмой восьмой девятый десятый биринши екинши ушинши тортинши бесинши алтыншы жетинши сегизинши тогызыншы оныншы"
    " алгашкы тунгыш"
)
_NUMBER_BEGINNINGS = beginnings_of(" ".join(_WORD_VALUES))
_BEFORE = 30
"""What changes the meaning of a number stands within so many characters before it."""


@dataclass(frozen=True, slots=True)
class Ordinal:
    """A place in a row: ``the second session``."""

    number: int
    noun: str
    """The stem of the word behind it."""
    start: int
    end: int


@lru_cache(maxsize=_CACHE)
def ordinals(text: str) -> tuple[Ordinal, ...]:
    """Return the ordinals in ``text`` that are no days of a date."""
    form = folded(text)
    if not form.has_digits and not form.may_hold(_ORDINAL_BEGINNINGS):
        return ()
    taken = [(found.start, found.end) for found in dates_found(text)]
    found = []
    for match in _ORDINAL.finditer(form.text):
        if not overlaps(match.start(), match.end(), taken):
            number = int(match["number"] or (match.lastgroup or "o0")[1:])
            found.append(Ordinal(number, _stem_behind(form.text, match.end()), *match.span()))
    return tuple(found)


@lru_cache(maxsize=_CACHE)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Return the quantities in ``text``; numbers that belong to dates or ordinals, or number a list, are none."""
    form = folded(text)
    if not form.has_digits and not form.may_hold(_NUMBER_BEGINNINGS):
        return ()
    taken = [(found.start, found.end) for found in dates_found(text)]
    taken += [(found.start, found.end) for found in ordinals(text)]
    if listed := _LIST_NUMBER.match(form.text):
        taken.append(listed.span())
    return tuple(
        _quantity(form.text, match)
        for match in _NUMBER.finditer(form.text)
        if not overlaps(*match.span(), taken)
        and not _REQUEST.search(form.text, max(0, match.start() - _BEFORE), match.start())
        and not _IS_PART.match(form.text, match.end())
    )


def _stem_behind(form: str, end: int) -> str:
    match = _NOUN.match(form, end)
    return match[1][:_STEM] if match else ""


def _quantity(form: str, match: re.Match[str]) -> Quantity:
    start, end = match.span()
    if match["word"]:
        value, digits = float(_WORD_VALUES[match["word"]]), 0
    else:
        written = _GROUPS.sub("", match["digits"]).replace(",", ".")
        value = float(written) * _MAGNITUDES.get(match["magnitude"] or "", 1.0)
        # Both digits of 40 count, so that 39.8 is meant by it and 38 is not.
        digits = 2 if len(written) == 2 else len(written.replace(".", "").strip("0")) or 1
    behind = ending.end() if (ending := _CASE_ENDING.match(form, end)) else end
    exact = not _APPROXIMATELY.search(form, max(0, start - _BEFORE), start) and not _OR_SO.match(form, behind)
    unit, measured = _unit(form, match["before"], behind)
    return Quantity(value, unit, measured, exact, digits, start, end)


def _unit(form: str, sign: str | None, behind: int) -> tuple[str, bool]:
    """Return the unit of the number that ends at ``behind``, and whether it is a measure."""
    if sign:
        return sign.strip(), True
    near = _NEAR.match(form, behind)
    measure = _MEASURE.match(form, near.end() if near else behind)
    if measure and measure.lastgroup:
        return _MEASURES[int(measure.lastgroup[1:])][0], True
    return _stem_behind(form, behind), False
