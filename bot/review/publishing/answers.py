"""What a version answers to many questions, asked in a second process on a second core."""

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
from index.version.manifest import Manifest, read_manifest
from index.version.versions import encoder_folder, index_folder

if TYPE_CHECKING:
    from index.encoder.known_questions import RememberingEncoder
    from index.search.index import Index


def answers(home: Path, version: str, texts: Iterable[str]) -> dict[str, Verdict]:
    """Ask a version of a data folder some questions; return what it answers to each.

    Raises:
        ArtifactError: The version is damaged.
    """
    from index.search.index import Index

    folder = index_folder(home) / version
    encoder = _encoder(encoder_folder(home, read_manifest(folder, verify=False).encoder_key))
    return _verdicts(Index.open(folder, encoder=encoder), texts)


def answers_before_gate(home: Path, folder: Path, manifest: Manifest, texts: Iterable[str]) -> dict[str, Verdict]:
    """Do the same with a version that the gate is still judging, see ``BuildOptions.before_gate``.

    Raises:
        ArtifactError: It was finished before it was opened, so it lies in another folder now.
    """
    from index.search.index import Index

    encoder = _encoder(encoder_folder(home, manifest.encoder_key))
    return _verdicts(Index.assemble(folder, manifest, encoder), texts)


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


def _verdicts(opened: Index, texts: Iterable[str]) -> dict[str, Verdict]:
    with closing(opened) as index:
        return {text: verdict(index.answer(text)) for text in texts}


@cache
def _encoder(folder: Path) -> RememberingEncoder:
    """Return one encoder for all versions: they are asked the same questions, and each is embedded once."""
    from index.encoder.known_questions import RememberingEncoder

    return RememberingEncoder(folder)
