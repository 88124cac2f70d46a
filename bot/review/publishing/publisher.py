"""Trying drafts, publishing them and undoing a publication: what the pages call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from bot.review.drafts import Drafts, DraftState, overlay
from bot.review.publishing.conclusion import conclude
from bot.review.publishing.file_changes import changed_since, file_changes
from bot.review.publishing.journal import Journal, Plan, Publication
from bot.review.publishing.publication import Publications
from bot.review.publishing.titles import title
from bot.review.publishing.tried import Tried
from bot.review.publishing.tries import Progress, Tries
from bot.review.publishing.words import EXPECTED, PublishError, problem, verdict
from bot.review.review_db import REVIEW_FILE
from bot.settings import Settings
from index.knowledge.files import file_hashes
from index.version.versions import candidates, readable_live_version, versions

_MOST_SHOWN = 50
_NAMED = 5
_AGAIN = "Try again, so that you see what you publish."


class Publisher:
    """Publishes for all reviewers of one data folder. Safe to use from several threads and processes.

    Args:
        settings: Names the folders and the encoder.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.knowledge_dir.resolve()
        self._drafts = Drafts(settings.data_dir)
        self._tries = Tries(settings)
        self._journal = Journal(settings.data_dir)
        self._publications = Publications(settings, self._journal, partial(conclude, settings))

    def recover(self) -> None:
        """Finish or take back what a killed program left; to be called when a server or a build begins.

        Raises:
            PublishError: It cannot be done now.
        """
        if (self._settings.data_dir / REVIEW_FILE).exists():
            with self._one_line(), self._publications.alone():
                pass

    def start_try(self, author: str, drafts: Sequence[int] | None = None) -> None:
        """Begin to build a candidate with some drafts, by default with all of the author's own.

        Raises:
            PublishError: There are no drafts, another try is running, or it cannot be started.
        """
        with self._one_line():
            there = [each for each in self._drafts.all() if each.author == author or drafts is not None]
            chosen = [each.id for each in there if drafts is None or each.id in drafts]
            if not chosen:
                raise PublishError("There is no draft to try.")
            with self._publications.alone():  # files are whole, then
                self._tries.start(author, chosen)

    def progress(self) -> Progress | None:
        """Return how far the last try is, ``None`` if there was none.

        Raises:
            PublishError: It cannot be read.
        """
        with self._one_line():
            return self._tries.progress()

    def tried(self) -> tuple[str, Tried] | None:
        """Return who tried last and what they found, ``None`` where there is no result.

        Raises:
            PublishError: It cannot be read.
        """
        with self._one_line():
            return self._tries.result()

    def stale(self, tried: Tried) -> str | None:
        """Return why a result no longer tells what would be published, ``None`` where it does.

        Raises:
            PublishError: The files cannot be read.
        """
        with self._one_line():
            return self._stale(tried)

    def publish(self, author: str, version: str) -> Publication:
        """Publish what was tried last: write its files, make its version live, and commit.

        Args:
            author: Who publishes.
            version: The candidate whose result they have seen.

        Raises:
            PublishError: It must not or cannot be published; the text says why. Everything is as it was.
        """
        from index.build.builder import promote

        with self._one_line(), self._publications.alone():
            found, last = self._tries.result(), self._journal.last()
            if found is None and last and (last.plan.author, last.plan.version) == (author, version):
                return last  # they clicked twice
            if found is None or found[1].version != version:
                raise PublishError("Somebody has tried or published other drafts since. Look at them, then try again.")
            tried = found[1]
            if not tried.may_be_published:
                raise PublishError(verdict(tried))
            if why := self._stale(tried):
                raise PublishError(why)
            plan = self._plan(author, tried)
            return self._publications.make(plan, partial(promote, self._settings.index_home, version))

    def undo(self, author: str, number: int) -> Publication:
        """Take the last publication back: its files and the version before.

        Args:
            author: Who takes it back.
            number: The publication that they have seen.

        Raises:
            PublishError: It cannot be taken back; the text says why and what can be done. Everything is as it was.
        """
        from index.build.builder import return_to

        with self._one_line(), self._publications.alone():
            last = self._journal.last()
            if last is None or last.id != number:
                raise PublishError("Somebody has published or undone something since. Look at the history again.")
            if why := self._not_undoable(last):
                raise PublishError(why)
            plan = replace(
                last.plan,
                author=author,
                version=last.plan.previous or "",
                previous=last.plan.version,
                changes=tuple(each.reversed for each in last.plan.changes),
                undoes=last.id,
            )
            return self._publications.make(plan, partial(return_to, self._settings.index_home, plan.version))

    def history(self) -> list[Publication]:
        """Return what was published and undone, the newest first.

        Raises:
            PublishError: It cannot be read.
        """
        with self._one_line():
            return self._journal.newest(_MOST_SHOWN)

    def undoable(self) -> tuple[Publication, str | None] | None:
        """Return the publication that would be undone next, and why it cannot be; ``None`` where there is none.

        Raises:
            PublishError: It cannot be read.
        """
        with self._one_line():
            last = self._journal.last()
            return (last, self._not_undoable(last)) if last else None

    def _stale(self, tried: Tried) -> str | None:
        home = self._settings.index_home
        if readable_live_version(home) != tried.previous:
            return f"Another version was published since. {_AGAIN}"
        if tried.version != tried.previous and tried.version not in candidates(home):
            return f"Something else was built since, and this result was given up for it. {_AGAIN}"
        there = {each.id for each in self._drafts.of(tried.drafts) if each.state is DraftState.DRAFT}
        if gone := len(set(tried.drafts) - there):
            return f"{gone} of the drafts {'was' if gone == 1 else 'were'} removed or published since. {_AGAIN}"
        now = file_hashes(self._folder)
        if differ := sorted(name for name in {*now, *tried.files} if now.get(name) != tried.files.get(name)):
            return f"Files of the knowledge folder changed since: {', '.join(differ[:_NAMED])}. {_AGAIN}"
        return None

    def _plan(self, author: str, tried: Tried) -> Plan:
        drafts = self._drafts.of(tried.drafts)
        changes = file_changes(overlay(drafts, self._folder).changes, self._folder)
        if {each.name: each.hash for each in changes} != tried.changed:
            raise PublishError(f"The drafts would change other files now than when they were tried. {_AGAIN}")
        return Plan(
            author=author,
            version=tried.version,
            previous=tried.previous,
            title="; ".join(dict.fromkeys(title(each.act, tried.titles) for each in drafts)),
            changes=changes,
            drafts=tuple(each.id for each in drafts),
            gaps=tuple(sorted({each.gap for each in drafts if each.gap is not None})),
        )

    def _not_undoable(self, last: Publication) -> str | None:
        """Return why a publication cannot be taken back and what can be done instead."""
        home, plan = self._settings.index_home, last.plan
        if readable_live_version(home) != plan.version:
            return (
                "Another version was made live after this publication, so it cannot be undone here. "
                "Correct the passage in a new draft instead."
            )
        if plan.previous is None or plan.previous not in versions(home):
            return "The version before is not kept any more. Correct the passage in a new draft instead."
        if changed := changed_since(self._folder, plan.changes):
            return (
                f"Changed after the publication: {', '.join(changed[:_NAMED])}. Undoing would lose that change. "
                "Correct the passage in a new draft instead, or give the file back its published text and undo then."
            )
        return None

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        """Let every expected error say in a sentence what is wrong."""
        try:
            yield
        except PublishError:
            raise
        except EXPECTED as error:
            raise PublishError(problem(error, self._settings)) from error
