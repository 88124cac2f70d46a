"""Repair what typing and copying do to the letters of a question, without changing what its author meant."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from index.question.grammar import load_yaml

_Script = Literal["latin", "cyrillic"]
_TABLE = Path(__file__).with_name("confusables.yaml")

# The table of single characters. Control, formatting and unassigned direction characters disappear or become a space.
_INVISIBLE = "\u00ad\u034f\u061c\u115f\u180e\u2060\u2061\u2062\u2063\u2064\ufeff\u200b\u200c\u200d\u200e\u200f"
_DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_SELECTORS = "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0020, 0xE0080))))
_STRESS = "\u0300\u0301"
_APOSTROPHES = "\u02bc\u02bb\u02b9\u02bd\u02be\u02c8\u02ca\u02cb\u055a\u2018\u2019\u201a\u201b\u2032\u2035\ua78c`\u00b4"
_QUOTES = "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u2033\u2036\u301d\u301e\u301f\u02ba\u02dd"
_LINE_BREAK = re.compile("\r\n?|[\u0085\u2028\u2029]")
_ASCII_CONTROL = re.compile("[\x00-\x09\x0b-\x1f`\x7f]")
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t\v\f"
_CHARACTERS: dict[int, str] = {
    **dict.fromkeys(map(ord, _INVISIBLE + _DIRECTIONS + _SELECTORS + _STRESS), ""),
    **dict.fromkeys(map(ord, _APOSTROPHES), "'"),
    **dict.fromkeys(map(ord, _QUOTES), '"'),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2212"), "-"),
    **dict.fromkeys([*(code for code in range(0x20) if code != 10), *range(0x7F, 0xA0)], " "),
    **dict.fromkeys(map(ord, _SPACES), " "),
    0x00BF: "", 0x00A1: "", 0x203D: "?", 0x2047: "?", 0x2048: "?", 0x2049: "?", 0x203C: "!", 0x037E: ";",
}  # fmt: skip

# Forms of a letter that mean the letter itself: full-width, mathematical, and ligatures.
_FORMS = re.compile("[\ufb00-\ufb06\uff00-\uffef\U0001d400-\U0001d7ff]+")
# Pictures and what belongs to them, but not the marks ©, ® and ™, nor list bullets.
_EMOJI = re.compile(
    "[\u231a-\u23ff\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\U0001f000-\U0001faff\U0001fb00-\U0001fbff]+"
)
_KEYCAP = re.compile("(\\d)\ufe0f?\u20e3")
_EMOTICON = re.compile(r"(?<!\S)(?:[:;=]'?-?[)(DPpdoO3*]+|[)(]{2,}|\^_*\^|<3|[xX]D+)(?!\w)")
# Brackets that close nothing are smiles; those behind a digit or a single letter number a list.
_SMILE = re.compile(r"(?:(?<=[^\W\d]{2})|(?<=[?!.…]))\s?\)+(?=[\s?!.,…]|\Z)")
_MARKS = re.compile(r"[?!]{2,}|([,;:])\1+|\.{2,}|…[.…]+|\.…[.…]*| +(?=[?!,;…])")
_SPACE_RUN, _LINE_END = re.compile(" {2,}"), re.compile(r" *\n[ \n]*")

_MOST_PASSES = 9
"""One repair may make room for another, as where an emoji parted two marks. Two passes nearly always do."""
_WORD = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")
_LATIN, _CYRILLIC = re.compile("[A-Za-z]"), re.compile("[\u0400-\u052f]")
_KAZAKH_LOOKS = re.compile("[hi]")
_KAZAKH = re.compile("[әғқңөұүӘҒҚҢӨҰҮ]")


@dataclass(frozen=True, slots=True)
class _LookAlikes:
    """For each script, which letters of others can stand for which of its own; loosely also by the look of capitals."""

    strict: dict[_Script, dict[str, str]]
    loose: dict[_Script, dict[str, str]]
    foreign: re.Pattern[str]
    """A letter that is neither basic Latin nor Russian nor Kazakh, but looks so."""
    readable: re.Pattern[str]
    """A word without letters that look like none; Greek words have some."""


@cache
def _look_alikes() -> _LookAlikes:
    table: dict[str, str] = load_yaml(_TABLE)
    other = dict(zip(table["other"], table["other_latin"], strict=True))
    to_latin = dict(zip(table["cyrillic"], table["latin"], strict=True))
    to_cyrillic = {latin: cyrillic for cyrillic, latin in to_latin.items()}
    to_cyrillic |= {letter: to_cyrillic[latin] for letter, latin in other.items() if latin in to_cyrillic}
    capitals = dict(zip(table["capitals_cyrillic"], table["capitals_latin"], strict=True))
    loosely = to_cyrillic | {latin: cyrillic for cyrillic, latin in capitals.items()}
    loosely |= {letter: loosely[latin] for letter, latin in other.items() if latin in loosely}
    return _LookAlikes(
        strict={"latin": to_latin | other, "cyrillic": to_cyrillic},
        loose={"latin": to_latin | other | capitals, "cyrillic": loosely},
        foreign=re.compile(f"[{''.join(other)}]"),
        readable=re.compile(f"[A-Za-z\u00c0-\u024f\u0400-\u052f{''.join(other)}]+"),
    )


def clean(text: str) -> str:
    """Return ``text`` with one form for each letter, quotation mark, apostrophe and space; no text makes this raise.

    Invisible characters disappear, emoji become spaces, repeated punctuation becomes one mark, and letters of another
    script become the ones that they look like where the rest of the word, or the words around it, are in that script.
    Line breaks stay: they part questions.
    """
    for _ in range(_MOST_PASSES):
        if (cleaned := _cleaned(text)) == text:
            break
        text = cleaned
    return text


def _cleaned(text: str) -> str:
    text = _LINE_BREAK.sub("\n", text)
    if not text.isascii():
        text = _FORMS.sub(lambda form: unicodedata.normalize("NFKC", form[0]), text)
        text = _KEYCAP.sub(r"\1) ", unicodedata.normalize("NFC", text))
        text = _one_script_a_word(unicodedata.normalize("NFC", _EMOJI.sub(" ", text.translate(_CHARACTERS))))
    elif _ASCII_CONTROL.search(text):
        text = text.translate(_CHARACTERS)
    text = _MARKS.sub(_one_mark, _EMOTICON.sub(" ", text))
    if text.count(")") > text.count("("):
        text = _SMILE.sub("", text)
    return _LINE_END.sub("\n", _SPACE_RUN.sub(" ", text)).strip()


def _one_mark(run: re.Match[str]) -> str:
    marks = run[0]
    if marks[0] in ".…":
        return "…"
    if marks[0] in "?!":
        return "?" if "?" in marks else "!"
    return marks[0].strip()


def _one_script_a_word(text: str) -> str:
    """Replace letters that only look like those of the script in which their word is meant."""
    alike = _look_alikes()
    if not _LATIN.search(text) and not alike.foreign.search(text):
        return text
    found = [word for word in _WORD.finditer(text) if alike.readable.fullmatch(word[0])]
    with_kazakh = _KAZAKH.search(text) is not None
    scripts = [_script(word[0], with_kazakh) for word in found]
    parts, end = [], 0
    for number, word in enumerate(found):
        script = scripts[number] or _script_of_neighbours(word, scripts, number)
        parts += [text[end : word.start()], _spelled(word[0], script)]
        end = word.end()
    return "".join([*parts, text[end:]])


def _script(word: str, with_kazakh: bool) -> _Script | None:
    """Return the script that a word is in, or ``None`` where all its letters exist in either look.

    The Kazakh letters і and һ are among those that look Latin. In a text without other Kazakh letters they do not make
    a Latin word doubtful.
    """
    strict = _look_alikes().strict
    latin = sum(letter not in strict["cyrillic"] for letter in word if letter < "\u0370")
    cyrillic = sum(letter not in strict["latin"] for letter in word if letter >= "\u0370")
    if latin and cyrillic:
        loose = _look_alikes().loose
        return "cyrillic" if all(c >= "\u0400" or c in loose["cyrillic"] for c in word) else "latin"
    if word.isascii() and not with_kazakh and not latin and _KAZAKH_LOOKS.search(word):
        return "latin"
    if latin or cyrillic:
        return "latin" if latin else "cyrillic"
    return None


def _script_of_neighbours(word: re.Match[str], scripts: list[_Script | None], number: int) -> _Script | None:
    """Decide a doubtful word by the nearest words that are certain on either side, then by most of the text.

    A Latin acronym or capitalised name in a Russian sentence is left as it is: more often it is really Latin.
    """
    before = next((script for script in reversed(scripts[:number]) if script), None)
    after = next((script for script in scripts[number + 1 :] if script), None)
    letters = word[0]
    if len(letters) == 1 and _look_alikes().foreign.match(letters):
        return None  # as a sign, "α-spodumene"
    # What stands beside a digit is mostly a code, as in B2B.
    coded = _DIGIT.match(word.string, word.end()) or _DIGIT.match(word.string, max(0, word.start() - 1))
    if coded and letters.isascii():
        return None
    if letters.isascii() and not letters.islower() and (number or letters[1:] != letters[1:].lower()):
        return None if len(letters) > 1 else before or after
    if not letters.isascii() and "cyrillic" in scripts:
        return None
    if before and after and before != after:
        latin, cyrillic = scripts.count("latin"), scripts.count("cyrillic")
        return None if latin == cyrillic else "latin" if latin > cyrillic else "cyrillic"
    return before or after


def _spelled(word: str, script: _Script | None) -> str:
    """Write ``word`` in one script, where each of its letters of another looks like a letter of that one."""
    if script is None or (script == "latin" and word.isascii()):
        return word
    table = _look_alikes().loose[script]
    spelled = "".join(table.get(letter, letter) for letter in word)
    # A Kazakh ending on a Latin name is in its own script: "BGS" + "тің".
    return word if (_CYRILLIC if script == "latin" else _LATIN).search(spelled) else spelled
