"""``partnership-bot log …``: the group with all its commands."""

from bot.log import cli_knowledge, cli_pages, cli_reading
from bot.log.command import log

__all__ = ["cli_knowledge", "cli_pages", "cli_reading", "log"]
