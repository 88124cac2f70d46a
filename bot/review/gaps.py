"""The commands that show what the knowledge lacks, and add it."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.paths import UserPath
from bot.commands.terminal import print_json, print_table
from bot.review.options import (
    data_option,
    json_option,
    limit_option,
    log,
    opened,
    settings_for,
    short_time,
    since_option,
    update_option,
    writing,
)
from bot.settings import load_settings
from index.errors import UserFacingError

if TYPE_CHECKING:
    from bot.review.gap_store import Gap, Wording
    from bot.review.knowledge_edit import Change
    from bot.review.replay import Verdict

_GROUPED_DAYS = "90d"


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
    from bot.database import transaction
    from bot.review.gap_store import close_answered, note_index, update
    from bot.review.queries import moment
    from bot.review.signatures import Signatures

    try:
        with opened(data) as index:
            manifest = index.manifest
            snippets = {name: (each.title, each.topic) for name in index.snippets if (each := index.snippet(name))}
            with transaction(connection):
                note_index(connection, index.version, manifest.encoder_key, manifest.built, snippets)
            update(connection, Signatures(index), since=since or moment(_GROUPED_DAYS))
            closed = close_answered(connection, index)
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


@log.command()
@click.argument("gap", type=int)
@click.option("--snippet", metavar="ID", help="Add the questions to this snippet's `questions`.")
@click.option(
    "--evaluate", is_flag=True, help="With --snippet: instead record them in evaluation.yaml as questions it answers."
)
@click.option("--new", "topic", metavar="TOPIC", help="Begin a new snippet with them in this topic.")
@click.option("--slug", metavar="NAME", help="File name of the new snippet, without .md.")
@click.option(
    "--out-of-scope", is_flag=True, help="Record them in evaluation.yaml as questions the bot must not answer."
)
@click.option("--pick", metavar="1,3|all", help="Which questions, by the numbers of `log gaps GAP`.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option(
    "--build/--no-build",
    "rebuild",
    default=None,
    help="Rebuild the index afterwards and ask the gap's questions again.",
)
@click.option(
    "--knowledge",
    type=UserPath(file_okay=False, exists=True),
    default=lambda: load_settings().knowledge_dir,
    show_default="BOT_KNOWLEDGE_DIR or knowledge",
    help="Folder of the curated snippets.",
)
@data_option
def teach(
    gap: int,
    snippet: str | None,
    evaluate: bool,
    topic: str | None,
    slug: str | None,
    out_of_scope: bool,
    pick: str | None,
    yes: bool,
    rebuild: bool | None,
    knowledge: Path,
    data: Path,
) -> None:
    """Add the questions of a gap to the knowledge. The change is shown first, and you are asked.

    Only lines are added to a file. The questions become public with the knowledge, so pick wordings that name nobody.
    Redacted questions and questions of people who opted out are not offered. Questions in evaluation.yaml only measure
    the bot: keep some wordings out of the snippet for that.

    \b
    Examples:
      partnership-bot log teach 12 --snippet resources/lithium --build
      partnership-bot log teach 12 --snippet resources/lithium --evaluate --pick 2
      partnership-bot log teach 12 --new resources --pick 1,3
      partnership-bot log teach 12 --out-of-scope --pick all --yes
    """
    from bot.review.gap_changes import user_name
    from bot.review.gap_store import State, find, mark
    from bot.review.knowledge_edit import add_questions, add_to_evaluation, draft, is_fit, slug_of

    if sum(map(bool, (snippet, topic, out_of_scope))) != 1:
        raise click.UsageError("Say where the questions go: one of --snippet ID, --new TOPIC, --out-of-scope.")
    if evaluate and not snippet:
        raise click.UsageError("--evaluate needs --snippet ID: the snippet that answers the questions.")
    knowledge = knowledge.resolve()
    with writing(data) as connection:
        found = find(connection, gap)
        fit = {number: each for number, each in enumerate(found.asked, 1) if is_fit(each.text)}
        questions = [(each.language, each.text) for each in _picked(fit, pick)]
        if topic:
            texts = [text for _, text in questions]
            changes = [draft(knowledge, topic, slug or slug_of(texts[0], f"gap-{gap}"), texts)]
        elif snippet and not evaluate:
            changes = add_questions(knowledge, snippet, questions)
        else:
            changes = add_to_evaluation(knowledge, questions, snippet)
        if not _written(changes, knowledge, yes):
            return
        if out_of_scope:
            mark(connection, gap, State.WILL_NOT_COVER, by=user_name())
            click.echo(f"Gap {gap} is marked will-not-cover.")
        if evaluate and not rebuild:
            click.echo("To measure the bot with them: partnership-bot evaluate")
        elif topic:
            click.echo("Write the text and the sources, remove 'draft: true', then: partnership-bot check, and build.")
        elif rebuild or (rebuild is None and not yes and _wants_rebuild()):
            _rebuild_and_compare(connection, found, knowledge, data)


def _wants_rebuild() -> bool:
    return sys.stdin.isatty() and click.confirm("Rebuild the index and ask the gap's questions again?", default=True)


def _picked(asked: dict[int, Wording], pick: str | None) -> list[Wording]:
    """Print the wordings that may be published; return those picked by their numbers."""
    if not asked:
        raise click.ClickException("No wording of this gap may be published, because something was redacted in each.")
    for number, each in asked.items():
        click.echo(f"{number:3}  {each.language}  {each.text}", err=pick is not None)
    if pick is None:
        if not sys.stdin.isatty():
            raise click.UsageError("Say which questions with --pick 1,3 or --pick all.")
        pick = click.prompt("Which of them? (numbers, or all)", default="all")
    if pick.strip() == "all":
        return list(asked.values())
    try:
        numbers = dict.fromkeys(int(part) for part in pick.replace(",", " ").split())
        chosen = [asked[number] for number in numbers]
    except (ValueError, KeyError):
        chosen = []
    if not chosen:
        offered = ", ".join(map(str, asked))
        raise click.BadParameter(f"{pick!r}: give numbers of those listed ({offered}), or all.", param_hint="--pick")
    return chosen


def _written(changes: list[Change], knowledge: Path, yes: bool) -> bool:
    if not changes:
        click.echo("The questions are there already; there is nothing to write.")
        return True
    for change in changes:
        click.echo(change.diff(knowledge), nl=False)
    if not yes and not click.confirm("Write this?"):
        click.echo("Nothing was written.")
        return False
    for change in changes:
        change.write()
        click.echo(f"Written: {change.path}")
    return True


def _rebuild_and_compare(connection: sqlite3.Connection, gap: Gap, knowledge: Path, data: Path) -> None:
    from bot.commands.build import build_index
    from bot.review.gap_changes import user_name
    from bot.review.gap_store import State, mark

    before = _verdicts(data, gap)
    click.echo(build_index(settings_for(data, knowledge_dir=knowledge), force=False))
    after = _verdicts(data, gap)
    click.echo()
    rows = [(before[each.id], after[each.id], each.text) for each in gap.asked]
    print_table(("before", "after", "question"), rows, empty="", text="question")
    answered = sum(after[each.id].decision == "answer" for each in gap.asked)
    click.echo(f"\n{answered} of {len(gap.asked)} wordings are answered now.")
    if answered == len(gap.asked):
        mark(connection, gap.id, State.ANSWERED, by=user_name())
        click.echo(f"Gap {gap.id} is marked answered.")


def _verdicts(data: Path, gap: Gap) -> dict[str, Verdict]:
    from bot.review.replay import verdict

    with opened(data) as index:
        return {each.id: verdict(index.answer(each.text)) for each in gap.asked}
