"""Which snippets are offered beside the one that is shown, or in place of an answer."""

from __future__ import annotations

from bot.messages.telegram_text import LABEL_UNITS, units
from index.search.answer import Answer, Hit

_MOST_SUGGESTIONS = 2
_SUGGESTION_SCORE = 0.4
"""Least score of a snippet whose question is suggested: 75 in 100 refused example questions left out of the index get
one, and two off-topic lines; one of two suggestions is the right one in 70."""
_MOST_OTHERS = 2
_OTHER_SCORE = 0.8
"""Least share of the best score at which another snippet looks like an answer. Of those snippets that are second or
third and right, it keeps 88 in 100 (example questions left out of the index), and shows 1.2 titles instead of two."""


def others(answer: Answer) -> list[Hit]:
    """Return up to two hits that may answer as well as the best one, of an answer that is not sure."""
    near = (hit for hit in answer.hits[1:] if answer.near and hit.score >= _OTHER_SCORE * answer.hits[0].score)
    return list(near)[:_MOST_OTHERS]


def suggested(answer: Answer) -> list[Hit]:
    """Return up to two hits near what was asked, each with a whole question in its language that a button can show."""
    if not answer.near or answer.not_covered:
        return []
    found = [
        hit
        for hit in answer.hits
        if hit.score >= _SUGGESTION_SCORE
        and hit.snippet.language == answer.language
        and (question := (hit.question or "").rstrip()).endswith("?")
        and units(question) <= LABEL_UNITS
    ]
    return found[:_MOST_SUGGESTIONS]
