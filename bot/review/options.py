"""What the log's commands share: their group, their options, how they open the log and the index, how they print."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot.commands.paths import UserPath
from bot.database import open_for_reading
from bot.review.queries import moment
from bot.settings import LOG_FILE, Settings, load_settings

if TYPE_CHECKING:
    from index import Index

F = TypeVar("F", bound=Callable[..., Any])
_VERBS = ("records", "gaps", "teach", "replay", "browse")


class _LogGroup(click.Group):
    """A group whose verbs are imported when they are needed, and that reports a broken database in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        _import_verbs()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        _import_verbs()
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except sqlite3.Error as error:
            message = f"The query log cannot be used: {error}."
            raise click.ClickException(message) from error


def _import_verbs() -> None:
    for module in _VERBS:
        import_module(f"bot.review.{module}")


@click.group(cls=_LogGroup, context_settings={"help_option_names": ["-h", "--help"]})
def log() -> None:
    """Read what people asked, see what was not answered, and improve the knowledge with it."""


data_option = click.option(
    "--data",
    type=UserPath(file_okay=False),
    default=lambda: load_settings().data_dir,
    show_default="BOT_DATA_DIR or data",
    help="Folder with the index and the query log.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
days_option = click.option(
    "--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="How many days up to today (UTC)."
)
update_option = click.option(
    "--update/--no-update", "fresh", default=True, help="First put new questions into gaps; needs the index."
)


def _moment(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return moment(value) if value else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


since_option = click.option(
    "--since", callback=_moment, metavar="WHEN", help="Only from then on: 7d, 24h, 2w, today, 2026-11-01 (UTC)."
)
until_option = click.option("--until", callback=_moment, metavar="WHEN", help="Only before then.")


def limit_option(default: int, text: str = "How many at most.") -> Callable[[F], F]:
    """Return a decorator that gives a command the option --limit."""
    return click.option("-n", "--limit", type=click.IntRange(1), default=default, show_default=True, help=text)


def settings_for(data: Path, **given: object) -> Settings:
    """Return the settings for this data folder; its index may lie elsewhere unless the command was given the folder."""
    settings = load_settings(**given)
    return settings if settings.data_dir == data else load_settings(data_dir=data, **given)


def log_file(data: Path) -> Path:
    """Return the log of a data folder.

    Raises:
        click.ClickException: There is no log.
    """
    path = data / LOG_FILE
    if not path.exists():
        message = f"{path}: there is no query log here yet. The bot begins it with the first question; see --data."
        raise click.ClickException(message)
    return path


def reading(data: Path) -> closing[sqlite3.Connection]:
    """Open the log of a data folder for reading."""
    return closing(open_for_reading(log_file(data)))


def writing(data: Path) -> closing[sqlite3.Connection]:
    """Open the log of a data folder for writing what reviewers decide."""
    from bot.querylog.schema import open_log

    return closing(open_log(log_file(data)))


def opened(path: Path) -> closing[Index]:
    """Open the index of a data folder."""
    from index import Index

    return closing(Index.open(settings_for(path).index_home))


def short_time(text: object) -> str:
    """Return a time of the log to the minute (UTC)."""
    return str(text)[:16].replace("T", " ")
