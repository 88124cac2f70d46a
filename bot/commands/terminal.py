"""How an answer looks in a terminal, and as plain text elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from bot.messages.telegram_text import topic_title
from index.knowledge.snippet import Snippet
from index.search.answer import Answer, Hit
from index.search.decision import Decision
from index.search.index import Index

_NEAREST = 3
_PLAIN_WIDTH = 1_000_000


def console() -> Console:
    """Return the console for answers: colours and wrapped lines in a terminal, plain whole lines elsewhere."""
    terminal = sys.stdout.isatty()
    return Console(highlight=False, soft_wrap=not terminal, width=None if terminal else _PLAIN_WIDTH)


def print_answer(index: Index, answer: Answer) -> None:
    """Print the decision and the quotes that belong to it."""
    out = console()
    if answer.truncated:
        out.print(Text("The question is longer than the program reads; only its beginning was used.", style="yellow"))
    if answer.read_as != answer.question:
        out.print(Text(f"Read as: {answer.read_as}", style="dim"))
    if answer.decision is Decision.ANSWER:
        _print_hit(out, answer.hits[0])
    elif answer.decision is Decision.CLOSEST:
        out.print(Text("These passages come closest; they may not answer the question.", style="yellow"))
        for hit in answer.hits[:_NEAREST]:
            _print_hit(out, hit)
    else:
        out.print(Text("The knowledge holds no answer to that.", style="yellow"))
        questions = [hit.question for hit in answer.hits[:_NEAREST] if hit.question]
        if questions and answer.confidence > 0:
            out.print("It does answer, for example:")
            for question in questions:
                out.print(Text(f"  · {question}"))
        titles = [topic_title(topic, answer.language) for topic in index.topics]
        if titles:
            out.print(Text(f"Topics: {', '.join(titles)}", style="dim"))
    out.print()


def _print_hit(out: Console, hit: Hit) -> None:
    snippet = hit.snippet
    start, end = hit.highlight
    out.print(Text(snippet.title, style="bold cyan"))
    quote = Text(snippet.text)
    quote.stylize("bold", start, end)
    out.print(Padding(quote, (0, 0, 0, 2)) if out.is_terminal else quote)
    for line in _attribution(snippet):
        out.print(Text(f"  {line}", style="dim"))


def _attribution(snippet: Snippet) -> Iterator[str]:
    """Yield lines that say who said it, as of when, and where it was published."""
    if snippet.speaker:
        yield f"— {snippet.speaker}"
    if snippet.as_of:
        yield f"As of {snippet.as_of}"
    for source in snippet.sources:
        date = f", {source.date}" if source.date else ""
        address = f" <{source.url}>" if source.url else ""
        yield f"{source.publisher}: {source.title}{date}{address}"
