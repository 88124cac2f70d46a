"""What the rest of the program asks of a query log is the same on a file of its own and through a shared server."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.querylog.entry import Delivery
from bot.querylog.log import QueryLog
from bot.querylog.sink import LogSink
from tests.support.log_answers import entry
from tests.support.redis_server import MISSING, PROGRAM, RedisServer, redis_server

needs_server = pytest.mark.skipif(PROGRAM is None, reason=MISSING)


@dataclass
class Logged:
    """A log as the bot sees it, and its file as anybody else does."""

    log: LogSink
    file: Path

    def read(self, sql: str) -> list[tuple[object, ...]]:
        # A file that was not written to yet has no tables.
        with closing(sqlite3.connect(self.file)) as connection, suppress(sqlite3.OperationalError):
            return connection.execute(sql).fetchall()
        return []

    async def holds(self, sql: str, rows: list[tuple[object, ...]]) -> bool:
        """Return whether the file says so within a few seconds."""
        deadline = time.monotonic() + 10
        while self.read(sql) != rows and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        return self.read(sql) == rows


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server for all tests."""
    with redis_server(tmp_path_factory.mktemp("redis"), fsync="everysec") as running:
        yield running


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Logged]:
    """The log of one process."""
    log = QueryLog(tmp_path / "queries.db", key_file=tmp_path / "key")
    yield Logged(log, log.path)
    await log.close()


@pytest.fixture
async def redis(program: RedisServer, tmp_path: Path) -> AsyncIterator[Logged]:
    """The log of several processes, while it is collected."""
    from bot.querylog.collecting import Collector
    from bot.querylog.streamed import StreamedLog, open_pseudonyms
    from bot.shared_server import SharedServer

    program.empty()
    server = await SharedServer.open(program.url)
    written = QueryLog(tmp_path / "queries.db", key_file=tmp_path / "key")
    collecting = asyncio.create_task(Collector(server, written).run())
    pseudonyms = await open_pseudonyms(server, tmp_path / "key")
    log = StreamedLog(server, pseudonyms, written.path, enabled=True, on_problem=lambda text: None)
    while not await server.command("EXISTS", "bot:collector"):
        await asyncio.sleep(0.01)
    yield Logged(log, written.path)
    await log.close()
    collecting.cancel()
    with suppress(asyncio.CancelledError):
        await collecting
    await written.close()
    await server.close()


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=needs_server)])
def logged(request: pytest.FixtureRequest) -> Logged:
    """Either of them."""
    found: Logged = request.getfixturevalue(request.param)
    return found


async def test_a_question_is_written_with_what_became_of_it(logged: Logged) -> None:
    """Its delivery, the asker's vote and their wish."""
    asked = await logged.log.record(entry("What is lithium?", "none", person=1))
    logged.log.delivered(asked, Delivery.SENT)
    assert await logged.log.vote(asked, 1, -1)
    assert await logged.log.vote(asked, 1, 1)
    assert await logged.log.request(asked, 1)
    assert await logged.holds("SELECT id, question, delivery FROM questions", [(asked, "What is lithium?", "sent")])
    assert await logged.holds("SELECT value FROM votes", [(1,)])
    assert await logged.holds("SELECT question_id FROM requests", [(asked,)])


async def test_nobody_else_votes(logged: Logged) -> None:
    """Whatever they are told, nothing is written."""
    asked = await logged.log.record(entry("What is lithium?", person=1))
    await logged.log.vote(asked, 2, 1)
    await logged.log.vote(asked, 1, -1)
    assert await logged.holds("SELECT value FROM votes", [(-1,)])


async def test_rows_are_in_the_order_of_the_questions(logged: Logged) -> None:
    """Each once."""
    for number in range(50):
        await logged.log.record(entry(f"question {number}", person=number))
    assert await logged.holds("SELECT question FROM questions ORDER BY seq", [(f"question {n}",) for n in range(50)])


async def test_who_opted_out_is_left_out_until_they_opt_in(logged: Logged) -> None:
    """What was recorded before stays."""
    await logged.log.record(entry("before", person=1))
    await logged.log.opt_out(1, True)
    assert await logged.log.opted_out(1)
    await logged.log.record(entry("meanwhile", person=1))
    await logged.log.opt_out(1, False)
    assert not await logged.log.opted_out(1)
    await logged.log.record(entry("after", person=1))
    assert await logged.holds("SELECT question FROM questions ORDER BY seq", [("before",), ("after",)])
    assert await logged.holds("SELECT count(*) FROM opt_outs", [(0,)])


async def test_people_get_what_is_held_of_them_and_have_it_deleted(logged: Logged) -> None:
    """Of others nothing is shown or deleted; when it is said to be erased, no file holds it."""
    asked = await logged.log.record(entry("about zyzzyva", person=1))
    await logged.log.record(entry("about copper", person=2))
    shown = json.loads(await logged.log.export_person(1, [asked]))
    assert [row["question"] for row in shown["questions"]] == ["about zyzzyva"]
    forgotten = await logged.log.forget_person(1)
    assert forgotten.questions == 1
    await asyncio.wait_for(forgotten.erased, 20)
    assert logged.read("SELECT question FROM questions") == [("about copper",)]
    assert b"zyzzyva" not in b"".join(path.read_bytes() for path in logged.file.parent.glob("queries.db*"))


async def test_a_question_can_be_asked_again(logged: Logged) -> None:
    """What it was, and what the person was shown; what is not there any more is left out."""
    asked = await logged.log.record(entry("What is lithium?", person=1))
    assert await logged.holds("SELECT count(*) FROM questions", [(1,)])
    found = await logged.log.recorded([asked, "gone"])
    assert list(found) == [asked]
    assert found[asked].asked == "What is lithium?"
