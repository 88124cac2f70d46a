"""What the program tells the log about one question, and the row that becomes of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from ulid import ULID

from bot.querylog.anonymity import Pseudonyms, redact

if TYPE_CHECKING:
    from index.knowledge.snippet import Snippet
    from index.search.answer import Answer, Hit

Row = Mapping[str, object]
"""A row of the table ``questions`` (without its ``seq``), plus ``vector``: bytes or ``None``."""


class Delivery(StrEnum):
    """What became of an answer after its row was committed."""

    PENDING = "pending"
    """Not known: the program has not tried yet, or was stopped in between."""
    SENT = "sent"
    EDITED = "edited"
    """It replaced the text of an earlier answer."""
    FORBIDDEN = "forbidden"
    """The person has blocked the bot, or the bot may not write there."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One question and its answer, as the log receives them."""

    answer: Answer
    surface: str
    """Where it was asked: ``private``, ``group``, ``inline``, ``guest`` or ``terminal``."""
    person: int | None = None
    """Telegram id of who asked; it is replaced by a pseudonym before anything is kept."""
    chat: int | None = None
    edit_of: str | None = None
    """Entry id of the question of which this is an edited form."""
    follow_up_of: str | None = None
    """Entry id of the question with which this one was understood."""
    typed: str | None = None
    """What the person wrote, where the index was asked something else (a follow-up with its predecessor)."""
    shown: int | None = None
    """How many of the answer's hits the person saw; by default one, or none where the decision is ``none``."""
    asked_in: str = ""
    """The update that asked, and which of its questions this is. Where several processes share the work, a question
    that another one handles once more keeps its row."""


def new_id() -> ULID:
    """Return an entry id: 26 of Crockford's base 32 when written, which sort by time and are unique across machines."""
    return ULID()


def timestamp(moment: datetime | None = None) -> str:
    """Return a moment (now, if none) as the log writes it: ISO 8601, UTC, milliseconds."""
    moment = moment.astimezone(UTC) if moment else datetime.now(UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def row_of(entry: Entry, entry_id: ULID, pseudonyms: Pseudonyms) -> Row:
    """Return the row for an entry: redacted, pseudonymous, complete enough to ask the question again.

    It keeps what was typed and, where that is something else, what was understood: the question without the words
    around it, or a follow-up with its predecessor.
    """
    answer = entry.answer
    decision = str(answer.decision)
    shown = entry.shown if entry.shown is not None else int(decision != "none")
    typed, asked = _texts(entry)
    scores = [hit.score for hit in answer.hits[:2]]
    best = answer.hits[0].snippet if answer.hits else None
    return {
        "id": str(entry_id),
        # The first six bytes are the milliseconds; the ULID's own properties take ten microseconds over them.
        "time": timestamp(datetime.fromtimestamp(int.from_bytes(entry_id.bytes[:6]) / 1000, UTC)),
        "question": typed,
        "asked": asked if asked != typed else None,
        "language": answer.language,
        "surface": entry.surface,
        "decision": decision,
        "confidence": round(answer.confidence, 5),
        "margin": round(scores[0] - scores[1], 5) if len(scores) == 2 else None,
        "snippet": best.id if best else None,
        "topic": best.topic if best else None,
        "candidates": f"[{','.join(_candidate(hit, rank < shown) for rank, hit in enumerate(answer.hits))}]",
        "index_version": answer.index_version,
        "latency_ms": round(answer.ms, 3),
        "truncated": int(answer.truncated),
        "person": None if entry.person is None else pseudonyms.person(entry.person),
        "chat": None if entry.chat is None else pseudonyms.chat(entry.chat),
        "edit_of": entry.edit_of,
        "follow_up_of": entry.follow_up_of,
        "reason": _reason(answer),
        "differences": _differences(answer, typed, asked),
        "vector": None if decision == "answer" else answer.vector.astype("<f2").tobytes(),
    }


def _reason(answer: Answer) -> str | None:
    """Return why a question is not answered; ``None`` where it is."""
    if answer.decision == "answer":
        return None
    if answer.not_covered:
        return "not-covered"
    if answer.differences:
        return "contradicted"
    if answer.near_miss:
        return "near-miss"
    return "uncertain" if answer.decision == "closest" else "nothing-near"


def _differences(answer: Answer, *stored: str) -> str | None:
    """Return as JSON what the question states and the first passage does not hold; ``None`` where that is nothing.

    Only words that the stored texts hold are kept: no others have been redacted.
    """
    text = "\n".join(stored).casefold()
    found = [[str(each.kind), each.asked, each.found] for each in answer.differences if each.asked.casefold() in text]
    return json.dumps(found, ensure_ascii=False) if found else None


def _texts(entry: Entry) -> tuple[str, str]:
    """Return what was typed and what was understood, both redacted."""
    if entry.typed is not None:
        return redact(entry.typed), redact(entry.answer.question)
    typed = redact(entry.answer.question)
    # Dates are spelled out in what was understood, which may take a number apart so that nothing would redact it.
    return typed, redact(entry.answer.understood) if typed == entry.answer.question else typed


def _candidate(hit: Hit, shown: bool) -> str:
    """Return a candidate as JSON, put together from what is the same every time: encoding it whole costs four times."""
    snippet = hit.snippet
    about = _about(snippet.id, snippet.language, snippet.title, snippet.text)
    parts = _numbers(tuple(hit.score_parts)) % tuple(hit.score_parts.values())
    question = "null" if hit.question is None else _json(hit.question)
    return (
        f'{{{about},"score":{hit.score:.5f},"parts":{{{parts}}},"question":{question},'
        f'"shown":{"true" if shown else "false"}}}'
    )


@lru_cache(maxsize=4096)
def _about(snippet: str, language: str, title: str, text: str) -> str:
    return f'"id":{_json(snippet)},"language":{_json(language)},"hash":"{_hash(title, text)}"'


@lru_cache(maxsize=16)
def _numbers(names: tuple[str, ...]) -> str:
    """Return the inside of a JSON object of numbers with these names, to be filled in by ``%``."""
    return ",".join(f"{_json(name).replace('%', '%%')}:%.5f" for name in names)


@lru_cache(maxsize=4096)
def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def content_hash(snippet: Snippet) -> str:
    """Return 64 bits (16 hexadecimal digits) of the SHA-256 over what of a snippet is quoted: its title and text."""
    return _hash(snippet.title, snippet.text)


@lru_cache(maxsize=4096)
def _hash(title: str, text: str) -> str:
    return hashlib.sha256(f"{title}\0{text}".encode()).hexdigest()[:16]
