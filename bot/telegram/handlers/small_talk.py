"""Messages that are nothing but small talk: greetings, thanks and the like."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files

import yaml

_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def small_talk(text: str) -> str | None:
    """Return what small talk a message is (``hello``, ``thanks``, ``bye``, ``abilities``), ``None`` for a question."""
    line = _plain(text)
    return _talk().get(line) if line else None


def _plain(text: str) -> str:
    """Return a text as bare words: without case, marks and emoji."""
    return " ".join(_WORDS.findall(unicodedata.normalize("NFKC", text).casefold().replace("ё", "е").replace("’", "'")))


@cache
def _talk() -> dict[str, str]:
    phrases: dict[str, list[str]] = yaml.safe_load(files("bot.locales").joinpath("phrases.yaml").read_text("utf-8"))
    return {_plain(phrase): kind for kind, found in phrases.items() for phrase in found}
