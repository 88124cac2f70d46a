"""What follows once a publication is live: drafts are marked, files committed, gaps closed. It may be done twice.

None of it can take the publication back any more, so what does not work becomes a note.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from bot.querylog.schema import open_log
from bot.review import not_ours
from bot.review.drafts import Drafts, DraftState
from bot.review.gap_store import close_answered, open_again
from bot.review.publishing import git
from bot.review.publishing.journal import Outcome, Publication
from bot.review.publishing.tries import Tries
from bot.review.publishing.words import EXPECTED, problem
from bot.settings import LOG_FILE, Settings


def conclude(settings: Settings, publication: Publication) -> Outcome:
    """Do what follows once the version of a publication is live."""
    notes: list[str] = []
    commit_hash = None
    with _noted(notes, "The drafts could not be marked", settings):
        _mark_drafts(Drafts(settings.data_dir), publication)
    with _noted(notes, "The last try could not be removed", settings):
        if publication.plan.undoes is None:
            Tries(settings).forget()
    with _noted(notes, "The files were not committed", settings):
        commit_hash = _commit(settings, publication)
    with _noted(notes, "The gaps could not be looked through", settings):
        _close_gaps(settings, publication)
    return Outcome(commit_hash, tuple(notes))


@contextmanager
def _noted(notes: list[str], what: str, settings: Settings) -> Iterator[None]:
    try:
        yield
    except EXPECTED as error:
        notes.append(f"{what}: {problem(error, settings)}")


def _mark_drafts(drafts: Drafts, publication: Publication) -> None:
    plan = publication.plan
    undoes = plan.undoes is not None
    unmarked = DraftState.PUBLISHED if undoes else DraftState.DRAFT
    waiting = [each.id for each in drafts.of(plan.drafts) if each.state is unmarked]
    if undoes:
        drafts.undone(waiting, plan.author)
    else:
        drafts.published(waiting, plan.version, plan.author)


def _commit(settings: Settings, publication: Publication) -> str | None:
    plan = publication.plan
    if not plan.changes or not git.is_checkout(settings.knowledge_dir):
        return None
    verb = "Publish" if plan.undoes is None else "Undo"
    message = f"{verb}: {plan.title}\n\nIndex version {plan.version}"
    names = [each.name for each in plan.changes]
    return git.commit(settings.knowledge_dir.resolve(), names, author=plan.author, message=message)


def _close_gaps(settings: Settings, publication: Publication) -> None:
    """Close the gaps that the version answers, or open those again that the version taken back had closed."""
    from index.search.index import Index

    log, plan = settings.data_dir / LOG_FILE, publication.plan
    if not log.exists() or plan.version == plan.previous:  # with the same version, the bot answers as before
        return
    drafts = Drafts(settings.data_dir).of(plan.drafts)
    with closing(open_log(log)) as connection:
        if plan.undoes is not None:
            open_again(connection, plan.previous or "", plan.author)
            not_ours.open_again(connection, drafts, plan.author)
            return
        not_ours.close(connection, drafts, plan.author)
        with closing(Index.open(settings.index_home)) as index:
            # The others are looked through by whoever takes the version over, so that nobody waits for them here.
            close_answered(connection, index, only=plan.gaps)
