"""The program that builds a candidate beside the live version and compares their answers: a process of its own.

It reads a task as one line of JSON. It prints a line of JSON for each step, and one with the result or with what is
wrong as the last. It ends when its standard input is closed, as it is when the server that started it ends.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from bot.database import open_for_reading
from bot.review.drafts import Draft, Drafts, overlay
from bot.review.publishing.file_changes import copy_folder, file_changes, hashes
from bot.review.publishing.tried import Tried
from bot.review.publishing.words import DAYS, EXPECTED, problem
from bot.review.queries import moment
from bot.review.replay import Replayed, logged, logged_in, replay
from bot.settings import LOG_FILE, Settings, load_settings
from index.build import Report
from index.errors import ArtifactError
from index.version.versions import index_folder, live_version

if TYPE_CHECKING:
    from index.search.index import Index

CANDIDATE_FOLDER = "review/candidate"
"""Where in the data folder the copy of the knowledge lies that candidates are built from."""
_SECONDS = 2.5
"""So long the last month's questions are asked."""


class _Lines(Report):
    """Prints what happens as lines of JSON."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def step(self, name: str, total: int | None = None) -> None:
        self.line(step=name)

    def say(self, text: str) -> None:
        self.line(said=text)

    def line(self, **content: object) -> None:
        print(json.dumps(content), file=self._output, flush=True)


def main() -> None:
    """Do the task on standard input."""
    lines = _Lines(os.fdopen(os.dup(sys.stdout.fileno()), "w"))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no line of ours
    given = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    try:
        result = try_out(load_settings(**given["settings"]), given["drafts"], lines)
    except EXPECTED as error:
        lines.line(problem=problem(error))
    else:
        lines.line(tried=result.as_json())


def _end_with_the_server() -> None:
    sys.stdin.read()
    os._exit(1)


def try_out(settings: Settings, chosen: Sequence[int], report: Report) -> Tried:
    """Build a candidate from the knowledge folder and some drafts, and compare it with the live version.

    Raises:
        UserFacingError: A build cannot run, or the drafts make no sound knowledge.
        OSError, sqlite3.Error: A file or a database cannot be used.
    """
    from index.build.builder import BuildOptions, build

    report.step("Copying the knowledge")
    folder = (settings.data_dir / CANDIDATE_FOLDER).resolve()
    copy_folder(settings.knowledge_dir, folder)
    files = hashes(folder)
    drafts = [each for each in Drafts(settings.data_dir).all() if each.id in chosen]
    applied = overlay(drafts, folder)
    for change in applied.changes:
        change.write()
    before = live_version(settings.index_home)
    options = BuildOptions(settings.encoder_query_prefix, settings.encoder_passage_prefix, publish=False)
    built = build(folder, settings.index_home, encoder=settings.encoder, options=options, report=report)
    tried = Tried(
        version=built.version,
        previous=before,
        drafts=tuple(each.id for each in drafts if each.id not in applied.blocked),
        left_out={draft.id: reason.replace(f"{folder}/", "") for draft, reason in applied.conflicts},
        files=files,
        changed={each.name: each.hash for each in file_changes(applied.changes, folder)},
        verdict=built.verdict,
    )
    report.step("Asking the last month's questions again")
    return _with_answers(tried, settings, [each for each in drafts if each.id in tried.drafts])


def _with_answers(tried: Tried, settings: Settings, drafts: Sequence[Draft]) -> Tried:
    """Return the result with the answers that change."""
    gaps = sorted({each.gap for each in drafts if each.gap is not None})
    ids = sorted({question for each in drafts for question in each.question_ids})
    log = settings.data_dir / LOG_FILE
    if not log.exists():
        return tried
    with closing(open_for_reading(log)) as connection:
        concerned = logged_in(connection, gaps, ids)
        month = logged(connection, since=moment(f"{DAYS}d"))
    with ExitStack() as opened:
        candidate = _opened(settings, tried.version, opened)
        live = None
        if tried.previous:
            with suppress(ArtifactError):  # of a damaged version the log knows what it answered
                live = _opened(settings, tried.previous, opened, candidate)
        before = live.answer if live else None
        of_drafts = list(replay(concerned, candidate.answer, before=before))
        asked = list(_until(time.monotonic() + _SECONDS, replay(month, candidate.answer, before=before)))
        replayed = [each for each in asked if each.change]
        shown = {name for each in (*of_drafts, *replayed) for name in (each.before.snippet, each.after.snippet) if name}
        shown |= {name for each in tried.verdict.worse for name in (*each.wanted, each.found) if name}
        versions = [candidate, live] if live else [candidate]
        titles = {name: found.title for index in reversed(versions) for name in shown if (found := index.snippet(name))}
    return replace(
        tried,
        of_drafts=_without_texts(of_drafts),
        replayed=_without_texts(replayed),
        asked=len(asked),
        wordings=len(month),
        titles=titles,
    )


def _opened(settings: Settings, version: str, opened: ExitStack, other: Index | None = None) -> Index:
    from index.search.index import Index

    found = Index.open(index_folder(settings.index_home) / version, encoder=other.encoder if other else None)
    opened.callback(found.close)
    return found


def _until(deadline: float, results: Iterable[Replayed]) -> Iterator[Replayed]:
    for each in results:
        yield each
        if time.monotonic() > deadline:
            return


def _without_texts(results: Iterable[Replayed]) -> tuple[Replayed, ...]:
    return tuple(replace(each, question="") for each in results)


if __name__ == "__main__":
    main()
