"""Split a text into sentences without losing or changing a character."""

from __future__ import annotations

import re
from itertools import pairwise

from index.knowledge.snippet import Span

# A sentence ends at closing punctuation (with quotes, brackets or footnote marks behind it) before white space and
# something that can begin a sentence, or at an empty line or a list item.
_BOUNDARY = re.compile(
    r"""(?:
        (?P<mark>[.!?…]+)(?:["”’»“)\]]|\[\d+\])*(?=\s+["“„«‘'(\[—–-]*\s?[$£€₸¥~≈+−]*\w)
      | (?=\n\s*\n)
      | (?=\n\s*(?:[-*•]|\d+[.)])\s)
    )""",
    re.VERBOSE,
)
_NEXT_LETTER = re.compile(r"[\s\"“„«‘'(\[—–$£€₸¥~≈+−-]*(\w)")
_LAST_WORD = re.compile(r"[\w.]*\Z")
_LONGEST_ABBREVIATION = 12
_ABBREVIATIONS = frozenset(
    """
    mr mrs ms dr prof st sr jr vs etc p pp e.g i.e cf ca approx no vol fig inc ltd co corp gen col lt sgt capt rev
    hon gov sen rep jan feb mar apr jun jul aug sep sept oct nov dec dept est u.s u.k ph.d г гг в вв им т.е т.д т.п
    т.к тыс млн млрд трлн руб долл см стр др пр ул проф акад респ обл ж жж б.з.б т.б т.с.с мың
    """.split()
)


def split_sentences(text: str) -> tuple[Span, ...]:
    """Return the spans of the sentences of ``text``, in order.

    Spans do not overlap, begin and end with a visible character, and only white space lies between them. A full stop
    after an abbreviation or an initial, or before a lower-case word, ends nothing.
    """
    boundaries = _BOUNDARY.finditer(text)
    ends = [boundary.end() for boundary in boundaries if not boundary["mark"] or _ends_sentence(text, boundary)]
    spans: list[Span] = []
    for start, end in pairwise([0, *ends, len(text)]):
        if visible := text[start:end].strip():
            first = text.index(visible, start)
            spans.append((first, first + len(visible)))
    return tuple(spans)


def _ends_sentence(text: str, boundary: re.Match[str]) -> bool:
    following = _NEXT_LETTER.match(text, boundary.end())
    if following and following[1].islower():
        return False
    if boundary["mark"] != ".":
        return True
    end = boundary.start("mark")
    before = _LAST_WORD.search(text[max(0, end - _LONGEST_ABBREVIATION) : end])
    word = before[0] if before else ""
    return not ((len(word) == 1 and word.isalpha() and word.isupper()) or word.lower() in _ABBREVIATIONS)
