"""The index a running bot answers from: how it is opened, and how a newer version replaces it between two questions."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import shlex
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from pathlib import Path
from typing import TypeVar

from bot.commands.build import folder_options, open_or_build
from bot.locales import Locales
from bot.settings import Settings
from index.errors import UserFacingError, reason
from index.search.answer import Answer, Reply
from index.search.index import Index
from index.search.prefix import Begun
from index.version.versions import index_folder, live_version, versions

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")

_THREADS = 2
"""Most of an answer is the embedding, which runs outside the interpreter's lock on one core."""


def open_for_serving(settings: Settings) -> Index:
    """Open the published index; build it where there is none, take an older version where it is damaged.

    Raises:
        UserFacingError: The index is damaged and no older version is sound, or it cannot be built here.
    """
    home = settings.index_home
    live = live_version(home)
    try:
        return open_or_build(settings, apart=True)
    except UserFacingError as error:
        older = _newest_before(home, live) if live else None
        if older is None:
            raise
        logger.warning(
            "Index %s is published but cannot be used, so answers come from the older %s. Mend it with "
            "'partnership-bot build --force %s'. What is wrong: %s",
            live, older.version, shlex.join(folder_options(settings)), error,
        )  # fmt: skip
        return older


def _newest_before(home: Path, live: str) -> Index | None:
    """Open the newest sound version older than ``live``; newer ones were rolled back or never published."""
    for name in reversed(versions(home)):
        if name < live:
            try:
                return Index.open(index_folder(home) / name)
            except UserFacingError as error:
                logger.info("The older index %s cannot be used either: %s", name, error)
    return None


class Swap(Enum):
    """The result of looking for a newer version."""

    SAME = "same"
    DONE = "done"
    REFUSED = "refused"


class LiveIndex:
    """Answers from the version published last; each question is answered by one version from beginning to end.

    Args:
        index: The version to begin with. The caller keeps no reference, so that it can be freed after a swap.
        data: The folder that is watched for newer versions.
    """

    def __init__(self, index: Index, data: Path) -> None:
        self.index = index
        self.locales = _locales(index)
        self._data = data
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="answer")
        self._swapping = asyncio.Lock()
        self._replaced = False
        self._refused: str | None = None
        self.refusal = ""
        """Why the version seen last was refused; empty where it was not."""

    async def reply(self, message: str, hint: str | None = None) -> Reply:
        """Answer each question of a message without holding up the event loop; ``hint`` is the person's language."""
        index = self.index
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: index.reply(message, hint=hint))

    async def answer(self, question: str, limit: int = 5) -> Answer:
        """Answer a question without holding up the event loop."""
        index = self.index
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: index.answer(question, limit=limit)
        )

    async def run(self, work: Callable[[Index], _Result]) -> _Result:
        """Do some work with the index without holding up the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, self.index)

    async def begun(self, text: str, languages: Sequence[str | None], limit: int) -> Begun:
        """Return the snippets that hold what somebody is typing, like ``PrefixSearch.find``."""
        prefixes = self.index.prefixes
        return await asyncio.get_running_loop().run_in_executor(self._threads, prefixes.find, text, languages, limit)

    async def refresh(self, again: bool = False) -> Swap:
        """Open the published version if it is another one; if it is damaged, the old one stays in use.

        Args:
            again: Also try a version that was refused before.

        Returns:
            ``REFUSED`` only the first time a version is refused, or each time with ``again``.
        """
        async with self._swapping:
            version = None
            try:
                version = await asyncio.to_thread(live_version, self._data)
                if version is None or version == self.index.version:
                    await self._free_replaced()
                    return Swap.SAME
                if version == self._refused and not again:
                    return Swap.SAME
                index = await asyncio.to_thread(Index.open, self._data, encoder=self.index.encoder)
            except Exception as error:  # the bot must keep looking, or it never takes over another version
                return self._refuse(version, error, again)
            old, self.index, self._refused, self.refusal = self.index.version, index, None, ""
            self.locales = _locales(index)
            self._replaced = True
            # The old version is freed with the last question that is still being answered from it.
            logger.info("Answering from index %s now, before from %s.", index.version, old)
            return Swap.DONE

    def _refuse(self, version: str | None, error: Exception, again: bool) -> Swap:
        expected = isinstance(error, UserFacingError | OSError)
        known = self.refusal != "" and version == self._refused and not again
        self._refused, self.refusal = version, str(error) if expected else reason(error)
        if known:
            return Swap.SAME
        logger.error(
            "The published index is refused, %s stays in use: %s",
            self.index.version,
            self.refusal,
            exc_info=None if expected else error,
        )
        return Swap.REFUSED

    async def _free_replaced(self) -> None:
        """Free the memory and files of a replaced version, at the first look after the swap."""
        if self._replaced:
            self._replaced = False
            await asyncio.to_thread(_free_memory)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _locales(index: Index) -> Locales:
    return Locales(index.profile, index.languages)


def _free_memory() -> None:
    """Collect reference cycles, and return freed memory to the system.

    glibc keeps freed memory in the arena of each thread that opened an index, so without this the process grows with
    every version published.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
