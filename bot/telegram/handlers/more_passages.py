"""More about the same: which passage comes next."""

from __future__ import annotations

from bot.telegram.handlers.shown_quotes import ShownQuote
from index.knowledge.snippet import Snippet
from index.search.answer import Answer, Hit
from index.search.index import Index

_HITS = 10
_ABOUT, _NEAR = 0.6, 0.5
"""A passage of the same topic is about the same if it holds so much of the question, and has so much of the score."""


def more_about(index: Index, base: ShownQuote) -> Snippet | None:
    """Return the next passage about the same as a quote: of what its question finds, then what the editors link."""
    shown = base.translation(index)
    if shown is None:
        return None
    first = index.snippet(base.shown[0], base.language) or shown
    answer = index.answer(base.question or first.title, limit=_HITS)
    linked = (snippet for see in first.see_also if (snippet := index.snippet(see, base.language)))
    found = (hit.snippet for hit in answer.hits if _is_about_the_same(index, hit, answer, first))
    return next((snippet for snippet in (*found, *linked) if snippet.id not in base.shown), None)


def _is_about_the_same(index: Index, hit: Hit, answer: Answer, first: Snippet) -> bool:
    snippet = hit.snippet
    # Paragraphs of one plain text have its title.
    if snippet.id in first.see_also or first.id in snippet.see_also or snippet.title == first.title:
        return True
    near = snippet.topic == first.topic and hit.score >= _NEAR * answer.hits[0].score
    return near and index.held(answer.understood, answer.language, snippet.id) >= _ABOUT
