"""Questions from the terminal: one, many from a file, or a conversation."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from bot.commands.explanation import explained, print_explanation
from bot.commands.terminal import print_answer
from index.search.answer import Answer
from index.search.index import Index

_LEAVE = frozenset({"exit", "quit", "q", ":q", "/quit", "/exit", "bye"})


def ask_once(index: Index, question: str, *, language: str | None, as_json: bool, explain: bool) -> None:
    """Answer one question."""
    _print(index, index.answer(question, language), as_json, explain)


def ask_batch(index: Index, lines: Iterable[str], *, language: str | None, as_json: bool, explain: bool) -> None:
    """Answer every line in order, JSON lines where ``as_json``."""
    for number, line in enumerate(lines, start=1):
        question, own_language = _read_line(line.rstrip("\r\n"), number)
        answer = index.answer(question, own_language or language)
        if as_json:
            fields = explained(index, answer) if explain else answer.as_json()
            click.echo(json.dumps({**fields, "question": question}, ensure_ascii=False))
        else:
            click.echo(f"> {question}")
            _print(index, answer, as_json=False, explain=explain)


def _read_line(line: str, number: int) -> tuple[str, str | None]:
    """Return the question of a line and its language; a line that is no JSON object with a question is the question.

    JSON can spell half a character, which no output could encode again.
    """
    if line.lstrip().startswith("{"):
        try:
            fields = json.loads(line)
        except ValueError:
            return line, None
        if isinstance(fields, dict) and isinstance(fields.get("question"), str):
            language = fields.get("language")
            question = fields["question"].encode("utf-8", "replace").decode()
            return question, language if isinstance(language, str) else None
    return line, None


def converse(index: Index, *, language: str | None, as_json: bool, explain: bool) -> None:
    """Answer what is typed until the person leaves; from a pipe, every line until its end."""
    if not sys.stdin.isatty():
        for line in sys.stdin:
            _print(index, index.answer(line.rstrip("\n"), language), as_json, explain)
        return
    from platformdirs import user_state_path
    from prompt_toolkit import PromptSession
    from prompt_toolkit.formatted_text import HTML
    from prompt_toolkit.history import FileHistory, History, InMemoryHistory

    history: History
    try:
        folder = user_state_path("partnership-bot", ensure_exists=True)
        history = FileHistory(str(Path(folder) / "history"))
    except OSError:
        history = InMemoryHistory()
    session: PromptSession[str] = PromptSession(HTML("<b>?</b> "), history=history)
    click.echo(
        f"{len(index.snippets)} passages, version {index.version}. Ask in {', '.join(index.languages)}; "
        "an empty line or Ctrl-D leaves."
    )
    while True:
        try:
            question = session.prompt()
        except (EOFError, KeyboardInterrupt):
            return
        if not question.strip() or question.strip().casefold() in _LEAVE:
            return
        _print(index, index.answer(question, language), as_json, explain)


def _print(index: Index, answer: Answer, as_json: bool, explain: bool) -> None:
    if as_json:
        fields = explained(index, answer) if explain else answer.as_json()
        click.echo(json.dumps(fields, ensure_ascii=False, indent=2))
        return
    print_answer(index, answer)
    if explain:
        print_explanation(index, answer)
