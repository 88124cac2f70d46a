"""Rows go when they are old, and only then, whatever the computer's clock says."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.querylog.clock import PROBATION, believed
from bot.querylog.statements import open_for_reading, open_for_writing
from tests.support.log_answers import entry, open_log

AGED = "strftime('%Y-%m-%dT%H:%M:%fZ', {time}, '-' || {days} || ' days')"


async def aged_log(folder: Path, ages: tuple[int, ...], year_ahead: bool) -> None:
    """Make a log of rows so many days old, and, where the clock is to be a year ahead, all that is kept a year older.

    Nothing but the distance between what is kept and the clock shows that the clock has jumped.
    """
    log = open_log(folder)
    for age in ages:
        await log.record(entry(str(age)))
    await log.close()
    with closing(sqlite3.connect(folder / "queries.db")) as connection:
        connection.execute(f"UPDATE questions SET time = {AGED.format(time='time', days='question')}")
        if year_ahead:
            connection.execute(f"UPDATE questions SET time = {AGED.format(time='time', days=365)}")
            connection.execute(f"UPDATE clock SET believed = {AGED.format(time='believed', days=365)}")
        connection.commit()


def kept(folder: Path) -> set[str]:
    """Return the questions that are in the log."""
    with closing(open_for_reading(folder / "queries.db")) as connection:
        return {row[0] for row in connection.execute("SELECT question FROM questions")}


async def until(condition: object) -> None:
    """Wait until a condition holds."""
    assert callable(condition)
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.02)
    pytest.fail("did not happen")


async def test_a_clock_a_year_ahead_deletes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Rows that are young stay, also at a second start, when rows have the wrong time; one line says why."""
    await aged_log(tmp_path, (0, 100, 179), year_ahead=True)
    for start in ("first", "second"):
        caplog.clear()
        log = open_log(tmp_path, retention_days=180)
        await log.record(entry(start))
        await until(lambda: "365 days ahead" in caplog.text)
        await log.close()
        assert len(caplog.records) == 1
    assert kept(tmp_path) == {"0", "100", "179", "first", "second"}


async def test_what_is_old_goes_under_a_clock_a_year_ahead(tmp_path: Path) -> None:
    """The time that was believed before goes on: what is old by that is deleted all the same."""
    await aged_log(tmp_path, (0, 100, 181), year_ahead=True)
    log = open_log(tmp_path, retention_days=180)
    await until(lambda: "181" not in kept(tmp_path))
    await log.close()
    assert kept(tmp_path) == {"0", "100"}


async def test_normal_ageing_after_two_days_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A bot that was switched off for less than two days deletes at once what has grown old meanwhile."""
    await aged_log(tmp_path, (2, 179, 181), year_ahead=False)
    with closing(sqlite3.connect(tmp_path / "queries.db")) as connection:
        connection.execute(f"UPDATE clock SET believed = {AGED.format(time='believed', days=1)}")
        connection.commit()
    log = open_log(tmp_path, retention_days=180)
    await until(lambda: "181" not in kept(tmp_path))
    await log.close()
    assert kept(tmp_path) == {"2", "179"}
    assert caplog.records == []


def test_a_clock_is_believed_after_a_week(tmp_path: Path) -> None:
    """A clock that leapt is believed once somebody has watched it for a week, restarts included, and not before."""
    with closing(open_for_writing(tmp_path / "queries.db")) as connection:
        connection.execute(f"UPDATE clock SET believed = {AGED.format(time='believed', days=365)}")
        assert believed(connection, timedelta()).leap > timedelta(days=364)
        step = timedelta(hours=12)
        for _ in range(PROBATION // step - 1):
            assert believed(connection, step).leap > timedelta(days=350)
        assert believed(connection, step).leap == timedelta()
        assert believed(connection, timedelta()).leap == timedelta()


def test_a_clock_set_right_is_no_leap(tmp_path: Path) -> None:
    """A clock that was far behind for a while, as after a battery died, is believed as soon as it is right again."""
    with closing(open_for_writing(tmp_path / "queries.db")) as connection:
        ahead = datetime.now(UTC) + timedelta(days=900)
        connection.execute("UPDATE clock SET believed = ?", (ahead.isoformat(),))
        assert believed(connection, timedelta()).time < ahead
        [(noted,)] = connection.execute("SELECT believed FROM clock").fetchall()
        assert noted == ahead.isoformat()
