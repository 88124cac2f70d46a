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
    from bot.review.gap_store import Gap, Wording


@log.command()
@click.argument("gap", type=int, required=False)
@click.option(
    "--state", type=click.Choice(["open", "answered", "will-not-cover", "all"]), default="open", show_default=True
)
@click.option("--mark", type=click.Choice(["open", "answered", "will-not-cover"]), help="Give GAP this state.")
@click.option("--note", help="Why; with --mark.")
@click.option("--merge", type=int, metavar="OTHER", help="Put all questions of the gap OTHER into GAP.")
@click.option("--split", metavar="ID,ID", help="Make a new gap of these questions of GAP.")
@click.option("--move", metavar="ID,ID", help="Put these questions into another gap; with --to.")
@click.option("--to", type=int, metavar="GAP", help="The gap that takes the questions of --move.")
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
    merge: int | None,
    split: str | None,
    move: str | None,
    to: int | None,
    fresh: bool,
    since: str | None,
    limit: int,
    as_json: bool,
    data: Path,
) -> None:
    """Group unanswered questions by meaning; with GAP, show that one group.

    First come the gaps that most people asked about lately. A gap holds questions of the last 90 days (--since) that
    got no answer or only near ones, a thumbs down, or a "please add this". Gaps keep their numbers and states. An
    answered gap opens again when a later question in it is not answered. A gap closes by itself when the published
    index answers its questions; those that it does not answer become a gap of their own.

    Where questions lie in the wrong gap, --merge, --split and --move put them right. The ID of a question is in the
    table of its gap; its beginning or end is enough. All questions of the same wording go with it.

    \b
    Examples:
      partnership-bot log gaps
      partnership-bot log gaps 12
      partnership-bot log gaps 12 --mark will-not-cover --note "not about minerals"
      partnership-bot log gaps 12 --merge 15
      partnership-bot log gaps 12 --split 7QK2M0XA,9C4T1BZZ
      partnership-bot log gaps --move 7QK2M0XA --to 9
    """
    from bot.review import gap_store as review
    from bot.review.gap_changes import GapChange

    change = GapChange(mark, merge, split, move, to, note)
    wanted = change.check(gap)
    with writing(data) as connection:
        if wanted:
            gap = change.apply(connection, gap or 0)
        elif fresh:
            group_new(connection, data, since)
        if gap is not None:
            found = [review.find(connection, gap)]
        else:
            which = review.GapFilter(state=None if state == "all" else review.State(state))
            found = review.ranked(connection, which, limit=limit)
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
    """Record the live index, put new questions into gaps and close those it answers, or print why it cannot be done."""
    from bot.review.gap_store import refresh

    try:
        with opened(data) as index:
            closed = refresh(connection, index, since=since)
        for number in closed.gaps:
            click.echo(f"Gap {number} is closed: version {index.version} answers its questions.", err=True)
    except UserFacingError as error:
        click.echo(f"New questions were not put into gaps, because the index cannot be opened: {error}", err=True)


def _print_gap(gap: Gap) -> None:
    click.echo(
        f"Gap {gap.id}: {gap.state}, {gap.questions} questions of {gap.people} people, "
        f"the last {short_time(gap.last)} UTC"
    )
    if gap.answered_by:
        click.echo(f"Closed by itself: version {gap.answered_by} answers its questions.")
    if gap.changed_by:
        click.echo(f"Last changed by {gap.changed_by}, {short_time(gap.changed)} UTC")
    if gap.note:
        click.echo(f"Note: {gap.note}")
    click.echo()
    print_table(
        ("no.", "id", "people", "asked", "lang", "last (UTC)", "why", "question"),
        [
            (number, each.id[-8:], each.people, each.times, each.language, short_time(each.last), _why(each), each.text)
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


def _why(wording: Wording) -> str:
    """Return why a wording was not answered, with what it states and the passage does not hold."""
    if not wording.differences:
        return str(wording.reason)
    _, asked, found = wording.differences[0]
    return f"{wording.reason}: {asked}" + (f", not {found}" if found else "")
