"""Unanswered questions grouped by meaning. A gap keeps its number, and its state until somebody changes it.

::

    gap             what a gap is, and what can be wrong with a request for one
    reading         one gap, the gaps that matter most, and those that may mean the same
    update          new questions are put into gaps
    closing         gaps whose questions a published version answers
    turn            only one program at a time asks the questions of gaps again
    acts            what reviewers decide: states, merged, split, moved
    membership      which question lies in which gap
    refresh         all that is due with new questions or a new version
    index_notes     what the log knows of the index

Everything takes an open log: ``bot.querylog.schema.open_log``, with rows of type ``sqlite3.Row``.
"""

from bot.review.gap_store.acts import mark, merge, move, split
from bot.review.gap_store.closing import Closed, Pause, close_answered, open_again
from bot.review.gap_store.gap import (
    CannotMoveError,
    Gap,
    NoSuchGapError,
    Passage,
    Reason,
    State,
    Wording,
)
from bot.review.gap_store.index_notes import note_index
from bot.review.gap_store.reading import GapFilter, count, find, ranked, similar
from bot.review.gap_store.refresh import refresh
from bot.review.gap_store.update import update

__all__ = [
    "CannotMoveError",
    "Closed",
    "Gap",
    "GapFilter",
    "NoSuchGapError",
    "Passage",
    "Pause",
    "Reason",
    "State",
    "Wording",
    "close_answered",
    "count",
    "find",
    "mark",
    "merge",
    "move",
    "note_index",
    "open_again",
    "ranked",
    "refresh",
    "similar",
    "split",
    "update",
]
