"""Retrieval over curated snippets, from a folder of files to a decision.

The pipeline, one module a step::

    knowledge    folder -> validated snippets with exact sentence spans
    passages     passages -> unit vectors, by sentence-transformers at build time
    export       the same model -> ONNX for serving
    encoder      question -> unit vector, by ONNX when serving
    lexical      text -> weighted terms (stems, character n-grams)
    artifact     what a published version looks like on disk, and how one is swapped for another
    build        the whole way from a knowledge folder to a new published version:
    embedding      snippets -> vectors, those of unchanged ones from the live version
    writing        vectors + terms -> the files of a version
    calibrate      questions with known outcome -> when to answer
    gate           whether the new version is good enough to be published
    reading      the files of a version -> its parts, checked against each other
    candidates   question -> records worth comparing in full
    scoring      question + records -> absolute scores
    search       question -> candidates -> scores -> ``answer`` | ``closest`` | ``none``
    answer       what comes of it: the decision, and passages to quote
    evaluate     questions with known answers -> how good the above is

Nothing here knows Telegram, the query log or the subject of the knowledge.
"""

from index.errors import ArtifactError, BuildError, EncoderError, KnowledgeError
from index.knowledge.snippet import Snippet
from index.search.answer import Answer, Hit
from index.search.decision import Decision
from index.search.index import Index

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
