"""What a bot remembers is the same on SQLite and at a server that several bots share."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from telegram import Chat, Message, Update, User

from bot.settings import Settings
from bot.telegram.handlers.shown_quotes import ShownQuote
from bot.telegram.quota import Verdict
from bot.telegram.rate_limiter import GROUP_BURST, PRIVATE_BURST
from bot.telegram.state import Given, Posted, QuoteShown
from bot.telegram.stores import Stores, open_stores
from bot.telegram.update_queue import UpdateQueue
from tests.support.bot_process import environment
from tests.support.redis_server import MISSING, PROGRAM, RedisServer, redis_server

ASKED = Posted(1, 10, 1_700_000_000)

needs_server = pytest.mark.skipif(PROGRAM is None, reason=MISSING)


@pytest.fixture(scope="session")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server for all tests that do not stop it."""
    with redis_server(tmp_path_factory.mktemp("redis"), fsync="everysec") as server:
        yield server


class Folder:
    """A data folder, and the server that its bots share where they share one."""

    def __init__(self, data: Path, url: str | None, **settings: object) -> None:
        values = {"token": "1:x", "data_dir": data, "questions_per_minute": 2, "_env_file": None, **settings}
        values["webhook_url"] = "https://bot.example.org/hook"
        self.settings = Settings(**values, redis_url=SecretStr(url) if url else None)  # type: ignore[arg-type]

    async def open(self) -> Stores:
        """Open everything, as each start of a bot does."""
        return await open_stores(self.settings)


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=needs_server)])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Folder]:
    """Either place to keep things, with nothing in it."""
    if request.param == "sqlite":
        yield Folder(tmp_path, None)
        return
    server: RedisServer = request.getfixturevalue("one_server")
    server.empty()
    yield Folder(tmp_path, server.url)


@pytest.fixture
async def stores(folder: Folder) -> AsyncIterator[Stores]:
    """Everything opened once."""
    opened = await folder.open()
    yield opened
    await opened.close()


async def test_everything_is_known_after_a_restart(folder: Folder) -> None:
    """Languages, blocked chats, answers, quotes and wishes outlive the process."""
    first = await folder.open()
    await first.state.choose_language(1, "kk")
    await first.state.block(2)
    await first.state.remember_answer(ASKED, "What is lithium?", 11, ["entry"])
    await first.state.remember_quote(1, 11, QuoteShown("key", "en", 2, "entry"))
    await first.answer_requests.add("entry", 1)
    await first.close()
    second = await folder.open()
    await second.state.know(1)
    await second.state.know(2)
    assert [second.state.language(person) for person in (1, 2)] == ["kk", None]
    assert [await second.state.blocked(chat) for chat in (1, 2)] == [False, True]
    assert await second.state.answer_to(ASKED, "What is lithium?") == Given(11, ("entry",), same_text=True)
    assert await second.state.answer_to(ASKED, "What is uranium?") == Given(11, ("entry",), same_text=False)
    assert await second.state.answer_to(Posted(1, 12, 1_700_000_000), "What is lithium?") is None
    assert await second.state.quote_in(1, 11) == QuoteShown("key", "en", 2, "entry")
    assert await second.answer_requests.all() == [("entry", 1)]
    await second.close()


async def test_what_is_taken_back_is_forgotten(stores: Stores) -> None:
    """A language chosen no longer, a chat unblocked, a quote replaced and a wish given up are not remembered."""
    state, requests = stores.state, stores.answer_requests
    await state.choose_language(1, "kk")
    await state.choose_language(1, None)
    await state.block(2)
    await state.unblock(2)
    await state.remember_quote(1, 11, QuoteShown("key", "en", None, None))
    await state.forget_quote(1, 11)
    await requests.add("first", 1)
    await requests.add("second", 2)
    await requests.remove_chat(1)
    await requests.remove("other")
    await state.know(1)
    assert state.language(1) is None
    assert not await state.blocked(2)
    assert await state.quote_in(1, 11) is None
    assert await requests.all() == [("second", 2)]
    assert await requests.of_chat(1) == []


async def test_the_last_vote_on_an_answer_is_known(stores: Stores) -> None:
    """So the same vote again takes it back."""
    assert await stores.state.vote_on("entry") is None
    await stores.state.remember_vote("entry", -1)
    assert await stores.state.vote_on("entry") == -1


async def test_a_conversation_has_its_last_two_quotes(stores: Stores) -> None:
    """An edited message goes on from the quote before its own; who is forgotten was shown nothing."""
    shown = [ShownQuote(f"a/{n}", "en", frozenset({n}), "q", "e", (f"a/{n}",), posted=n) for n in (1, 2, 3)]
    for quote in shown:
        await stores.conversations.show(5, 7, quote)
    last, before = await stores.conversations.last(5, 7), await stores.conversations.last(5, 7, edited=3)
    assert last
    assert before
    assert (last.snippet, last.told, last.shown) == ("a/3", frozenset({3}), ("a/3",))
    assert before.snippet == "a/2"
    assert await stores.conversations.last(5, 8) is None
    await stores.conversations.forget(7)
    assert await stores.conversations.last(5, 7) is None


async def test_a_quota_slides_over_a_minute(stores: Stores) -> None:
    """As soon as the oldest question is a minute old, one more is allowed, and the next excess is told again."""
    ask = stores.questions.ask
    assert [await ask(1, 1000.0) for _ in range(4)] == [Verdict.TAKE, Verdict.TAKE, Verdict.NOTE, Verdict.DROP]
    assert await ask(2, 1000.0) is Verdict.TAKE
    assert [await ask(1, 1060.0) for _ in range(3)] == [Verdict.TAKE, Verdict.TAKE, Verdict.NOTE]


async def test_a_digest_is_begun_once_a_day(stores: Stores) -> None:
    """The first start begins the first day."""
    now = time.time()
    assert await stores.digests.begin(now) is None
    assert await stores.digests.begin(now + 60) is None


async def departures(stores: Stores, chat: int, count: int) -> list[float]:
    """Return when so many messages to a chat may leave."""

    async def depart() -> float:
        await stores.pace.chat(chat)
        return time.monotonic()

    return sorted(await asyncio.gather(*(depart() for _ in range(count))))


async def test_a_private_chat_gets_a_short_burst_then_one_message_a_second(stores: Stores) -> None:
    """The first after the burst leaves a second later."""
    times = await departures(stores, 1, PRIVATE_BURST + 1)
    assert times[-1] - times[0] >= 0.95


async def test_a_group_gets_no_more_than_its_burst_at_once(stores: Stores) -> None:
    """The next message has to wait."""
    sending = asyncio.create_task(departures(stores, -5, GROUP_BURST + 1))
    await asyncio.sleep(0.3)
    assert not sending.done()
    sending.cancel()


async def test_the_overall_pace_is_kept_and_what_is_urgent_goes_first(folder: Folder) -> None:
    """Thirty messages and an urgent one at twenty a second."""
    folder.settings = folder.settings.model_copy(update={"messages_per_second": 20.0})
    stores, began = await folder.open(), time.monotonic()

    async def depart(urgent: bool) -> float:
        await stores.pace.overall(urgent)
        return time.monotonic()

    answers = [asyncio.create_task(depart(False)) for _ in range(30)]
    await asyncio.sleep(0.01)
    urgent = await depart(True)
    times = sorted(await asyncio.gather(*answers))
    assert times[-1] - began >= (31 - 20 * 2 / 3 - 1) / 20 - 0.05
    assert urgent < times[-5]
    await stores.close()


def asked_in(chat: int, number: int) -> Update:
    """Return a message of a private chat."""
    moment = datetime.now(UTC)
    return Update(number, Message(number, moment, Chat(chat, "private"), from_user=User(chat, "Ann", False)))


async def take(queue: UpdateQueue) -> Update:
    """Return the next update to be handled."""
    update = await asyncio.wait_for(queue.get(), 10)
    assert isinstance(update, Update)
    return update


async def test_an_update_is_taken_once_and_in_the_order_of_its_chat(stores: Stores) -> None:
    """Telegram may deliver one again, before and after it is finished."""
    queue = stores.queue
    await queue.resume(None)  # type: ignore[arg-type]
    for number in (1, 2, 1, 3):
        await queue.put(asked_in(7, number))
    assert [(await take(queue)).update_id for _ in range(3)] == [1, 2, 3]
    await queue.mark_done(1)
    await queue.put(asked_in(7, 1))
    await queue.mark_done(2)
    await queue.mark_done(3)
    assert await queue.drain(5) == 0
    assert queue.empty()
    await queue.close()


async def test_what_a_process_left_is_resumed_with_its_marks(folder: Folder) -> None:
    """What was begun and not finished comes first, and it is known whether its answer was on its way."""
    first = await folder.open()
    await first.queue.resume(None)  # type: ignore[arg-type]
    for number in (1, 2, 3):
        await first.queue.put(asked_in(7, number))
        assert (await take(first.queue)).update_id == number
    await first.queue.mark_done(1)
    await first.queue.mark_sending(2)
    await first.queue.count_attempt(3)
    await first.queue.close()
    await first.close()
    second = await folder.open()
    await second.queue.resume(None)  # type: ignore[arg-type]
    assert [(await take(second.queue)).update_id for _ in range(2)] == [2, 3]
    marks = [second.queue.progress(number) for number in (2, 3)]
    assert [(mark.resumed, mark.perhaps_answered, mark.attempts) for mark in marks if mark] == [
        (True, True, 0),
        (True, False, 1),
    ]
    for number in (2, 3):
        await second.queue.mark_done(number)
    await second.queue.close()
    await second.close()


async def test_what_was_sent_for_nothing_needs_no_remark(folder: Folder) -> None:
    """Where Telegram certainly refused an answer, the next process sends it as a first one."""
    first = await folder.open()
    await first.queue.resume(None)  # type: ignore[arg-type]
    await first.queue.put(asked_in(7, 1))
    await take(first.queue)
    await first.queue.mark_sending(1)
    await first.queue.mark_not_sent(1)
    await first.queue.close()
    await first.close()
    second = await folder.open()
    await second.queue.resume(None)  # type: ignore[arg-type]
    await take(second.queue)
    progress = second.queue.progress(1)
    assert progress
    assert not progress.perhaps_answered
    await second.queue.mark_done(1)
    await second.queue.close()
    await second.close()


def test_without_a_server_its_client_is_never_imported(tmp_path: Path) -> None:
    """A bot of one process loads nothing of the library, nor of the package that uses it."""
    code = """
import asyncio, sys
import bot.telegram.run
from bot.settings import load_settings
from bot.telegram.stores import open_stores
asyncio.run(open_stores(load_settings()))
print([name for name in sys.modules if name.startswith(("redis", "bot.shared", "bot.telegram.shared"))])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr
