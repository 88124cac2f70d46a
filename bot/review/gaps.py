"""The command that shows what the knowledge lacks."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.terminal import print_json, print_table
from bot.review.options import (
    data_option,
    json_option,
    limit_option,
    log,
    opened,
    short_time,
    since_option,
    update_option,
    writing,
)
from index.errors import UserFacingError

if TYPE_CHECKING:
    from bot.review.gap_store import Gap

_GROUPED_DAYS = "90d"


@log.command()
@click.argument("gap", type=int, required=False)
@click.option(
    "--state", type=click.Choice(["open", "answered", "will-not-cover", "all"]), default="open", show_default=True
)
@click.option("--mark", type=click.Choice(["open", "answered", "will-not-cover"]), help="Give GAP this state.")
@click.option("--note", help="Why; with --mark.")
@update_option
@since_option
@limit_option(20, "How many gaps at most.")
@json_option
@data_option
def gaps(
    gap: int | None,
    state: str,
    mark: str | None,
    note: str | None,
    fresh: bool,
    since: str | None,
    limit: int,
    as_json: bool,
    data: Path,
) -> None:
    """Group unanswered questions by meaning; with GAP, show that one group.

    First come the gaps that most people asked about lately. A gap holds questions of the last 90 days (--since) that
    got no answer or only near ones, a thumbs down, or a "please add this". Gaps keep their numbers and states. An
    answered gap opens again when a later question in it is not answered.

    \b
    Examples:
      partnership-bot log gaps
      partnership-bot log gaps 12
      partnership-bot log gaps 12 --mark will-not-cover --note "not about minerals"
    """
    from bot.review import gap_store as review

    if mark and gap is None:
        raise click.UsageError("--mark needs the number of a GAP.")
    with writing(data) as connection:
        if mark and gap is not None:
            review.mark(connection, gap, review.State(mark), note)
        elif fresh:
            group_new(connection, data, since)
        if gap is not None:
            found = [review.find(connection, gap)]
        else:
            found = review.ranked(connection, state=None if state == "all" else review.State(state), limit=limit)
    if as_json:
        print_json(found[0].as_json() if gap is not None else [each.as_json() for each in found])
    elif gap is not None:
        _print_gap(found[0])
    else:
        print_table(
            ("gap", "people", "asked", "last (UTC)", "state", "nearest snippet", "most typical question"),
            [
                (
                    each.id,
                    each.people,
                    each.questions,
                    short_time(each.last),
                    str(each.state),
                    f"{each.nearest[0][0]} {each.nearest[0][1]:.2f}" if each.nearest else "",
                    each.asked[0].text,
                )
                for each in found
            ],
            empty="No gap: nothing was left unanswered.",
            text="most typical question",
        )


def group_new(connection: sqlite3.Connection, data: Path, since: str | None = None) -> None:
    """Record the live index and put new questions into gaps, or print why that cannot be done."""
    from bot.database import transaction
    from bot.review.gap_store import note_index, update
    from bot.review.grouping import Signatures
    from bot.review.queries import moment

    try:
        with opened(data) as index:
            manifest = index.manifest
            snippets = {name: (each.title, each.topic) for name in index.snippets if (each := index.snippet(name))}
            with transaction(connection):
                note_index(connection, index.version, manifest.encoder_key, manifest.built, snippets)
            update(connection, Signatures(index), since=since or moment(_GROUPED_DAYS))
    except UserFacingError as error:
        click.echo(f"New questions were not put into gaps, because the index cannot be opened: {error}", err=True)


def _print_gap(gap: Gap) -> None:
    click.echo(
        f"Gap {gap.id}: {gap.state}, {gap.questions} questions of {gap.people} people, "
        f"the last {short_time(gap.last)} UTC"
    )
    if gap.note:
        click.echo(f"Note: {gap.note}")
    click.echo()
    print_table(
        ("no.", "people", "asked", "lang", "last (UTC)", "question"),
        [
            (number, each.people, each.times, each.language, short_time(each.last), each.text)
            for number, each in enumerate(gap.asked, 1)
        ],
        empty="",
        text="question",
    )
    click.echo()
    print_table(
        ("nearest snippet", "score"),
        [(name, f"{score:.3f}") for name, score in gap.nearest],
        empty="No snippet came near.",
    )
