"""The index in use, and how a newly published one takes its place while questions are being answered."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from pathlib import Path

from index.errors import UserFacingError, reason
from index.search.answer import Answer
from index.search.index import Index
from index.version.versions import live_version

logger = logging.getLogger(__name__)

_THREADS = 2
"""The greatest part of answering, the embedding, runs outside the interpreter's lock, one core to a question."""
_KNOWN, _SHORT = 500, 200
"""How many answers are kept for when the same is asked again, and up to what length of question."""


class Swap(Enum):
    """What came of looking for a newer version."""

    SAME = "same"
    DONE = "done"
    REFUSED = "refused"


class LiveIndex:
    """Answers from the version published last; a question is answered by one version from beginning to end."""

    def __init__(self, index: Index, data: Path) -> None:
        self.index = index
        self._data = data
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="answer")
        self._known: OrderedDict[tuple[str, int], Answer] = OrderedDict()
        self._changing = asyncio.Lock()
        self._untidy = False
        self._refused: str | None = None
        self.refusal = ""
        """Why the version seen last was refused."""

    async def answer(self, question: str, *, limit: int = 5) -> Answer:
        """Answer a question without holding up the event loop."""
        index, key = self.index, (question, limit)
        if (known := self._known.get(key)) is not None:
            self._known.move_to_end(key)
            return known
        answer = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: index.answer(question, limit=limit)
        )
        # An answer of a version that has been replaced meanwhile is not kept, for it keeps that version in memory.
        if len(question) <= _SHORT and index is self.index:
            self._known[key] = answer
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        return answer

    async def refresh(self, *, again: bool = False) -> Swap:
        """Open the published version if another one is in use; a damaged one is refused and the old one stays.

        Args:
            again: try a version that was refused before once more.
        """
        async with self._changing:
            version = None
            try:
                version = await asyncio.to_thread(live_version, self._data)
                if version is None or version == self.index.version:
                    await self._tidy()
                    return Swap.SAME
                if version == self._refused and not again:
                    return Swap.SAME
                index = await asyncio.to_thread(Index.open, self._data, instead_of=self.index)
            except Exception as error:  # whatever it is, looking again must go on, or no version is ever taken over
                expected = isinstance(error, UserFacingError | OSError)
                told = str(error) if expected else reason(error)
                first = again or self.refusal == "" or version != self._refused
                self._refused, self.refusal = version, told
                if first:
                    logger.error(
                        "The published index is refused, %s stays in use: %s",
                        self.index.version,
                        told,
                        exc_info=None if expected else error,
                    )
                return Swap.REFUSED if first else Swap.SAME
            old, self.index, self._refused, self.refusal = self.index.version, index, None, ""
            self._known.clear()
            self._untidy = True
            # The old one is freed with the last question that is still being answered from it.
            logger.info("Answering from index %s now, before from %s.", index.version, old)
            return Swap.DONE

    async def _tidy(self) -> None:
        """Give back the memory and files of a version that was in use before; the first look after a change does so."""
        if self._untidy:
            self._untidy = False
            await asyncio.to_thread(_give_back)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _give_back() -> None:
    """Close what only a cycle of references still holds, and return freed memory to the system.

    Each thread that opens an index takes memory from a place of its own, and glibc keeps what is freed there: without
    this, every version published adds to the process until all of its places are used.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
