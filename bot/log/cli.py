"""``partnership-bot log …``: the group with all its commands."""

from bot.log import cli_gaps, cli_pages, cli_reading, cli_teach
from bot.log.command import log

__all__ = ["cli_gaps", "cli_pages", "cli_reading", "cli_teach", "log"]
