"""Build an index version from a knowledge folder and publish it. Embedding needs the extra ``build``."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.artifact import (
    Manifest,
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
from index.calibrate import calibrate, off_topic_lines
from index.decision import ALL_LANGUAGES, Calibration
from index.encoder import BASIS_FILE, EncoderCard, OnnxEncoder, legibility
from index.errors import ArtifactError, BuildError, EncoderError
from index.evaluate import evaluate
from index.evaluation_set import read_evaluation
from index.gate import shortfalls, table
from index.knowledge import EVALUATION_FILE, SYNONYMS_FILE, Knowledge, read_knowledge, read_yaml_file
from index.lexical import LexicalIndex, Terms, hashes
from index.problems import Severity
from index.search import FAISS_FILE, ROW_ARRAYS, Index
from index.snippets import Snippet
from index.store import as_plain, write_snippets

FLAT_ROWS = 8_192
"""Up to so many vectors FAISS compares all of them; above, an inverted file keeps a search under a millisecond."""

_TRAINING_ROWS_PER_LIST = 64


class Report(Protocol):
    """What a build tells while it runs."""

    def step(self, name: str, total: int | None = None) -> None:
        """A step begins, of ``total`` parts where that is known."""

    def advance(self, count: int) -> None:
        """``count`` more parts of the step are done."""

    def say(self, text: str) -> None:
        """Something the operator should read."""


class Silent:
    """A report to nobody."""

    def step(self, name: str, total: int | None = None) -> None:
        """Say nothing."""

    def advance(self, count: int) -> None:
        """Say nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""


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


@dataclass(frozen=True, slots=True)
class _Vectors:
    """The vectors of one record; rows in the order of ``Unit``."""

    rows: NDArray[np.int8]
    scales: NDArray[np.float32]
    tokens: NDArray[np.int8]
    token_counts: NDArray[np.int64]
    """Tokens of the title and of each sentence, shape (sentences + 1,)."""


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


# What torch, FAISS, ONNX Runtime, tokenizers and the loader of shared libraries say, each in an exception of its own.
_NO_MEMORY = ("allocate memory", "bad_alloc", "bad allocation", "failed to map segment", "start new thread")


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Tell whether memory ran out, by the error or by what caused it."""
    while error is not None:
        if isinstance(error, MemoryError) or any(text in str(error) for text in _NO_MEMORY):
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
    from index.export import PassageEncoder

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
    corpus = _corpus_hash(knowledge, card, synonyms)
    live = _open_live(data, questions_encoder, report)
    if live and live.manifest.corpus_sha256 == corpus and not force:
        counts = live.manifest.counts
        return BuildResult(live.version, counts["snippets"], counts["records"], 0, counts["records"], unchanged=True)
    snippets = knowledge.snippets
    vectors, embedded = _embed(snippets, passages, np.load(folder_of_encoder / BASIS_FILE), live, report)
    version = new_version(data, corpus)
    with unfinished(index_folder(data), version) as scratch:
        report.step("Indexing")
        manifest = _write(scratch, version, knowledge, vectors, questions_encoder, corpus, synonyms)
        draft = Index.assemble(scratch, manifest, questions_encoder)
        _self_check(draft, snippets, passages)
        report.step("Calibrating")
        manifest = replace(
            manifest, calibration={language: asdict(fitted) for language, fitted in calibrate(draft, report).items()}
        )
        draft.close()
        draft = Index.assemble(scratch, manifest, questions_encoder)
        manifest = _gate(draft, knowledge.folder, data, force, report)
        draft.close()
        manifest.write(scratch)
        settle(scratch, index_folder(data) / version)
    Index.assemble(index_folder(data) / version, read_manifest(index_folder(data) / version), questions_encoder).close()
    publish(data, version)
    return BuildResult(
        version, manifest.counts["snippets"], len(snippets), embedded, len(snippets) - embedded, unchanged=False
    )


def _export_once(passages: Any, data: Path, report: Report) -> EncoderCard:
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
        card: EncoderCard = passages.export(scratch)
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


def _corpus_hash(knowledge: Knowledge, card: EncoderCard, synonyms: list[list[str]]) -> str:
    """Hash everything that is indexed."""
    digest = hashlib.sha256(json.dumps([card.key, synonyms], ensure_ascii=False).encode())
    parts: list[Any] = [*knowledge.snippets, *knowledge.topics, *knowledge.sources]
    for part in parts:
        digest.update(json.dumps(asdict(part), ensure_ascii=False, sort_keys=True).encode())
    return digest.hexdigest()


def _embed(
    snippets: Sequence[Snippet], passages: Any, basis: NDArray[np.float32], live: Index | None, report: Report
) -> tuple[list[_Vectors], int]:
    """Return the vectors of all records in order, taking those of unchanged records from ``live``."""
    results: dict[int, _Vectors] = {}
    known = {live.snippets.record(i).content_hash: i for i in range(live.snippets.records)} if live else {}
    fresh = []
    for number, snippet in enumerate(snippets):
        old = known.get(snippet.content_hash)
        if live and old is not None:
            results[number] = _Vectors(*live.vectors_of(old))
        else:
            fresh.append(number)
    texts: list[str] = []
    for number in fresh:
        snippet = snippets[number]
        sentences = [snippet.text[start:end] for start, end in snippet.sentences]
        texts += [snippet.title, *sentences, *snippet.questions]
    report.step(f"Embedding {len(fresh)} of {len(snippets)} passages on {passages.device}", len(fresh) + len(texts))
    whole = passages.encode_passages([passage_text(snippets[number]) for number in fresh], basis, report.advance)
    pieces = passages.encode(texts, report.advance)
    start = 0
    for number, passage in zip(fresh, whole, strict=True):
        snippet = snippets[number]
        end = start + 1 + len(snippet.sentences) + len(snippet.questions)
        unit = np.vstack([passage.vector[None], pieces[start:end]])
        scales = np.abs(unit).max(axis=1) / 127
        rows = np.rint(unit / scales[:, None]).astype(np.int8)
        begins = [len(snippet.title) + len(_AFTER_TITLE) + begin for begin, _ in snippet.sentences]
        parts = np.searchsorted(begins, passage.token_offsets, side="right")
        counts = np.bincount(parts, minlength=len(begins) + 1)
        results[number] = _Vectors(rows, scales.astype(np.float32), passage.tokens, counts)
        start = end
    return [results[number] for number in range(len(snippets))], len(fresh)


_AFTER_TITLE = ". "


def passage_text(snippet: Snippet) -> str:
    """Return what stands for the whole snippet when it is embedded."""
    return f"{snippet.title}{_AFTER_TITLE}{snippet.text}"


def _write(
    folder: Path,
    version: str,
    knowledge: Knowledge,
    vectors: Sequence[_Vectors],
    encoder: OnnxEncoder,
    corpus: str,
    synonyms: list[list[str]],
) -> Manifest:
    """Write all arrays of a version and return its manifest, not yet written."""
    import faiss

    snippets, card = knowledge.snippets, encoder.card
    languages = sorted({snippet.language for snippet in snippets})
    write_snippets(folder, snippets, languages, [topic.id for topic in knowledge.topics])
    sentence_counts = np.array([len(snippet.sentences) for snippet in snippets], np.int32)
    starts = np.concatenate([[0], np.cumsum([len(record.rows) for record in vectors])]).astype(np.int64)
    trust = _trust(snippets, encoder)
    dense_rows = _dense_rows(snippets, starts, trust)
    rows = np.concatenate([record.rows for record in vectors])
    scales = np.concatenate([record.scales for record in vectors])
    token_starts = np.concatenate([[0], np.cumsum(np.concatenate([record.token_counts for record in vectors]))])
    tokens = np.concatenate([record.tokens for record in vectors])
    arrays: tuple[NDArray[Any], ...] = (
        starts,
        sentence_counts,
        dense_rows,
        rows,
        scales,
        token_starts.astype(np.int64),
        tokens,
    )
    for name, array in zip(ROW_ARRAYS, arrays, strict=True):
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    terms = Terms(synonyms)
    owners = np.repeat(np.arange(len(snippets)), np.diff(starts))
    units = (unit for snippet in snippets for unit in _unit_terms(snippet, terms))
    LexicalIndex.build(units, owners, len(snippets)).save(folder)
    index, description = _faiss_index(rows[dense_rows], scales[dense_rows])
    faiss.write_index(index, str(folder / FAISS_FILE))
    return Manifest(
        version=version,
        built=datetime.now(UTC).isoformat(timespec="seconds"),
        encoder_key=card.key,
        encoder_id=card.id,
        encoder_revision=card.revision,
        dimension=card.dimension,
        metric="inner product of unit vectors",
        corpus_sha256=corpus,
        counts={
            "snippets": len({snippet.id for snippet in snippets}),
            "records": len(snippets),
            "rows": len(rows),
            "tokens": len(tokens),
        },
        faiss_type=description,
        languages=languages,
        trust=trust,
        calibration={ALL_LANGUAGES: asdict(Calibration())},
        evaluation={},
        topics=as_plain(knowledge.topics),
        sources=as_plain(knowledge.sources),
        synonyms=synonyms,
    )


_READABLE = 0.5


def _dense_rows(
    snippets: Sequence[Snippet], starts: NDArray[np.int64], trust: Mapping[str, float]
) -> NDArray[np.int64]:
    """Return the rows that FAISS searches: those in languages the encoder can read, or all where it can read none.

    What the encoder cannot read is found by its terms; its vectors would only crowd out others.
    """
    read = np.array([trust[snippet.language] >= _READABLE for snippet in snippets])
    if not read.any():
        read[:] = True
    return np.flatnonzero(np.repeat(read, np.diff(starts)))


def _unit_terms(snippet: Snippet, terms: Terms) -> list[NDArray[np.int64]]:
    """Return the term hashes of each row; the passage's own row has none, for its parts hold them."""
    texts = [snippet.title, *(snippet.text[start:end] for start, end in snippet.sentences), *snippet.questions]
    return [
        np.empty(0, np.int64),
        *(hashes([*terms.stems(text, snippet.language), *terms.grams(text)]) for text in texts),
    ]


def _faiss_index(rows: NDArray[np.int8], scales: NDArray[np.float32]) -> tuple[Any, str]:
    """Return a FAISS index over the unit vectors: flat when small, else an inverted file of 8-bit vectors.

    The number of lists follows FAISS's own guideline of a few times the square root of the number of vectors.
    """
    import faiss

    count, dimension = rows.shape
    index: Any
    if count <= FLAT_ROWS:
        # All vectors are compared; as 16-bit floats, because what a question waits for is memory, not arithmetic.
        description = "SQfp16"
        index = faiss.index_factory(dimension, description, faiss.METRIC_INNER_PRODUCT)
    else:
        lists = int(2 ** round(np.log2(4 * np.sqrt(count))))
        description = f"IVF{lists},SQ8"
        index = faiss.index_factory(dimension, description, faiss.METRIC_INNER_PRODUCT)
        chosen = np.random.default_rng(0).permutation(count)[: lists * _TRAINING_ROWS_PER_LIST]
        chosen.sort()
        index.cp.min_points_per_centroid = 1
        index.train(rows[chosen].astype(np.float32) * scales[chosen, None])
        index.nprobe = max(8, lists // 64)
    step = 100_000
    for begin in range(0, count, step):
        index.add(rows[begin : begin + step].astype(np.float32) * scales[begin : begin + step, None])
    return index, description


def _trust(snippets: Sequence[Snippet], encoder: OnnxEncoder) -> dict[str, float]:
    """Judge for each language how far the encoder can read it."""
    samples: dict[str, Sequence[str]] = dict(off_topic_lines())
    for language in {snippet.language for snippet in snippets}:
        samples[language] = [snippet.text for snippet in snippets if snippet.language == language]
    return {language: legibility(lines, encoder.count_tokens) for language, lines in samples.items()}


def _self_check(index: Index, snippets: Sequence[Snippet], passages: Any) -> None:
    """Ask the new version for what was just put into it. Raises BuildError when it does not come back."""
    chosen = np.linspace(0, len(snippets) - 1, num=min(20, len(snippets)), dtype=int)
    lost = []
    for number in chosen:
        snippet = snippets[number]
        text = snippet.questions[0] if snippet.questions else snippet.text[slice(*snippet.sentences[0])]
        found = index.answer(text, snippet.language, limit=10)
        if snippet.id not in {hit.snippet.id for hit in found.hits}:
            lost.append(snippet.id)
    if len(lost) * 4 > len(chosen):
        raise BuildError(
            f"self-check failed: {', '.join(lost)} cannot be found by their own words; nothing was published."
        )


def _gate(draft: Index, folder: Path, data: Path, force: bool, report: Report) -> Manifest:
    """Ask the new version the folder's evaluation questions and return its manifest with what came of it.

    Raises BuildError with a table of what got worse when it must not be published, unless ``force`` is given.
    """
    found = read_evaluation(folder / EVALUATION_FILE)
    broken = [str(problem) for problem in found.problems if problem.severity is Severity.ERROR]
    for problem in found.problems:
        if problem.severity is not Severity.ERROR:
            report.say(f"{problem}")
    objections = ["\n".join(["The evaluation questions cannot be used:", *broken])] if broken else []
    manifest = draft.manifest
    if found.floor and not found.questions:
        objections.append(f"{EVALUATION_FILE} sets a floor, but holds no question to measure with.")
    if found.questions:
        report.step("Evaluating", len(found.questions))
        evaluation = evaluate(draft, found.questions, report.advance)
        for question in evaluation.stale:
            report.say(
                f"{EVALUATION_FILE}:{question.line}: answers: no such snippet any more; the question was not asked"
            )
        short, worse = shortfalls(evaluation, found.floor, _live_evaluation(data))
        if short:
            objections.append("\n".join(["The new version does not answer well enough:", table(short, worse)]))
        manifest = replace(manifest, evaluation=evaluation.summary())
    if not objections:
        return manifest
    if not force:
        remedy = "Nothing was published, the live version is untouched. Publish it all the same with 'build --force'."
        raise BuildError("\n".join([*objections, remedy]))
    report.say("\n".join([*objections, "It is published all the same, as --force demands."]))
    return replace(manifest, forced=True)


def _live_evaluation(data: Path) -> Mapping[str, Any]:
    """Return how the live version did when it was built; nothing where there is none or it cannot be read."""
    try:
        version = live_version(data)
        return read_manifest(index_folder(data) / version, verify=False).evaluation if version else {}
    except ArtifactError:
        return {}
