"""Making a publication, so that files and live version agree in the end, whatever stops the program in between.

The journal records first what is to change. Then the files change, and then the pointer to the live version moves. That
decides: a publication that was stopped before is taken back, one that was stopped later is finished. What follows can
be done later and twice: the drafts are marked, the files are committed, and gaps are closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from filelock import FileLock, Timeout

from bot.review.publishing import file_changes
from bot.review.publishing.journal import Journal, Outcome, Plan, Publication, State
from bot.review.publishing.words import EXPECTED, PublishError, problem
from bot.settings import Settings
from index.version.versions import build_lock, readable_live_version, versions


class Publications:
    """Makes the publications of one data folder, one at a time across processes.

    Args:
        settings: Names the folders.
        journal: Records them.
        conclude: Does what follows once the version is live.
    """

    def __init__(self, settings: Settings, journal: Journal, conclude: Callable[[Publication], Outcome]) -> None:
        self._settings = settings
        self._folder = settings.knowledge_dir.resolve()
        self._index = settings.index_home
        self._locks = settings.data_dir / "review"
        self._journal = journal
        self._conclude = conclude

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else publish meanwhile. What a killed program left is finished or taken back first.

        Raises:
            PublishError: Somebody else is publishing.
            UserFacingError, OSError, sqlite3.Error: What was left cannot be finished now.
        """
        self._locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._locks / "publishing.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            begun = self._journal.unfinished()
            whose = begun.plan.author if begun else "Another reviewer"
            raise PublishError(
                f"{whose} is publishing right now. Wait a moment, then look what has changed."
            ) from error
        try:
            if left := self._journal.unfinished():
                with build_lock(self._index):
                    state, notes = self._settle(left, finish=self._is_live(left.plan))
                self._end(left, state, notes)
            yield
        finally:
            lock.release()

    def make(self, plan: Plan, switch: Callable[[], object]) -> Publication:
        """Write the files and make the version live, or leave everything as it was. The caller is :meth:`alone`.

        Args:
            plan: What to change.
            switch: Makes the version of the plan live. The build lock is held meanwhile.

        Raises:
            PublishError: It cannot be done; the text says why.
            UserFacingError, OSError, sqlite3.Error: The same, before anything was begun.
        """
        failure: Exception | None = None
        with build_lock(self._index):
            publication = self._journal.begin(plan)
            try:
                file_changes.write_all(self._folder, plan.changes)
                switch()
            except EXPECTED as error:
                failure = error
            # Where the version stays the same, that it is live says nothing.
            finish = not failure or (plan.version != plan.previous and self._is_live(plan))
            state, notes = self._settle(publication, finish=finish)
        ended = self._end(publication, state, notes)
        if failure and state is State.TAKEN_BACK:
            raise PublishError(problem(failure, self._settings)) from failure
        return ended

    def _settle(self, publication: Publication, *, finish: bool) -> tuple[State, tuple[str, ...]]:
        """Finish the files or take them back; return what was done, and notes on files that somebody else changed."""
        changes = publication.plan.changes
        left = (file_changes.complete if finish else file_changes.take_back)(self._folder, changes)
        file_changes.tidy(self._folder, changes)
        notes = tuple(f"{name}: somebody else changed this file meanwhile, so it was left as it is." for name in left)
        return State.DONE if finish else State.TAKEN_BACK, notes

    def _is_live(self, plan: Plan) -> bool:
        """Return whether the version of a plan is live, or was until it was replaced by hand."""
        if readable_live_version(self._index) == plan.version:
            return True
        return plan.undoes is None and plan.version in versions(self._index)

    def _end(self, publication: Publication, state: State, notes: tuple[str, ...]) -> Publication:
        outcome = self._conclude(publication) if state is State.DONE else Outcome()
        outcome = replace(outcome, notes=notes + outcome.notes)
        try:
            self._journal.end(publication.id, state, outcome)
        except EXPECTED as error:  # the next publication records it
            outcome = replace(outcome, notes=(*outcome.notes, problem(error, self._settings)))
        return replace(publication, state=state, outcome=outcome)
