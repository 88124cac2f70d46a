"""What a version answers to many questions, asked in this process or in a second one beside it."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from functools import cache
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from bot.review.publishing.words import OUT_OF_MEMORY, PublishError
from bot.review.replay import Verdict, verdict
from index.version.manifest import read_manifest
from index.version.versions import encoder_folder, index_folder

if TYPE_CHECKING:
    from index.encoder.known_questions import RememberingEncoder


def answers(home: Path, version: str, texts: Iterable[str]) -> dict[str, Verdict]:
    """Ask a version of a data folder some questions; return what it answers to each.

    Raises:
        ArtifactError: The version is damaged.
    """
    from index.search.index import Index

    folder = index_folder(home) / version
    # Two versions are asked the same questions. Each is embedded once, and forgotten when this process ends.
    encoder = _encoder(encoder_folder(home, read_manifest(folder, verify=False).encoder_key))
    with closing(Index.open(folder, encoder=encoder)) as index:
        return {text: verdict(index.answer(text)) for text in texts}


@contextmanager
def second_process() -> Iterator[ProcessPoolExecutor]:
    """Start a process that does one call after the other. It ends with the block, and with the process that started it.

    Raises:
        PublishError: It was killed.
    """
    try:
        with ProcessPoolExecutor(1, get_context("spawn"), initializer=_prepare) as pool:
            yield pool
    except BrokenProcessPool as error:
        raise PublishError(OUT_OF_MEMORY) from error


def collect_no_garbage() -> None:
    """Leave memory in cycles alone: looking for it would take a quarter of the few seconds that a try lasts."""
    gc.disable()


def _prepare() -> None:
    collect_no_garbage()
    Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    if parent := parent_process():
        parent.join()
        os._exit(1)


@cache
def _encoder(folder: Path) -> RememberingEncoder:
    from index.encoder.known_questions import RememberingEncoder

    return RememberingEncoder(folder)
