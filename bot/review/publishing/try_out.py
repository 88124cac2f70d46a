"""The program that builds a candidate beside the live version and compares their answers: a process of its own.

It reads a task as one line of JSON. It prints a line of JSON for each step, and one with the result or with what is
wrong as the last. It ends when its standard input is closed, as it is when the server that started it ends.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from bot.database import open_for_reading
from bot.review.drafts import Draft, Drafts, overlay
from bot.review.knowledge_edit import copy_folder
from bot.review.publishing.answers import answers, collect_no_garbage, second_process
from bot.review.publishing.file_changes import CANDIDATE_FOLDER, file_changes
from bot.review.publishing.journal import Journal
from bot.review.publishing.titles import passage
from bot.review.publishing.tried import Tried, passage_in
from bot.review.publishing.words import DAYS, EXPECTED, problem, step, without_folders
from bot.review.queries import moment
from bot.review.replay import Replayed, Verdict, as_asked, compared, logged, logged_in
from bot.settings import LOG_FILE, Settings, load_settings
from index.build import Report
from index.errors import ArtifactError
from index.knowledge.files import file_hashes
from index.version.manifest import read_manifest
from index.version.snippet_db import SnippetDatabase
from index.version.versions import index_folder, live_version

_MOST = 500
"""So many wordings of the last month are asked again at most, the most frequent ones."""


class _Lines(Report):
    """Prints what happens as lines of JSON."""

    def __init__(self, output: TextIO, settings: Settings) -> None:
        self._output, self._settings = output, settings

    def step(self, name: str, total: int | None = None) -> None:
        self.line(step=step(name))

    def say(self, text: str) -> None:
        self.line(said=without_folders(text, self._settings))

    def line(self, **content: object) -> None:
        print(json.dumps(content), file=self._output, flush=True)


def main() -> None:
    """Do the task on standard input."""
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no line of ours
    given = json.loads(sys.stdin.readline())
    settings = load_settings(**given["settings"])
    lines = _Lines(output, settings)
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    collect_no_garbage()
    try:
        result = try_out(settings, given["drafts"], lines)
    except EXPECTED as error:
        lines.line(problem=problem(error, settings))
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
    home, folder = settings.index_home, (settings.data_dir / CANDIDATE_FOLDER).resolve()
    copy_folder(settings.knowledge_dir, folder)
    files = file_hashes(folder)
    drafts = [each for each in Drafts(settings.data_dir).all() if each.id in chosen]
    applied = overlay(drafts, folder)
    for change in applied.changes:
        change.write()
    used = [each for each in drafts if each.id not in applied.blocked]
    asked = _asked(settings, used)
    before = live_version(home)
    with second_process() as second:
        # It asks the live version while this process builds the new one.
        then = second.submit(answers, home, before, asked.texts) if before else None
        options = BuildOptions(settings.encoder_query_prefix, settings.encoder_passage_prefix, publish=False)
        built = build(folder, home, encoder=settings.encoder, options=options, report=report)
        report.step("Asking the last month's questions again")
        # Both ask the new one. The second process has embedded all questions already, so it is asked twice as many.
        most = second.submit(answers, home, built.version, [*asked.texts[1::3], *asked.texts[2::3]])
        after = answers(home, built.version, asked.texts[::3]) | most.result()
        live: Mapping[str, Verdict] = {}
        if then:
            with suppress(ArtifactError):  # of a damaged version the log knows what it answered
                live = then.result()
    of_drafts, month = (
        tuple(compared(row, after[as_asked(row)], live.get(as_asked(row))) for row in rows)
        for rows in (asked.of_drafts, asked.month)
    )
    tried = Tried(
        version=built.version,
        previous=before,
        drafts=tuple(each.id for each in used),
        left_out={draft.id: without_folders(reason, settings) for draft, reason in applied.conflicts},
        files=files,
        changed={each.name: each.hash for each in file_changes(applied.changes, folder)},
        by_hand=_by_hand(settings, before, files),
        verdict=built.verdict,
        of_drafts=_without_texts(of_drafts),
        replayed=_without_texts(each for each in month if each.change),
        asked=len(month),
        wordings=asked.wordings,
    )
    return replace(tried, titles=_titles(home, tried, used))


@dataclass(frozen=True, slots=True)
class _Asked:
    """The logged questions that both versions are asked."""

    texts: Sequence[str]
    """Each text once."""
    of_drafts: Sequence[sqlite3.Row]
    month: Sequence[sqlite3.Row]
    wordings: int
    """How many wordings the month had."""


def _asked(settings: Settings, drafts: Sequence[Draft]) -> _Asked:
    gaps = sorted({each.gap for each in drafts if each.gap is not None})
    ids = sorted({question for each in drafts for question in each.question_ids})
    log = settings.data_dir / LOG_FILE
    if not log.exists():
        return _Asked((), (), (), 0)
    with closing(open_for_reading(log)) as connection:
        concerned = logged_in(connection, gaps, ids, limit=_MOST)
        month = logged(connection, since=moment(f"{DAYS}d"))
    chosen = month[:_MOST]
    texts = dict.fromkeys(as_asked(row) for row in (*concerned, *chosen))
    return _Asked([*texts], concerned, chosen, len(month))


def _by_hand(settings: Settings, live: str | None, files: Mapping[str, str]) -> tuple[str, ...]:
    """Return the files that differ from those that the live version was built from; none where it does not tell."""
    built_from: Mapping[str, str] = {}
    with suppress(ArtifactError):
        built_from = read_manifest(index_folder(settings.index_home) / (live or ""), verify=False).knowledge_files
    if not live or not built_from:
        return ()
    known = {**built_from, **Journal(settings.data_dir).written(live)}
    return tuple(sorted(name for name in {*files, *known} if files.get(name, "") != known.get(name, "")))


def _titles(home: Path, tried: Tried, drafts: Iterable[Draft]) -> dict[str, str]:
    """Return the titles of the passages that a result and its drafts name, by id."""
    replayed = (*tried.of_drafts, *tried.replayed)
    shown: set[str | None] = {name for each in replayed for name in (each.before.snippet, each.after.snippet)}
    shown |= {name for each in tried.verdict.worse for name in (*each.wanted, each.found)}
    shown |= {passage_in(name) for name in tried.by_hand} | {passage(each.act) for each in drafts}
    titles: dict[str, str] = {}
    for version in filter(None, (tried.previous, tried.version)):
        folder = index_folder(home) / version
        with (
            suppress(*EXPECTED),  # a damaged live version has no titles
            closing(SnippetDatabase(folder, read_manifest(folder, verify=False).sources)) as snippets,
        ):
            found = {name: snippets[name] for name in shown if name and name in snippets}
            titles |= {name: (each.get("en") or next(iter(each.values()))).title for name, each in found.items()}
    return titles


def _without_texts(results: Iterable[Replayed]) -> tuple[Replayed, ...]:
    return tuple(replace(each, question="") for each in results)


if __name__ == "__main__":
    main()
