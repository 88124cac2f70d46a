"""The commands that show, export, back up and delete questions of the log."""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from bot.commands.paths import UserPath
from bot.commands.standard_streams import takes_every_character
from bot.commands.terminal import one_line, print_json, print_table
from bot.querylog.statements import COLUMNS, DELIVERY_COLUMNS
from bot.review.options import (
    F,
    data_option,
    days_option,
    json_option,
    limit_option,
    log,
    log_file,
    opened,
    reading,
    settings_for,
    short_time,
    since_option,
    until_option,
)
from bot.review.queries import Filter, entry, questions, stats, unanswered

if TYPE_CHECKING:
    from bot.review.shown_texts import ShownText
    from index import Index

_EXPORTED = (*COLUMNS, *DELIVERY_COLUMNS, "vote", "requested")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


def filter_options(command: F) -> F:
    """Give a command the options that choose questions, one for each field of :class:`Filter`."""
    options = [
        since_option,
        until_option,
        click.option("--decision", type=click.Choice(["answer", "closest", "none"]), help="What the bot decided."),
        click.option("--language", metavar="CODE", help="Language of the question, such as en, ru, kk."),
        click.option("--surface", metavar="NAME", help="Where it was asked: private, group, inline, guest, terminal."),
        click.option("--topic", metavar="ID", help="Topic of the best snippet."),
        click.option(
            "--search", metavar="WORDS", help="Words in the question; lith* matches every word that begins with it."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@log.command("list")
@filter_options
@limit_option(50)
@json_option
@data_option
def list_(limit: int, as_json: bool, data: Path, **chosen: Any) -> None:
    """List questions, the newest first.

    \b
    Examples:
      partnership-bot log list --since 7d --decision none
      partnership-bot log list --search "lith* export" --language en --json
    """
    with reading(data) as connection:
        rows = list(questions(connection, Filter(**chosen), limit=limit))
    _print_questions(rows, as_json, "No question matches.")


@log.command("unanswered")
@filter_options
@limit_option(50)
@json_option
@data_option
def unanswered_(limit: int, as_json: bool, data: Path, **chosen: Any) -> None:
    """List questions that were not answered well, the newest first.

    These got no answer or only near ones, a thumbs down, or a "please add this". Questions of people who opted out are
    left out.

    \b
    Examples:
      partnership-bot log unanswered --since 7d
      partnership-bot log unanswered --language kk --json
    """
    with reading(data) as connection:
        rows = unanswered(connection, Filter(**chosen), limit=limit)
    _print_questions(rows, as_json, "Nothing was left unanswered.")


def _print_questions(rows: list[sqlite3.Row], as_json: bool, empty: str) -> None:
    if as_json:
        print_json([{**dict(row), "candidates": json.loads(row["candidates"])} for row in rows])
        return
    marks = {1: "+1", -1: "-1"}
    print_table(
        ("id", "time (UTC)", "decision", "conf.", "lang", "surface", "vote", "question"),
        [
            (
                row["id"],
                short_time(row["time"]),
                row["decision"],
                f"{row['confidence']:.2f}",
                row["language"],
                row["surface"],
                marks.get(row["vote"], "") + (" add" if row["requested"] else ""),
                row["question"],
            )
            for row in rows
        ],
        empty=empty,
        text="question",
    )


@log.command()
@click.argument("entry_id", metavar="ID")
@click.option("--now/--no-now", default=True, help="Also ask the index that is live now.")
@json_option
@data_option
def show(entry_id: str, now: bool, as_json: bool, data: Path) -> None:
    """Show one question in full: what was shown, why, and what the bot would answer now.

    The texts that were shown are those of the live index, which says where they were changed since.

    ID may be the beginning or the end of an id, if only one question has it.

    \b
    Examples:
      partnership-bot log show 01KAR3Z7
      partnership-bot log show 01KAR3Z7 --no-now --json
    """
    with reading(data) as connection:
        row = entry(connection, entry_id)
    candidates: list[dict[str, Any]] = row["candidates"]  # type: ignore[assignment]
    texts, today = _live(data, candidates, str(row["asked"] or row["question"]) if now else None)
    if as_json:
        print_json({**row, "texts": texts if isinstance(texts, str) else [*map(asdict, texts)], "now": today})
        return
    for name, value in row.items():
        if name not in ("seq", "candidates") and value not in (None, []):
            click.echo(f"{name:14} {one_line(str(value))}")
    _print_candidates("shown then", candidates)
    _print_texts(texts)
    if isinstance(today, str):
        click.echo(f"\nThe index cannot be asked now: {today}")
    elif today:
        click.echo(f"\nNow ({today['index_version']}): {today['decision']}, confidence {today['confidence']:.2f}")
        _print_candidates("shown now", today["candidates"])


def _print_texts(texts: list[ShownText] | str) -> None:
    if isinstance(texts, str):
        click.echo(f"\nThe texts that were shown cannot be read: {texts}")
        return
    for each in texts:
        first, *lines = str(each).split("\n")
        click.echo(f"\n{one_line(first)}")
        for line in lines:
            click.echo(f"  {one_line(line)}")


def _print_candidates(heading: str, candidates: list[dict[str, Any]]) -> None:
    click.echo()
    print_table(
        (heading, "score", "snippet", "lang", "hash", "parts"),
        [
            (
                "*" if hit["shown"] else "",
                f"{hit['score']:.3f}",
                hit["id"],
                hit["language"],
                hit["hash"],
                " ".join(f"{name}={value:.3f}" for name, value in hit["parts"].items()),
            )
            for hit in candidates
        ],
        empty="No candidates.",
        text="snippet",
    )


def _live(
    data: Path, candidates: list[dict[str, Any]], question: str | None
) -> tuple[list[ShownText] | str, dict[str, Any] | str | None]:
    """Return the texts that were shown, and what the live index answers to a question; or why it cannot be opened."""
    from bot.review.shown_texts import shown_texts
    from index.errors import UserFacingError

    try:
        with opened(data) as index:
            return shown_texts(index, candidates), _answer_now(index, question) if question is not None else None
    except UserFacingError as error:
        return str(error), str(error) if question is not None else None


def _answer_now(index: Index, question: str) -> dict[str, Any]:
    from bot.querylog.anonymity import Pseudonyms
    from bot.querylog.entry import Entry, new_id, row_of

    row = dict(row_of(Entry(index.answer(question), "terminal"), new_id(), Pseudonyms.passing()))
    return {name: row[name] for name in ("index_version", "decision", "confidence", "margin")} | {
        "candidates": json.loads(str(row["candidates"]))
    }


@log.command("stats")
@days_option
@json_option
@data_option
def stats_(days: int, as_json: bool, data: Path) -> None:
    """Show how much was asked, how it was decided, and how long it took.

    \b
    Examples:
      partnership-bot log stats
      partnership-bot log stats --days 7 --json
    """
    with reading(data) as connection:
        figures = stats(connection, days=days)
    if as_json:
        print_json(asdict(figures))
    else:
        click.echo(str(figures))


@log.command()
@filter_options
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), help="Default: by the file's name, else csv.")
@click.option("-o", "--output", type=UserPath(dir_okay=False), help="Where to write; default: standard output.")
@data_option
def export(form: str | None, output: Path | None, data: Path, **chosen: Any) -> None:
    """Write questions to a file: CSV (safe to open in a spreadsheet) or JSON lines.

    \b
    Example:
      partnership-bot log export --since 30d -o november.csv
    """
    from index.version.versions import replacing

    if form is None:
        form = "jsonl" if output and output.suffix == ".jsonl" else "csv"
    with reading(data) as connection:
        rows = questions(connection, Filter(**chosen))
        if output is None:
            _write(rows, form, sys.stdout)
            return
        try:
            # The byte order mark tells spreadsheets that this is UTF-8.
            with replacing(output, encoding="utf-8-sig" if form == "csv" else "utf-8") as file:
                count = _write(rows, form, file)
        except OSError as error:
            message = f"{output} cannot be written: {error.strerror}."
            raise click.ClickException(message) from None
    click.echo(f"{count} questions written to {output}", err=True)


def defused(cell: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe is put in front of such a text."""
    if isinstance(cell, str) and cell.lstrip(" \u00a0\ufeff").startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return cell


def _write(rows: Iterable[sqlite3.Row], form: str, file: TextIO) -> int:
    """Write rows as JSON, one object per line, or as CSV (RFC 4180) with a heading; return their number."""
    writer = csv.writer(file)
    escaped = file is sys.stdout and not takes_every_character()
    if form == "csv":
        writer.writerow(_EXPORTED)
    count = 0
    for row in rows:
        if form == "csv":
            writer.writerow([defused(row[column]) for column in _EXPORTED])
        else:
            record = {column: row[column] for column in _EXPORTED} | {"candidates": json.loads(row["candidates"])}
            file.write(json.dumps(record, ensure_ascii=escaped) + "\n")
        count += 1
    return count


@log.command()
@click.argument("target", metavar="[FILE]", required=False, type=UserPath(dir_okay=False))
@data_option
def backup(target: Path | None, data: Path) -> None:
    """Copy the log to FILE (default: DATA/backups/). The bot may be running.

    The log remembers where the copy is. When people have their questions deleted later, they are deleted from the copy
    too, unless it was moved.

    \b
    Examples:
      partnership-bot log backup
      partnership-bot log backup /mnt/backup/queries-november.db
    """
    from bot.querylog.erasure import back_up

    path = log_file(data)
    try:
        click.echo(back_up(path, target))
    except OSError as error:
        raise click.ClickException(str(error)) from None


@log.command()
@click.argument("person", metavar="PERSON")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
def forget(person: str, yes: bool, data: Path) -> None:
    """Delete everything PERSON asked, from the log, its backups, and the drafts of reviewers.

    PERSON is a pseudonym as `log show` prints it, or a Telegram id (a number).

    \b
    Examples:
      partnership-bot log forget k3q7xw2mz5ltvb4a
      partnership-bot log forget 123456789 --yes
    """
    from bot.querylog.anonymity import Pseudonyms
    from bot.querylog.erasure import forget_everywhere
    from bot.review.forgetting import forget_in_drafts

    with reading(data) as connection:
        if person.lstrip("-").isdigit():
            person = Pseudonyms.open(settings_for(data).key_file).person(int(person))
        [(count,)] = connection.execute("SELECT count(*) FROM questions WHERE person = ?", (person,))
    if not yes:
        click.confirm(f"Delete {count} questions of {person}, here and in every backup?", abort=True)
    deleted, failures = forget_everywhere(log_file(data), person)
    with reading(data) as connection:
        forget_in_drafts(connection, data)
    click.echo(f"{deleted} questions deleted")
    for failure in failures:
        click.echo(f"Warning: {failure}", err=True)
    if failures:
        sys.exit(1)
