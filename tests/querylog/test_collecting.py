"""One log of several processes: rows and requests wait at the server until they are written, each once and in order."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from bot.querylog.entry import Delivery
from bot.querylog.log import QueryLog
from bot.querylog.sink import QueryLogError
from tests.support.log_answers import entry
from tests.support.redis_server import MISSING, PROGRAM, RedisServer, redis_server

if PROGRAM is None:
    pytest.skip(MISSING, allow_module_level=True)

from bot.querylog import streamed
from bot.querylog.collecting import Collector
from bot.querylog.streamed import StreamedLog, open_pseudonyms
from bot.shared_server import SharedServer, SharedServerError


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server for all tests."""
    with redis_server(tmp_path_factory.mktemp("redis"), fsync="everysec") as running:
        yield running


@pytest.fixture
async def server(program: RedisServer) -> AsyncIterator[SharedServer]:
    """A connection to the server, with nothing in it."""
    program.empty()
    connection = await SharedServer.open(program.url)
    yield connection
    await connection.close()


async def process(server: SharedServer, folder: Path, problems: list[str] | None = None) -> StreamedLog:
    """Return the log as one of several processes sees it."""
    told = (problems if problems is not None else []).append
    return StreamedLog(
        server, await open_pseudonyms(server, folder / "key"), folder / "queries.db", enabled=True, on_problem=told
    )


def log_file(folder: Path) -> QueryLog:
    """Open the log that the collector writes."""
    return QueryLog(folder / "queries.db", key_file=folder / "key")


def read(folder: Path, sql: str) -> list[tuple[object, ...]]:
    """Read the log as any other program would."""
    with closing(sqlite3.connect(folder / "queries.db")) as connection:
        return connection.execute(sql).fetchall()


async def collect(server: SharedServer, folder: Path) -> None:
    """Write what waits, as a collector does that is then stopped."""
    log = log_file(folder)
    collector = Collector(server, log)
    while await collector.step():
        pass
    await log.close()


async def test_rows_of_several_processes_are_in_one_log(server: SharedServer, tmp_path: Path) -> None:
    """With what became of them, the asker's vote and wish, and nobody else's."""
    first, second = await process(server, tmp_path), await process(server, tmp_path)
    asked = await first.record(entry("What is lithium?", "none", person=1))
    await second.record(entry("What is copper?", person=2))
    first.delivered(asked, Delivery.SENT)
    await second.vote(asked, 1, -1)
    await second.vote(asked, 2, 1)
    await second.request(asked, 1)
    await first.close()
    await collect(server, tmp_path)
    rows = read(tmp_path, "SELECT question, delivery FROM questions ORDER BY id")
    assert rows == [("What is lithium?", "sent"), ("What is copper?", "pending")]
    assert read(tmp_path, "SELECT value FROM votes") == [(-1,)]
    assert read(tmp_path, "SELECT count(*) FROM requests") == [(1,)]
    assert read(tmp_path, "SELECT count(*) FROM vectors") == [(1,)]


async def test_what_was_written_before_the_collector_died_is_not_done_again(
    server: SharedServer, tmp_path: Path
) -> None:
    """Entries that were not deleted from the stream any more change nothing, even if a person was forgotten since."""
    log = await process(server, tmp_path)
    await log.record(entry("before", person=1))
    with pytest.raises(QueryLogError):
        await log.forget_person(1)
    await log.record(entry("after", person=1))
    kept = await server.command("XRANGE", streamed.STREAM, "-", "+")
    await collect(server, tmp_path)
    await server.command("DEL", streamed.STREAM)
    for place, fields in kept:
        await server.command("XADD", streamed.STREAM, place, *(part for pair in fields.items() for part in pair))
    await collect(server, tmp_path)
    assert read(tmp_path, "SELECT question FROM questions") == [("after",)]


async def test_what_comes_in_quick_succession_is_written_together(server: SharedServer, tmp_path: Path) -> None:
    """A transaction for each row would take more of the processor than all rows."""
    log, file = await process(server, tmp_path), log_file(tmp_path)
    collector = Collector(server, file)
    collecting = asyncio.create_task(collector.run())
    await server.command("CONFIG", "RESETSTAT")
    for number in range(40):
        await log.record(entry(f"question {number}"))
        await asyncio.sleep(0.01)
    while await server.command("XLEN", streamed.STREAM):
        await asyncio.sleep(0.02)
    statistics = await server.command("INFO", "commandstats")
    collecting.cancel()
    with suppress(asyncio.CancelledError):
        await collecting
    await file.close()
    assert read(tmp_path, "SELECT count(*) FROM questions") == [(40,)]
    assert statistics["cmdstat_xdel"]["calls"] < 20


async def test_opt_outs_are_shared_while_rows_keep_coming(server: SharedServer, tmp_path: Path) -> None:
    """A server that lost everything knows them again, however much is asked."""
    log, file = await process(server, tmp_path), log_file(tmp_path)
    await file.opt_out(1, True)
    collecting = asyncio.create_task(Collector(server, file).run())
    async with asyncio.timeout(5):
        while not await log.opted_out(1):
            await log.record(entry("What is lithium?", person=2))
            await asyncio.sleep(0.01)
    collecting.cancel()
    with suppress(asyncio.CancelledError):
        await collecting
    await file.close()


async def test_the_collector_stops_while_the_server_is_away(
    program: RedisServer, server: SharedServer, tmp_path: Path
) -> None:
    """Whoever stops it need not kill it."""
    file = log_file(tmp_path)
    collector = Collector(server, file)
    program.stop()
    try:
        async with asyncio.timeout(5):
            await collector.release()
    finally:
        program.start()
    await file.close()


async def test_a_question_handled_again_keeps_its_row(server: SharedServer, tmp_path: Path) -> None:
    """The process that takes an update over gets the id under which the first one recorded it."""
    first, second = await process(server, tmp_path), await process(server, tmp_path)
    asked = replace(entry("What is lithium?"), asked_in="7/0")
    assert await first.record(asked) == await second.record(asked)
    assert await first.record(replace(asked, asked_in="7/1")) != await first.record(asked)
    await collect(server, tmp_path)
    assert read(tmp_path, "SELECT count(*) FROM questions") == [(2,)]


async def test_opting_out_holds_at_every_process_at_once(server: SharedServer, tmp_path: Path) -> None:
    """Nothing more is recorded, whether or not the collector runs; opting in again is possible."""
    first, second = await process(server, tmp_path), await process(server, tmp_path)
    await first.opt_out(1, True)
    assert await second.opted_out(1)
    await second.record(entry("kept out", person=1))
    await first.opt_out(1, False)
    await second.record(entry("kept", person=1))
    await collect(server, tmp_path)
    assert read(tmp_path, "SELECT question FROM questions") == [("kept",)]
    assert read(tmp_path, "SELECT count(*) FROM opt_outs") == [(0,)]


async def test_forgetting_deletes_what_waits_too(server: SharedServer, tmp_path: Path) -> None:
    """While the collector is away, no text of the person is left in the stream."""
    log = await process(server, tmp_path)
    await log.record(entry("about zyzzyva", person=1))
    await log.record(entry("about copper", person=2))
    with pytest.raises(QueryLogError):
        await log.forget_person(1)
    waiting = json.dumps(await server.command("XRANGE", streamed.STREAM, "-", "+"))
    assert "zyzzyva" not in waiting
    await collect(server, tmp_path)
    assert read(tmp_path, "SELECT question FROM questions") == [("about copper",)]


async def test_a_full_stream_keeps_requests_and_says_so(
    server: SharedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are left out, the operator is told once, and opting out still is kept."""
    monkeypatch.setattr(streamed, "BOUND", 2)
    problems: list[str] = []
    log = await process(server, tmp_path, problems)
    for number in range(4):
        await log.record(entry(f"question {number}", person=1))
    await log.opt_out(2, True)
    assert log.backlog == 3
    assert len(problems) == 1
    await collect(server, tmp_path)
    assert read(tmp_path, "SELECT count(*) FROM questions") == [(2,)]
    assert read(tmp_path, "SELECT count(*) FROM opt_outs") == [(1,)]


async def test_another_pseudonym_key_is_refused(server: SharedServer, tmp_path: Path) -> None:
    """Two machines with different keys would find nobody's rows."""
    await open_pseudonyms(server, tmp_path / "key")
    with pytest.raises(SharedServerError, match="copy theirs"):
        await open_pseudonyms(server, tmp_path / "other-key")
