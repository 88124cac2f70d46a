"""Example questions to tap: which they are, their buttons, and the answer to one that was tapped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html import escape
from itertools import chain, islice, zip_longest

from telegram import InlineKeyboardButton

from bot.messages.answers import MESSAGE_UNITS, Rendered
from bot.messages.telegram_text import label, parsed_units, units
from index.knowledge.snippet import Topic, snippet_key
from index.search.index import Index

_GIVEN = 6
"""How many examples of ``bot.yaml`` are shown; with the way to the topics they make seven buttons."""
_FOUND = 4
_LONGEST = 60
"""UTF-16 code units. A phone shows no more of a button."""
_LOOKED_AT = 30
"""How many snippets of a topic are looked through for a full question."""


def example_questions(index: Index, language: str) -> list[str]:
    """Return the editors' examples in a language, else full questions of the first topics in it, else nothing.

    Where the knowledge has one language only, the examples are in that one.
    """
    given, spoken = index.profile.examples, index.languages
    alone = len(spoken) == 1
    chosen = given.get(language) or (next(iter(given.values()), ()) if alone else ())
    return list(chosen[:_GIVEN]) or _found(index, spoken[0] if alone else language)


def example_button(question: str) -> InlineKeyboardButton:
    """Return the button that asks a question."""
    return InlineKeyboardButton(label(question, "?"), callback_data=f"q{snippet_key(question)}")


def example_behind(index: Index, key: str) -> str | None:
    """Return the example question behind a button, in whichever language; ``None`` if it is none any more."""
    given = chain.from_iterable(index.profile.examples.values())
    found = chain.from_iterable(_found(index, language) for language in index.languages)
    return next((question for question in chain(given, found) if snippet_key(question) == key), None)


def named(answer: Rendered, question: str) -> Rendered:
    """Return the answer below the question that it answers, for nobody typed it; without it where there is no room."""
    html = f"<i>{escape(question)}</i>\n\n{answer.html}"
    return replace(answer, html=html) if parsed_units(html) <= MESSAGE_UNITS else answer


def _found(index: Index, language: str) -> list[str]:
    """Return full questions that snippets answer: one of each topic in turn, until there are enough."""
    topics = [*index.topics[: 2 * _FOUND], Topic("", {})]
    each = (islice(_full_questions(index, topic, language), _FOUND) for topic in topics)
    in_turn = chain.from_iterable(zip_longest(*each))
    return list(islice(dict.fromkeys(question for question in in_turn if question), _FOUND))


def _full_questions(index: Index, topic: Topic, language: str) -> Iterator[str]:
    """Yield the first full question of each snippet of a topic that fits a button; a title may be one."""
    for snippet_id in index.snippets.in_topic(topic.id)[:_LOOKED_AT]:
        snippet = index.snippet(snippet_id, language)
        if snippet and snippet.language == language:
            for question in (*snippet.questions, snippet.title):
                if question.rstrip().endswith("?") and units(question) <= _LONGEST:
                    yield question
                    break
