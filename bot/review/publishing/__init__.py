"""Drafts are tried beside the live version, published, and undone.

::

    publisher      what the pages call
    tries          one try at a time, in a process of its own
    try_out        that process: builds a candidate, compares its answers with those of the live version
    answers        what a version answers to many questions
    tried          what a try found
    publication    writes the files and moves the pointer, both or neither, whatever stops the program
    file_changes   several files change together
    journal        what was published and what is being published
    conclusion     what follows: drafts are marked, files committed, gaps closed
    git            commits files of the knowledge folder
    titles         what an act does, in a line
    words          results and errors in plain words

The drafts, the last try and the publications are in ``DATA/review.db``. Below ``DATA/review/`` lie the copy of the
knowledge that candidates are built from, and the locks.
"""

from bot.review.publishing.publisher import Publisher
from bot.review.publishing.words import PublishError

__all__ = ["PublishError", "Publisher"]
