"""Updates are handled in order within a chat, and different chats side by side."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine, Hashable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import cast

from telegram import Update
from telegram.ext import BaseUpdateProcessor

from bot.telegram.update_queue import Progress, UpdateQueue

logger = logging.getLogger(__name__)

SUSPECT = 2
"""An update that ended this many processes is handled alone: then only the update that ends processes is counted
further."""
PRIVATE_BOUND, GROUP_BOUND = 100, 25
"""How many updates of one chat may be unfinished. A group can be sent little more than 25 messages in a minute."""
BUSY = 200
"""From so many unfinished updates on, an answer takes seconds."""


@dataclass(slots=True)
class _Turn:
    """The updates that wait for each other."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    unfinished: int = 0


class ChatOrder(BaseUpdateProcessor):
    """Handles the updates of one chat in order and different chats side by side.

    A press on a button waits only for other presses of the same person.

    Args:
        queue: where the updates come from; told when one is finished.
        concurrent: how many updates may be handled at once.
        banned: people and chats whose updates are finished without being handled.
    """

    def __init__(self, queue: UpdateQueue, concurrent: int, banned: frozenset[int] = frozenset()) -> None:
        super().__init__(concurrent)
        self._queue = queue
        self._banned = banned
        self._turns: dict[Hashable, _Turn] = {}
        self._suspects = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Stop what is still being handled, and begin nothing more; the next process resumes it."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def do_process_update(self, update: object, coroutine: Awaitable[None]) -> None:
        """Await the coroutine when the earlier updates of the chat are finished."""
        if not isinstance(update, Update):
            await coroutine
            return
        progress = self._queue.progress(update.update_id)
        if self._stopping or progress is None:
            if isinstance(coroutine, Coroutine):
                coroutine.close()
            return
        task = progress.handling = cast("asyncio.Task[None]", asyncio.current_task())
        self._tasks.add(task)
        try:
            await self._in_turn(update, progress, coroutine)
        except Exception:
            logger.exception("Update %s cannot be handled.", progress.update_id)
        finally:
            self._tasks.discard(task)
            if isinstance(coroutine, Coroutine):
                coroutine.close()  # where this task was stopped before its turn came
        await self._queue.mark_done(update.update_id)

    async def _in_turn(self, update: Update, progress: Progress, coroutine: Awaitable[None]) -> None:
        key, person, chat = _order_key(update), update.effective_user, update.effective_chat
        if (person and person.id in self._banned) or (chat and chat.id in self._banned):
            return
        turn = self._turns.setdefault(key, _Turn())
        if not progress.resumed and turn.unfinished >= _bound(update):
            progress.turned_away = True
            await coroutine
            return
        # Behind another question of the chat a note would come before the answer to that one.
        progress.busy = self._queue.unfinished >= BUSY and not turn.unfinished and not progress.resumed
        turn.unfinished += 1
        try:
            async with turn.lock, self._suspects if progress.attempts >= SUSPECT else nullcontext():
                if self._queue.progress(progress.update_id) is not progress:
                    return  # taken over by another process before this task was known, or finished since
                if progress.resumed and not progress.given_up:
                    await self._queue.count_attempt(progress.update_id)
                await coroutine
        finally:
            turn.unfinished -= 1
            if not turn.unfinished:
                del self._turns[key]


def _bound(update: Update) -> int:
    chat = update.effective_chat
    return GROUP_BOUND if chat and chat.type != "private" and not update.callback_query else PRIVATE_BOUND


def _order_key(update: Update) -> tuple[str, int]:
    """Return what updates must share to wait for each other."""
    person = int(update.effective_user.id) if update.effective_user else 0
    if update.callback_query:
        return ("press", person)
    if update.inline_query or update.chosen_inline_result:
        return ("inline", person)
    return ("chat", int(update.effective_chat.id) if update.effective_chat else person)
