"""Edit one snippet, try the draft, publish it, and show how long each takes, as a reviewer waits for it.

Everything happens in copies: of a knowledge folder, and of a data folder with its published version. The log holds the
folder's evaluation questions, as if each had been asked today. Each edit is a draft that adds a sentence to one
translation. The try runs in a process of its own, as on the review page. On a busy machine the processor time says more
than the time on the clock.

    python tests/benchmarks/edit_to_publication.py --data data --edits 3
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bot.querylog.log import Entry, QueryLog
from bot.review.acts import CorrectSnippet
from bot.review.drafts import Drafts
from bot.review.knowledge_edit import EditedFolder
from bot.review.publishing import Publisher
from bot.review.snippet_edit import body_of, fields_of, seen
from bot.settings import LOG_FILE, Settings, load_settings
from index.evaluation.evaluation_set import read_evaluation
from index.knowledge.files import EVALUATION_FILE
from index.search.index import Index


async def fill_log(settings: Settings) -> None:
    """Ask the evaluation questions, each by another person, and log the answers."""
    log = QueryLog(settings.data_dir / LOG_FILE, key_file=settings.data_dir / "key")
    with closing(Index.open(settings.index_home)) as index:
        for person, question in enumerate(read_evaluation(settings.knowledge_dir / EVALUATION_FILE).questions):
            await log.record(Entry(index.answer(question.text), "private", person=person))
    await log.close()


def edit(settings: Settings, number: int) -> str:
    """Save a draft that adds a sentence to an English text; return the id of its snippet."""
    folder = EditedFolder(settings.knowledge_dir)
    originals = sorted(path for path in folder.folder.glob("*/*.md") if "." not in path.stem)
    path = originals[number * 7919 % len(originals)]
    snippet = path.relative_to(folder.folder).with_suffix("").as_posix()
    title, text = str(fields_of(folder, path)["title"]), body_of(folder, path)
    added = f"{text.rstrip()} This was confirmed once more in report {number + 1}.\n"
    Drafts(settings.data_dir).add(CorrectSnippet(snippet, "en", title, added, seen(title, text)), "Anna")
    return snippet


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long a block takes, on the clock and on the processors, ended child processes included."""
    began, before = time.perf_counter(), os.times()
    yield
    used = sum(os.times()[:4]) - sum(before[:4])
    print(f"{what}: {time.perf_counter() - began:.2f} s, {used:.2f} s of processor time", flush=True)


def try_drafts(publisher: Publisher) -> str:
    """Try Anna's drafts, print when each step began, and return the candidate."""
    began, shown = time.perf_counter(), 0
    publisher.start_try("Anna")
    while (progress := publisher.progress()) and progress.running:
        for step in progress.steps[shown:]:
            print(f"  {time.perf_counter() - began:6.2f} s  {step}")
        shown = len(progress.steps)
        time.sleep(0.02)
    for thread in threading.enumerate():
        if thread.name == "try":
            thread.join()  # then its process has ended, and its processor time counts
    found = publisher.tried()
    if found is None:
        raise SystemExit(f"The try failed: {progress and progress.problem}")
    tried = found[1]
    print(f"  {tried.asked} of {tried.wordings} wordings asked again, {len(tried.replayed)} answers change")
    return tried.version


def main() -> None:
    """Edit, try and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--knowledge", type=Path, default=Path("knowledge"), help="the folder to edit a copy of")
    parser.add_argument("--data", type=Path, required=True, help="a data folder with its published version")
    parser.add_argument("--edits", type=int, default=3, help="how many snippets to edit, one after the other")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        knowledge, data = Path(scratch) / "knowledge", Path(scratch) / "data"
        shutil.copytree(options.knowledge, knowledge)
        for part in ("index", "encoders"):
            shutil.copytree(options.data / part, data / part)
        settings = load_settings(knowledge_dir=knowledge, data_dir=data)
        asyncio.run(fill_log(settings))
        publisher = Publisher(settings)
        for number in range(options.edits):
            print(f"Edit {number + 1}: {edit(settings, number)}")
            with timed("Try"):
                version = try_drafts(publisher)
            with timed("Publish"):
                notes = publisher.publish("Anna", version).outcome.notes
            print("\n".join(notes), end="\n" if notes else "")


if __name__ == "__main__":
    main()
