"""Order within a chat, chats side by side."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Lanes(Generic[Item]):
    """Works off items in the order put, one at a time per lane, all lanes at once.

    Args:
        work: does one item; must not raise.
        bound: with so many items unfinished the lanes are full.
    """

    def __init__(self, work: Callable[[Item], Awaitable[None]], bound: int) -> None:
        self._work = work
        self._bound = bound
        self._queues: dict[Hashable, deque[Item]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self.unfinished = 0
        """How many items are waiting or being worked on."""

    @property
    def full(self) -> bool:
        """Whether nothing more should be put in for now."""
        return self.unfinished >= self._bound

    def idle(self, lane: Hashable) -> bool:
        """Whether nothing is waiting or being worked on in a lane."""
        return lane not in self._queues

    def length(self, lane: Hashable) -> int:
        """Return how many items of a lane are waiting or being worked on."""
        return len(self._queues.get(lane, ()))

    def put(self, lane: Hashable, item: Item) -> None:
        """Queue an item behind the others of its lane."""
        self.unfinished += 1
        if (queue := self._queues.get(lane)) is not None:
            queue.append(item)
            return
        self._queues[lane] = deque([item])
        task = asyncio.get_running_loop().create_task(self._run(lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def room(self) -> None:
        """Wait until the lanes are not full."""
        while self.full:
            self._changed.clear()
            await self._changed.wait()

    async def drain(self, seconds: float) -> int:
        """Wait until all is done, at most so long, then stop what is left; return how much that is."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        left = self.unfinished
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return left

    async def _run(self, lane: Hashable) -> None:
        queue = self._queues[lane]
        try:
            while queue:
                await self._work(queue[0])
                queue.popleft()
                self.unfinished -= 1
                self._changed.set()
        finally:
            del self._queues[lane]
