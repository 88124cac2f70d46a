"""Text that people bring is UTF-8, with or without a byte-order mark; what is not is refused by name."""

from __future__ import annotations

from index.errors import UserFacingError
from index.text.byte_order_mark import declared_encoding


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
    if line == 1 and (encoding := declared_encoding(content)):
        raise EncodingError(f"{name}: is {encoding}; save it as UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line += content.count(b"\n", 0, error.start)
        byte = error.object[error.start]
        raise EncodingError(f"{name}:{line}: is not UTF-8 (byte {byte:#04x}); save it as UTF-8.") from None
    if "\0" in text:
        raise EncodingError(f"{name}: holds zero bytes, as UTF-16 does; save it as UTF-8.")
    return text
