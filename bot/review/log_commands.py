"""The group ``log`` of the command line, with all its verbs."""

from bot.review import browse, gaps, list, teach
from bot.review.options import log

__all__ = ["browse", "gaps", "list", "log", "teach"]
