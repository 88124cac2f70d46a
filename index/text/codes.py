"""Codes of letters and digits, as ``E07``, ``KZ-52`` and ``12-b``: one that is like another is another one."""

from __future__ import annotations

import re

_DIGIT = re.compile(r"\d")
_TOKEN = re.compile(r"(?<!\w)[^\W_]+(?:[-‐‑–/][^\W_]+)*(?!\w)")
_SEPARATOR = re.compile(r"[-‐‑–/]")
_TOGETHER = re.compile(r"[^\W\d_]{1,5}\d[^\W_]*|\d+[^\W\d_]{1,3}\d[^\W_]*")
"""A code without separators. What begins with digits is a number with its unit, unless digits follow the letters."""
_LETTERS, _DIGITS = re.compile(r"[^\W\d_]{1,5}"), re.compile(r"\d+[^\W\d_]?")
_LETTER = re.compile("[A-Za-z]")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_NO_CODES = frozenset({"mid", "pre", "post", "top", "топ"})
"""What stands before a number in ordinary words: "mid-2025", "top-10"."""
_NUMBERED, _SERIAL = re.compile(r"\D*\d+\D?|\d+\D\d*"), re.compile(r"\d\d")
# Cyrillic letters that look like Latin ones as capitals: codes are typed in whichever alphabet is at hand.
_LATIN = str.maketrans("авекмнорстухі", "abekmhopctyxi")


def codes(text: str) -> frozenset[str]:
    """Return the codes in a text, in small letters and without separators."""
    if not _DIGIT.search(text):
        return frozenset()
    found = set()
    for token in _TOKEN.findall(text):
        parts = _SEPARATOR.split(token)
        if len(parts) > 1 and _is_parted(parts):
            found.add(_bare("".join(parts)))
        else:
            found.update(_bare(part) for part in parts if _TOGETHER.fullmatch(part))
    return frozenset(found)


def words_of_code(text: str, code: str) -> str:
    """Return a code as a text has it."""
    tokens: list[str] = _TOKEN.findall(text)
    parts = (part for token in tokens for part in (token, *_SEPARATOR.split(token)))
    return next(part for part in parts if code == _bare(_SEPARATOR.sub("", part)))


def tells_of_code(text: str, code: str) -> bool:
    """Tell whether a text has a code as the name of what it tells about, and not only as a word.

    Codes count something, so they end in two digits or more. ``CO2``, ``B2B`` and ``V2O5`` are words; ``E1`` is a code
    where it begins a line or is a heading: "E1: no water", "E1 | no water".
    """
    if code not in codes(text) or not _NUMBERED.fullmatch(code):
        return False
    if _SERIAL.search(code):
        return True
    written = re.escape(words_of_code(text, code))
    return bool(re.search(rf"(?:^|– )[^\w\n]*{written}[ \t]*(?:[|:–—-]|$)", text, re.MULTILINE))


def _is_parted(parts: list[str]) -> bool:
    """Tell whether parts make up one code: letters and then numbers, or a number and then one Latin letter."""
    first, second, *rest = parts
    if first.isdigit():
        return not rest and _LETTER.fullmatch(second) is not None
    is_code = _LETTERS.fullmatch(first) and _DIGITS.fullmatch(second) and first.lower() not in _NO_CODES
    # "Astana-2025" is an event, and "mid-90" no code.
    return bool(is_code) and not (first.islower() and _YEAR.fullmatch(second))


def _bare(code: str) -> str:
    return code.lower().translate(_LATIN)
