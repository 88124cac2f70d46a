"""Several bots at one server: whichever of them handles an update, people notice nothing of it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.querylog.log import QueryLog
from index.search.index import Index
from tests.support.redis_server import MISSING, PROGRAM, RedisServer, redis_server
from tests.support.telegram_bench import Bench, Call, asked_for, bench

if PROGRAM is None:
    pytest.skip(MISSING, allow_module_level=True)

from bot.querylog.collecting import Collector
from bot.shared_server import SharedServer
from bot.telegram.shared import leases, update_lanes

OFF_TOPIC = "How long do I boil an egg so that the yolk stays soft?"
SOURCE = "📰"
LASTING = {"bot:opted-out", "bot:secret", "bot:pseudonym-key", "bot:log-stream", "bot:digest"}
"""What the server keeps for good, apart from streams and lanes, whose size is bounded: nothing that grows by itself."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server for all tests."""
    with redis_server(tmp_path_factory.mktemp("redis"), fsync="everysec") as running:
        yield running


class Bots:
    """Bots that share a server, and the collector of their log."""

    def __init__(self, server: SharedServer, index: Index, folder: Path, stack: AsyncExitStack) -> None:
        self.server = server
        self.log_file = folder / "log" / "queries.db"
        self._index, self._folder, self._stack = index, folder, stack
        self._count = 0

    async def start(self) -> Bench:
        """Start one more."""
        self._count += 1
        settings = {
            "redis_url": SecretStr(f"redis://{self.server.address}"),
            "webhook_url": "https://bot.example.org/hook",
            "pseudonym_key_file": self._folder / "pseudonyms.key",
        }
        started = await self._stack.enter_async_context(bench(self._index, self._folder / str(self._count), **settings))
        # Telegram counts a chat's messages whichever bot sends them.
        started.telegram.messages += 1000 * self._count
        started.count_messages_from(1000 * self._count)
        await started.services.queue.resume(started.application.bot)
        return started

    async def collect(self) -> None:
        """Collect the log from now on."""
        self.log_file.parent.mkdir(exist_ok=True)
        log = QueryLog(self.log_file, key_file=self._folder / "pseudonyms.key")
        collecting = asyncio.create_task(Collector(self.server, log).run())

        async def stop() -> None:
            collecting.cancel()
            with suppress(asyncio.CancelledError):
                await collecting
            await log.close()

        self._stack.push_async_callback(stop)
        while not await self.server.command("EXISTS", "bot:collector"):
            await asyncio.sleep(0.02)

    async def rows(self, sql: str, count: int) -> list[tuple[object, ...]]:
        """Return what the log holds as soon as that is so many rows; a collector runs a moment behind."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.log_file.exists():
                with closing(sqlite3.connect(self.log_file)) as connection, suppress(sqlite3.OperationalError):
                    if len(found := connection.execute(sql).fetchall()) == count:
                        return found
            await asyncio.sleep(0.05)
        raise AssertionError(f"not {count} rows: {sql}")


@pytest.fixture
async def bots(
    program: RedisServer, real_index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bots]:
    """No bot yet; a lane that is given up is soon taken."""
    monkeypatch.setattr(update_lanes, "BEAT_SECONDS", 0.05)
    program.empty()
    async with AsyncExitStack() as stack:
        server = await SharedServer.open(program.url)
        stack.push_async_callback(server.close)
        yield Bots(server, real_index, tmp_path, stack)


async def hand_over(bots: Bots, first: Bench) -> Bench:
    """Start another bot, which gets all chats; the first one goes on running."""
    second = await bots.start()
    await first.services.queue.retire()
    everything = second.services.queue._lanes  # type: ignore[attr-defined]
    while len(everything) < leases.LANES:
        await asyncio.sleep(0.02)
    return second


async def test_an_edit_at_another_process_changes_the_answer(bots: Bots, real_index: Index) -> None:
    """The answer is edited in place, and a change that nobody can see changes nothing."""
    question, _ = asked_for(real_index)
    first = await bots.start()
    message = first.message(OFF_TOPIC)
    (answer,) = [call for call in await first.take("message", message) if call.method == "sendMessage"]
    answered = first.telegram.messages
    second = await hand_over(bots, first)
    edited = {**message, "text": question, "edit_date": message["date"] + 5}
    (edit,) = await second.take("edited_message", edited)
    assert (edit.method, edit.parameters["message_id"]) == ("editMessageText", answered)
    assert edit.text != answer.text
    assert await second.take("edited_message", {**edited, "edit_date": message["date"] + 9}) == []


async def test_a_vote_at_another_process_is_the_same_persons(bots: Bots, real_index: Index) -> None:
    """The same vote again takes it back, and the log has the row once, with the vote that counts."""
    await bots.collect()
    question, _ = asked_for(real_index)
    first = await bots.start()
    (answer,) = await first.say(question)
    up, down = answer.data("v+"), answer.data("v-")
    assert "as helpful" in (await first.press(answer, up))[0].text_of_toast
    second = await hand_over(bots, first)
    assert "taken back" in (await second.press(answer, up))[0].text_of_toast
    assert "Only the person who asked" in (await second.press(answer, up, 2))[0].text_of_toast
    assert "not helpful" in (await second.press(answer, down))[0].text_of_toast
    await bots.rows("SELECT 1 FROM votes WHERE value = -1", 1)
    await bots.rows("SELECT 1 FROM questions", 1)


async def test_a_follow_up_at_another_process_goes_on_from_the_quote(bots: Bots) -> None:
    """So do a question about the quote, and the language that was chosen."""
    first = await bots.start()
    (quote,) = await first.say("What is the Critical Minerals Association?")
    second = await hand_over(bots, first)
    (source,) = await second.say("What is the source?")
    assert source.text.startswith(SOURCE)
    assert not quote.text.startswith(SOURCE)
    (asked,) = await second.say("/language")
    await second.press(asked, asked.data("lru"))
    third = await hand_over(bots, second)
    (told,) = await third.say("/privacy")
    assert told.text.startswith("Конфиденциальность")


async def forget(there: Bench) -> Call:
    """Ask for everything to be deleted; return what the person is told."""
    (ask,) = await there.say("/forget")
    return (await there.press(ask, "mforget"))[-1]


async def test_forgetting_at_another_process_leaves_nothing(bots: Bots, real_index: Index) -> None:
    """Rows that are written, rows that wait, the conversation and the wish to be told are gone."""
    question, _ = asked_for(real_index)
    await bots.collect()
    first = await bots.start()
    (refusal,) = await first.say(OFF_TOPIC)
    offer = (await first.press(refusal, refusal.data("a")))[-1]
    await first.press(offer, offer.data("h"))
    await first.say(question)
    await first.say(question, person=2)
    await bots.rows("SELECT 1 FROM questions", 3)
    second = await hand_over(bots, first)
    assert "2 questions were deleted" in (await forget(second)).text
    await bots.rows("SELECT 1 FROM questions", 1)
    assert await second.services.answer_requests.all() == []
    (nothing,) = await second.say("What is the source?")
    assert not nothing.text.startswith(SOURCE)


async def test_while_nothing_collects_forgetting_deletes_what_it_can_and_the_rest_later(
    bots: Bots, real_index: Index
) -> None:
    """The person is told that it takes longer; no word of theirs waits at the server."""
    question, _ = asked_for(real_index)
    first = await bots.start()
    await first.say(question)
    second = await hand_over(bots, first)
    (ask,) = await second.say("/forget")
    (told,) = await second.press(ask, "mforget")
    assert "soon" in told.text_of_toast or "later" in told.text_of_toast
    names = [
        name for name in await bots.server.command("KEYS", "*") if not name.startswith(("bot:updates", "bot:received"))
    ]
    kept = [await read_all(bots.server, name) for name in names]
    assert question not in json.dumps(kept, ensure_ascii=False)
    await first.say(question, person=2)
    await bots.collect()
    await bots.rows("SELECT 1 FROM questions", 1)


async def test_opting_out_at_one_process_holds_at_the_other(bots: Bots, real_index: Index) -> None:
    """Both run, nothing collects yet, and nothing of the person is recorded from then on."""
    question, _ = asked_for(real_index)
    first = await bots.start()
    await first.say(question)
    second = await hand_over(bots, first)
    (told,) = await second.say("/privacy")
    await second.press(told, "mout")
    assert await first.services.log.opted_out(1)
    await second.say(question)
    await second.say(question, person=2)
    await bots.collect()
    await bots.rows("SELECT 1 FROM questions", 2)
    await bots.rows("SELECT 1 FROM opt_outs", 1)


async def test_what_a_stalled_process_did_not_begin_another_one_answers_alone(
    bots: Bots, real_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer that was on its way comes again with the remark, and the question behind it once."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.5)
    question, _ = asked_for(real_index)
    first = await bots.start()
    gate, sent = asyncio.Event(), first.telegram.do_request

    async def held_up(url: str, *rest: object, **more: object) -> tuple[int, bytes]:
        if url.endswith("sendMessage"):
            await gate.wait()
        return await sent(url, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(first.telegram, "do_request", held_up)
    await first.receive(*({"update_id": n, "message": first.message(question)} for n in (1, 2)))
    while not await bots.server.command("KEYS", "bot:updates:*:marks"):
        await asyncio.sleep(0.01)
    renewed, stalled = first.services.queue._leases, asyncio.Event()  # type: ignore[attr-defined]
    beat = renewed.beat

    async def late(*given: object, **more: object) -> object:
        await stalled.wait()
        return await beat(*given, **more)

    monkeypatch.setattr(renewed, "beat", late)
    second = await bots.start()
    while len(second.telegram.sent()) < 2:
        await asyncio.sleep(0.05)
    stalled.set()
    await asyncio.sleep(0.5)
    gate.set()
    while first.services.order._tasks:
        await asyncio.sleep(0.02)
    assert await second.drain() == 0
    assert ["Sent once more" in call.text for call in second.telegram.sent()] == [True, False]
    assert first.telegram.sent() == []
    await bots.collect()
    await bots.rows("SELECT 1 FROM questions", 2)


async def read_all(server: SharedServer, name: str) -> object:
    """Return everything that the server keeps under a name."""
    reading = {
        "string": ("GET", name),
        "hash": ("HGETALL", name),
        "set": ("SMEMBERS", name),
        "zset": ("ZRANGE", name, 0, -1),
        "list": ("LRANGE", name, 0, -1),
        "stream": ("XRANGE", name, "-", "+"),
    }
    found = await server.command(*reading[await server.command("TYPE", name)])
    return sorted(found) if isinstance(found, set) else found


async def test_everything_at_the_server_expires_or_is_bounded(bots: Bots, real_index: Index) -> None:
    """After people did all that they can do, no more than a few things last, and no update is left."""
    question, _ = asked_for(real_index)
    await bots.collect()
    there = await bots.start()
    (answer,) = await there.say(question)
    await there.press(answer, answer.data("v+"))
    (refusal,) = await there.say(OFF_TOPIC)
    offer = (await there.press(refusal, refusal.data("a")))[-1]
    await there.press(offer, offer.data("h"))
    (asked,) = await there.say("/language")
    await there.press(asked, asked.data("lru"))
    await there.services.state.block(9)
    (told,) = await there.say("/privacy")
    await there.press(told, "mout")
    await there.services.digests.begin(1.0)
    await there.services.questions.ask(1)
    await forget(there)
    await bots.rows("SELECT 1 FROM opt_outs", 1)
    names = await bots.server.command("KEYS", "*")
    lasting = {name for name in names if await bots.server.command("TTL", name) == -1}
    lanes = {name for name in lasting if name.startswith("bot:lanes:")}
    streams = {name for name in lasting if await bots.server.command("TYPE", name) == "stream"}
    assert lasting - lanes - streams <= LASTING
    assert len(lanes) <= 4
    assert sum([await bots.server.command("XLEN", name) for name in streams]) == 0
    assert not [name for name in names if name.endswith(":marks")]


@asynccontextmanager
async def away(program: RedisServer) -> AsyncIterator[None]:
    """Stop the server meanwhile."""
    await asyncio.to_thread(program.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(program.start)


async def test_a_restart_of_the_server_loses_and_doubles_nothing(
    bots: Bots, program: RedisServer, real_index: Index
) -> None:
    """What was taken is answered once the server is back; what comes meanwhile is Telegram's to deliver again."""
    question, _ = asked_for(real_index)
    there = await bots.start()
    await there.receive(*({"update_id": n, "message": there.message(question, n)} for n in range(1, 21)))
    async with away(program):
        await there.receive({"update_id": 21, "message": there.message(question, 21)})
        await asyncio.sleep(0.5)
    await there.receive(*({"update_id": n, "message": there.message(question, n)} for n in (20, 21)))
    assert await there.drain() == 0
    chats = [call.parameters["chat_id"] for call in there.telegram.sent()]
    assert sorted(chats) == list(range(1, 22))
    await bots.collect()
    await bots.rows("SELECT 1 FROM questions", 21)


async def test_an_update_that_changes_hands_is_not_taken_for_one_that_ends_processes(
    bots: Bots, real_index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a process that ended counts, and not one that lost its chats to another one while it was slow."""
    question, _ = asked_for(real_index)
    first = await bots.start()
    gate, sent = asyncio.Event(), first.telegram.do_request

    async def held_up(url: str, *rest: object, **more: object) -> tuple[int, bytes]:
        if url.endswith("sendMessage"):
            await gate.wait()
        return await sent(url, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(first.telegram, "do_request", held_up)
    await first.receive({"update_id": 1, "message": first.message(question)})
    queue = first.services.queue
    for _ in range(6):
        while not (progress := queue.progress(1)) or not progress.handling:
            await asyncio.sleep(0.02)
        while not await bots.server.command("KEYS", "bot:updates:*:marks"):
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
        # As if another process had taken all lanes, and lost them again.
        await bots.server.command("DEL", "bot:lanes:owners", "bot:lanes:ends")
        while queue.progress(1) is progress:
            await asyncio.sleep(0.02)
    gate.set()
    assert await first.drain() == 0
    assert "Sent once more" in first.telegram.sent()[-1].text
    assert len(first.telegram.sent()) == 1
