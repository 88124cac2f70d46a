"""The commands that lead from the log back to the knowledge: gaps, teach, replay."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.log.command import data_option, json_option, log, opened, reading, since_option, writing
from bot.log.terminal import print_json, print_table, short_time
from bot.settings import load_settings
from index.errors import PartnershipError

if TYPE_CHECKING:
    from bot.log.gaps import Gap
    from bot.log.replay import Replayed, Verdict
    from bot.log.teach import Change
    from index import Index

_GROUPED_DAYS = "90d"


def note(connection: sqlite3.Connection, index: Index) -> None:
    """Note the open index in the log: its encoder, and the passages there are."""
    from bot.log.gaps import note_index
    from bot.log.store import transaction

    about = {}
    for snippet_id in index.snippets:
        if snippet := index.snippet(snippet_id):
            about[snippet_id] = (snippet.title, snippet.topic)
    with transaction(connection):
        note_index(connection, index.version, index.manifest.encoder_key, index.manifest.built, about)


@log.command()
@click.argument("gap", type=int, required=False)
@click.option(
    "--state", type=click.Choice(["open", "answered", "will-not-cover", "all"]), default="open", show_default=True
)
@click.option("--mark", type=click.Choice(["open", "answered", "will-not-cover"]), help="Give GAP this state.")
@click.option("--note", help="Why, for those who come after; with --mark.")
@click.option("--update/--no-update", "fresh", default=True, help="First put new questions into gaps; needs the index.")
@since_option
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many gaps at most.")
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
    """Group what was not answered by meaning, what most people asked lately first; with GAP, show that one.

    Gaps are made of questions that got no answer or only near ones, a thumbs down, or a "please add this", of the last
    90 days (--since). They keep their numbers and states. A gap marked as answered opens again when somebody is not
    answered after that.

    \b
    Examples:
      partnership-bot log gaps
      partnership-bot log gaps 12
      partnership-bot log gaps 12 --mark will-not-cover --note "not about minerals"
    """
    from bot.log import gaps as review

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
        )


def group_new(connection: sqlite3.Connection, data: Path, since: str | None = None) -> None:
    """Note the live index and put new questions into gaps, or say why that cannot be done."""
    from bot.log.gaps import update
    from bot.log.queries import moment
    from bot.log.signatures import IndexSignatures

    try:
        with opened(data) as index:
            note(connection, index)
            update(
                connection,
                IndexSignatures(index),
                encoder=index.manifest.encoder_key,
                since=since or moment(_GROUPED_DAYS),
            )
    except PartnershipError as error:
        click.echo(f"New questions were not put into gaps, for the index cannot be opened: {error}", err=True)


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
    )
    click.echo()
    print_table(
        ("nearest snippet", "score"),
        [(name, f"{score:.3f}") for name, score in gap.nearest],
        empty="No snippet came near.",
    )


@log.command()
@click.argument("gap", type=int)
@click.option("--snippet", metavar="ID", help="Add the questions to this snippet's `questions`.")
@click.option("--new", "topic", metavar="TOPIC", help="Begin a new snippet in this topic with them.")
@click.option("--slug", metavar="NAME", help="File name of the new snippet, without .md.")
@click.option(
    "--out-of-scope", is_flag=True, help="Record them in evaluation.yaml as questions that shall not be answered."
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
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=lambda: load_settings().knowledge_dir,
    show_default="BOT_KNOWLEDGE_DIR or knowledge",
    help="Folder of the curated passages.",
)
@data_option
def teach(
    gap: int,
    snippet: str | None,
    topic: str | None,
    slug: str | None,
    out_of_scope: bool,
    pick: str | None,
    yes: bool,
    rebuild: bool | None,
    knowledge: Path,
    data: Path,
) -> None:
    """Put the questions of a gap into the knowledge, after showing the change and asking.

    Nothing but the added lines changes in a file. What people asked becomes public with the knowledge, so pick wordings
    that name nobody; those in which something had to be redacted, and all of people who opted out, cannot be picked.

    \b
    Examples:
      partnership-bot log teach 12 --snippet resources/lithium --build
      partnership-bot log teach 12 --new resources --pick 1,3
      partnership-bot log teach 12 --out-of-scope --pick all --yes
    """
    from bot.log import teach as lessons
    from bot.log.gaps import State, find, mark

    if sum(map(bool, (snippet, topic, out_of_scope))) != 1:
        raise click.UsageError("Say where the questions go: one of --snippet ID, --new TOPIC, --out-of-scope.")
    knowledge = knowledge.resolve()
    with writing(data) as connection:
        found = find(connection, gap)
        asked = [each for each in found.asked if lessons.is_fit(each.text)]
        chosen = _picked(asked, pick)
        if snippet:
            changes = lessons.add_questions(knowledge, snippet, [(each.language, each.text) for each in chosen])
        elif topic:
            name = slug or lessons.slug_of(chosen[0].text, f"gap-{gap}")
            changes = [lessons.draft(knowledge, topic, name, [each.text for each in chosen])]
        else:
            changes = lessons.add_out_of_scope(knowledge, [(each.language, each.text) for each in chosen])
        if not _written(changes, knowledge, yes):
            return
        if out_of_scope:
            mark(connection, gap, State.WILL_NOT_COVER)
            click.echo(f"Gap {gap} is marked will-not-cover.")
        if topic:
            click.echo("Write the text and the sources, then: partnership-bot check, and teach again with --build.")
            return
        if rebuild is None:
            rebuild = (
                sys.stdin.isatty()
                and not yes
                and click.confirm("Rebuild the index and ask the gap's questions again?", default=True)
            )
        if rebuild:
            _rebuild_and_compare(connection, found, knowledge, data)


def _picked(asked: list, pick: str | None) -> list:  # type: ignore[type-arg]
    if not asked:
        raise click.ClickException("No wording of this gap may be published: each holds something that was redacted.")
    for number, each in enumerate(asked, 1):
        click.echo(f"{number:3}  {each.language}  {each.text}", err=pick is not None)
    if pick is None:
        if not sys.stdin.isatty():
            raise click.UsageError("Say which questions with --pick 1,3 or --pick all.")
        pick = click.prompt("Which of them? (numbers, or all)", default="all")
    if pick.strip() == "all":
        return asked
    try:
        numbers = list(dict.fromkeys(int(part) for part in pick.replace(",", " ").split()))
        if not numbers or min(numbers) < 1:
            raise IndexError
        return [asked[number - 1] for number in numbers]
    except (ValueError, IndexError):
        raise click.BadParameter(
            f"{pick!r}: give numbers from 1 to {len(asked)}, or all.", param_hint="--pick"
        ) from None


def _written(changes: list[Change], knowledge: Path, yes: bool) -> bool:
    if not changes:
        click.echo("The questions are there already; nothing to write.")
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
    from bot.log.gaps import State, mark

    before = _verdicts(data, gap)
    from bot.building import build_index

    click.echo(build_index(load_settings(knowledge_dir=knowledge, data_dir=data), force=False))
    after = _verdicts(data, gap)
    click.echo()
    print_table(
        ("before", "after", "question"),
        [(str(before[each.id]), str(after[each.id]), each.text) for each in gap.asked],
        empty="",
    )
    answered = sum(after[each.id].decision == "answer" for each in gap.asked)
    click.echo(f"\n{answered} of {len(gap.asked)} wordings are answered now.")
    if answered == len(gap.asked):
        mark(connection, gap.id, State.ANSWERED)
        click.echo(f"Gap {gap.id} is marked answered.")


def _verdicts(data: Path, gap: Gap) -> dict[str, Verdict]:
    from bot.log.replay import verdict

    with opened(data) as index:
        return {each.id: verdict(index.answer(each.text)) for each in gap.asked}


@log.command("replay")
@since_option
@click.option(
    "--index",
    "other",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Data folder or version folder of the index to ask; default: the live one.",
)
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1),
    default=2000,
    show_default=True,
    help="How many wordings at most, those asked most first.",
)
@click.option("--all", "everything", is_flag=True, help="Show those that stay the same as well.")
@json_option
@data_option
def replay_(since: str | None, other: Path | None, limit: int, everything: bool, as_json: bool, data: Path) -> None:
    """Ask logged questions of another index version and show what changes.

    \b
    Example, before publishing:
      partnership-bot build --data candidate && partnership-bot log replay --since 30d --index candidate
    """
    from bot.log.replay import logged, replay, summary

    with reading(data) as connection, opened(other or data) as index:
        rows = list(logged(connection, since=since or "", limit=limit))
        with click.progressbar(rows, label="Asking again", file=sys.stderr, hidden=not sys.stderr.isatty()) as shown:
            results = list(replay(shown, index.answer))
        version = index.version
    counts = summary(results)
    chosen = [result for result in results if everything or result.change]
    if as_json:
        print_json(
            {"index_version": version, "summary": counts, "questions": [_replayed_json(result) for result in chosen]}
        )
        return
    print_table(
        ("times", "change", "before", "after", "lang", "question"),
        [
            (each.times, each.change or "", str(each.before), str(each.after), each.language, each.question)
            for each in chosen
        ],
        empty="Nothing changes.",
    )
    click.echo(f"\nIndex {version}: " + ", ".join(f"{name} {number}" for name, number in counts.items()))


def _replayed_json(result: Replayed) -> dict[str, object]:
    def sides(verdict: Verdict) -> dict[str, object]:
        return {
            "decision": verdict.decision,
            "confidence": round(verdict.confidence, 4),
            "snippet": verdict.snippet,
            "hash": verdict.hash,
        }

    return {
        "id": result.id,
        "question": result.question,
        "language": result.language,
        "times": result.times,
        "change": result.change,
        "before": sides(result.before),
        "after": sides(result.after),
    }
