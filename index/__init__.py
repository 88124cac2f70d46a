"""Retrieval over curated snippets, from a folder of files to a decision.

The pipeline, one module a step::

    snippets   knowledge folder -> validated snippets with exact sentence spans
    encoder    text -> unit vectors (sentence-transformers at build time, ONNX when serving)
    lexical    text -> weighted terms (stems, character n-grams)
    artifact   what a published version looks like on disk, and how one is swapped for another
    build      snippets -> vectors + terms + calibration -> a new published version
    search     question -> candidates -> absolute score -> ``answer`` | ``closest`` | ``none``
    evaluate   questions with known answers -> how good the above is

Nothing here knows Telegram, the query log or the subject of the knowledge.
"""

from index.decision import Decision
from index.errors import ArtifactError, BuildError, EncoderError, KnowledgeError
from index.search import Answer, Hit, Index
from index.snippets import Snippet

__all__ = [
    "Answer",
    "ArtifactError",
    "BuildError",
    "Decision",
    "EncoderError",
    "Hit",
    "Index",
    "KnowledgeError",
    "Snippet",
]
