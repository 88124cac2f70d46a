"""A reviewer's desk for tests: a small knowledge with a built index, a log with a gap, and a draft that was tried."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bot.querylog import schema
from bot.querylog.log import Entry
from bot.review.acts import AddQuestions, Asked
from bot.review.drafts import Drafts
from bot.review.gap_store import State, find
from bot.review.publishing import Publisher
from bot.review.publishing.tried import Tried
from bot.review.publishing.tries import Progress
from bot.settings import Settings, load_settings
from index.build.builder import build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.search.index import Index
from index.version.versions import live_version
from tests.support.log_answers import open_log
from tests.support.small_knowledge import SMALL, write_knowledge

WORDINGS = ("what is dug near the lake", "what do they dig at the lake")
"""What people asked in the gap, and the small knowledge does not answer."""
COPPER = "metals/copper.md"
DRAFTED = "  - what is dug near the lake\n"
"""The line that the draft adds to the file."""
GAP = 1


@dataclass(frozen=True, slots=True)
class Desk:
    """A knowledge folder and a data folder of one test."""

    folder: Path

    @property
    def knowledge(self) -> Path:
        """The folder of the curated snippets."""
        return self.folder / "knowledge"

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    @property
    def settings(self) -> Settings:
        """What the commands would be given."""
        return load_settings(knowledge_dir=self.knowledge, data_dir=self.data)

    @property
    def publisher(self) -> Publisher:
        """A publisher as another server would have it."""
        return Publisher(self.settings)

    @property
    def drafts(self) -> Drafts:
        """The drafts of all reviewers."""
        return Drafts(self.data)

    @property
    def live(self) -> str | None:
        """The live version."""
        return live_version(self.data)

    @property
    def copper(self) -> str:
        """The file that the draft changes."""
        return (self.knowledge / COPPER).read_text(encoding="utf-8")

    @property
    def gap(self) -> State:
        """The state of the gap that the draft is about."""
        with closing(schema.open_log(self.data / "queries.db")) as connection:
            connection.row_factory = sqlite3.Row
            return find(connection, GAP).state

    def git(self, *arguments: str) -> str:
        """Run git in the knowledge folder as an editor, without anybody's settings; return what it prints."""
        who = ["-c", "user.name=Editor", "-c", "user.email=editor@example.org"]
        command = ["git", "-C", str(self.knowledge), *who, *arguments]
        alone = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(command, env=alone, check=True, capture_output=True, text=True).stdout

    def put_under_git(self) -> None:
        """Make the knowledge folder a checkout with one commit."""
        self.git("init", "--quiet")
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "Begin")

    def tried(self) -> Tried:
        """The result of the last try."""
        found = self.publisher.tried()
        assert found is not None
        return found[1]

    def followed(self, publisher: Publisher | None = None) -> Progress:
        """Wait until the try has ended, and return how, as this publisher knows it, by default another one."""
        publisher = publisher or self.publisher
        while (progress := publisher.progress()) and progress.running:
            time.sleep(0.05)
        assert progress is not None
        return progress

    def try_drafts(self, author: str) -> Tried:
        """Try the drafts of a reviewer, in a process of its own, to the end."""
        self.publisher.start_try(author)
        progress = self.followed()
        assert progress.problem is None, progress.problem
        return self.tried()

    def copied_to(self, folder: Path) -> Desk:
        """Return a copy, of which only the files of the encoder are shared."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("encoders"))
        shutil.copytree(self.data / "encoders", folder / "data" / "encoders", copy_function=os.link)
        return Desk(folder)


def make_desk(folder: Path, encoders: Path) -> Desk:
    """Make a desk in which Anna has tried a draft; it takes two builds."""
    desk = Desk(folder)
    write_knowledge(desk.knowledge, SMALL)
    shutil.copytree(encoders, desk.data / "encoders", copy_function=os.link)
    build(desk.knowledge, desk.data, encoder=DEFAULT_ENCODER)
    ids = asyncio.run(_ask(desk.data))
    with closing(schema.open_log(desk.data / "queries.db")) as connection:
        connection.execute("INSERT INTO gaps (opened, changed, encoder) VALUES ('2026', '2026', 'e')")
        connection.executemany(
            "INSERT INTO gap_questions (question_id, gap, similarity, person, time) "
            "SELECT id, 1, 0.9, person, time FROM questions WHERE id = ?",
            [(each,) for each in ids],
        )
    act = AddQuestions("metals/copper", (Asked("en", WORDINGS[0]),))
    desk.drafts.add(act, "Anna", GAP, ids)
    desk.try_drafts("Anna")
    return desk


async def _ask(data: Path) -> list[str]:
    log = open_log(data)
    with closing(Index.open(data)) as index:
        ids = [
            str(await log.record(Entry(index.answer(text), "private", person=person)))
            for person, text in enumerate([*WORDINGS, "who is the trade envoy"])
        ]
    await log.close()
    return ids[: len(WORDINGS)]
