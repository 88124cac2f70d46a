"""Who asked is kept out of the log: people get keyed pseudonyms, and their texts are redacted."""

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
_DIGITS_OF_A_PHONE_NUMBER = 7
_SHORTEST_KEY = 13
"""Characters without a space between them in the shortest thing that ``_TOKENS`` and ``_RUN`` take for a key."""
_PHONE_REGIONS = ("GB", "KZ", "RU")
"""Where a number written without its country code may be at home."""

_NAMED_SECRET = re.compile(
    r"(?i)\b(pass(?:word|wd|phrase)?|secret|token|api[ _-]?key|пароль|токен|құпия ?сөз)\b(\s*[:=]\s*)(?!\[token\])\S+"
)
_TOKENS = re.compile(
    r"""
    \b\d{6,12}:[A-Za-z0-9_-]{30,}                     # a Telegram bot's
    | \beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){1,2}  # a JSON web token
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b
    | \b(?:gh[pousr]|github_pat|glpat|sk|pk|rk|xox[abposr]|hf|pypi)[_-][A-Za-z0-9_-]{16,}
    | \b[0-9a-fA-F]{32,}\b
    """,
    re.VERBOSE,
)
# Long runs that mix cases and digits are keys, not words; a hyphen does not count, for the addresses of pages are full
# of them.
_RUN = re.compile(r"[A-Za-z0-9_+/=]{20,}")
_DIGIT = re.compile(r"\d")
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
_USERNAME = re.compile(r"(?<![\w@])@[A-Za-z]\w{3,31}|\b(?:t|telegram)\.me/\+?[\w-]+|\btg://\S+")
_CARD = re.compile(r"(?<!\d)\d(?:[ \u00a0.-]?\d){12,18}(?!\d)")
_INTERNATIONAL = re.compile(r"(?<!\w)(?:\+|00)[1-9](?:[ \u00a0().\u2010-\u2015/-]{0,2}\d){7,14}(?!\d)")


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


def redact(text: str) -> str:
    """Replace e-mail addresses, Telegram names, phone and card numbers, keys and passwords by their kind in brackets.

    The result can be stored anywhere: lone surrogates and NUL characters are replaced by U+FFFD.
    """
    if "\0" in text or not text.isascii():
        text = text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    # Most questions hold nothing of the kind; looking for what all of a kind have in common is many times cheaper.
    room_for_a_key = max(map(len, text.split()), default=0) >= _SHORTEST_KEY
    if room_for_a_key:
        text = _TOKENS.sub("[token]", text)
    if ":" in text or "=" in text:
        text = _NAMED_SECRET.sub(r"\1\2[token]", text)
    if room_for_a_key:
        text = _RUN.sub(lambda run: "[token]" if _is_key(run[0]) else run[0], text)
    if "@" in text or "me/" in text or "tg:" in text:
        text = _EMAIL.sub("[e-mail]", text)
        text = _USERNAME.sub("[username]", text)
    if _DIGIT.search(text) and sum(map(str.isdecimal, text)) >= _DIGITS_OF_A_PHONE_NUMBER:
        text = _CARD.sub(lambda card: "[card]" if _is_card(card[0]) else card[0], text)
        text = _INTERNATIONAL.sub("[phone]", text)
        text = _without_phones(text)
    return text


def _is_key(run: str) -> bool:
    return any(map(str.isdigit, run)) and any(map(str.islower, run)) and any(map(str.isupper, run)) and "/" not in run


def _is_card(written: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1), over 13 to 19 digits that are not all the same."""
    digits = [int(character) for character in written if character.isdecimal()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _without_phones(text: str) -> str:
    import phonenumbers  # 30 ms to import, and few questions hold enough digits

    for region in _PHONE_REGIONS:
        for match in reversed(list(phonenumbers.PhoneNumberMatcher(text, region))):
            text = f"{text[: match.start]}[phone]{text[match.end :]}"
    return text
