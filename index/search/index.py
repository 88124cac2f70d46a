"""Answer a question from a published index: candidates, absolute scores, a decision, and the passages to quote."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.encoder.query_encoder import Encoder, OnnxEncoder
from index.errors import ArtifactError, reason
from index.knowledge.snippet import Snippet
from index.search.answer import Answer, Hit, Ranking
from index.search.candidates import find_candidates, lexical_candidates
from index.search.decision import ALL_LANGUAGES, EVIDENCE, Calibration, Decision
from index.search.highlight import Kinds, best_sentence, wanted_kinds
from index.search.lexical_index import term_hash, words
from index.search.scoring import ASKED, FIRST_SENTENCE, LATE_INTERACTION_OFFSET, Query, UnitScores, Wording, weights
from index.text.keyboard_layout import readings
from index.text.language import detect_language
from index.text.typos import mend
from index.version.manifest import Manifest, read_manifest
from index.version.read import VersionFiles, read_version
from index.version.versions import encoder_folder, resolve

MAX_QUESTION = 4096
"""Characters of a question that are looked at: the length of a Telegram message."""

_THREADS_BESIDE = 2
_POSTINGS_BUDGET = 30_000
"""How many postings of stems, and how many of n-grams, a question reads, the rarest terms first. Half as many for each
row, on a corpus of 4,280 rows, cost 0.1 points of right first places."""
_STRANGE, _FAMILIAR = 0.75, 0.4
"""A question is read in other letters when more than the one of its words is unknown, and less than the other then."""
_RARE, _ALL = 0.5, 0.999
_SHORTLIST = 6
"""How many records are compared token by token; eight take a twentieth of a millisecond longer, and gain 0.1 points of
first places among 568 passages and nothing among 80."""
_MEANT_IN = 6
"""How many of the best records' words a mistyped one may have meant."""
_LEAD_OVER = 6


class Index:
    """A published version, opened for answering. Immutable and safe to use from several threads."""

    def __init__(self, manifest: Manifest, encoder: Encoder, files: VersionFiles) -> None:
        """Put the parts together; ``Index.open`` is the way in."""
        self.manifest = manifest
        self.version = manifest.version
        self.encoder = encoder
        self.snippets = files.snippets
        self.topics = manifest.topics
        self.sources = manifest.sources
        self.calibrations = manifest.calibration
        self.languages = manifest.languages
        self._rows = files.rows
        self._faiss = files.faiss_index
        self._terms = files.terms
        self._beside = ThreadPoolExecutor(_THREADS_BESIDE, thread_name_prefix="terms")
        self._lexical = files.lexical
        self._owners = files.dense_owners
        self._trust = np.array([manifest.encoder_reads[name] for name in self.languages], np.float32)

    @classmethod
    def open(cls, path: Path, *, threads: int = 1, instead_of: Index | None = None) -> Index:
        """Open the live version of the data folder ``path``, or the version whose folder ``path`` is.

        ``threads`` is how many one question may use while it is embedded. An encoder that ``instead_of`` has loaded is
        not loaded again: a second one would cost as much memory as all the rest. Raises ArtifactError or EncoderError
        when any part is missing, damaged or does not fit the others.
        """
        import faiss

        # One question is too small a job to share: waking threads costs more than they save.
        faiss.omp_set_num_threads(threads)
        folder, data = resolve(Path(path))
        manifest = read_manifest(folder)
        if instead_of and instead_of.manifest.encoder_key == manifest.encoder_key:
            return cls.assemble(folder, manifest, instead_of.encoder)
        return cls.assemble(folder, manifest, OnnxEncoder(encoder_folder(data, manifest.encoder_key), threads=threads))

    @classmethod
    def assemble(cls, folder: Path, manifest: Manifest, encoder: Encoder) -> Index:
        """Open the files of one version with an encoder that is loaded already.

        Raises ArtifactError when a part is damaged or does not fit the others, MemoryError when there is no room.
        """
        import faiss  # noqa: F401 - here, because a version is not damaged where the library cannot be loaded
        from threadpoolctl import threadpool_limits

        # The threads of numpy's BLAS go on burning a core while the next question is embedded.
        threadpool_limits(1, user_api="blas")
        try:
            return cls(manifest, encoder, read_version(folder, manifest, encoder))
        except (ArtifactError, MemoryError):
            raise
        # What numpy, FAISS and JSON raise on bytes that nobody foresaw is written down nowhere: numpy's reader of
        # headers alone lets errors of Python's tokenizer through.
        except Exception as error:
            raise ArtifactError(f"{folder}: damaged ({reason(error)}); run 'partnership-bot build'.") from error

    def calibrated(self, calibrations: Mapping[str, Calibration]) -> Index:
        """Return this version with another calibration; both share the open files."""
        other = copy(self)
        other.manifest = self.manifest.model_copy(update={"calibration": calibrations})
        other.calibrations = calibrations
        return other

    def close(self) -> None:
        """Let go of the files; the index must not be used afterwards."""
        self._faiss = None
        self.snippets.close()
        self._beside.shutdown(wait=False)

    def snippet(self, snippet_id: str, language: str | None = None) -> Snippet | None:
        """Return a snippet in ``language``, else in English, else in any language; ``None`` when there is none."""
        by_language = self.snippets.get(snippet_id)
        if not by_language:
            return None
        return by_language.get(language or "") or by_language.get("en") or next(iter(by_language.values()))

    def by_key(self, key: str, language: str | None = None) -> Snippet | None:
        """Return the snippet whose ``key`` this is, like ``snippet``."""
        snippet_id = self.snippets.by_key(key)
        return self.snippet(snippet_id, language) if snippet_id else None

    def in_topic(self, topic_id: str, language: str | None = None) -> tuple[Snippet, ...]:
        """Return the snippets of a topic, ordered by id."""
        ids = dict.fromkeys(self.snippets.record(number).id for number in self.snippets.in_topic(topic_id))
        found = (self.snippet(snippet_id, language) for snippet_id in ids)
        return tuple(snippet for snippet in found if snippet)

    def answer(self, question: str, language: str | None = None, *, limit: int = 5) -> Answer:
        """Find what the knowledge holds on ``question``; never raises on any text.

        ``language`` is that of the question where the caller knows it; the passages come in that language where they
        exist in it. ``limit`` is the largest number of hits, five at least.
        """
        began = time.perf_counter()
        text = question.encode("utf-8", "replace").decode()[:MAX_QUESTION].strip()
        asked_in = language or self.detect(text)
        query = self.query(text, asked_in)
        if query.wording.unknown >= _STRANGE and (reading := self._in_other_letters(text)):
            asked_in, read_as = reading
            query = self.query(read_as, asked_in)
        query, ranking = self.find(query, asked_in)
        evidence = self.evidence(query, ranking)
        calibration = self.calibration(asked_in)
        says_something = any(character.isalnum() for character in text)
        confidence = calibration.confidence(evidence) if says_something else 0.0
        decision = calibration.decide(confidence) if says_something else Decision.NONE
        if decision is Decision.NONE and _stands_there(query, ranking):
            decision = Decision.CLOSEST
        wanted = wanted_kinds(query.text)
        hits = tuple(
            self._hit(query, ranking, place, wanted, asked_in)
            for place in range(min(max(5, limit), len(ranking.records)))
        )
        return Answer(
            question=text,
            read_as=query.text,
            language=asked_in,
            decision=decision,
            confidence=confidence,
            hits=hits,
            index_version=self.version,
            ms=(time.perf_counter() - began) * 1000,
            truncated=query.encoded.truncated or len(question) > MAX_QUESTION,
            vector=query.encoded.vector,
            evidence=dict(zip(EVIDENCE, evidence, strict=True)),
        )

    def _in_other_letters(self, text: str) -> tuple[str, str] | None:
        """Return the language and spelling ``text`` was certainly meant in, though typed in another alphabet."""
        best, reading = _FAMILIAR, None
        for language, spelled in readings(text):
            if language in self.languages and len(words(spelled)) > 1:
                stems = self._lexical.look_up(self._terms.asked(spelled, language))
                grams = self._lexical.look_up(self._terms.grams(spelled))
                unknown = (stems.unknown + grams.unknown) / 2
                if unknown < best:
                    best, reading = unknown, (language, spelled)
        return reading

    def calibration(self, language: str) -> Calibration:
        """Return the calibration for questions in ``language``, that of the whole folder where it has none."""
        return self.calibrations.get(language) or self.calibrations[ALL_LANGUAGES]

    def matched(self, question: str, language: str, snippet: Snippet) -> list[str]:
        """Return the words of ``question`` that ``snippet`` holds in some form."""
        text = " ".join([snippet.title, snippet.text, *snippet.questions])
        held = set(self._terms.stems(text, snippet.language))
        return [word for word in dict.fromkeys(words(question)) if held.intersection(self._terms.stems(word, language))]

    def detect(self, text: str) -> str:
        """Recognise the language of a question, that of most of the knowledge where it gives no evidence."""
        return detect_language(
            text, default="en" if "en" in self.languages or not self.languages else self.languages[0]
        )

    def query(self, text: str, language: str, *, without_rows: Sequence[int] = ()) -> Query:
        """Embed a question and look up its terms; ``without_rows`` do not count, as calibration needs."""
        # The encoder works outside the interpreter's lock; meanwhile a second thread looks up the terms.
        wording = self._beside.submit(
            Wording.look_up,
            text,
            language,
            self._terms,
            self._lexical,
            budget=_POSTINGS_BUDGET,
            holders=lexical_candidates(len(self.languages)),
            without=without_rows,
        )
        return Query(text, self.encoder.encode(text), wording.result(), tuple(without_rows))

    def find(self, query: Query, language: str, *, without_snippet: int | None = None) -> tuple[Query, Ranking]:
        """Return what is found for a question, and the question as it was read: with its slips of the finger mended.

        ``without_snippet``, one of ``SnippetDatabase.snippet_numbers``, is left out, as calibration needs.
        """
        ranking = self._rank(query, language, without_snippet)
        if query.wording.unknown:
            best = (self.snippets.record(int(record)) for record in ranking.records[:_MEANT_IN])
            # Calibration asks example questions as strangers would, whom their own words do not help.
            texts = (text for snippet in best for text in (snippet.title, snippet.text, *snippet.questions))
            held = (text for text in texts if text != query.text)
            meant = mend(query.text, partial(self._knows, query.wording, language), held)
            if meant != query.text:
                query = self.query(meant, language, without_rows=query.without_rows)
                ranking = self._rank(query, language, without_snippet)
        return query, ranking

    def _knows(self, wording: Wording, language: str, word: str) -> bool:
        """Tell whether the corpus or the encoder's vocabulary has a word of the question that ``wording`` is of."""
        stems = map(term_hash, self._terms.stems(word, language))
        return wording.unknown_stems.isdisjoint(stems) or self.encoder.knows(word)

    def _rank(self, query: Query, language: str, without_snippet: int | None) -> Ranking:
        candidates = find_candidates(query, self._faiss, self._owners, len(self.languages))
        numbers = self.snippets.snippet_numbers
        if without_snippet is not None:
            candidates = candidates[numbers[candidates] != without_snippet]
        if not len(candidates):
            candidates = np.array([int(np.argmax(numbers != without_snippet))])
        features, units = self._rows.features(query, candidates)
        own = self._trust[self.snippets.languages[candidates]]
        trust = np.asarray(np.minimum(own, self.manifest.encoder_reads.get(language, 1.0)), np.float32)
        first = features.score(trust)
        ranked = np.argsort(-first, kind="stable")
        shortlist, rest = ranked[:_SHORTLIST], ranked[_SHORTLIST:]
        scores = first
        late_of: dict[int, float] = {}
        without_questions = shortlist[features.without_questions[shortlist]]
        if len(without_questions):
            late = self._rows.late_interaction(query, candidates[without_questions])
            late_of = dict(zip(without_questions.tolist(), late.tolist(), strict=True))
            features.values[ASKED, without_questions] = late - LATE_INTERACTION_OFFSET
            scores = features.score(trust)
            # Beyond the shortlist nothing may overtake it: those records were not compared token by token.
            scores[rest] = np.minimum(scores[rest], scores[shortlist].min())
            ranked = np.argsort(-scores, kind="stable")
        first_of: dict[int, int] = {}
        for position, number in zip(ranked.tolist(), numbers[candidates[ranked]].tolist(), strict=True):
            first_of.setdefault(number, position)
        best = np.fromiter(first_of.values(), np.int64, len(first_of))
        best_late = late_of.get(int(best[0]))
        if best_late is None:
            best_late = float(self._rows.late_interaction(query, candidates[best[:1]])[0])
        return Ranking(candidates[best], scores[best], trust[best], best, features, units, best_late)

    def evidence(self, query: Query, ranking: Ranking) -> tuple[float, ...]:
        """Return what the decision is based on, in the order of ``decision.EVIDENCE``."""
        best, features = float(ranking.scores[0]), ranking.features.of(int(ranking.positions[0]))
        others = ranking.scores[1:_LEAD_OVER]
        missing = 0.0
        if query.wording.numbers:
            record = int(ranking.records[0])
            snippet = self.snippets.record(record)
            dated = words(snippet.as_of or "")
            first, end = int(self._rows.starts[record]), self._first_question(record)
            missing = sum(
                number not in dated
                and not self._lexical.holds(self._terms.stems(number, snippet.language)[0], first, end)
                for number in query.wording.numbers
            ) / len(query.wording.numbers)
        return (
            best,
            best - float(others[0]) if len(others) else best,
            best - float(others.mean()) if len(others) else best,
            ranking.late_interaction,
            features["sentence_stems"],
            features["stems"],
            query.wording.unknown,
            missing,
            math.log1p(query.wording.length),
        )

    def rows_of(self, snippet: int) -> list[int]:
        """Return the rows of all records of a snippet, one of ``SnippetDatabase.snippet_numbers``."""
        records = np.flatnonzero(self.snippets.snippet_numbers == snippet)
        return [row for record in records for row in range(self._rows.starts[record], self._rows.starts[record + 1])]

    def question_rows(self, record: int) -> list[int]:
        """Return the rows of a record's example questions, in their order."""
        return list(range(self._first_question(record), int(self._rows.starts[record + 1])))

    def _first_question(self, record: int) -> int:
        return int(self._rows.starts[record]) + FIRST_SENTENCE + int(self._rows.sentence_counts[record])

    def vectors_of(
        self, record: int
    ) -> tuple[NDArray[np.int8], NDArray[np.float32], NDArray[np.int8], NDArray[np.int64]]:
        """Return what is stored of a record, for the next version: rows, scales, tokens, tokens of each part."""
        rows = slice(int(self._rows.starts[record]), int(self._rows.starts[record + 1]))
        parts = slice(int(self._rows.parts[record]), int(self._rows.parts[record + 1]) + 1)
        return (
            np.array(self._rows.vectors[rows]),
            np.array(self._rows.scales[rows]),
            np.array(self._rows.tokens[self._rows.tokens_of(record)]),
            np.diff(self._rows.token_starts[parts]),
        )

    def _hit(self, query: Query, ranking: Ranking, place: int, wanted: Kinds, language: str) -> Hit:
        record, position = int(ranking.records[place]), int(ranking.positions[place])
        found = self.snippets.record(record)
        shown = found if found.language == language else self.snippet(found.id, language) or found
        sentence = self._best_sentence(ranking.units, position, found, wanted)
        if shown is not found and len(shown.sentences) != len(found.sentences):
            sentence = self._sentence_of_other(query, shown, wanted)
        return Hit(
            snippet=shown,
            score=float(ranking.scores[place]),
            highlight=shown.sentences[sentence],
            question=self._nearest_question(ranking.units, position, found, shown),
            parts=ranking.features.of(position),
            weights=weights(float(ranking.trust[place])),
        )

    def _best_sentence(self, units: UnitScores, position: int, snippet: Snippet, wanted: Kinds) -> int:
        if len(snippet.sentences) == 1:
            return 0
        rows = units.sentences(position, len(snippet.sentences))
        sentences = [snippet.text[start:end] for start, end in snippet.sentences]
        return best_sentence(
            wanted,
            sentences,
            units.similarity[rows].tolist(),
            units.stems[rows].tolist(),
            units.grams[rows].tolist(),
        )

    def _sentence_of_other(self, query: Query, shown: Snippet, wanted: Kinds) -> int:
        """Choose the sentence of a translation that is cut into other sentences than what was found."""
        records = np.array(
            [n for n in self.snippets.numbers(shown.id) if self.snippets.record(n).language == shown.language]
        )
        _, units = self._rows.features(query, records)
        return self._best_sentence(units, 0, shown, wanted)

    def _nearest_question(self, units: UnitScores, position: int, found: Snippet, shown: Snippet) -> str | None:
        if not shown.questions:
            return None
        if shown is not found:
            return shown.questions[0]
        rows = units.questions(position, len(found.sentences), len(found.questions))
        similarity: list[float] = units.similarity[rows].tolist()
        return found.questions[similarity.index(max(similarity))]


def _stands_there(query: Query, ranking: Ranking) -> bool:
    """Tell whether one sentence or title of the best passage holds all that is asked for, a rare word among it.

    An acronym, a name or a number alone resembles no passage, yet who asks for one wants the passage with it.
    """
    covered = ranking.features.of(int(ranking.positions[0]))["sentence_stems"]
    return query.wording.rarity >= _RARE and covered >= _ALL
