"""Text that people bring is UTF-8, with or without a byte-order mark; what is not is refused by name."""

from __future__ import annotations

import codecs

from index.errors import UserFacingError

_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""Encodings by the bytes that a file begins with; those of UTF-32 begin with those of UTF-16."""


class EncodingError(UserFacingError):
    """A text is not UTF-8; the message names it and says what to do."""


def decoded(content: bytes, name: str, *, line: int = 1) -> str:
    """Return a text without its byte-order mark.

    Args:
        content: The text as it is stored.
        name: What the message calls it: a file's name.
        line: The line on which ``content`` begins.

    Raises:
        EncodingError: The text is not UTF-8.
    """
    if line == 1 and (mark := next(filter(content.startswith, _MARKS), None)):
        raise EncodingError(f"{name}: is {_MARKS[mark]}; save it as UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line += content.count(b"\n", 0, error.start)
        byte = error.object[error.start]
        raise EncodingError(f"{name}:{line}: is not UTF-8 (byte {byte:#04x}); save it as UTF-8.") from None
    if "\0" in text:
        raise EncodingError(f"{name}: holds zero bytes, as UTF-16 does; save it as UTF-8.")
    return text
