"""Received updates on disk, in order within a chat, and when the disk fails or the power is cut."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Chat, Message, Update, User

from bot.database import open_database
from bot.telegram.chat_order import ChatOrder
from bot.telegram.update_queue import UPDATE_MIGRATIONS, DurableQueue


@pytest.mark.faults
async def test_a_queue_that_cannot_be_written_loses_nothing_while_the_process_lives(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Updates are handed on all the same, the problem is logged once, and all is written as soon as that works."""
    connection = open_database(tmp_path / "telegram.db", (UPDATE_MIGRATIONS,))
    queue = DurableQueue(connection, 10)
    connection.execute("PRAGMA query_only = ON")
    for number in range(1, 4):
        await queue.put(Update(number))
    await queue.mark_done(1)
    assert queue.qsize() == 3
    assert caplog.text.count("cannot be written to the disk") == 1
    connection.execute("PRAGMA query_only = OFF")
    await queue.mark_done(2)
    rows = connection.execute("SELECT update_id, payload IS NULL FROM updates ORDER BY update_id").fetchall()
    assert rows == [(1, 1), (2, 1), (3, 0)]
    connection.close()


def asked_in(chat: int, number: int) -> Update:
    """Return a message of a private chat."""
    moment = datetime.now(UTC)
    return Update(number, Message(number, moment, Chat(chat, "private"), from_user=User(chat, "Ann", False)))


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 5)), max_size=40))
def test_a_chat_is_handled_in_order_and_chats_side_by_side(items: list[tuple[int, int]]) -> None:
    """Each chat's updates are done in the order put, whatever the others do."""
    done: list[int] = []

    async def scenario() -> None:
        async def work(number: int, steps: int) -> None:
            for _ in range(steps):
                await asyncio.sleep(0)
            done.append(number)

        connection = open_database(Path(":memory:"), (UPDATE_MIGRATIONS,))
        queue = DurableQueue(connection, 100)
        order = ChatOrder(queue, 100)
        tasks = []
        for number, (chat, steps) in enumerate(items, 1):
            update = asked_in(chat, number)
            await queue.put(update)
            tasks.append(asyncio.create_task(order.process_update(update, work(number, steps))))
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        assert queue.unfinished == 0
        connection.close()

    asyncio.run(scenario())
    for chat in (1, 2, 3):
        wanted = [number for number, item in enumerate(items, 1) if item[0] == chat]
        assert [number for number in done if items[number - 1][0] == chat] == wanted


async def test_a_full_queue_waits_for_room() -> None:
    """With the bound reached, the next update waits until one is finished."""
    connection = open_database(Path(":memory:"), (UPDATE_MIGRATIONS,))
    queue = DurableQueue(connection, 2)
    await queue.put(Update(1))
    await queue.put(Update(2))
    waiting = asyncio.create_task(queue.put(Update(3)))
    await asyncio.sleep(0.01)
    assert queue.crowded
    assert not waiting.done()
    await queue.mark_done(1)
    await asyncio.wait_for(waiting, 5)
    assert queue.unfinished == 2
    connection.close()


async def test_an_update_the_library_cannot_write_as_text_is_handled_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where ``put`` raised, the updater would receive nothing more, and get the same update after each start."""
    connection = open_database(Path(":memory:"), (UPDATE_MIGRATIONS,))
    queue = DurableQueue(connection, 10)
    await queue.put(Update(1, api_kwargs={"date": datetime.now(UTC)}))
    await queue.put(asked_in(7, 2))
    assert queue.qsize() == 2
    await queue.mark_done(1)
    assert "Update 1 cannot be written" in caplog.text
    assert [number for (number,) in connection.execute("SELECT update_id FROM updates")] == [2]
    connection.close()


async def test_what_waits_for_a_place_is_not_begun_while_the_bot_stops() -> None:
    """More may be resumed than is handled at once; a stop ends it all and leaves it for the next process."""
    connection = open_database(Path(":memory:"), (UPDATE_MIGRATIONS,))
    queue = DurableQueue(connection, 100)
    order = ChatOrder(queue, 2)
    begun = 0

    async def wait_for_telegram() -> None:
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()

    tasks = []
    for number in range(1, 6):
        update = asked_in(number, number)
        await queue.put(update)
        tasks.append(asyncio.create_task(order.process_update(update, wait_for_telegram())))
    await asyncio.sleep(0.01)
    await order.shutdown()
    await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
    assert begun == 2
    assert queue.unfinished == 5
    connection.close()


class Watched(sqlite3.Connection):
    """A connection that notes how sure each of its commits is: 1 survives a kill, 2 a power cut."""

    sure: list[int]

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        if sql == "COMMIT":
            self.sure.append(int(super().execute("PRAGMA synchronous").fetchone()[0]))
        return super().execute(sql, parameters)


async def test_what_is_received_or_about_to_be_sent_survives_a_power_cut(tmp_path: Path) -> None:
    """Both are flushed to the disk before anybody relies on them; nothing waits for the end of an update."""
    open_database(tmp_path / "telegram.db", (UPDATE_MIGRATIONS,)).close()
    with closing(sqlite3.connect(tmp_path / "telegram.db", isolation_level=None, factory=Watched)) as connection:
        connection.sure = []
        queue = DurableQueue(connection, 10)
        await queue.put(asked_in(7, 1))
        await queue.mark_sending(1)
        await queue.mark_done(1)
        assert connection.sure == [2, 2, 1]


class Full(sqlite3.Connection):
    """A connection to a full disk, which fails at the end of each transaction; it counts what it executes."""

    executed = 0

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        self.executed += 1
        if sql == "COMMIT":
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, parameters)


async def test_a_full_disk_costs_no_more_the_longer_it_lasts(tmp_path: Path) -> None:
    """What waits to be written is not tried as a whole with each further update."""
    open_database(tmp_path / "telegram.db", (UPDATE_MIGRATIONS,)).close()
    with closing(sqlite3.connect(tmp_path / "telegram.db", isolation_level=None, factory=Full)) as connection:
        queue = DurableQueue(connection, 1000)
        costs = []
        for number in range(1, 101):
            before = connection.executed
            await queue.put(asked_in(7, number))
            costs.append(connection.executed - before)
        assert costs[-1] == costs[1]


@contextmanager
def full_disk(connection: sqlite3.Connection) -> Iterator[None]:
    """Let the database have no page more than it has, as if the disk were full."""
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    yield
    connection.execute(f"PRAGMA max_page_count = {2**30}")


@pytest.mark.faults
async def test_marks_that_a_full_disk_refuses_are_written_when_there_is_room(tmp_path: Path) -> None:
    """After a restart nothing answered is answered again, and what was being sent and what came meanwhile is known."""
    with closing(open_database(tmp_path / "telegram.db", (UPDATE_MIGRATIONS,))) as connection:
        queue = DurableQueue(connection, 1000)
        for number in range(1, 41):
            await queue.put(asked_in(7, number))
        with full_disk(connection):
            for number in range(41, 241):
                await queue.put(asked_in(7, number))
            await queue.mark_done(1)
            await queue.mark_sending(2)
            assert queue.unfinished == 239
        await queue.mark_done(3)
    with closing(open_database(tmp_path / "telegram.db", (UPDATE_MIGRATIONS,))) as connection:
        again = DurableQueue(connection, 1000)
        assert await again.resume(None) == 238
        assert again.progress(1) is None
        second, third = again.progress(2), again.progress(4)
        assert second
        assert second.perhaps_answered
        assert third
        assert not third.perhaps_answered
