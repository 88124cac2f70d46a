"""The command that adds the questions of a gap to the knowledge."""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.paths import UserPath
from bot.commands.terminal import print_table
from bot.review.options import data_option, log, opened, settings_for, writing
from bot.settings import Settings, load_settings
from index.errors import UserFacingError

if TYPE_CHECKING:
    from bot.review.acts import Act, Asked
    from bot.review.gap_store import Gap
    from bot.review.knowledge_edit import Change
    from bot.review.replay import Verdict
    from bot.review.wordings import Offer


@log.command()
@click.argument("gap", type=int)
@click.option("--snippet", metavar="ID", help="Add the questions to this snippet's `questions`.")
@click.option("--not-snippet", metavar="ID", help="Add them to its `does_not_answer`: it does not answer them.")
@click.option(
    "--evaluate", is_flag=True, help="With --snippet: instead record them in evaluation.yaml as questions it answers."
)
@click.option("--new", "topic", metavar="TOPIC", help="Begin a new snippet with them in this topic.")
@click.option("--slug", metavar="NAME", help="File name of the new snippet, without .md.")
@click.option(
    "--not-covered", is_flag=True, help="Add them to not_covered.yaml: asked again, they are refused politely."
)
@click.option(
    "--out-of-scope", is_flag=True, help="Record them in evaluation.yaml as questions the bot must not answer."
)
@click.option("--pick", metavar="1,3|all", help="Which questions, by the numbers of `log gaps GAP`.")
@click.option(
    "--spelling/--as-typed",
    default=None,
    help="Correct misspellings first; the default, but for evaluation.yaml, which keeps what people typed.",
)
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
    not_snippet: str | None,
    evaluate: bool,
    topic: str | None,
    slug: str | None,
    not_covered: bool,
    out_of_scope: bool,
    pick: str | None,
    spelling: bool | None,
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
      partnership-bot log teach 12 --not-snippet resources/lithium --pick 4
      partnership-bot log teach 12 --new resources --pick 1,3
      partnership-bot log teach 12 --not-covered --pick all --yes
    """
    from bot.review import acts
    from bot.review.gap_changes import user_name
    from bot.review.gap_store import State, find, mark

    _check_usage((snippet, not_snippet, topic, not_covered, out_of_scope), evaluate=evaluate, rebuild=rebuild)
    knowledge = knowledge.resolve()
    for_evaluation = evaluate or out_of_scope
    with writing(data) as connection:
        found = find(connection, gap)
        questions = _picked(_offers(data, found, correct=not for_evaluation if spelling is None else spelling), pick)
        act: Act
        if topic:
            act = _new_snippet(topic, slug, gap, questions, knowledge)
        elif for_evaluation:
            act = acts.KeepForEvaluation(questions, snippet)
        elif snippet:
            act = acts.AddQuestions(snippet, questions)
        else:
            act = acts.DoesNotAnswer(not_snippet, questions) if not_snippet else acts.NotCovered(questions)
        if not _written(acts.changes(act, knowledge), settings_for(data, knowledge_dir=knowledge), yes):
            return
        if out_of_scope or not_covered:
            mark(connection, gap, State.WILL_NOT_COVER, by=user_name())
            click.echo(f"Gap {gap} is marked will-not-cover.")
        if not_covered and rebuild is not True:
            click.echo("The bot refuses the questions from the next build on: partnership-bot build")
        if isinstance(act, acts.WriteSnippet):
            _say_what_is_left(act.snippet, gap, pick)
        elif for_evaluation and not rebuild:
            click.echo("To measure the bot with them: partnership-bot evaluate")
        elif rebuild or (rebuild is None and not yes and _wants_rebuild()):
            _rebuild_and_compare(connection, found, knowledge, data)


def _say_what_is_left(snippet: str, gap: int, pick: str | None) -> None:
    click.echo(
        f"Write the text and the sources of {snippet} and remove 'draft: true'. Then:\n"
        f"  partnership-bot log teach {gap} --snippet {snippet} --pick {pick or 'all'} --build"
    )


def _check_usage(into: tuple[str | bool | None, ...], *, evaluate: bool, rebuild: bool | None) -> None:
    snippet, _, topic, *_ = into
    if sum(map(bool, into)) != 1:
        raise click.UsageError(
            "Say where the questions go: one of --snippet ID, --not-snippet ID, --new TOPIC, --not-covered, "
            "--out-of-scope."
        )
    if evaluate and not snippet:
        raise click.UsageError("--evaluate needs --snippet ID: the snippet that answers the questions.")
    if topic and rebuild:
        raise click.UsageError("--new begins a draft, which is not built: write its text, then teach with --snippet.")


def _new_snippet(topic: str, slug: str | None, gap: int, questions: Sequence[Asked], knowledge: Path) -> Act:
    """Return the beginning of a snippet: a file for each language of its questions, the one most asked in first."""
    from bot.review.acts import NewTranslation, WriteSnippet
    from bot.review.snippet_edit import slug_of
    from index.knowledge.reader import read_knowledge

    read = read_knowledge(knowledge)
    topics = [each.id for each in read.topics]
    if topics and topic not in topics:
        raise click.BadParameter(f"{topic!r} is no topic of topics.yaml: {', '.join(topics)}.", param_hint="--new")
    base = read.base_language
    times = Counter(each.language for each in questions)
    # Where there is one, the language of the folder's originals is that of this one, too.
    languages = sorted(times, key=lambda language: (language != base, -times[language]))
    texts = {name: tuple(each.text for each in questions if each.language == name) for name in languages}
    return WriteSnippet(
        topic=topic,
        slug=slug or next((made for each in questions if (made := slug_of(each.text, ""))), f"gap-{gap}"),
        as_of=str(datetime.now(UTC).date()),
        speaker="",
        sources=(),
        new_sources=(),
        translations=tuple(NewTranslation(name, asked[0], "", asked) for name, asked in texts.items()),
        base_language=base,
    )


def _wants_rebuild() -> bool:
    return sys.stdin.isatty() and click.confirm("Rebuild the index and ask the gap's questions again?", default=True)


def _offers(data: Path, gap: Gap, *, correct: bool) -> list[Offer]:
    """Return the wordings that may be taken over, spelled as the live index reads them where there is one."""
    from bot.review.wordings import offers

    found = None
    if correct:
        try:
            with opened(data) as index:
                found = offers(gap.asked, index)
        except UserFacingError as error:
            click.echo(f"Misspellings are not looked for, because the index cannot be opened: {error}", err=True)
    return [offer for offer in found or offers(gap.asked, None) if offer.is_fit]


def _picked(offered: list[Offer], pick: str | None) -> tuple[Asked, ...]:
    """Print the wordings that may be published; return those picked by their numbers."""
    from bot.review.acts import Asked

    if not offered:
        raise click.ClickException(
            "No wording of this gap may be published, because something was redacted in each. To close it without "
            "teaching: log gaps GAP --mark will-not-cover"
        )
    for each in offered:
        note = f"  (typed: {each.wording.text})" if each.is_corrected else ""
        click.echo(f"{each.number:3}  {each.wording.language}  {each.text}{note}", err=pick is not None)
    if pick is None:
        if not sys.stdin.isatty():
            raise click.UsageError("Say which questions with --pick 1,3 or --pick all.")
        pick = click.prompt("Which of them? (numbers, or all)", default="all")
    by_number = {each.number: Asked(each.wording.language, each.text) for each in offered}
    if pick.strip() == "all":
        return tuple(by_number.values())
    try:
        numbers = dict.fromkeys(int(part) for part in pick.replace(",", " ").split())
        chosen = tuple(by_number[number] for number in numbers)
    except (ValueError, KeyError):
        chosen = ()
    if not chosen:
        known = ", ".join(map(str, by_number))
        raise click.BadParameter(f"{pick!r}: give numbers of those listed ({known}), or all.", param_hint="--pick")
    return chosen


def _written(changes: list[Change], settings: Settings, yes: bool) -> bool:
    """Show the changes and write them, unless they would make `check` fail or the reviewer says no."""
    from bot.review.act_checks import TokenLimit, check_changes

    knowledge = settings.knowledge_dir
    if not changes:
        click.echo("The questions are there already; there is nothing to write.")
        return True
    for change in changes:
        click.echo(change.diff(knowledge), nl=False)
    if problems := check_changes(knowledge, changes, limit=TokenLimit.of(settings)).problems:
        reasons = "\n".join(map(str, problems))
        raise click.ClickException(
            f"With this change `partnership-bot check` would fail; nothing was written.\n{reasons}"
        )
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
