"""What a person typed elsewhere, carried to the private chat by a deep link: 64 characters of ``A–Za–z0–9_–``."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

_MOST_BYTES = 46
"""So many become 62 characters; two are the prefix."""
_ENCODINGS = {"a_": "kz1048", "u_": "utf-8"}
"""By prefix. The first has one byte for each Latin, Russian and Kazakh letter, so twice as many of these fit."""


def ask_payload(words: str) -> str | None:
    """Return the payload of a deep link that asks ``words``, or those that fit; ``None`` where none does."""
    for prefix, encoding in _ENCODINGS.items():
        try:
            words.encode(encoding)
        except UnicodeEncodeError:
            continue
        while len(words.encode(encoding)) > _MOST_BYTES:
            words = words.rpartition(" ")[0]
        return prefix + urlsafe_b64encode(words.encode(encoding)).decode().rstrip("=") if words else None
    return None


def asked_by(payload: str) -> str | None:
    """Return the words that the payload of a deep link asks; ``None`` where it is another one or forged."""
    encoding = _ENCODINGS.get(payload[:2])
    if encoding is None:
        return None
    try:
        words = urlsafe_b64decode(payload[2:] + "=" * (-len(payload[2:]) % 4)).decode(encoding)
    except (Error, ValueError):
        return None
    return " ".join(words.split()) or None
