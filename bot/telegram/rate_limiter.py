"""Outgoing pace: Telegram's limits are kept before it has to enforce them, and honoured when it does.

About one message a second in a private chat with short bursts, twenty a minute in a group, thirty a second in all
(https://core.telegram.org/bots/faq). python-telegram-bot's own limiter has no limit for private chats.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from telegram.error import RetryAfter
from telegram.ext import BaseRateLimiter

logger = logging.getLogger(__name__)

Result = bool | dict[str, Any] | list[dict[str, Any]]

PRIVATE_PER_SECOND = 1.0
PRIVATE_BURST = 4
GROUP_PER_MINUTE = 20
OVERALL_PER_SECOND = 30.0
_OVERALL_BURST = 0.7
"""How much of a second's messages may go out at once; the rest is leeway for what the network delays and bunches."""
_START_BURST = 0.2
_CROWD = 15
_CROWDED_RATE = 0.95
"""With so many waiting the rate is a little lower: whatever the network bunches would else add up against the limit."""
_GROUP_PERIOD = 60.5
_CHATS = 5_000
_REFUSALS = 3
"""So many chats refused within a second mean that the limit on everything is hit."""

URGENT, NORMAL = 0, 1
"""Who goes first when everything together is too much: what follows a press on a button, then answers."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How a call queues: the ``rate_limit_args`` of a call."""

    priority: int = NORMAL
    departing: Callable[[], None] = lambda: None
    """Called when its turn has come, right before it goes out."""


_UNPACED = frozenset({"sendChatAction", "answerCallbackQuery", "answerInlineQuery", "answerGuestQuery"})


class Gate:
    """Lets so many through a second, the most urgent first and otherwise in order.

    Args:
        rate: how many a second; 0 lets everything through.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._burst = max(1.0, rate * _OVERALL_BURST)
        self._tokens = max(1.0, rate * _START_BURST)
        self._at = time.monotonic()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def hold(self, seconds: float) -> None:
        """Let nothing through for so long."""
        self._refill()
        self._tokens = min(self._tokens, 1.0 - seconds * self._rate)

    async def enter(self, priority: int) -> None:
        """Wait for one's turn."""
        if not self._rate:
            return
        self._refill()
        if not self._waiting and self._tokens >= 1:
            self._tokens -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._waiting, (priority, self._count, turn))
        self._schedule()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._tokens += 1
            raise

    @property
    def _pace(self) -> float:
        return self._rate * (_CROWDED_RATE if len(self._waiting) > _CROWD else 1)

    def _refill(self) -> None:
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._pace)
        self._at = now

    def _schedule(self) -> None:
        if self._timer is None and self._waiting:
            delay = max(0.0, (1 - self._tokens) / self._pace)
            self._timer = asyncio.get_running_loop().call_later(delay, self._release)

    def _release(self) -> None:
        self._timer = None
        self._refill()
        while self._waiting and self._tokens >= 1 - 1e-9:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self._tokens -= 1
                turn.set_result(None)
        self._schedule()


@dataclass(slots=True)
class _Chat:
    """The pace of one chat."""

    group: bool
    due: float = 0.0
    """Private chats: when the next message would be due at the steady rate."""
    sent: deque[float] = field(default_factory=lambda: deque(maxlen=GROUP_PER_MINUTE))
    """Groups: when the last messages arrived."""
    under_way: int = 0
    held_until: float = 0.0

    def wait(self, now: float) -> float:
        """Return the seconds until a message may be sent."""
        if self.group:
            while self.sent and self.sent[0] <= now - _GROUP_PERIOD:
                self.sent.popleft()
            full = len(self.sent) + self.under_way >= GROUP_PER_MINUTE
            wait = (self.sent[0] + _GROUP_PERIOD - now if self.sent else 0.05) if full else 0.0
        else:
            wait = self.due - (PRIVATE_BURST - 1) / PRIVATE_PER_SECOND - now
        return max(wait, self.held_until - now)


class Pacing(BaseRateLimiter[Turn]):
    """Paces every call that writes into a chat and repeats it as long as Telegram asks to wait.

    Args:
        overall: how many messages a second to all chats together; 0 for no limit.
        refused: is told of every refusal, for the record.
    """

    def __init__(self, overall: float = OVERALL_PER_SECOND, refused: Callable[[], None] = lambda: None) -> None:
        self._gate = Gate(overall)
        self._refused = refused
        self._chats: OrderedDict[int | str, _Chat] = OrderedDict()
        self._refusals: deque[tuple[float, int | str]] = deque(maxlen=_REFUSALS)

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to release."""

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Result]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: Turn | None,
    ) -> Result:
        """Make the call when its turn has come, and again after each ``retry_after``."""
        chat_id = data.get("chat_id")
        if chat_id is None or endpoint in _UNPACED or not endpoint.startswith(("send", "edit", "copy", "forward")):
            return await self._patient(callback, args, kwargs)
        chat, turn = self._chat(chat_id), rate_limit_args or Turn()
        while True:
            while (wait := chat.wait(now := time.monotonic())) > 0:
                await asyncio.sleep(wait)
            chat.due = max(now, chat.due) + 1 / PRIVATE_PER_SECOND
            chat.under_way += 1
            try:
                await self._gate.enter(turn.priority)
                turn.departing()
                return await callback(*args, **kwargs)
            except RetryAfter as refusal:
                self._hold(chat_id, chat, refusal)
            finally:
                chat.under_way -= 1
                if chat.group:
                    chat.sent.append(time.monotonic())

    async def _patient(
        self, callback: Callable[..., Coroutine[Any, Any, Result]], args: Any, kwargs: dict[str, Any]
    ) -> Result:
        while True:
            try:
                return await callback(*args, **kwargs)
            except RetryAfter as refusal:
                self._refused()
                await asyncio.sleep(_seconds(refusal))

    def _hold(self, chat_id: int | str, chat: _Chat, refusal: RetryAfter) -> None:
        seconds, now = _seconds(refusal), time.monotonic()
        logger.info("Telegram asks to wait %s s before the next message to a chat.", math.ceil(seconds))
        self._refused()
        chat.held_until = now + seconds
        self._refusals.append((now, chat_id))
        recent = {name for at, name in self._refusals if at > now - 1}
        if len(recent) == _REFUSALS:
            self._gate.hold(seconds)

    def _chat(self, chat_id: int | str) -> _Chat:
        chat = self._chats.get(chat_id)
        if chat is None:
            # Groups and channels have negative numbers or are named.
            chat = self._chats[chat_id] = _Chat(group=isinstance(chat_id, str) or chat_id < 0)
            if len(self._chats) > _CHATS:
                name, oldest = next(iter(self._chats.items()))
                if not oldest.under_way:
                    del self._chats[name]
        self._chats.move_to_end(chat_id)
        return chat


def _seconds(refusal: RetryAfter) -> float:
    wait = refusal.retry_after
    return float(wait if isinstance(wait, int | float) else wait.total_seconds())
