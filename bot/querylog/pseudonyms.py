"""Who asked, without saying who: keyed pseudonyms."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

_KEY_BYTES = 32
_REMEMBERED = 4096


class Pseudonyms:
    """Keyed names for people and chats (HMAC-SHA-256, 80 bits, 16 of ``a–z2–7``).

    The same key gives the same name for ever, so a person's rows can be found for their owner; without the key nobody
    can tell, even by trying every number, whose rows they are. People and chats are named apart, since a private chat
    has the number of its person.
    """

    __slots__ = ("_key", "_name")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._name = lru_cache(maxsize=_REMEMBERED)(self._make)

    @classmethod
    def open(cls, path: Path) -> Pseudonyms:
        """Read the key file, or make it (mode 0600) where there is none.

        Raises:
            OSError: the file can be neither read nor made.
            ValueError: the file holds no key.
        """
        try:
            return cls(_read_key(path))
        except FileNotFoundError:
            pass
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(_KEY_BYTES) + "\n")
                file.flush()
                os.fsync(file.fileno())
            # A link, unlike a rename, fails where another process has made the key in the meantime; then that one
            # counts.
            with suppress(FileExistsError):
                os.link(beside, path)
        finally:
            beside.unlink(missing_ok=True)
        return cls(_read_key(path))

    @classmethod
    def passing(cls) -> Pseudonyms:
        """Names that nobody can make again once this process has ended, for when no key can be had."""
        return cls(secrets.token_bytes(_KEY_BYTES))

    def person(self, number: int) -> str:
        """Return the name of the person with this Telegram id."""
        return self._name("person", number)

    def chat(self, number: int) -> str:
        """Return the name of the chat with this Telegram id."""
        return self._name("chat", number)

    def _make(self, kind: str, number: int) -> str:
        digest = hmac.digest(self._key, f"{kind}:{number}".encode(), hashlib.sha256)
        return base64.b32encode(digest[:10]).decode().lower()


def _read_key(path: Path) -> bytes:
    text = path.read_text("ascii", "replace").strip()
    if not re.fullmatch(rf"[0-9a-f]{{{2 * _KEY_BYTES}}}", text):
        raise ValueError(
            f"{path}: not a pseudonym key ({2 * _KEY_BYTES} hexadecimal digits); restore it from your backup, "
            "or move it away to start with new pseudonyms, under which nobody has opted out yet"
        )
    return bytes.fromhex(text)
