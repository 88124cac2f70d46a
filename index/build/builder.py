"""Build an index version from a knowledge folder and publish it. Exporting an encoder needs the extra ``build``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from index.build import Report
from index.build.calibrate import calibrate, off_topic_lines
from index.build.embed import Vectors, embed
from index.build.exported_encoder import WantedEncoder, exported_encoder
from index.build.kept_calibration import SEARCHED_BY, fit_now
from index.build.machine_faults import machine_faults_named
from index.encoder.passage_encoder import PassageEncoder
from index.encoder.query_encoder import EncoderCard, OnnxEncoder
from index.errors import ArtifactError, BuildError
from index.evaluation.evaluation_set import EvaluationSet, read_evaluation
from index.evaluation.gate import judge
from index.knowledge.files import EVALUATION_FILE, file_hashes
from index.knowledge.reader import Knowledge, read_knowledge
from index.knowledge.registers import read_synonyms
from index.knowledge.snippet import Snippet, Source, Topic
from index.search.decision import ALL_LANGUAGES, Calibration
from index.search.index import Index
from index.search.known_names import KnownNames
from index.search.not_covered import ListedQuestions
from index.text.language import KnownLanguages, legibility
from index.text.terms import Terms
from index.version.candidate import NO_OBJECTION, Candidate, Verdict, read_candidate
from index.version.manifest import Manifest, read_manifest
from index.version.versions import (
    build_lock,
    finalize,
    index_folder,
    live_version,
    new_version,
    previous_version,
    publish,
    readable_live_version,
    remove_older_candidates,
    unfinished,
)
from index.version.write import write_files


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How a build is to be done."""

    query_prefix: str = ""
    """What the encoder wants before every question."""
    passage_prefix: str = ""
    """What the encoder wants before every text that is indexed."""
    force: bool = False
    """Whether to publish what has not changed, and what does not answer well enough."""
    publish: bool = True
    """Whether to make the version live. Otherwise it is kept beside the live one as a candidate, whatever the gate says
    of it; the next candidate replaces it."""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did."""

    version: str
    snippets: int
    translations: int
    """Snippets times languages."""
    embedded: int
    """Translations that were embedded."""
    unchanged: bool
    """Whether the live version held exactly this already, so that nothing was built; ``version`` is the live one."""
    verdict: Verdict = NO_OBJECTION
    """What the gate says of the version."""

    @property
    def objections(self) -> tuple[str, ...]:
        """What is against publishing the version; empty where nothing is."""
        return self.verdict.objections

    @property
    def reused(self) -> int:
        """Translations whose vectors were taken from the version before."""
        return self.translations - self.embedded


def build(
    knowledge_folder: Path,
    data: Path,
    *,
    encoder: str,
    options: BuildOptions = BuildOptions(),
    report: Report | None = None,
) -> BuildResult:
    """Index ``knowledge_folder`` as a new version of ``data`` and make it live, or keep it as a candidate.

    Args:
        knowledge_folder: the folder to read.
        data: the data folder.
        encoder: a local folder or the name of a model.
        options: how it is to be done.
        report: shows the progress.

    Raises:
        KnowledgeError: the knowledge cannot be indexed.
        EncoderError: the encoder cannot be found, loaded or exported.
        BuildError: the build cannot run, or its result must not be published.
            The live version stays as it was after each of them.
    """
    report = report or Report()
    with machine_faults_named(data), build_lock(data):
        return _build(knowledge_folder, data, encoder, options, report)


def rollback(data: Path) -> str:
    """Make the version before the live one live again and return its name.

    Raises:
        BuildError: there is none.
        ArtifactError: it is damaged.
    """
    with machine_faults_named(data), build_lock(data):
        version = previous_version(data)
        return_to(data, version)
        return version


def return_to(data: Path, version: str) -> None:
    """Make a version that was live before live again; the caller holds the build lock.

    Raises:
        ArtifactError: It is damaged.
    """
    Index.open(index_folder(data) / version).close()
    publish(data, version)


def publish_candidate(data: Path, version: str) -> None:
    """Make a candidate live; nothing happens where it is live already.

    Raises:
        BuildError: The gate refused it, another version is live than when it was built, or it is gone.
        ArtifactError: It is damaged.
    """
    with machine_faults_named(data), build_lock(data):
        promote(data, version)


def promote(data: Path, version: str) -> None:
    """Make a candidate live, like ``publish_candidate``; the caller holds the build lock."""
    live = readable_live_version(data)
    if version == live:
        return
    candidate = read_candidate(data, version)
    if live != candidate.live:
        raise BuildError(
            f"{data}: version {live or 'none'} is live now, and candidate {version} was built beside "
            f"{candidate.live or 'none'}; build it again."
        )
    folder = index_folder(data) / version
    if candidate.verdict.objections and not read_manifest(folder, verify=False).overridden:
        raise BuildError("\n".join([*candidate.verdict.objections, f"Candidate {version} cannot be published."]))
    Index.open(folder).close()
    publish(data, version)


def _build(folder: Path, data: Path, encoder: str, options: BuildOptions, report: Report) -> BuildResult:
    report.step("Reading knowledge")
    # What changes from now on does not count as read, so that nobody misses it.
    files = file_hashes(folder)
    knowledge = read_knowledge(folder, advance=report.advance)
    knowledge.require_sound()
    for problem in knowledge.problems:
        report.say(f"{problem}")
    synonyms = [[str(term.value) for term in group] for group in read_synonyms(folder, [])]
    terms = Terms(synonyms)
    questions = read_evaluation(folder / EVALUATION_FILE)
    report.step("Loading encoder")
    wanted = WantedEncoder(encoder, options.query_prefix, options.passage_prefix)
    query_encoder = exported_encoder(wanted, {snippet.language for snippet in knowledge.snippets}, data, report)
    corpus = _corpus_hash(knowledge, query_encoder.card, synonyms, questions)
    with ExitStack() as opened:
        before, live = _live(data, query_encoder, report)
        if live:
            opened.callback(live.close)
        if live and live.manifest.corpus_sha256 == corpus and not options.force:
            return _result(live.manifest, embedded=0, unchanged=True)
        former = None if options.force else live
        fit, kept = fit_now(query_encoder.card, synonyms, questions.costs, knowledge.snippets, former)
        vectors, embedded = embed(knowledge.snippets, PassageEncoder(query_encoder), terms, live, report)
        version = new_version(data, corpus)
        scratch = opened.enter_context(unfinished(index_folder(data), version))
        report.step("Indexing")
        encoder_reads = _encoder_reads(knowledge.snippets, query_encoder)
        faiss_type = write_files(scratch, knowledge.snippets, vectors, terms, encoder_reads)
        KnownNames.of(knowledge.snippets, synonyms).save(scratch)
        spoken = KnownLanguages.of({snippet.language for snippet in knowledge.snippets})
        ListedQuestions.embed(knowledge.not_covered, spoken, query_encoder).save(scratch)
        manifest = Manifest(
            version=version,
            built=datetime.now(UTC).isoformat(timespec="seconds"),
            encoder_key=query_encoder.card.key,
            encoder_id=query_encoder.card.id,
            encoder_revision=query_encoder.card.weights_sha256[:12],
            dimension=query_encoder.card.dimension,
            corpus_sha256=corpus,
            counts=_counts(knowledge.snippets, vectors),
            faiss_type=faiss_type,
            languages=tuple(sorted({snippet.language for snippet in knowledge.snippets})),
            encoder_reads=encoder_reads,
            calibration={ALL_LANGUAGES: Calibration()},
            fit=fit,
            topics=knowledge.topics,
            sources=knowledge.sources,
            profile=knowledge.profile,
            synonyms=tuple(map(tuple, synonyms)),
            knowledge_files=files,
        )
        draft = Index.assemble(scratch, manifest, query_encoder)
        opened.callback(draft.close)
        report.step("Asking the new version for its own snippets")
        _self_check(draft, knowledge.snippets)
        draft = draft.calibrated(kept or calibrate(draft, questions.costs, report))
        manifest, verdict = judge(draft, questions, before, report)
        query_encoder.remember()
        manifest = _admitted(manifest, verdict, options, report)
        manifest.write(scratch)
        if not options.publish:
            Candidate(live=readable_live_version(data), verdict=verdict).write(scratch)
        finalize(scratch, index_folder(data) / version)
    read_manifest(index_folder(data) / version)  # proves that the disk holds what was written
    if options.publish:
        publish(data, version)
    else:
        remove_older_candidates(data)
    return replace(_result(manifest, embedded=embedded, unchanged=False), verdict=verdict)


def _admitted(manifest: Manifest, verdict: Verdict, options: BuildOptions, report: Report) -> Manifest:
    """Return the manifest of a version that may be kept; it says what was overridden.

    Raises:
        BuildError: The version was to be published, and must not be; the text says what got worse and what to do.
    """
    if not verdict.objections:
        return manifest
    if options.force:
        report.say("\n".join([*verdict.objections, "This does not count, as --force demands."]))
        return manifest.model_copy(update={"overridden": "\n".join(verdict.objections)})
    if options.publish:
        raise BuildError("\n".join([*verdict.objections, "Nothing was published, the live version is untouched."]))
    return manifest


def _result(manifest: Manifest, *, embedded: int, unchanged: bool) -> BuildResult:
    counts = manifest.counts
    return BuildResult(manifest.version, counts["snippets"], counts["translations"], embedded, unchanged)


def _counts(snippets: Sequence[Snippet], vectors: Sequence[Vectors]) -> dict[str, int]:
    return {
        "snippets": len({snippet.id for snippet in snippets}),
        "translations": len(snippets),
        "fields": sum(len(own.fields) for own in vectors),
        "tokens": sum(len(own.tokens) for own in vectors),
    }


def _live(data: Path, encoder: OnnxEncoder, report: Report) -> tuple[Manifest | None, Index | None]:
    """Return the manifest of the live version, and that version opened where its vectors can be used again."""
    manifest = None
    try:
        version = live_version(data)
        if version is None:
            return None, None
        folder = index_folder(data) / version
        manifest = read_manifest(folder, verify=False)
        if manifest.encoder_key != encoder.card.key:
            return manifest, None
        return manifest, Index.open(folder, encoder=encoder)
    except ArtifactError as error:
        report.say(f"{error} Everything is embedded anew.")
        return manifest, None


def _encoder_reads(snippets: Sequence[Snippet], encoder: OnnxEncoder) -> dict[str, float]:
    """Judge for each language how far the encoder can read it, 0 to 1."""
    samples: dict[str, Sequence[str]] = dict(off_topic_lines())
    for language in {snippet.language for snippet in snippets}:
        samples[language] = [snippet.text for snippet in snippets if snippet.language == language]
    return {language: legibility(lines, encoder.count_tokens) for language, lines in samples.items()}


def _corpus_hash(knowledge: Knowledge, card: EncoderCard, synonyms: list[list[str]], questions: EvaluationSet) -> str:
    """Hash what is indexed, how it is searched and by what it is judged. A program that ranks otherwise builds anew."""
    digest = hashlib.sha256(json.dumps([card.key, synonyms, SEARCHED_BY], ensure_ascii=False).encode())
    # Other questions or another floor may refuse what the old ones let pass.
    digest.update(repr((questions.questions, questions.floor, questions.costs, len(questions.problems))).encode())
    digest.update(knowledge.profile.model_dump_json().encode())
    digest.update(json.dumps(knowledge.not_covered, ensure_ascii=False).encode())
    parts: list[Snippet | Topic | Source] = [*knowledge.snippets, *knowledge.topics, *knowledge.sources]
    for part in parts:
        digest.update(json.dumps(asdict(part), ensure_ascii=False, sort_keys=True).encode())
    return digest.hexdigest()


def _self_check(index: Index, snippets: Sequence[Snippet]) -> None:
    """Ask the new version for some of its own snippets.

    Raises:
        BuildError: more than a quarter of them do not come back.
    """
    chosen = np.linspace(0, len(snippets) - 1, num=min(20, len(snippets)), dtype=int)
    lost = []
    for number in chosen:
        snippet = snippets[number]
        text = snippet.questions[0] if snippet.questions else snippet.text[slice(*snippet.sentences[0])]
        found = [hit.snippet for hit in index.answer(text, snippet.language, limit=10).hits]
        # Where many snippets share the sentence or question, any of them will do.
        if not any(other.id == snippet.id or text in other.text or text in other.questions for other in found):
            lost.append(snippet.id)
    if len(lost) * 4 > len(chosen):
        raise BuildError(
            f"self-check failed: {', '.join(lost)} cannot be found by their own words; nothing was published."
        )
