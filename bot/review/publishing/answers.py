"""What a version answers to many questions, asked in this process or in a second one beside it."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from bot.review.publishing.words import OUT_OF_MEMORY, PublishError
from bot.review.replay import Verdict, verdict
from index.errors import ArtifactError
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


class SecondProcess:
    """Answers questions on a second core, one request after the other. It ends with the process that started it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, home: Path, version: str, texts: Sequence[str]) -> None:
        """Begin with ``answers``; what it answered before must have been received."""
        with suppress(OSError):  # it died; ``received`` says so
            self._connection.send((home, version, texts))

    def received(self) -> dict[str, Verdict]:
        """Wait for the answers and return them.

        Raises:
            ArtifactError: The version is damaged.
            PublishError: The process was killed.
        """
        try:
            found: dict[str, Verdict] | ArtifactError = self._connection.recv()
        except (EOFError, OSError) as error:
            raise PublishError(OUT_OF_MEMORY) from error
        if isinstance(found, ArtifactError):
            raise found
        return found


@contextmanager
def second_process() -> Iterator[SecondProcess]:
    """Start a second process; it is stopped at the end."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_answer_requests, args=(there,), daemon=True)
    process.start()
    there.close()
    try:
        yield SecondProcess(here)
    finally:
        process.kill()
        process.join()


def collect_no_garbage() -> None:
    """Leave memory in cycles alone: looking for it would take a quarter of the few seconds that a try lasts."""
    gc.disable()


def _answer_requests(connection: Connection) -> None:
    collect_no_garbage()
    with suppress(EOFError, OSError):  # whoever asked has ended
        while True:
            try:
                found: object = answers(*connection.recv())
            except ArtifactError as error:
                found = error
            connection.send(found)


@cache
def _encoder(folder: Path) -> RememberingEncoder:
    from index.encoder.known_questions import RememberingEncoder

    return RememberingEncoder(folder)
