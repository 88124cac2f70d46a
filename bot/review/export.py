"""The log as files for other programs: CSV that is safe to open in a spreadsheet, and JSON lines."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterable
from typing import TextIO

from bot.querylog.statements import COLUMNS as RECORDED
from bot.querylog.statements import DELIVERY_COLUMNS

COLUMNS = (*RECORDED, *DELIVERY_COLUMNS, "vote", "requested")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


def defused(cell: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: such text gets an apostrophe in front."""
    if isinstance(cell, str) and cell.lstrip(" \u00a0\ufeff").startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return cell


def write_csv(rows: Iterable[sqlite3.Row], file: TextIO) -> int:
    """Write rows as CSV (RFC 4180) under a heading; return their number."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007
        writer.writerow([defused(row[column]) for column in COLUMNS])
    return count


def write_json_lines(rows: Iterable[sqlite3.Row], file: TextIO) -> int:
    """Write one JSON object a line; return their number."""
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007
        fields = {column: row[column] for column in COLUMNS}
        fields["candidates"] = json.loads(fields["candidates"])
        file.write(json.dumps(fields, ensure_ascii=False) + "\n")
    return count
