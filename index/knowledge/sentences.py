"""Split a text into sentences without losing or changing a character."""

from __future__ import annotations

import re
from itertools import pairwise

from index.knowledge.snippet import Span

_EMOJI = "☀-➿⬀-⯿🀀-🫿\ufe0f\u200d"
_OPENING = rf"""[\s\"“„«‘'(\[¿¡—–$£€₸¥~≈+−{_EMOJI}-]*"""
# A sentence ends at closing punctuation (with quotes, brackets or footnote marks behind it) before white space and
# something that can begin a sentence, or at an empty line or a list item.
_BOUNDARY = re.compile(
    rf"""(?:
        (?P<mark>[.!?…؟۔।॥։]+)(?:["”’»“)\]]|\[\d+\])*(?=\s{_OPENING}\w)
      | (?=\n\s*\n)
      | (?=\n\s*(?:[-*•]|\d+[.)])\s)
    )""",
    re.VERBOSE,
)
_NEXT_WORD = re.compile(_OPENING + r"(\w[\w’'-]*)(\.?)")
_BRAND = re.compile(r"[a-z]{1,3}[A-Z]")
"""A name that begins a sentence with a small letter: iPhone, eBay."""
# The word before a full stop; of dotted letters, also those with a space between them ("т. е.").
_LAST_WORD = re.compile(r"(?:(?<!\w)[^\W\d_]\.\s?)+[^\W\d_]\Z|[\w.]*\Z")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_LONGEST_ABBREVIATION = 16

# Abbreviations by what must follow for the sentence to end behind them.
_NEVER = frozenset(
    """
    mr mrs ms dr prof st mt gen col lt sgt capt rev hon gov sen rep vs e.g i.e cf ca approx est
    проф акад ул напр т.е т.к т.н т.ғ.д ф.ғ.д э.ғ.д б.з.б
    mme mlle p.ex sra dña p.ej ej sig dott z.b d.h u.a bzw inkl zzgl vgl evtl ggf o.g bijv d.w.z tzn np tj
    """.split()
)
_ENDS_BUT_BEFORE_NUMBER = frozenset("no nr núm str abs c p pp fig vol ch sec art рис стр гл табл п ст д кв".split())
_ENDS_BEFORE_STARTER = frozenset(
    """
    sr jr inc ltd co corp dept u.s u.k ph.d jan feb mar apr jun jul aug sep sept oct nov dec
    г гг в вв им см обл янв февр фев апр авг сент сен окт нояб ноя дек мың ж жж
    """.split()
)
_ENDS_BEFORE_CAPITAL = frozenset("etc т.д т.п т.б др пр тыс млн млрд трлн руб долл респ".split())
# Languages that write a full stop behind the number of a day, a floor or a place in a row.
_ORDINAL_STOP = frozenset("cs da de et fi hu lt nb nn no pl sr tr".split())
_ORDINAL = re.compile(r"\d{1,2}")
_STARTERS = frozenset(
    """
    the a an it its he she his her they their this that these those there here in on at by for from with but and we you
    i our no nobody all some most both after before when while as if since however so then also
    он она оно они это этот эта эти его её ее их там тут здесь в на по с к у о об от до из за при для но и а все всё
    мы вы я так также затем потом теперь сейчас кроме если когда после однако среди
    ол олар бұл осы сол оның олардың мұнда онда бірақ және сондай біз сіз мен егер кейін қазір барлық
    """.split()
)


def split_sentences(text: str, language: str = "") -> tuple[Span, ...]:
    """Return the spans of the sentences of ``text``, in order.

    Spans do not overlap, begin and end with a visible character, and only white space lies between them. A full stop
    before a lower-case word ends nothing, nor does one behind an initial or an abbreviation, unless it is one that can
    end a sentence and the next word looks like a beginning. An emoji belongs to what follows it. In languages that
    write ordinal numbers with a full stop, as in "1. Mai", no sentence ends with a number of two digits.
    """
    ordinals = language in _ORDINAL_STOP
    boundaries = _BOUNDARY.finditer(text)
    ends = [b.end() for b in boundaries if not b["mark"] or _ends_sentence(text, b, ordinals=ordinals)]
    spans: list[Span] = []
    for start, end in pairwise([0, *ends, len(text)]):
        if visible := text[start:end].strip():
            first = text.index(visible, start)
            spans.append((first, first + len(visible)))
    return tuple(spans)


def _ends_sentence(text: str, boundary: re.Match[str], *, ordinals: bool) -> bool:
    following = _NEXT_WORD.match(text, boundary.end())
    first, stop = following.groups() if following else ("", "")
    if first[:1].islower() and not _BRAND.match(first):
        return False
    if boundary["mark"] != ".":
        return True
    end = boundary.start("mark")
    before = _LAST_WORD.search(text[max(0, end - _LONGEST_ABBREVIATION) : end])
    word = "".join(before[0].split()) if before else ""
    # An abbreviation of a small and a capital letter: "z. B."
    is_halved = bool(stop) and len(first) == len(word) == 1 and first.isupper() and word.islower()
    if is_halved or (ordinals and _ORDINAL.fullmatch(word)):
        return False
    return _ends_after(word, first, is_starter=first.lower() in _STARTERS and not stop)


def _ends_after(word: str, first: str, *, is_starter: bool) -> bool:
    """Tell whether a sentence ends behind ``word`` and a full stop, where ``first`` is the next word."""
    if len(word) > 1 and word[:-1].islower() and word[-1].isupper() and "." in word:
        word = word[-1]  # An initial behind an abbreviation.
    small = word.lower()
    if small in _NEVER:
        return False
    if small in _ENDS_BUT_BEFORE_NUMBER and not word.isupper():
        return not first[:1].isdigit()
    if small in _ENDS_BEFORE_CAPITAL:
        return first[:1].isupper() and not (len(first) > 1 and first.isupper())
    # Behind an initial stands a family name, unless it is no initial ("vitamin C. It helps").
    if small in _ENDS_BEFORE_STARTER or (word.isupper() and _INITIALS.fullmatch(word)):
        return is_starter
    return True
