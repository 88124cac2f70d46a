"""What is wrong with broken YAML, in words that an editor of texts understands."""

from __future__ import annotations

import re

import yaml

_SECOND_COLON = re.compile(r"""\s*(?:- )?(?P<field>[^\s:#"'][^:]*):\s+(?P<text>[^"'\[{|>].*:(?:\s.*)?)$""")
_QUOTED_PART = re.compile(r"""\s*(?:- )?(?:[^\s:#"'][^:]*:\s+)?(?P<mark>["']).*""")
_SPECIAL = re.compile(r"""\s*(?:- )?(?:[^\s:#"'][^:]*:\s+)?(?P<mark>[@`%*&!\]},])""")


def explain(error: yaml.MarkedYAMLError, lines: list[str], line: int) -> str:
    """Return what an editor should do about broken YAML.

    Args:
        error: What the parser said.
        lines: The document.
        line: The number of the line that the parser names, from 0.
    """
    problem = str(error.problem or error.context)
    broken = lines[line] if line < len(lines) else ""
    reason = _reason(problem, broken)
    if reason == _TOO_DEEP:
        return reason
    return f"broken YAML: {reason}" if reason else f"broken YAML: {problem}"


_TOO_DEEP = "nested too deeply"
_REASONS = (
    (("nesting depth",), _TOO_DEEP),
    (("tab",), "the line begins with a tab; indent with spaces"),
    (("end of stream", "document separator"), "a quotation mark is opened and not closed"),
    (("',' or '",), "a list in brackets is not closed, or a comma is missing in it"),
    (("expected ':'",), "a line is neither 'field: value' nor a list item '- …'; check its indentation"),
    (("another document",), "a line '---' stands in the middle"),
    (("sequence entries",), "a list begins on the line of its field; begin it on the next line"),
)
"""What the parser says, and what that means."""
_INDENTED = "the indentation differs from the lines above, or a list and fields are mixed"


def _reason(problem: str, broken: str) -> str | None:
    if "\t" in broken[: len(broken) - len(broken.lstrip())]:
        problem = "tab"
    for words, reason in _REASONS:
        if any(word in problem for word in words):
            return reason
    if "mapping values" in problem:
        return _colon(broken)
    if _QUOTED_PART.match(broken):
        return "something stands behind a closing quotation mark; put the whole text in quotes of the other kind"
    if special := _SPECIAL.match(broken):
        return f"a text that begins with '{special['mark']}' must stand in quotes"
    return _INDENTED if "block end" in problem or "expected key" in problem or "indicator" in problem else None


def _colon(broken: str) -> str:
    if found := _SECOND_COLON.match(broken):
        field, text = found["field"], found["text"].strip()
        shown = text if len(text) <= 60 else f"{text[:59]}…"
        if '"' not in shown:
            return f"a text with ': ' in it must stand in quotes; write {field}: \"{shown}\""
        return f"a text with ': ' in it must stand in quotes; put the {field} in quotes"
    return "the line above is no 'field: value' line, or this one is indented too far"
