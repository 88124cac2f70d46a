"""The README tells the truth about commands and settings."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from bot.cli import cli
from bot.settings import Settings

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def help_block() -> str:
    """Return the help of the program and of each verb, as the README prints it."""
    runner = CliRunner()
    names = [
        [],
        *(
            [name]
            for name in sorted(
                cli.list_commands(cli.make_context("partnership-bot", ["--help"], resilient_parsing=True))
            )
        ),
    ]
    texts = []
    for name in names:
        result = runner.invoke(cli, [*name, "--help"], prog_name="partnership-bot", terminal_width=96)
        texts.append(f"$ partnership-bot {' '.join([*name, '--help'])}\n{result.output.rstrip()}")
    return "\n\n".join(texts)


def settings_table() -> str:
    """Return the table of settings in Markdown."""
    rows = ["| setting | default | what it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, "", frozenset()) else f"`{field.default}`"
        rows.append(f"| `BOT_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def test_help_is_current() -> None:
    """The README prints the help texts exactly as the program does."""
    printed = README.split("<!-- help -->\n```\n")[1].split("\n```")[0]
    assert help_block().splitlines() == printed.splitlines()


def test_settings_are_current() -> None:
    """The README lists every setting with its default and meaning."""
    assert settings_table() in README


def test_every_verb_shows_an_example() -> None:
    """Each verb's help has an example that names the program."""
    for name in ("check", "build", "ask", "evaluate", "status", "run", "log"):
        output = CliRunner().invoke(cli, [name, "--help"], prog_name="partnership-bot").output
        assert re.search(r"partnership-bot (?:\w+=\S+ )*" + name, output), name


def test_first_commands_are_single_lines() -> None:
    """The README opens with two commands of one line each: one asks, the other tests."""
    blocks = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)[:2]
    assert [block.count("\n") for block in blocks] == [0, 0]
    assert " ask " in blocks[0]
    assert "pytest" in blocks[1]
