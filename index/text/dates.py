"""Read the dates that a text states, in English, Russian and Kazakh, and compare them as dates.

The library dateparser would do less for more: it knows Kazakh months only in the nominative, takes "a year before" for
a date, and costs 25 MB and half a millisecond for each short text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from index.text.folded import beginnings_of, folded, overlaps
from index.text.months import month_beginnings, month_of

_CACHE = 1024


@dataclass(frozen=True, slots=True)
class DateStated:
    """As much of a date as a text states; what it leaves open is ``None``."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    def agrees(self, other: DateStated) -> bool:
        """Tell whether no part that both state differs."""
        return all(mine is None or theirs is None or mine == theirs for mine, theirs in self._pairs(other))

    def includes(self, other: DateStated) -> bool:
        """Tell whether this date states every part of ``other``, with the same value."""
        return all(theirs is None or mine == theirs for mine, theirs in self._pairs(other))

    def is_as_exact_as(self, other: DateStated) -> bool:
        """Tell whether this date states every part that ``other`` states, with any value."""
        return all(theirs is None or mine is not None for mine, theirs in self._pairs(other))

    def _pairs(self, other: DateStated) -> Iterator[tuple[int | None, int | None]]:
        return zip((self.year, self.month, self.day), (other.year, other.month, other.day), strict=True)


class DateFound(NamedTuple):
    """A date and where it stands in the folded text."""

    stated: DateStated
    start: int
    end: int


class _Token(NamedTuple):
    text: str
    start: int
    end: int


# Every pattern and list here is for folded text: lower case, with ё as е and Kazakh letters as similar Russian ones.
_YEAR_DIGITS = r"(?:1\d|20)\d\d"
_NUMERIC = re.compile(
    rf"(?<![\w.,])(?:({_YEAR_DIGITS})([-./])(\d\d?)(?:\2(\d\d?))?|(\d\d?)([-./])(\d\d?)\6({_YEAR_DIGITS}|\d\d)"
    rf"|(0?[1-9]|1[0-2])[./]({_YEAR_DIGITS}))(?!\d|[.,/-]\d|\s?%)"
)
_YEAR = re.compile(
    rf"(?<![\w.,$£€])(?<!\d )({_YEAR_DIGITS})(?:[-–—/](\d\d))?(?![\d%]|[.,]\d|['’]?s\b|-?(?:е|х|ые|ых)\b| \d{{3}}\b)"
)
_SHORT_YEAR = re.compile(r"\b(?:летом|зимой|весной|осенью)\s(\d\d)-?(?:го|м|й)?\b|\bв\s(\d\d)-?(?:м|ом) году\b")
# A number from 1000 to 2099 with a unit behind it is no year.
_UNIT = re.compile(
    r"[\s-]*(?:tonn|tons?\b|тонн|k?m\b|км\b|kilom|miles|million|billion|thousand|mln|bn\b|млн|млрд|милли|percent"
    r"|per cent|процент|пайыз|dollar|доллар|pound|фунт|euro|евро|tenge|тенге|people|person|человек|адам|jobs"
    r"|compan|компани|firms|фирм|students|студент|workers|delegates|делегат)"
)
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|[-–—/]")
_DASHES = frozenset("-–—/")
_DAY = re.compile(r"0?[1-9]|[12]\d|3[01]")
_BETWEEN = re.compile(r"\s*(?:[-–—/]|to|and|or|until|till|по|до|и|или|мен|бен|пен|жане|немесе)\s*")
# What may stand between the day, the month and the year of one date.
_FILLERS = frozenset(
    """
    of the st nd rd th го е ое ого му м й г ж год года году годом жылгы жылдын жылы жыл жылда гы ги ши шы си сы
    айы айынын айында месяца
    """.split()
)
# English words that are also verbs are months only where a preposition or a number says so.
_AMBIGUOUS = frozenset({"may", "march"})
_BEFORE_MONTH = frozenset(
    "in of since by until till last this next early mid late during from before after between".split()
)

_RELATIVE = tuple(
    (unit, distance, re.compile(rf"\b(?:{words})\b"))
    for unit, distance, words in (
        ("year", -2, r"year before last|позапрошл\w+ год\w*|алдынгы жыл\w*"),
        ("year", -1, r"last year|прошл\w+ год(?:а|у|ом)?|былтыр\w*|откен жыл(?:ы|гы|да|дын|дагы)?"),
        ("year", 0, r"this year|current year|(?:это[мт]|этого|текущ\w+|нынешн\w+) год[ау]|биыл\w*|осы жыл(?:ы|гы|да)"),
        ("year", 1, r"next year|(?:следующ|будущ)\w+ год[ау]?|(?:келеси|келер) жыл(?:ы|гы|да|дын)?"),
        ("month", -1, r"last month|прошл\w+ месяц\w*|откен ай(?:да|дагы|дын)?"),
        ("month", 1, r"next month|(?:следующ|будущ)\w+ месяц\w*|келеси ай(?:да|дагы|дын)?"),
        ("day", -1, r"yesterday|вчера|кеше"),
        ("day", 1, r"tomorrow|завтра|ертен"),
    )
)
_RELATIVE_BEGINNINGS = beginnings_of(
    "last this next current year yesterday tomorrow позапрошлый прошлый этот этом это текущий нынешний следующий"
    " будущий вчера завтра год года лет алдынгы былтыр биыл откен осы келеси келер кеше ертен жыл"
)
_AGO = re.compile(r"\b(?:(\w+) )?(?:years? ago|(?:года?|лет) назад|жыл бурын)\b")
_HOW_MANY = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10, "два": 2, "две": 2, "три": 3}
_HOW_MANY |= {"четыре": 4, "пять": 5, "десять": 10, "бир": 1, "еки": 2, "уш": 3, "торт": 4, "бес": 5, "он": 10}


def iso_date(text: str) -> DateStated:
    """Return the date of ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``, as front matter has it."""
    return DateStated(*map(int, text.split("-")))


@lru_cache(maxsize=_CACHE)
def dates_found(text: str, today: date | None = None) -> tuple[DateFound, ...]:
    """Return the dates that a text states, in order, with their places in the folded text.

    A range of days is every day of it. Decades and centuries are no dates.

    Args:
        text: Any text.
        today: The day to which "last year" and the like refer; without it they are no dates.
    """
    form = folded(text)
    found: list[DateFound] = []
    if form.has_digits:
        found += _numeric(form.text)
    if form.may_hold(month_beginnings()):
        found += _with_month(form.text, found)
    if form.has_digits:
        found += list(_years(form.text, found))
    if today and form.may_hold(_RELATIVE_BEGINNINGS):
        found += _relative(form.text, today)
    return tuple(sorted(found, key=lambda found: found.start))


def spell_out_dates(text: str, language: str) -> str:
    """Return ``text`` with dates like 18.03.2023 in words, as passages write them: 18 March 2023."""
    if not _NUMERIC.search(text):
        return text
    from babel import Locale, UnknownLocaleError

    try:
        months = Locale(language).months["format"]["wide"]
    except UnknownLocaleError:
        months = Locale("en").months["format"]["wide"]
    for found in reversed(list(_numeric(text))):
        year, month, day = found.stated.year, found.stated.month, found.stated.day
        if month:
            words = f"{day or ''} {months[month]} {year}".strip()
            text = text[: found.start] + words + text[found.end :]
    return text


def _years(form: str, found: list[DateFound]) -> Iterator[DateFound]:
    """Yield the years that are no part of the dates ``found``."""
    taken = [(other.start, other.end) for other in found]
    for match in _YEAR.finditer(form):
        if not overlaps(match.start(), match.end(), taken) and not _UNIT.match(form, match.end()):
            year = int(match[1])
            yield DateFound(DateStated(year), *match.span(1))
            if match[2] and (until := year // 100 * 100 + int(match[2])) > year:
                yield DateFound(DateStated(until), *match.span(2))
    for match in _SHORT_YEAR.finditer(form):
        place = match.lastindex or 1
        yield DateFound(DateStated(2000 + int(match[place])), *match.span(place))


def _numeric(form: str) -> Iterator[DateFound]:
    """Yield the dates written in digits alone. The day precedes the month, unless only the reverse is a date."""
    for match in _NUMERIC.finditer(form):
        year, _, month, day, first, separator, second, last, lone_month, its_year = match.groups()
        if year and not day and int(month) == (int(year) + 1) % 100:
            continue  # a season: "2001-02"
        if lone_month:
            year, month = its_year, lone_month
        elif first:
            # Two numbers and a year of two digits are as often a range or a fraction.
            if len(last) == 2 and separator == "-":
                continue
            year = last if len(last) == 4 else f"20{last}"
            day, month = (second, first) if int(second) > 12 else (first, second)
        if (stated := _checked(int(year), int(month), int(day) if day else None)) is not None:
            yield DateFound(stated, *match.span())


def _checked(year: int, month: int, day: int | None) -> DateStated | None:
    try:
        date(year, month, day or 1)
    except ValueError:
        return None
    return DateStated(year, month, day)


def _with_month(form: str, numeric: list[DateFound]) -> list[DateFound]:
    """Return the dates whose month is a word."""
    tokens = [_Token(match[0], *match.span()) for match in _TOKEN.finditer(form)]
    taken = [(found.start, found.end) for found in numeric]
    groups: list[list[DateFound]] = []
    for place, token in enumerate(tokens):
        if not token.text[0].isalpha() or (named := month_of(token.text)) is None:
            continue
        days, year, first, last = _around(tokens, place)
        needs_number = named[1] or token.text in _AMBIGUOUS
        follows = place > 0 and tokens[place - 1].text in _BEFORE_MONTH and not named[1]
        if (needs_number and not days and year is None and not follows) or overlaps(first, last, taken):
            continue
        stated = DateStated(year, named[0])
        groups.append([DateFound(replace(stated, day=day), first, last) for day in days or (None,)])
    for one, other in pairwise(groups):
        # One year may stand for both: "April and May 2025".
        years = one[0].stated.year, other[0].stated.year
        if None in years and years != (None, None) and _BETWEEN.fullmatch(form, one[0].end, other[0].start):
            lacking, year = (one, years[1]) if years[0] is None else (other, years[0])
            lacking[:] = [found._replace(stated=replace(found.stated, year=year)) for found in lacking]
    return [found for group in groups for found in group]


def _around(tokens: list[_Token], place: int) -> tuple[tuple[int, ...], int | None, int, int]:
    """Return the days and the year around the month at ``place``, and where the whole date starts and ends."""
    first = last = place
    year = None
    before = _skip(tokens, place - 1, -1)
    days, first = _days(tokens, before, -1, first)
    earlier = _skip(tokens, first - 1, -1)
    if (year := _year(tokens, earlier)) is not None:
        first = earlier
    after = _skip(tokens, place + 1, 1)
    if not days:
        days, last = _days(tokens, after, 1, last)
        after = _skip(tokens, last + 1, 1)
    if year is None and (year := _year(tokens, after)) is not None:
        last = after
    return days, year, tokens[first].start, tokens[last].end


def _skip(tokens: list[_Token], place: int, step: int) -> int:
    """Return the next place that is no filler and no dash in front of one ("12-го")."""
    while 0 <= place < len(tokens):
        text = tokens[place].text
        ending = text in _DASHES and place + 1 < len(tokens) and tokens[place + 1].text in _FILLERS
        if text not in _FILLERS and not ending:
            break
        place += step
    return place


def _days(tokens: list[_Token], place: int, step: int, otherwise: int) -> tuple[tuple[int, ...], int]:
    """Return the days whose number or range is at ``place``, and the place of its far end."""
    if not 0 <= place < len(tokens) or not _DAY.fullmatch(tokens[place].text):
        return (), otherwise
    near, far = place, place + 2 * step
    joint = place + step
    if 0 <= far < len(tokens) and _DAY.fullmatch(tokens[far].text) and _BETWEEN.fullmatch(tokens[joint].text):
        low, high = sorted((int(tokens[near].text), int(tokens[far].text)))
        whole = tokens[joint].text in _DASHES or tokens[joint].text in {"to", "по", "until"}
        return (tuple(range(low, high + 1)) if whole else (low, high)), far
    return (int(tokens[near].text),), near


def _year(tokens: list[_Token], place: int) -> int | None:
    if 0 <= place < len(tokens) and re.fullmatch(_YEAR_DIGITS, tokens[place].text):
        return int(tokens[place].text)
    return None


def _relative(form: str, today: date) -> Iterator[DateFound]:
    """Yield the dates that are stated by their distance from ``today``."""
    for unit, distance, pattern in _RELATIVE:
        for match in pattern.finditer(form):
            yield DateFound(_distant(today, unit, distance), *match.span())
    for match in _AGO.finditer(form):
        word = match[1] or "a"
        years = int(word) if word.isdecimal() else _HOW_MANY.get(word, 1 if "год " in match[0] else 0)
        if 0 < years < today.year:
            yield DateFound(DateStated(today.year - years), *match.span())


def _distant(today: date, unit: str, distance: int) -> DateStated:
    if unit == "year":
        return DateStated(today.year + distance)
    if unit == "month":
        years, month = divmod(today.month - 1 + distance, 12)
        return DateStated(today.year + years, month + 1)
    there = today + timedelta(days=distance)
    return DateStated(there.year, there.month, there.day)
