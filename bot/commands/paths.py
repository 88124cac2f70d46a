"""Paths on the command line, in which ~ is the home folder also where no shell has replaced it (``--data=~/bot``)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


class UserPath(click.Path):
    """A path; options are those of :class:`click.Path`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Replace ~ and check the path."""
        return super().convert(os.path.expanduser(value), param, ctx)  # noqa: PTH111 - leaves an unknown ~name alone
