"""Fit the decision to a folder at build time, from its own questions and from questions no folder answers."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from index.decision import Calibration
from index.frontmatter import parse_yaml
from index.search import Index

if TYPE_CHECKING:
    from index.build import Report


@cache
def off_topic_lines() -> dict[str, tuple[str, ...]]:
    """Return what people say to assistants that no curated knowledge answers, by language."""
    node = parse_yaml(resources.files("index").joinpath("offtopic.yaml").read_text(encoding="utf-8"))
    assert isinstance(node.value, dict)
    return {
        language: tuple(line.value for line in lines.value if isinstance(line.value, str))
        for language, lines in node.value.items()
        if isinstance(lines.value, list)
    }


def calibrate(index: Index, report: Report) -> Calibration:
    return Calibration()
