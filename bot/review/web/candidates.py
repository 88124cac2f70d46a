"""Passages to choose from: what the bot finds for the wordings of a gap, or for words that a reviewer searches for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from bot.locales import Locales
from bot.review.gap_store import Gap
from bot.review.web.act_previews import Shown, shown
from bot.review.web.frame import Review
from index.errors import UserFacingError
from index.search.decision import Decision

if TYPE_CHECKING:
    from index import Index
    from index.search.answer import Answer

_ASKED = 6
"""So many wordings of a gap are asked of the index."""
_LISTED, _FOUND = 6, 12
_DECISIONS = {
    Decision.ANSWER: "given as the answer now",
    Decision.CLOSEST: "offered as perhaps the answer now",
    Decision.NONE: "not shown now",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may answer."""

    id: str
    title: str
    html: Markup
    """The message that Telegram shows."""
    decision: str
    """What the bot does with it now; empty where it was only searched for."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage with its messages in all languages."""

    id: str
    title: str
    messages: tuple[Shown, ...]


async def candidates(review: Review, gap: Gap, words: str) -> tuple[list[Candidate], str]:
    """Return the passages for a gap or, where there are any, for some words; and why there are none."""
    try:
        if words:
            return await review.index.run(lambda index: _searched(index, words)), ""
        return await review.index.run(lambda index: _nearest(index, gap)), ""
    except UserFacingError as error:
        return [], f"Passages cannot be looked up, because the index cannot be opened: {error}"


async def passage(review: Review, snippet: str) -> Passage:
    """Return a passage as it is in the live version; only its id is known where the version does not hold it."""

    def found(index: Index) -> Passage:
        translations = index.snippets.get(snippet) or {}
        known = index.snippet(snippet)
        messages = shown(translations.values(), Locales(index.profile, index.languages))
        return Passage(snippet, known.title if known else snippet, messages)

    try:
        return await review.index.run(found)
    except UserFacingError:
        return Passage(snippet, snippet, ())


async def refusals(review: Review) -> tuple[Shown, ...]:
    """Return the beginning of the message that refuses what is not covered, in each language of the bot."""

    def found(index: Index) -> tuple[Shown, ...]:
        locales = Locales(index.profile, index.languages)
        return tuple(
            Shown(name, Markup(locales.texts(name)("not-covered")))  # noqa: S704 - written by translators as HTML
            for name in locales.languages
        )

    try:
        return await review.index.run(found)
    except UserFacingError:
        return ()


def _nearest(index: Index, gap: Gap) -> list[Candidate]:
    answers = [index.answer(each.text, each.language) for each in gap.asked[:_ASKED]]
    return _listed(index, answers, _LISTED, decided=True)


def _searched(index: Index, words: str) -> list[Candidate]:
    return _listed(index, [index.answer(words, limit=_FOUND)], _FOUND, decided=False)


def _listed(index: Index, answers: Iterable[Answer], most: int, *, decided: bool) -> list[Candidate]:
    """Return the best hits of answers, each passage once, with what was decided where it came first."""
    locales = Locales(index.profile, index.languages)
    hits = sorted(
        ((hit, answer.decision if place == 0 else Decision.NONE) for answer in answers for place, hit in
         enumerate(answer.hits)),
        key=lambda each: -each[0].score,
    )  # fmt: skip
    found: dict[str, Candidate] = {}
    for hit, decision in hits:
        snippet = hit.snippet
        if snippet.id not in found and len(found) < most:
            [message] = shown([snippet], locales)
            note = _DECISIONS[decision] if decided else ""
            found[snippet.id] = Candidate(snippet.id, snippet.title, message.html, note)
    return list(found.values())
