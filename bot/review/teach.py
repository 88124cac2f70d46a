"""The command that adds questions of a gap to the knowledge."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.review.options import data_option, log, opened, print_table, settings_for, writing
from bot.settings import load_settings

if TYPE_CHECKING:
    from bot.review.gap_store import Gap, Wording
    from bot.review.knowledge_edit import Change
    from bot.review.replay import Verdict


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
    type=click.Path(path_type=Path, file_okay=False, exists=True),
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
    from bot.review.gap_store import State, find, mark
    from bot.review.knowledge_edit import is_fit

    if sum(map(bool, (snippet, topic, out_of_scope))) != 1:
        raise click.UsageError("Say where the questions go: one of --snippet ID, --new TOPIC, --out-of-scope.")
    if evaluate and not snippet:
        raise click.UsageError("--evaluate needs --snippet ID: the snippet that answers the questions.")
    knowledge = knowledge.resolve()
    with writing(data) as connection:
        found = find(connection, gap)
        fit = {number: each for number, each in enumerate(found.asked, 1) if is_fit(each.text)}
        changes = _changes(knowledge, _picked(fit, pick), snippet, evaluate, topic, slug, gap)
        if not _written(changes, knowledge, yes):
            return
        if out_of_scope:
            mark(connection, gap, State.WILL_NOT_COVER)
            click.echo(f"Gap {gap} is marked will-not-cover.")
        if evaluate and not rebuild:
            click.echo("To measure the bot with them: partnership-bot evaluate")
        elif topic:
            click.echo("Write the text and the sources, then: partnership-bot check, and teach again with --build.")
        elif rebuild or (rebuild is None and not yes and _wants_rebuild()):
            _rebuild_and_compare(connection, found, knowledge, data)


def _changes(
    knowledge: Path,
    chosen: list[Wording],
    snippet: str | None,
    evaluate: bool,
    topic: str | None,
    slug: str | None,
    gap: int,
) -> list[Change]:
    """Return the changes to the knowledge that the options ask for."""
    from bot.review.knowledge_edit import add_questions, add_to_evaluation, draft, slug_of

    questions = [(each.language, each.text) for each in chosen]
    if topic:
        name = slug or slug_of(chosen[0].text, f"gap-{gap}")
        return [draft(knowledge, topic, name, [each.text for each in chosen])]
    if snippet and not evaluate:
        return add_questions(knowledge, snippet, questions)
    return add_to_evaluation(knowledge, questions, [snippet] if snippet else [])


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
    from bot.review.gap_store import State, mark

    before = _verdicts(data, gap)
    from bot.commands.build import build_index

    click.echo(build_index(settings_for(data, knowledge_dir=knowledge), force=False))
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
    from bot.review.replay import verdict

    with opened(data) as index:
        return {each.id: verdict(index.answer(each.text)) for each in gap.asked}
