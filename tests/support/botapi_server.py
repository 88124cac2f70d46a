"""A small Bot API server over HTTP for end-to-end tests: long polling, webhook, and people who write.

It refuses what Telegram refuses (``telegram_rules``) and notes it in ``violations``, and fails where it is told to.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import ClientError, ClientSession, web

from tests.support.server_thread import ServerThread
from tests.support.telegram_rules import RefusedError, check_call, parameters_of

TOKEN = "110201543:TEST-token-of-nobody-at-all"
Json = dict[str, Any]
_REFUSALS: dict[str | None, tuple[int, str, Json]] = {
    "500": (500, "Internal Server Error", {}),
    "502": (502, "Bad Gateway", {}),
    "401": (401, "Unauthorized", {}),
    "429": (429, "Too Many Requests: retry after 1", {"parameters": {"retry_after": 1}}),
}


class ConflictError(Exception):
    """Somebody else polls for the same bot."""


class BotApi(ServerThread):
    """The server, in a thread of its own; used as a context manager."""

    def __init__(self) -> None:
        super().__init__()
        self.violations: list[str] = []
        self.calls: list[tuple[str, Json]] = []
        self.faults: list[tuple[str, str]] = []
        """Method and kind of the calls that shall fail, in turn: ``401``, ``500``, ``502``, ``429`` (refused), ``drop``
        (the connection is cut, nothing done), ``lost`` (done, then it is cut), ``hang`` (no answer ever)."""
        self.injector: Callable[[str], str | None] = lambda method: None
        """Says of each further call, by its method, how it is to fail."""
        self.failed = 0
        """How many calls were made to fail."""
        self.webhook_failure: Json = {}
        """What Telegram tells of its last call of the webhook that failed."""
        self.keep = True
        """Whether ``calls`` and whole messages are kept; long loads do without."""
        self.delays: dict[str, float] = {}
        """For how many seconds a method keeps its caller waiting before it is done."""
        self.url = ""
        self.messages: dict[int, Json] = {}
        """What each message of the bot shows now."""
        self.under: dict[int, list[tuple[int, float]]] = {}
        """The bot's messages that reply to a message, and when each came (by the monotonic clock)."""
        self.answered_at: dict[int, float] = {}
        """When each message of the bot got the form it has now."""
        self._updates: dict[int, Json] = {}
        self._next_update = 100
        # Both the test's thread and the server's take numbers from it.
        self._message_numbers = itertools.count(11)
        self._hook: Json = {}
        self._first_texts: dict[int, str] = {}
        self._polls = 0
        self._calling: dict[int, asyncio.Lock] = {}
        self._news = asyncio.Event()
        self._changed = threading.Condition()

    def say(self, text: str, person: int = 1, **more: Any) -> int:
        """Write to the bot in a private chat; return the message's id."""
        number = next(self._message_numbers)
        user = {"id": person, "is_bot": False, "first_name": "Ann", "language_code": "en"}
        chat = {"id": person, "type": "private", "first_name": "Ann"}
        message = {
            "message_id": number,
            "date": int(time.time()),
            "from": user,
            "chat": chat,
            "text": text,
            **more,
        }
        if text.startswith("/"):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
        self.deliver("message", message)
        return number

    def deliver(self, kind: str, body: Json) -> int:
        """Queue an update; return its id."""
        self._next_update += 1
        update = {"update_id": self._next_update, kind: body}
        self._loop.call_soon_threadsafe(self._queue, update)
        return self._next_update

    def answers_to(self, message_id: int) -> list[str]:
        """Return the texts sent in reply to a message."""
        return [self._first_texts[number] for number, _ in self.under.get(message_id, ())]

    def wait(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        """Wait until something is the case."""
        end = time.monotonic() + seconds
        with self._changed:
            while not condition():
                left = end - time.monotonic()
                assert left > 0, f"not the case within {seconds} s; violations: {self.violations}"
                self._changed.wait(min(left, 0.2))

    @property
    def confirmed(self) -> bool:
        """Whether the bot has let go of every update delivered so far."""
        polls = [int(parameters.get("offset", 0)) for name, parameters in self.calls if name == "getUpdates"]
        return bool(polls) and polls[-1] > self._next_update

    @property
    def ready(self) -> bool:
        """Whether a bot polls or has set its webhook."""
        return bool(self._hook) or any(name == "getUpdates" for name, _ in self.calls)

    async def _serve(self) -> None:
        application = web.Application()
        application.router.add_route("*", "/bot{token}/{method}", self._call)
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._session = ClientSession()
        self._tasks: set[asyncio.Task[None]] = set()

    async def _end(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await self._session.close()
        await self._runner.cleanup()

    def _queue(self, update: Json) -> None:
        self._updates[update["update_id"]] = update
        if self._hook:
            task = self._loop.create_task(self._post(update))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._news.set()

    async def _post(self, update: Json) -> None:
        """Call the webhook until it takes the update; like Telegram, with one update of a chat at a time."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": self._hook["secret_token"]}
        chat = update.get("message", {}).get("chat", {}).get("id", update["update_id"])
        async with self._calling.setdefault(chat, asyncio.Lock()):
            for pause in (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 3.2, 3.2):
                try:
                    async with self._session.post(self._hook["url"], json=update, headers=headers) as response:
                        if response.status == 200:
                            self._updates.pop(update["update_id"], None)
                            return
                except (OSError, ClientError):
                    pass
                await asyncio.sleep(pause)

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if request.match_info["token"] != TOKEN:
            return web.json_response({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)
        parameters = parameters_of({**request.query, **{k: str(v) for k, v in (await request.post()).items()}})
        fault = self._fault(method)
        if fault in _REFUSALS:
            code, text, more = _REFUSALS[fault]
            return web.json_response({"ok": False, "error_code": code, "description": text, **more}, status=code)
        if fault == "drop":
            return self._hang_up(request)
        if fault == "hang":
            await asyncio.sleep(3600)
        if method in self.delays:
            await asyncio.sleep(self.delays[method])
        handler: Callable[[Json], Awaitable[Any]] = getattr(self, f"_{method}", self._done)
        try:
            check_call(method, parameters)
            result = await handler(parameters)
        except RefusedError as refusal:
            self.violations.append(f"{method}: {refusal}")
            return web.json_response(
                {"ok": False, "error_code": 400, "description": f"Bad Request: {refusal}"}, status=400
            )
        except ConflictError:
            text = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
            return web.json_response({"ok": False, "error_code": 409, "description": text}, status=409)
        with self._changed:
            if self.keep:
                self.calls.append((method, parameters))
            self._changed.notify_all()
        return self._hang_up(request) if fault else web.json_response({"ok": True, "result": result})

    def _fault(self, method: str) -> str | None:
        planned = next((entry for entry in self.faults if entry[0] == method), None)
        if planned:
            self.faults.remove(planned)
        kind = planned[1] if planned else self.injector(method)
        self.failed += kind is not None
        return kind

    def _hang_up(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response(status=500)

    async def _done(self, parameters: Json) -> bool:
        return True

    async def _getMe(self, parameters: Json) -> Json:  # noqa: N802 - the method's name
        return {
            "id": 110201543,
            "is_bot": True,
            "first_name": "Bot",
            "username": "test_bot",
            "supports_inline_queries": True,
        }

    async def _getMyCommands(self, parameters: Json) -> list[Json]:  # noqa: N802
        return []

    async def _getMyName(self, parameters: Json) -> Json:  # noqa: N802
        return {"name": "Bot"}

    async def _getMyDescription(self, parameters: Json) -> Json:  # noqa: N802
        return {"description": ""}

    async def _getMyShortDescription(self, parameters: Json) -> Json:  # noqa: N802
        return {"short_description": ""}

    async def _getUpdates(self, parameters: Json) -> list[Json]:  # noqa: N802
        if "allowed_updates" not in parameters:
            raise RefusedError("allowed_updates must be explicit")
        for number in [number for number in self._updates if number < int(parameters.get("offset", 0))]:
            del self._updates[number]
        self._polls += 1
        mine = self._polls
        # Whoever polled before is told that somebody else does.
        self._news.set()
        self._news = asyncio.Event()
        if not self._updates and parameters.get("timeout"):
            with self._changed:
                if self.keep:
                    self.calls.append(("getUpdates", parameters))
                self._changed.notify_all()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), min(float(parameters["timeout"]), 5))
            if mine != self._polls:
                raise ConflictError
        return list(itertools.islice(self._updates.values(), int(parameters.get("limit", 100))))

    async def _setWebhook(self, parameters: Json) -> bool:  # noqa: N802
        if not parameters.get("secret_token") or "allowed_updates" not in parameters:
            raise RefusedError("a webhook needs its secret and allowed_updates")
        self._hook = parameters
        return True

    async def _getWebhookInfo(self, parameters: Json) -> Json:  # noqa: N802
        waiting = {"has_custom_certificate": False, "pending_update_count": len(self._updates)}
        return {"url": self._hook.get("url", ""), **waiting, **self.webhook_failure}

    async def _sendMessage(self, parameters: Json) -> Json:  # noqa: N802
        number = next(self._message_numbers)
        message = {
            "message_id": number,
            "date": int(time.time()),
            "chat": {"id": parameters["chat_id"], "type": "private"},
            "text": "…",
        }
        # Of a long load the beginning and the end of an answer are enough: they tell what it is.
        short = {"text": f"{parameters['text'][:80]} … {parameters['text'][-80:]}"}
        self.messages[number] = parameters if self.keep else short
        self._first_texts[number] = self.messages[number]["text"]
        self.answered_at[number] = time.monotonic()
        if reply := parameters.get("reply_parameters"):
            self.under.setdefault(reply["message_id"], []).append((number, time.monotonic()))
        return message

    async def _editMessageText(self, parameters: Json) -> bool:  # noqa: N802
        number = parameters.get("message_id")
        if number not in self.messages:
            raise RefusedError("message to edit not found")
        before = self.messages[number]
        if (before["text"], before.get("reply_markup")) == (parameters["text"], parameters.get("reply_markup")):
            raise RefusedError("message is not modified")
        self.messages[number] = parameters
        self.answered_at[number] = time.monotonic()
        return True
