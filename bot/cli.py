"""The command line: each verb reads its options and calls the function that does the work."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.commands.paths import UserPath
from index.errors import UserFacingError

if TYPE_CHECKING:
    from bot.settings import Settings

_KNOWLEDGE = click.option(
    "--knowledge", type=UserPath(), help="Knowledge folder.  [default: BOT_KNOWLEDGE_DIR or knowledge]"
)
_DATA = click.option("--data", type=UserPath(), help="Data folder.  [default: BOT_DATA_DIR or data]")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")

READER_GONE = 141
"""The exit code of a program whose output nobody reads any more: that of SIGPIPE, as a shell gives it."""


class _Group(click.Group):
    """A group that turns every error raised on purpose into one line.

    The commands for reviewers are imported only when they are used, so that the others start faster.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "log", "review"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "log":
            from bot.commands.collect import collect
            from bot.review.options import log

            log.add_command(collect)
            return log
        if cmd_name == "review":
            from bot.review.browse import review

            return review
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        from bot.commands.standard_streams import discard_output

        try:
            return super().invoke(ctx)
        except UserFacingError as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:
            # Whoever read the output has gone (`… | head`), so the rest of it goes nowhere.
            discard_output()
            ctx.exit(READER_GONE)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}") from error


def _settings(**given: object) -> Settings:
    from bot.settings import load_settings

    return load_settings(**given)


def _version() -> str:
    try:
        return metadata.version("partnership-bot")
    except metadata.PackageNotFoundError:
        return "of a source tree that is not installed"


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(_version())
def cli() -> None:
    """Answer questions about a curated body of knowledge by quoting it, on Telegram and in the terminal.

    \b
    Examples:
      partnership-bot ask "Who signed the 2024 roadmap?"
      partnership-bot check
      partnership-bot build
      BOT_TOKEN=… partnership-bot run

    Settings come from the environment or from a file .env; README.md lists them.
    """
    from bot.settings import ignored_settings
    from bot.text_encoding import EncodingError

    # Whatever needs the settings refuses a .env that cannot be read; a help text does not.
    with suppress(EncodingError):
        for line in ignored_settings():
            click.echo(f"Warning: {line}", err=True)


@cli.command()
@_KNOWLEDGE
def check(knowledge: Path | None) -> None:
    """Check a knowledge folder and print every problem as file:line: field: reason.

    The exit code is 1 if there is a problem, and 0 if there are only warnings.

    \b
    Example:
      partnership-bot check --knowledge knowledge
    """
    from bot.commands.build import check_knowledge

    sys.exit(check_knowledge(_settings(knowledge_dir=knowledge)))


@cli.command()
@_KNOWLEDGE
@_DATA
@click.option("--force", is_flag=True, help="Publish even if nothing changed or the quality gate fails.")
@click.option("--rollback", is_flag=True, help="Go back to the version before the live one; nothing is built.")
def build(knowledge: Path | None, data: Path | None, force: bool, rollback: bool) -> None:
    """Build an index from the knowledge folder and make it live; a running bot switches to it.

    Only changed snippets are embedded again. The last five versions are kept. The last line names the version.

    \b
    Examples:
      partnership-bot build
      partnership-bot build --knowledge ../other-knowledge --data /srv/bot
      partnership-bot build --rollback
    """
    from bot.commands.build import build_index, roll_back

    settings = _settings(knowledge_dir=knowledge, data_dir=data)
    if rollback:
        click.echo(f"Rolled back; live is version {roll_back(settings)}")
    else:
        click.echo(build_index(settings, force=force))


@cli.command()
@click.argument("question", required=False)
@_JSON
@click.option(
    "--batch",
    metavar="FILE",
    type=UserPath(exists=True, dir_okay=False, allow_dash=True),
    help="Ask every line of FILE in UTF-8 (- for standard input).",
)
@click.option("--explain", is_flag=True, help="Show what was understood, how it was decided and why.")
@click.option("--language", metavar="CODE", help="Language of the question (en, ru, kk …); detected by default.")
@_DATA
@_KNOWLEDGE
def ask(
    question: str | None,
    as_json: bool,
    batch: Path | None,
    explain: bool,
    language: str | None,
    data: Path | None,
    knowledge: Path | None,
) -> None:
    """Ask a question in the terminal; without QUESTION, start a conversation.

    The answer is a quote with speaker, source and date, or a clear "no answer". Up to three questions are answered one
    after another. If there is no index yet, it is built first. Each line of FILE is a question, or a JSON object with
    "question" and optionally "language".

    \b
    Examples:
      partnership-bot ask "Who is the British ambassador?"
      partnership-bot ask --json "uranium output"
      partnership-bot ask --batch questions.txt --json
      partnership-bot ask
    """
    from bot.commands.ask import ask_batch, ask_once, converse
    from bot.commands.build import open_or_build
    from bot.commands.standard_streams import batch_lines, typed

    lines = batch_lines(batch) if batch is not None else ()
    index = open_or_build(_settings(data_dir=data, knowledge_dir=knowledge))
    if batch is not None:
        ask_batch(index, lines, language=language, as_json=as_json, explain=explain)
    elif question is not None:
        ask_once(index, typed(question), language=language, as_json=as_json, explain=explain)
    else:
        converse(index, language=language, as_json=as_json, explain=explain)


@cli.command()
@click.option("--questions", type=UserPath(), help="Questions with known answers.  [default: evaluation.yaml]")
@_JSON
@click.option("--plot", type=UserPath(), help="Draw reliability and coverage into this .svg or .png file.")
@click.option("--compare", metavar="VERSION", help="Compare with VERSION of the index.")
@click.option("--failures/--no-failures", default=True, help="List the questions that failed, and why.")
@_DATA
@_KNOWLEDGE
def evaluate(
    questions: Path | None,
    as_json: bool,
    plot: Path | None,
    compare: str | None,
    failures: bool,
    data: Path | None,
    knowledge: Path | None,
) -> None:
    """Measure the live index on questions with known answers.

    \b
    Examples:
      partnership-bot evaluate
      partnership-bot evaluate --questions my-questions.yaml --json
      partnership-bot evaluate --compare 20260101T120000000Z-0123abcd
    """
    from bot.commands.evaluate import Output, evaluate_index

    settings = _settings(data_dir=data, knowledge_dir=knowledge)
    evaluate_index(settings, questions, Output(as_json, plot, compare, failures))


@cli.command()
@_JSON
@_DATA
def status(as_json: bool, data: Path | None) -> None:
    """Show which version is live, whether it answers, and how reliable it is.

    The exit code is 1 if something is wrong.

    \b
    Example:
      partnership-bot status
    """
    from bot.commands.status import print_status

    sys.exit(print_status(_settings(data_dir=data), as_json=as_json))


@cli.command()
def health() -> None:
    """Ask the running bot at BOT_HTTP_LISTEN whether it is well; the index is not opened.

    The exit code is 1 if it is not well, or if no bot answers.

    \b
    Example:
      BOT_HTTP_LISTEN=127.0.0.1:9464 partnership-bot health
    """
    from bot.commands.running_bot import print_health

    sys.exit(print_health(_settings()))


@cli.command()
@_DATA
@_KNOWLEDGE
def run(data: Path | None, knowledge: Path | None) -> None:
    """Run the bot on Telegram until it is stopped; BOT_TOKEN must be set.

    \b
    Example:
      BOT_TOKEN=123456:ABC… partnership-bot run
    """
    from bot.telegram.run import run as run_bot

    sys.exit(run_bot(_settings(data_dir=data, knowledge_dir=knowledge)))


def main() -> None:
    """Run the program; whatever ends it ends it without a traceback."""
    from bot.commands.standard_streams import discard_output, prepare

    prepare()
    code: str | int | None = 0
    try:
        cli(prog_name="partnership-bot")
    except SystemExit as end:
        code = end.code
    except OSError as error:  # a help text that cannot be written
        code = f"Error: {error.strerror or error}"
    try:
        sys.stdout.flush()
    except OSError as error:
        discard_output()
        code = READER_GONE if isinstance(error, BrokenPipeError) else code or f"Error: {error.strerror or error}"
    sys.exit(code)
