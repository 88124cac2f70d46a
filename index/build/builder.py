"""Build an index version from a knowledge folder and publish it. Embedding needs the extra ``build``."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from index.build.calibrate import calibrate
from index.build.embed import embed
from index.build.progress import Report, Silent
from index.encoder.onnx_export import export
from index.encoder.passage_encoder import PassageEncoder
from index.encoder.query_encoder import BASIS_FILE, EncoderCard, OnnxEncoder
from index.errors import ArtifactError, BuildError, EncoderError
from index.evaluation.evaluation_set import EvaluationSet, read_evaluation
from index.evaluation.gate import gate
from index.knowledge.files import EVALUATION_FILE, SYNONYMS_FILE, read_yaml_file
from index.knowledge.reader import Knowledge, read_knowledge
from index.knowledge.snippet import Snippet
from index.search.decision import EVIDENCE, PRIOR, PUBLIC
from index.search.index import Index
from index.search.scoring import DENSE, LEXICAL
from index.version.versions import (
    FORMAT,
    build_lock,
    encoder_folder,
    index_folder,
    live_version,
    new_version,
    previous_version,
    publish,
    read_manifest,
    settle,
    unfinished,
)
from index.version.write import write_version


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did."""

    version: str
    snippets: int
    records: int
    """Snippets times languages."""
    embedded: int
    """Records that were embedded."""
    reused: int
    """Records whose vectors were taken from the version before."""
    unchanged: bool
    """Whether the live version held exactly this already, so that nothing was published."""


def build(
    knowledge_folder: Path,
    data: Path,
    *,
    encoder: str,
    query_prefix: str = "",
    passage_prefix: str = "",
    force: bool = False,
    report: Report | None = None,
) -> BuildResult:
    """Index ``knowledge_folder`` as a new version of ``data`` and make it live.

    Raises KnowledgeError, EncoderError or BuildError when that cannot be; the live version then stays as it was.
    """
    report = report or Silent()
    try:
        with build_lock(data):
            return _build(knowledge_folder, data, encoder, query_prefix, passage_prefix, force, report)
    except Exception as error:  # FAISS and tokenizers raise types of their own when a file cannot be written
        if _is_disk_full(error):
            raise BuildError(
                f"{data}: the disk is full; free some space and build again. The live version is untouched."
            ) from error
        if _is_out_of_memory(error):
            raise BuildError(
                f"{data}: out of memory; free some and build again. The live version is untouched."
            ) from error
        if isinstance(error, OSError):
            where, reason = error.filename or data, error.strerror or error
            raise BuildError(f"{where}: {reason}. The live version is untouched.") from error
        if "write error in" in str(error):  # FAISS, which begins with its own source line
            reason = str(error)[str(error).index("write error in") :]
            raise BuildError(f"{reason}. The live version is untouched.") from error
        raise


def _is_disk_full(error: Exception) -> bool:
    """Tell a full disk by the error's number or, where a library keeps that to itself, by its text."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    numpy_gave_up = isinstance(error, OSError) and error.errno is None and "requested and" in str(error)
    return numpy_gave_up or os.strerror(errno.ENOSPC) in str(error)


# C extensions that cannot even make a MemoryError return without one, which Python calls a SystemError.
_OUT_OF_MEMORY = (MemoryError, SystemError)
# What torch, FAISS, ONNX Runtime, tokenizers and the loader of shared libraries say, each in an exception of its own.
_NO_MEMORY = ("allocate memory", "bad_alloc", "bad allocation", "failed to map segment", "start new thread")


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Tell whether memory ran out, by the error or by what caused it."""
    while error is not None:
        if isinstance(error, _OUT_OF_MEMORY) or any(text in str(error) for text in _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def rollback(data: Path) -> str:
    """Make the version before the live one live again and return its name.

    Raises BuildError when there is none, ArtifactError when it is damaged.
    """
    with build_lock(data):
        version = previous_version(data)
        Index.open(index_folder(data) / version).close()
        publish(data, version)
        return version


def _build(
    folder: Path, data: Path, encoder_name: str, query_prefix: str, passage_prefix: str, force: bool, report: Report
) -> BuildResult:
    report.step("Reading knowledge")
    knowledge = read_knowledge(folder, progress=lambda count: report.advance(1))
    knowledge.require_sound()
    for problem in knowledge.problems:
        report.say(f"{problem}")
    report.step("Loading encoder")
    passages = PassageEncoder(encoder_name, query_prefix, passage_prefix)
    card = _export_once(passages, data, report)
    folder_of_encoder = encoder_folder(data, card.key)
    questions_encoder = OnnxEncoder(folder_of_encoder)
    synonyms = read_synonyms(knowledge.folder)
    judged_by = read_evaluation(knowledge.folder / EVALUATION_FILE)
    corpus = _corpus_hash(knowledge, card, synonyms, judged_by)
    live = _open_live(data, questions_encoder, report)
    if live and live.manifest.corpus_sha256 == corpus and not force:
        counts = live.manifest.counts
        return BuildResult(live.version, counts["snippets"], counts["records"], 0, counts["records"], unchanged=True)
    snippets = knowledge.snippets
    vectors, embedded = embed(snippets, passages, np.load(folder_of_encoder / BASIS_FILE), live, report)
    version = new_version(data, corpus)
    with unfinished(index_folder(data), version) as scratch:
        report.step("Indexing")
        manifest = write_version(scratch, version, knowledge, vectors, questions_encoder, corpus, synonyms)
        draft = Index.assemble(scratch, manifest, questions_encoder)
        _self_check(draft, snippets)
        report.step("Calibrating")
        manifest = replace(
            manifest, calibration={language: asdict(fitted) for language, fitted in calibrate(draft, report).items()}
        )
        draft.close()
        draft = Index.assemble(scratch, manifest, questions_encoder)
        manifest = gate(draft, judged_by, data, force, report)
        draft.close()
        manifest.write(scratch)
        settle(scratch, index_folder(data) / version)
    Index.assemble(index_folder(data) / version, read_manifest(index_folder(data) / version), questions_encoder).close()
    publish(data, version)
    return BuildResult(
        version, manifest.counts["snippets"], len(snippets), embedded, len(snippets) - embedded, unchanged=False
    )


def _export_once(passages: PassageEncoder, data: Path, report: Report) -> EncoderCard:
    """Export the encoder unless this very one lies in the data folder already."""
    expected = EncoderCard(
        id=passages.id,
        revision="",
        weights_sha256=passages.weights_sha256,
        dimension=passages.dimension,
        token_dimension=0,
        max_tokens=passages.max_tokens,
        query_prefix=passages.query_prefix,
        passage_prefix=passages.passage_prefix,
        precision="",
        agreement=0.0,
        inputs=(),
    )
    final = encoder_folder(data, expected.key)
    if final.is_dir():
        try:
            return OnnxEncoder(final).card
        except EncoderError as error:
            report.say(f"{error} Exporting it again.")
    report.step("Exporting the query encoder to ONNX")
    with unfinished(final.parent, expected.key) as scratch:
        card = export(passages, scratch)
        if final.exists():
            # The damaged folder makes way only now that its replacement is complete.
            final.rename(final.with_name(f".building-damaged-{expected.key}"))
        settle(scratch, final)
    return card


def _open_live(data: Path, encoder: OnnxEncoder, report: Report) -> Index | None:
    """Open the live version to take vectors from, or return ``None`` when there is none that fits."""
    try:
        version = live_version(data)
        if version is None:
            return None
        folder = index_folder(data) / version
        manifest = read_manifest(folder)
        return Index.assemble(folder, manifest, encoder) if manifest.encoder_key == encoder.card.key else None
    except ArtifactError as error:
        report.say(f"{error} Everything is embedded anew.")
        return None


def read_synonyms(folder: Path) -> list[list[str]]:
    """Return the groups of equivalent terms of a knowledge folder; broken entries are left to ``check``."""
    node = read_yaml_file(folder, SYNONYMS_FILE, [])
    if node is None or not isinstance(node.value, list):
        return []
    groups = [entry.value for entry in node.value if isinstance(entry.value, list)]
    return [[item.value for item in group if isinstance(item.value, str)] for group in groups]


def _corpus_hash(knowledge: Knowledge, card: EncoderCard, synonyms: list[list[str]], judged_by: EvaluationSet) -> str:
    """Hash all that is indexed, and by what it is searched and judged: a program that ranks otherwise builds anew."""
    searched_by = [FORMAT, DENSE, LEXICAL, EVIDENCE, PUBLIC, PRIOR]
    digest = hashlib.sha256(json.dumps([card.key, synonyms, searched_by], ensure_ascii=False).encode())
    # Other questions or another floor may refuse what was published by the old ones.
    digest.update(repr((judged_by.questions, judged_by.floor, len(judged_by.problems))).encode())
    parts: list[Any] = [*knowledge.snippets, *knowledge.topics, *knowledge.sources]
    for part in parts:
        digest.update(json.dumps(asdict(part), ensure_ascii=False, sort_keys=True).encode())
    return digest.hexdigest()


def _self_check(index: Index, snippets: Sequence[Snippet]) -> None:
    """Ask the new version for what was just put into it. Raises BuildError when it does not come back."""
    chosen = np.linspace(0, len(snippets) - 1, num=min(20, len(snippets)), dtype=int)
    lost = []
    for number in chosen:
        snippet = snippets[number]
        text = snippet.questions[0] if snippet.questions else snippet.text[slice(*snippet.sentences[0])]
        found = index.answer(text, snippet.language, limit=10)
        # Where many passages share the sentence or question, any of them will do.
        if not any(hit.snippet.id == snippet.id or _holds(hit.snippet, text) for hit in found.hits):
            lost.append(snippet.id)
    if len(lost) * 4 > len(chosen):
        raise BuildError(
            f"self-check failed: {', '.join(lost)} cannot be found by their own words; nothing was published."
        )


def _holds(snippet: Snippet, text: str) -> bool:
    return text in snippet.text or text in snippet.questions
