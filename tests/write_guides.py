"""Write the parts of the guides that the program itself knows: its settings and its help texts.

    python -m tests.write_guides

Run it after a change of a setting, an option or a help text. A test compares the guides with the program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

from bot.cli import cli
from bot.settings import Settings

GUIDE = Path(__file__).parents[1] / "bot" / "README.md"
PROGRAM = "partnership-bot"
_COLUMNS = 96


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command with the words that call it, a group before its own."""
    yield path, group
    context = click.Context(group, info_name=PROGRAM)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        elif command is not None:
            yield (*path, name), command


def help_of(path: tuple[str, ...]) -> str:
    """Return what a command prints when it is asked for help."""
    result = CliRunner().invoke(cli, [*path, "--help"], prog_name=PROGRAM, terminal_width=_COLUMNS)
    return result.output.rstrip()


def help_texts() -> str:
    """Return all help texts in Markdown."""
    shown = [f"$ {' '.join([PROGRAM, *path, '--help'])}\n{help_of(path)}" for path, _ in commands()]
    return "\n".join(["```", "\n\n".join(shown), "```"])


def settings_table() -> str:
    """Return the table of settings in Markdown."""
    rows = ["| setting | default | what it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, "", frozenset()) else f"`{field.default}`"
        rows.append(f"| `BOT_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def written(text: str) -> str:
    """Return the text of a guide with what stands between the markers made anew."""
    for name, made in (("settings", settings_table()), ("help", help_texts())):
        between = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- end of {name} -->)", re.DOTALL)
        text, found = between.subn(lambda match, made=made: f"{match[1]}{made}{match[2]}", text)
        if found != 1:
            raise ValueError(f"the guide needs the markers of '{name}' once, not {found} times")
    return text


if __name__ == "__main__":
    GUIDE.write_text(written(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
