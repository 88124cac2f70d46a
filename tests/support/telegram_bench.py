"""The real application with a recording stand-in where its requests would leave the process."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from telegram import Update
from telegram.request import BaseRequest, RequestData

from bot.settings import Settings
from bot.telegram.application import build_application
from bot.telegram.bot_api import TelegramBot
from bot.telegram.context import App
from bot.telegram.live_index import LiveIndex
from bot.telegram.metrics import Metrics
from bot.telegram.rate_limiter import LocalPace
from bot.telegram.stores import open_stores
from index.search.index import Index
from tests.support.telegram_rules import RefusedError, check_call, parameters_of, parse

TOKEN = "123456:TEST-token_of_nobody"
ME = {
    "id": 123456, "is_bot": True, "first_name": "Bot", "username": "test_bot", "can_join_groups": True,
    "can_read_all_group_messages": False, "supports_inline_queries": True,
}  # fmt: skip
GROUP = -1001234567890
_PROFILE: dict[str, Any] = {
    "getMyCommands": [],
    "getMyName": {"name": ""},
    "getMyDescription": {"description": ""},
    "getMyShortDescription": {"short_description": ""},
}
"""What Telegram knows of a new bot."""
NOT_MODIFIED = "Bad Request: message is not modified"
_updates = itertools.count(1001)
Json = dict[str, Any]


@dataclass
class Call:
    """A request the bot made."""

    method: str
    parameters: Json

    @property
    def text(self) -> str:
        """The text of a message as people see it."""
        return parse(self.parameters["text"])[0]

    @property
    def text_of_toast(self) -> str:
        """The answer to a press."""
        return str(self.parameters.get("text", ""))

    @property
    def entities(self) -> list[tuple[str, str]]:
        """Tags of the text and what they cover."""
        return parse(self.parameters["text"])[1]

    @property
    def buttons(self) -> list[Json]:
        """The buttons, row after row."""
        return [button for row in self.parameters.get("reply_markup", {}).get("inline_keyboard", []) for button in row]

    def data(self, start: str) -> str:
        """Return the callback data that begins so."""
        return next(
            str(button["callback_data"])
            for button in self.buttons
            if str(button.get("callback_data", "")).startswith(start)
        )


@dataclass
class Telegram(BaseRequest):
    """Records what the bot calls, refuses what Telegram refuses, and answers like it."""

    calls: list[Call] = field(default_factory=list)
    answers: list[tuple[int, Json]] = field(default_factory=list)
    """Status and body of the next ``sendMessage`` calls, instead of success."""
    silence: list[Exception] = field(default_factory=list)
    """What the next ``sendMessage`` calls raise, instead of reaching anybody."""
    refusals: list[str] = field(default_factory=list)
    """What Telegram would have refused."""
    messages: int = 1000
    edited: dict[tuple[object, ...], str] = field(default_factory=dict)
    """What edited messages show."""

    @property
    def read_timeout(self) -> float:
        return 5.0

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *timeouts: Any, **more: Any
    ) -> tuple[int, bytes]:
        name = url.rsplit("/", 1)[1]
        parameters = parameters_of(dict(request_data.json_parameters) if request_data else {})
        try:
            check_call(name, parameters)
        except RefusedError as refusal:
            self.refusals.append(f"{name}: {refusal}")
            body = {"ok": False, "error_code": 400, "description": f"Bad Request: {refusal}"}
            return 400, json.dumps(body).encode()
        self.calls.append(Call(name, parameters))
        if name == "editMessageText" and not self._changes(parameters):
            return 400, json.dumps({"ok": False, "error_code": 400, "description": NOT_MODIFIED}).encode()
        if name == "sendMessage" and self.silence:
            raise self.silence.pop(0)
        if name == "sendMessage" and self.answers:
            status, body = self.answers.pop(0)
            return status, json.dumps(body).encode()
        return 200, json.dumps({"ok": True, "result": self._result(name, parameters)}).encode()

    def _changes(self, parameters: Json) -> bool:
        """Return whether an edit changes what its message shows; note what it shows now."""
        where = (parameters.get("chat_id"), parameters.get("message_id"), parameters.get("inline_message_id"))
        shown = json.dumps([parameters["text"], parameters.get("reply_markup")])
        before, self.edited[where] = self.edited.get(where), shown
        return before != shown

    def _result(self, name: str, parameters: Json) -> Any:
        if name == "getMe":
            return ME
        if name in _PROFILE:
            return _PROFILE[name]
        if name == "answerGuestQuery":
            return {"inline_message_id": "guest-1"}
        if name in ("sendMessage", "sendDocument"):
            self.messages += 1
            return {
                "message_id": self.messages,
                "date": 1,
                "chat": {"id": parameters["chat_id"], "type": "private"},
                "text": "…",
            }
        return True

    def sent(self, *methods: str) -> list[Call]:
        """The calls that show people something, or those of certain methods."""
        return [call for call in self.calls if call.method in (methods or ("sendMessage", "editMessageText"))]


def remembered(data: Path, statement: str, *values: object) -> list[Any]:
    """Run a statement on what a bot remembers in its data folder; return the rows."""
    with closing(sqlite3.connect(data / "telegram.db", isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


class Bench:
    """A running application, and people who write to it."""

    def __init__(self, application: App, telegram: Telegram) -> None:
        self.application = application
        self.services = application.bot_data
        self.telegram = telegram
        self._message = 0

    def count_messages_from(self, number: int) -> None:
        """Number what people write from here on, where several benches are one bot."""
        self._message = number

    async def receive(self, *updates: Json) -> None:
        """Deliver updates as they come from Telegram; one that cannot be read is left out, as when polling."""
        for raw in updates:
            with suppress(Exception):
                await self.services.queue.put(Update.de_json(raw, self.application.bot))

    async def drain(self, seconds: float = 20) -> int:
        """Wait until all updates are finished; return how many are left."""
        return await self.services.queue.drain(seconds)

    async def take(self, kind: str, body: Json) -> list[Call]:
        """Deliver an update, wait until it is done, and return the calls made for it."""
        before = len(self.telegram.calls)
        await self.receive({"update_id": next(_updates), kind: body})
        await self.drain()
        return self.telegram.calls[before:]

    def message(
        self, text: str | None, person: int = 1, *, group: bool | int = False, language: str | None = "en", **more: Any
    ) -> Json:
        """Return a message as Telegram delivers it."""
        self._message += 1
        user = {"id": person, "is_bot": False, "first_name": "Ann", **({"language_code": language} if language else {})}
        chat = (
            {"id": GROUP if group is True else group, "type": "supergroup", "title": "Team"}
            if group
            else {"id": person, "type": "private", "first_name": "Ann"}
        )
        message: Json = {"message_id": self._message, "date": int(time.time()), "from": user, "chat": chat, **more}
        if text is not None:
            message["text"] = text
            if text.startswith("/"):
                message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
            elif mention := re.search(r"@\w+", text):
                offset = len(text[: mention.start()].encode("utf-16-le")) // 2
                message["entities"] = [{"type": "mention", "offset": offset, "length": len(mention[0])}]
        return message

    async def say(self, text: str | None, person: int = 1, **more: Any) -> list[Call]:
        """Deliver a message and return what the bot shows for it."""
        calls = await self.take("message", self.message(text, person, **more))
        return [call for call in calls if call.method in ("sendMessage", "editMessageText", "sendDocument")]

    async def press(self, call: Call, data: str | None, person: int = 1, **more: Any) -> list[Call]:
        """Press a button under a message the bot sent."""
        chat = call.parameters.get("chat_id", person)
        kind = "supergroup" if chat < 0 else "private"
        message = {
            "message_id": call.parameters.get("message_id", self.telegram.messages), "date": 1, "from": ME, "text": "…",
            "chat": {"id": chat, "type": kind}, "reply_markup": call.parameters.get("reply_markup"),
        }  # fmt: skip
        user = {"id": person, "is_bot": False, "first_name": "Ann", "language_code": "en"}
        query = {"id": "77", "from": user, "chat_instance": "1", "message": message, "data": data, **more}
        return await self.take("callback_query", query)


@asynccontextmanager
async def bench(index: Index, data: Path, **settings: Any) -> AsyncIterator[Bench]:
    """Run the application over an index, with its own data folder; without the pace that would slow tests down."""
    values = {"token": TOKEN, "data_dir": data, "questions_per_minute": 0, "_env_file": None, **settings}
    telegram = Telegram()
    bot = TelegramBot(TOKEN, "http://127.0.0.1:9", (telegram, telegram), LocalPace(0))
    await bot.initialize()
    given = Settings(**values)
    application = build_application(given, bot, LiveIndex(index, given.index_home), Metrics(), await open_stores(given))
    await application.initialize()
    await application.start()
    telegram.calls.clear()
    services = application.bot_data
    try:
        yield Bench(application, telegram)
        assert telegram.refusals == []
    finally:
        if await services.queue.drain(5):
            await services.order.shutdown()
        await application.stop()
        await services.close()
        await application.shutdown()


def run(index: Index, data: Path, scenario: Callable[[Bench], Awaitable[None]], **settings: Any) -> None:
    """Run a scenario with a bench of its own."""

    async def within() -> None:
        async with bench(index, data, **settings) as there:
            await scenario(there)

    asyncio.run(within())


def asked_for(index: Index, language: str = "en") -> tuple[str, str]:
    """Return an example question that the index answers with the snippet it belongs to, and that snippet's id."""
    for topic in index.topics:
        for snippet in index.in_topic(topic.id, language):
            if snippet.language == language:
                for question in snippet.questions:
                    answer = index.answer(question)
                    if (
                        answer.decision == "answer"
                        and answer.hits[0].snippet.id == snippet.id
                        and question.endswith("?")
                    ):
                        return question, snippet.id
    raise LookupError("the index answers none of its own example questions")


def refused_near(index: Index, language: str = "en") -> str:
    """Return a question that the index refuses though it is near what the knowledge holds."""
    for topic in index.topics:
        for snippet in index.in_topic(topic.id, language):
            for question in snippet.does_not_answer:
                answer = index.answer(question)
                if answer.decision == "none" and answer.near and answer.language == language:
                    return question
    raise LookupError("the index refuses no question near its own")
