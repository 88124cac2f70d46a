"""What the log's commands share: the group they belong to, their options, and how they open the log and the index."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot.database import open_for_reading
from bot.querylog.schema import open_log
from bot.review.queries import moment
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    from index import Index

F = TypeVar("F", bound=Callable[..., Any])
LOG_FILE = "queries.db"


class LogGroup(click.Group):
    """A group whose commands report a database that cannot be used in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what SQLite refuses becomes the error the person sees."""
        try:
            return super().invoke(ctx)
        except sqlite3.Error as error:
            message = f"The query log cannot be used: {error}."
            raise click.ClickException(message) from error


@click.group(cls=LogGroup, context_settings={"help_option_names": ["-h", "--help"]})
def log() -> None:
    """Read what people asked, see what was not answered, and turn it into knowledge."""


def data_option(command: F) -> F:
    """Give a command the option --data."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        default=lambda: load_settings().data_dir,
        show_default="BOT_DATA_DIR or data",
        help="Folder with the index and the query log.",
    )(command)


def json_option(command: F) -> F:
    """Give a command the option --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(command)


def _moment(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return moment(value) if value else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


since_option = click.option(
    "--since", callback=_moment, metavar="WHEN", help="From then on: 7d, 24h, 2w, today, 2026-11-01 (UTC)."
)
until_option = click.option("--until", callback=_moment, metavar="WHEN", help="Before then.")


def settings_for(data: Path, **given: object) -> Settings:
    """Return the settings with this data folder; its index may lie elsewhere unless it was named to the command."""
    settings = load_settings(**given)
    return settings if settings.data_dir == data else load_settings(data_dir=data, **given)


@contextmanager
def reading(data: Path) -> Iterator[sqlite3.Connection]:
    """Open the log of a data folder for reading, or say where there should have been one."""
    path = data / LOG_FILE
    if not path.exists():
        message = f"{path}: there is no query log here yet. The bot begins it with the first question; see --data."
        raise click.ClickException(message)
    with closing(open_for_reading(path)) as connection:
        yield connection


@contextmanager
def writing(data: Path) -> Iterator[sqlite3.Connection]:
    """Open the log of a data folder for what reviewers decide."""
    with reading(data):
        pass
    with closing(open_log(data / LOG_FILE)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


@contextmanager
def opened(path: Path) -> Iterator[Index]:
    """Open the index that belongs to a data folder, and close it."""
    from index import Index

    index = Index.open(settings_for(path).index_home)
    try:
        yield index
    finally:
        index.close()
