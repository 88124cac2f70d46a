"""The index, opened when a page first needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bot.telegram.live_index import LiveIndex

if TYPE_CHECKING:
    from index import Index

_Result = TypeVar("_Result")


class IndexOnDemand:
    """The version published last: opened with the first work, and again after another one was published.

    Args:
        data: The folder of the index.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self._live: LiveIndex | None = None
        self._opening = asyncio.Lock()

    async def run(self, work: Callable[[Index], _Result]) -> _Result:
        """Do some work with the index in a thread.

        Raises:
            UserFacingError: There is no index, or it is damaged.
        """
        from index import Index

        async with self._opening:
            if self._live is None:
                self._live = LiveIndex(await asyncio.to_thread(Index.open, self._data), self._data)
            else:
                await self._live.refresh()
        return await self._live.run(work)

    def close(self) -> None:
        """End the threads, if any were begun."""
        if self._live is not None:
            self._live.close()
