"""Rows go when they are old, and not many at a time: a computer's clock may be set wrong."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.database import open_for_reading
from tests.support.log_answers import entry, open_log, until


async def aged_log(folder: Path, ages: list[int]) -> None:
    """Make a log with a row for each number of days, which is its age and its question."""
    log = open_log(folder)
    for age in ages:
        await log.record(entry(str(age), "none"))
    await log.close()
    with closing(sqlite3.connect(folder / "queries.db")) as connection:
        connection.execute(
            "UPDATE questions SET time = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || question || ' days')"
        )
        connection.commit()


def kept(folder: Path, table: str = "questions") -> list[str]:
    """Return what is in the first column of a table of the log, or the questions."""
    column = "question" if table == "questions" else "*"
    with closing(open_for_reading(folder / "queries.db")) as connection:
        return [row[0] for row in connection.execute(f"SELECT {column} FROM {table}")]


async def test_old_rows_go_soon_after_the_start(tmp_path: Path) -> None:
    """Rows older than the window go, with their vectors and their words in the search index; younger ones stay."""
    await aged_log(tmp_path, [1, 100, 179, 181, 400])
    log = open_log(tmp_path, retention_days=180)
    await log.record(entry("new", "none"))
    await until(lambda: len(kept(tmp_path)) == 4)
    await log.close()
    assert kept(tmp_path) == ["1", "100", "179", "new"]
    assert len(kept(tmp_path, "vectors")) == 4
    assert kept(tmp_path, "questions_fts WHERE questions_fts MATCH '400'") == []


async def test_rows_are_kept_for_ever_if_so_set(tmp_path: Path) -> None:
    """With 0 days nothing is deleted."""
    await aged_log(tmp_path, [4000])
    log = open_log(tmp_path, retention_days=0)
    await log.record(entry("new"))
    await log.close()
    assert kept(tmp_path) == ["4000", "new"]


async def test_a_clock_a_year_ahead_deletes_a_bounded_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than the bound go in an hour, the oldest first, and one line tells the operator to look at the clock."""
    monkeypatch.setattr("bot.querylog.log._DELETED_AN_HOUR", 3)
    await aged_log(tmp_path, [365, 366, 367, 368, 369, 370])
    warnings: list[str] = []
    log = open_log(tmp_path, retention_days=180, on_problem=warnings.append)
    await until(lambda: warnings)
    # A person who has their data deleted wakes what deletes old rows, before the hour has passed.
    await (await log.forget_person(2)).erased
    await log.close()
    assert kept(tmp_path) == ["365", "366", "367"]
    assert len(warnings) == 1
    assert "clock" in warnings[0]


async def test_what_is_left_goes_in_the_next_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows above the bound are not forgotten."""
    monkeypatch.setattr("bot.querylog.log._DELETED_AN_HOUR", 2)
    monkeypatch.setattr("bot.querylog.log._HOUR", 0.05)
    await aged_log(tmp_path, [200, 201, 202, 203, 204])
    log = open_log(tmp_path, retention_days=180, on_problem=lambda text: None)
    await until(lambda: not kept(tmp_path))
    await log.close()
    assert kept(tmp_path) == []
