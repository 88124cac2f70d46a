"""Questions from the terminal: one, many from a file, or a conversation."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import lru_cache
from html import escape, unescape
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from bot.commands.standard_streams import lines_of, typed
from bot.commands.terminal import console, is_terminal, one_line, print_json, print_table
from bot.locales import Locales, Texts
from bot.messages.answer_notes import more_about, what_differs
from bot.messages.neighbours import others, suggested
from bot.messages.telegram_text import clip, names_in_list, topic_title
from index.knowledge.snippet import Snippet
from index.question.frames import core
from index.search.answer import Answer, Hit, Reply
from index.search.decision import EVIDENCE, Decision
from index.search.index import Index

_NAME_UNITS = 100
_TAG = re.compile("<[^>]*>")
_BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " "})
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
        texts = _locales(index).texts(reply.answers[0].language)
        left_out = escape(" ".join(reply.left_out))
        click.echo(_plain(texts("several-left-out", count=len(reply.answers), questions=left_out)))


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
    score of a hit is the sum of its ``parts`` times their ``weights``.
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


@lru_cache(maxsize=1)
def _locales(index: Index) -> Locales:
    return Locales(index.profile, index.languages)


def _print_answer(index: Index, answer: Answer) -> None:
    """Print what the bot's message says, in the language of the question: a note, and a quote or what it knows."""
    out, texts = console(), _locales(index).texts(answer.language)
    if answer.truncated:
        out.print(Text(_plain(texts("answer-question-cut")), style="yellow"))
    if answer.read_as != answer.understood:
        out.print(Text(_plain(texts("answer-read-as", question=escape(answer.read_as))), style="dim"))
    if answer.decision is Decision.ANSWER:
        _print_hit(out, answer.hits[0], texts)
        for line in more_about(answer, texts):
            out.print(Text(_plain(line), style="yellow"))
    elif answer.decision is Decision.CLOSEST:
        for line in what_differs(answer, texts) or [texts("likely-note" if answer.likely else "closest-note")]:
            out.print(Text(_plain(line), style="yellow"))
        _print_hit(out, answer.hits[0], texts)
        near = others(answer)
        for name in names_in_list([hit.snippet for hit in (answer.hits[0], *near)])[1:]:
            out.print(Text(f"▶ {clip(one_line(name), _NAME_UNITS)}"))
    else:
        out.print(Text(_plain(texts("not-covered" if answer.not_covered else "none-intro")), style="yellow"))
        for hit in suggested(answer):
            out.print(Text(f"▶ {hit.question}"))
        titles = [topic_title(topic, answer.language) for topic in index.topics]
        if titles:
            out.print(Text(f"{_plain(texts('topics-title'))}: {', '.join(titles)}", style="dim"))
    out.print()


def _plain(html: str) -> str:
    """Return one of the interface texts as a terminal shows it; fixed spaces are missing in many encodings."""
    return unescape(_TAG.sub("", html)).translate(_BLANKS)


def _print_hit(out: Console, hit: Hit, texts: Texts) -> None:
    snippet = hit.snippet
    start, end = hit.highlight
    out.print(Text(snippet.title, style="bold cyan"))
    quote = Text(snippet.text)
    quote.stylize("bold" if end - start < len(quote) else "", start, end)
    out.print(Padding(quote, (0, 0, 0, 2)) if is_terminal() else quote)
    for line in _attribution(snippet, texts.within(snippet.language)):
        out.print(Text(f"  {line}", style="dim"))


def _attribution(snippet: Snippet, labels: Texts) -> Iterator[str]:
    """Yield lines that say who said it, where it was published, and as of when."""
    if snippet.speaker:
        yield f"— {snippet.speaker}"
    for source in snippet.sources:
        date = f", {_plain(labels.date(source.date))}" if source.date else ""
        address = f" <{source.url}>" if source.url else ""
        yield f"{source.publisher}: {source.title}{date}{address}"
    if snippet.as_of:
        yield _plain(labels("answer-as-of", date=labels.date(snippet.as_of, attributive=True)))


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
