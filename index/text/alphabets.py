"""Words of different alphabets as they sound, roughly: what is taken from another language becomes alike."""

from __future__ import annotations

import re
from functools import lru_cache

from index.text.terms import fold

_CACHE = 65_536
# For folded words, in which Kazakh letters are those of Russian already.
_LATIN = str.maketrans(
    {
        **dict(zip("абвгдезийклмнопрстуфхцэюяы", "abvgdeziiklmnoprstufhceuai", strict=True)),
        "ж": "zh", "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ь": "",
    }
)  # fmt: skip
_ONE_SOUND = (
    ("ph", "f"), ("ck", "k"), ("qu", "kv"), ("q", "k"), ("x", "ks"), ("c", "k"), ("y", "i"), ("w", "v"), ("j", "zh"),
)  # fmt: skip
_TWICE = re.compile(r"(.)\1+")


@lru_cache(maxsize=_CACHE)
def sound(word: str) -> str:
    """Return a word in lower-case Latin letters, with one spelling for what sounds nearly the same."""
    spelled = fold(word).translate(_LATIN)
    for letters, one in _ONE_SOUND:
        spelled = spelled.replace(letters, one)
    return _TWICE.sub(r"\1", spelled)
