"""Which encoding a text declares by the bytes it begins with."""

from __future__ import annotations

import codecs

_ENCODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""By byte-order mark; those of UTF-32 begin with those of UTF-16."""


def declared_encoding(content: bytes) -> str | None:
    """Return the encoding whose byte-order mark a text begins with, ``None`` for UTF-8 and for a text without one."""
    return next((encoding for mark, encoding in _ENCODINGS.items() if content.startswith(mark)), None)
