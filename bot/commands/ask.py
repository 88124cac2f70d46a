"""Questions from the terminal: one, many from a file, or a conversation."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from html import unescape
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from bot.commands.standard_streams import lines_of, typed
from bot.commands.terminal import console, is_terminal, print_json, print_table
from bot.messages.telegram_text import topic_title
from index.knowledge.snippet import Snippet
from index.question.frames import core
from index.search.answer import Answer, Hit, Reply
from index.search.decision import EVIDENCE, Decision
from index.search.index import Index

_NEAREST = 3
"""How many of the best snippets, or of their example questions, are shown where none surely answers."""
_NOTHING = "The knowledge holds no answer to that."
_LEAVE = frozenset({"exit", "quit", "q", ":q", "/quit", "/exit", "bye"})


def ask_once(index: Index, question: str, *, language: str | None, as_json: bool, explain: bool) -> None:
    """Answer one question."""
    reply = index.reply(question, language)
    if as_json:
        print_json(_fields(index, reply, explain))
        return
    for answer in reply.answers:
        if len(reply.answers) > 1:
            click.echo(f"> {answer.question}")
        _print_answer(index, answer)
        if explain:
            _print_explanation(index, answer)
    if reply.left_out:
        click.echo(f"Only {len(reply.answers)} questions are answered at a time. Left out: {' '.join(reply.left_out)}")


def ask_batch(index: Index, lines: Iterable[str], *, language: str | None, as_json: bool, explain: bool) -> None:
    """Answer every line in order, as JSON lines with ``as_json``."""
    for line in lines:
        question, own_language = _read_line(line)
        spoken = own_language or language
        if as_json:
            fields = _fields(index, index.reply(question, spoken), explain)
            print_json({**fields, "question": question}, indent=None)
        else:
            click.echo(f"> {question}")
            ask_once(index, question, language=spoken, as_json=False, explain=explain)


def _read_line(line: str) -> tuple[str, str | None]:
    """Return the question of a line and its language; a line that is no JSON object with a question is the question."""
    if line.lstrip().startswith("{"):
        try:
            fields = json.loads(line)
        except ValueError:
            return line, None
        if isinstance(fields, dict) and isinstance(fields.get("question"), str):
            language = fields.get("language")
            # JSON can spell half of a surrogate pair, which no output could encode again.
            question = fields["question"].encode("utf-8", "replace").decode()
            return question, language if isinstance(language, str) else None
    return line, None


def converse(index: Index, *, language: str | None, as_json: bool, explain: bool) -> None:
    """Answer what is typed until the person leaves; from a pipe, every line until its end."""
    if not sys.stdin.isatty():
        for line in lines_of(sys.stdin.buffer, "standard input"):
            ask_once(index, line, language=language, as_json=as_json, explain=explain)
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
        ask_once(index, typed(question), language=language, as_json=as_json, explain=explain)


def _fields(index: Index, reply: Reply, explain: bool) -> dict[str, Any]:
    """Return the reply as ``ask --json`` prints it."""
    fields = reply.as_json()
    if explain:
        fields |= {**_explained(index, reply.answers[0]), "question": reply.message}
        if len(reply.answers) > 1:
            fields["answers"] = [_explained(index, answer) for answer in reply.answers]
    return fields


def _explained(index: Index, answer: Answer) -> dict[str, Any]:
    """Return the answer as ``ask --json --explain`` prints it.

    The confidence is the logistic function of the intercept plus the sum of ``evidence`` times ``coefficients``, at
    most the threshold for ``closest`` where something forbids an answer, and 0 where the question is not covered. The
    score of a hit is the sum of its ``parts``
    times their ``weights``.
    """
    calibration = index.calibration(answer.language)
    fields = answer.as_json()
    for shown, hit in zip(fields["hits"], answer.hits, strict=True):
        shown |= {"parts": dict(hit.score_parts), "weights": dict(hit.weights)}
    return {
        **fields,
        "understood": answer.understood,
        "read_as": answer.read_as,
        "differences": [asdict(each) for each in answer.differences],
        "more_about": answer.more_about,
        "forbidden_by": list(_forbidding(index, answer)),
        "thresholds": {"answer": calibration.answer, "closest": calibration.closest},
        "evidence": dict(answer.evidence),
        "intercept": calibration.coefficients[0],
        "coefficients": dict(zip(EVIDENCE, calibration.coefficients[1:], strict=True)),
        "terms_matched": index.matched(answer.read_as, answer.language, answer.hits[0].snippet),
    }


def _forbidding(index: Index, answer: Answer) -> Iterator[str]:
    """Yield why no passage may be given as the answer, however much it resembles the question."""
    if answer.not_covered:
        yield f"The editors list this question as not covered: {answer.not_covered}"
        return
    found = index.find(index.query(answer.read_as, answer.language), answer.language)
    query, ranking = found.query, found.ranking
    named = core(answer.understood, answer.language).about
    if named and (subject := index.answerability.subject(query, ranking, answer.language)):
        if not subject.is_named:
            yield "The question only names a subject, which no passage has as its title, example question or code."
        return
    nearest = index.answerability.nearest_questions(query, ranking)
    if nearest.is_near_miss:
        yield (
            f"A question that the best passages do not answer is nearer ({nearest.negative:.2f}) than any that they "
            f"answer ({nearest.answered:.2f})."
        )
    yield from (f"The question states what the passage does not: {each.asked}" for each in answer.differences)


def _print_notes(out: Console, answer: Answer) -> None:
    """Print what differs, or how many more passages there are, in the words of the bot's messages."""
    if not answer.differences and not answer.more_about:
        return
    from bot.locales import texts_for  # 60 ms to import
    from bot.messages.answer_notes import more_about, what_differs

    notes = more_about if answer.decision is Decision.ANSWER else what_differs
    for line in notes(answer, texts_for("en")):
        out.print(Text(unescape(line), style="yellow"))


def _print_answer(index: Index, answer: Answer) -> None:
    """Print the decision and the quotes that belong to it."""
    out = console()
    if answer.truncated:
        out.print(Text("The question is longer than the program reads; only its beginning was used.", style="yellow"))
    if answer.read_as != answer.understood:
        out.print(Text(f"Read as: {answer.read_as}", style="dim"))
    if answer.decision is Decision.ANSWER:
        _print_hit(out, answer.hits[0])
        _print_notes(out, answer)
    elif answer.decision is Decision.CLOSEST:
        _print_notes(out, answer)
        out.print(Text("These passages come closest; they may not answer the question.", style="yellow"))
        for hit in answer.hits[:_NEAREST]:
            _print_hit(out, hit)
    else:
        refusal = "The editors decided not to cover this question." if answer.not_covered else _NOTHING
        out.print(Text(refusal, style="yellow"))
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
    quote.stylize("bold" if end - start < len(quote) else "", start, end)
    out.print(Padding(quote, (0, 0, 0, 2)) if is_terminal() else quote)
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


def _print_explanation(index: Index, answer: Answer) -> None:
    out, fields = console(), _explained(index, answer)
    thresholds, coefficients = fields["thresholds"], fields["coefficients"]
    out.print(
        f"{answer.decision} at confidence {answer.confidence:.3f} (answer from {thresholds['answer']:.3f}, "
        f"closest from {thresholds['closest']:.3f}); language {answer.language}; {answer.ms:.1f} ms"
    )
    if answer.understood != answer.question:
        out.print(Text(f"understood: {answer.understood}"))
    for reason in fields["forbidden_by"]:
        out.print(Text(f"no answer because: {reason}"))
    summands = (f"{name} {value:.2f} × {coefficients[name]:+.2f}" for name, value in answer.evidence.items())
    out.print(f"log-odds of an answer: {fields['intercept']:+.2f}; {'; '.join(summands)}")
    names = answer.hits[0].weights
    rows = [
        [
            hit.snippet.id,
            f"{hit.score:.3f}",
            *(f"{hit.score_parts[each]:.2f} × {hit.weights[each]:.2f}" for each in names),
        ]
        for hit in answer.hits
    ]
    print_table(["passage", "score", *names], rows, empty="no passages", text="passage")
    out.print(Text(f"terms matched in the best passage: {', '.join(fields['terms_matched']) or 'none'}"))
