"""Whether an index answers: the question behind ``status`` and the health of the running bot."""

from __future__ import annotations

from index.search.answer import Answer
from index.search.index import Index


def probe(index: Index) -> tuple[Answer, bool]:
    """Ask for a passage by its own words; tell whether it comes back."""
    snippet = index.snippets.translation(0)
    asked = snippet.questions[0] if snippet.questions else snippet.text[slice(*snippet.sentences[0])]
    answer = index.answer(asked, snippet.language, limit=10)
    return answer, any(hit.snippet.id == snippet.id for hit in answer.hits)
