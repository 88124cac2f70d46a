"""Answer a question from a published index: the facade over everything else in this folder."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import partial
from pathlib import Path

import numpy as np

from index.encoder.query_encoder import OnnxEncoder
from index.errors import ArtifactError, reason
from index.knowledge.snippet import Snippet, Span
from index.question.combining import replaced, substitutions
from index.question.frames import core
from index.question.grammar import grammar
from index.question.letters import clean
from index.question.splitting import split_questions
from index.search.answer import Answer, Hit, Reply
from index.search.answerability import Answerability, Found, Subject
from index.search.contradiction import DifferenceKind
from index.search.decision import ALL_LANGUAGES, Calibration, Decision, Evidence, is_certainly_relevant
from index.search.held_words import HeldWords
from index.search.highlight import Cues, best_sentence, nearest_question
from index.search.known_names import KnownNames, names_in
from index.search.lexical_index import LexicalIndex, QueryTerms, TermSearch
from index.search.negatives import Examples, NegativeVectors, QuestionTerms
from index.search.not_covered import ListedQuestions, NotCovered, Resemblance
from index.search.prefix import PrefixSearch
from index.search.scoring import (
    FAISS_FIELDS,
    FieldVectors,
    Query,
    Ranking,
    find_candidates,
    lexical_candidates,
    open_faiss,
)
from index.search.stored_arrays import map_array
from index.text.dates import spell_out_dates
from index.text.language import KnownLanguages, detect_language
from index.text.spelling import correct_typos, possible_readings
from index.text.terms import Terms, term_hash, words
from index.version.manifest import Manifest, read_manifest
from index.version.snippet_db import SnippetDatabase
from index.version.versions import encoder_folder, resolve

MAX_QUESTION = 4096
"""Only so many characters of a question count: the length of a Telegram message."""

_LEAST_HITS = 5
_LEAST_WITH_STRANGER = 0.1
"""Least probability at which a snippet is shown for a question with a name that stands nowhere in the knowledge. Where
the threshold for other questions is lower, a snippet may share only the common words around the name."""
_MOST_QUESTIONS = 3
"""So many questions of one message are answered."""
_LIST_NUMBER = re.compile(r"^\(?\d{1,2}[.)]\s+(?=\D)")
_TERM_THREADS = 2
_STRANGE, _FAMILIAR = 0.75, 0.4
"""A question is read in another alphabet when more than the first share of it is unknown as typed, and less than the
second share then."""
_NEARER = 0.01
"""So much nearer than to what a snippet answers must a question be to one that is not covered: the vectors of snippets
are rounded, and what stands in both lists is answered."""
_CORRECTED_FROM = 6
"""Typos are corrected only to words of so many of the best snippets."""


class Index:
    """A published version, opened for answering. Immutable, and safe to use from several threads.

    Use ``open`` and ``answer``. An answer consists of the steps ``query``, ``find`` and ``evidence``; calibration calls
    them one by one, because it leaves out some of the knowledge.
    """

    def __init__(self, folder: Path, manifest: Manifest, encoder: OnnxEncoder) -> None:
        """Open the files of the version in ``folder``; large ones are memory-mapped. Use ``open`` instead."""
        self.manifest = manifest
        self.version = manifest.version
        self.encoder = encoder
        self.topics = manifest.topics
        self.sources = manifest.sources
        self.profile = manifest.profile
        self.languages = manifest.languages
        self.spoken = KnownLanguages.of(self.languages)
        self.snippets = SnippetDatabase(folder, manifest.sources)
        self.fields = FieldVectors.load(folder)
        self.negatives = NegativeVectors.load(folder)
        self._faiss = open_faiss(folder)
        self._faiss_owners = self.fields.owners[map_array(folder, FAISS_FIELDS)]
        lexical = LexicalIndex.load(folder, self.fields.owners)
        self.question_terms = QuestionTerms.load(folder)
        examples = Examples(self.negatives, self.question_terms)
        self.names = KnownNames.load(folder)
        terms = Terms(manifest.synonyms)
        self._held = HeldWords(terms, lexical)
        self.answerability = Answerability(self.snippets, self.fields, examples, self.names, self._held)
        self._term_search = TermSearch(terms, lexical, lexical_candidates(len(self.languages)))
        listed = ListedQuestions.load(folder)
        self.not_covered = NotCovered(listed, terms, lexical, manifest.encoder_reads, self.names)
        self.prefixes = PrefixSearch(self.snippets, self.languages)
        self._threads = ThreadPoolExecutor(_TERM_THREADS, thread_name_prefix="terms")
        self._encoder_reads = np.array([manifest.encoder_reads[name] for name in self.languages], np.float32)

    @classmethod
    def open(cls, path: Path, *, encoder: OnnxEncoder | None = None) -> Index:
        """Open the live version of a data folder, or one version by its own folder.

        Args:
            path: The data folder or the folder of a version.
            encoder: A loaded encoder, which is used where the version needs this one. A second encoder costs as much
                memory as everything else together.

        Raises:
            ArtifactError: A file is missing, damaged or does not fit the others.
            EncoderError: The same about the encoder.
        """
        folder, data = resolve(Path(path))
        manifest = read_manifest(folder)
        if encoder is None or encoder.card.key != manifest.encoder_key:
            encoder = OnnxEncoder(encoder_folder(data, manifest.encoder_key))
        return cls.assemble(folder, manifest, encoder)

    @classmethod
    def assemble(cls, folder: Path, manifest: Manifest, encoder: OnnxEncoder) -> Index:
        """Open the files of one version with an encoder that is already loaded.

        Raises:
            ArtifactError: A file is damaged, or the version needs another encoder.
            MemoryError: There is not enough memory.
        """
        import faiss
        from threadpoolctl import threadpool_limits

        # A search for one question takes microseconds; waking more threads costs more than they save. BLAS threads even
        # keep spinning after a call and slow the encoder down.
        faiss.omp_set_num_threads(1)
        threadpool_limits(1, user_api="blas")
        if encoder.card.key != manifest.encoder_key:
            raise ArtifactError(
                f"{folder}: parts do not fit (encoder: {encoder.card.key}, {manifest.encoder_key} expected); "
                "run 'partnership-bot build --force'."
            )
        try:
            return cls(folder, manifest, encoder)
        except MemoryError:
            raise
        # No list exists of what numpy, FAISS and JSON raise on damaged bytes; numpy even lets tokenizer errors through.
        except Exception as error:
            raise ArtifactError(f"{folder}: damaged ({reason(error)}); run 'partnership-bot build'.") from error

    def calibrated(self, calibrations: Mapping[str, Calibration]) -> Index:
        """Return this version with other calibrations; both share the open files."""
        other = copy(self)
        other.manifest = self.manifest.model_copy(update={"calibration": calibrations})
        return other

    def close(self) -> None:
        """Release threads and files; the index must not be used afterwards."""
        self._faiss = None
        self.snippets.close()
        self._threads.shutdown(wait=False)

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
        found = (self.snippet(snippet_id, language) for snippet_id in self.snippets.in_topic(topic_id))
        return tuple(snippet for snippet in found if snippet)

    def detect(self, text: str, hint: str | None = None) -> str:
        """Recognise the language of a question, like ``KnownLanguages.detect``."""
        return self.spoken.detect(text, hint)

    def calibration(self, language: str) -> Calibration:
        """Return the calibration for questions in ``language``, or for all where that language has none."""
        calibrations = self.manifest.calibration
        return calibrations.get(language) or calibrations[ALL_LANGUAGES]

    def knows(self, word: str, language: str) -> bool:
        """Tell whether the knowledge holds a word in some form, or the encoder knows it."""
        return self._knows(self._term_search.look_up(word, language, ()), language, word)

    def matched(self, question: str, language: str, snippet: Snippet) -> list[str]:
        """Return the words of ``question`` that ``snippet`` holds in some form."""
        text = " ".join([snippet.title, snippet.text, *snippet.questions])
        terms = self._term_search.terms
        held = set(terms.stems(text, snippet.language))
        return [word for word in dict.fromkeys(words(question)) if held.intersection(terms.stems(word, language))]

    def replaced(self, before: str, added: str, language: str) -> str | None:
        """Return a question with its date or name replaced by another; see ``index.question.combining``."""
        return replaced(before, added, lambda text: names_in(text, language, self.names))

    def substitutions(self, before: str, added: str, language: str) -> Iterator[str]:
        """Yield the questions in which a thing takes the place of one word that is no name."""
        languages = grammar().languages
        names = {name.key for name in names_in(before, language, self.names)}
        return substitutions(before, added, languages.get(language, languages["en"]), names)

    def term_weights(self, text: str, language: str) -> dict[str, float]:
        """Return the stems and synonym groups of a text; each weighs more, the fewer translations hold it."""
        return self._term_search.weights(text, language)

    def holders(self, text: str, language: str, most: int) -> dict[str, float]:
        """Return the snippets that hold most of the words of a text in one of their translations, and how much."""
        held = self._term_search.holding(text, language)
        found: dict[str, float] = {}
        for number in np.argsort(-held, kind="stable")[: most * len(self.languages)].tolist():
            if len(found) < most and held[number] > 0:
                found.setdefault(self.snippets.translation(number).id, float(held[number]))
        return found

    def held(self, text: str, language: str, snippet_id: str) -> float:
        """Return how much of the weight of a few words a snippet holds in any of its translations, 0 to 1."""
        return self._held.share(text, language, tuple(self.snippets[snippet_id].values()))

    def shared(self, text: str, other: str, language: str) -> float:
        """Return how much of the weight of a few words another text in the same language holds, 0 to 1."""
        return self._held.shared(text, other, language)

    def held_by_sentence(self, text: str, language: str, snippet: Snippet) -> list[float]:
        """Return the same for each sentence of one translation alone."""
        return self._held.by_sentence(text, language, snippet)

    def sentence(self, question: str, language: str, snippet: Snippet) -> Span:
        """Return the sentence of a translation that answers a question best."""
        query = self.query(question, language)
        return snippet.sentences[self._best_sentence(query, snippet, Cues.of(question))]

    def reply(
        self, message: str, language: str | None = None, *, limit: int = _LEAST_HITS, hint: str | None = None
    ) -> Reply:
        """Answer each question of a message, like ``answer``; no more than three.

        Args:
            message: Any text.
            language: Its language, where the caller knows it.
            limit: Largest number of hits, at least five.
            hint: The language of the person, where that of the message is not known.
        """
        text = clean(_readable(message))
        spoken = language or self.detect(text, hint)
        questions = tuple(_LIST_NUMBER.sub("", question) for question in split_questions(text, spoken))
        whole = self.answer(message, spoken, limit=limit)
        if len(questions) < 2:
            return Reply(whole.question, (whole,))
        others = self.spoken.others
        answers = tuple(
            self.answer(question, language or detect_language(question, spoken, others=others), limit=limit)
            for question in questions[:_MOST_QUESTIONS]
        )
        # Where only the whole is understood, its parts were no questions of their own.
        if _is_settled(whole) and not any(map(_is_settled, answers)):
            return Reply(whole.question, (whole,))
        return Reply(whole.question, answers, questions[_MOST_QUESTIONS:])

    def answer(self, question: str, language: str | None = None, *, limit: int = _LEAST_HITS) -> Answer:
        """Find what the knowledge holds about ``question``; no text makes this raise.

        Args:
            question: Any text.
            language: Language of the question, where the caller knows it. Snippets come in it where they have it.
            limit: Largest number of hits, at least five.
        """
        began = time.perf_counter()
        typed = _readable(question)
        text = clean(typed)
        spoken = language or self.detect(text)
        asked = core(spell_out_dates(text, spoken), spoken)
        query = self.query(asked.text or text, spoken)
        if query.terms.asked.unknown >= _STRANGE and (reading := self._read_in_other_alphabet(query.text)):
            spoken, spelled = reading
            asked = core(spelled, spoken)
            query = self.query(asked.text or spelled, spoken)
        looked_up = query.text
        # A question mark that was not typed makes no other question.
        understood = text if looked_up.rstrip("?") == text.rstrip(" ?.!") else looked_up
        found = self.find(query, spoken)
        declined = self.declined(query, found, spoken)
        query, ranking = found.query, found.ranking
        evidence = self.evidence(found)
        subject = self.answerability.subject(query, ranking, spoken) if asked.about else None
        calibration, confidence, decision, likely = self.calibration(spoken), 0.0, Decision.NONE, False
        if declined is None and any(character.isalnum() for character in asked.text):
            confidence, decision, likely = self._decide(spoken, found, evidence, subject)
        cues = Cues.of(query.text)
        places = list(range(min(max(_LEAST_HITS, limit), len(ranking.translations))))
        if subject and subject.leader in places:
            places.insert(0, places.pop(subject.leader))
        return Answer(
            question=typed,
            understood=understood,
            read_as=understood if query.text == looked_up else query.text,
            language=spoken,
            decision=decision,
            confidence=confidence,
            hits=tuple(self._hit(query, ranking, place, cues, spoken) for place in places),
            index_version=self.version,
            ms=(time.perf_counter() - began) * 1000,
            truncated=query.encoded.truncated or len(question) > MAX_QUESTION,
            vector=query.encoded.vector,
            differences=found.objections.differences,
            near_miss=decision is Decision.CLOSEST and self._is_near_miss(found),
            likely=likely,
            near=calibration.is_near(confidence, evidence),
            more_about=subject.more if subject else 0,
            not_covered=declined.question.written if declined else None,
            evidence=evidence._asdict(),
        )

    def query(
        self, text: str, language: str, *, without_fields: Sequence[int] = (), without_negatives: Sequence[int] = ()
    ) -> Query:
        """Embed a question and look up its terms.

        Args:
            text: The question.
            language: Its language.
            without_fields: Fields that count as if they did not exist.
            without_negatives: The same of negative examples.
        """
        left_out = tuple(without_fields), tuple(without_negatives)
        if self.encoder.remembers(text):
            terms = self._term_search.look_up(text, language, without_fields)
            return Query(text, self.encoder.encode(text), terms, *left_out)
        # The encoder releases the interpreter's lock, so a second thread looks up the terms at the same time.
        found = self._threads.submit(self._term_search.look_up, text, language, without_fields)
        return Query(text, self.encoder.encode(text), found.result(), *left_out)

    def find(self, query: Query, language: str, *, without_snippet: int | None = None) -> Found:
        """Rank the snippets for a question, once more if that brings typos to light.

        Args:
            query: The question.
            language: Its language.
            without_snippet: One of ``SnippetDatabase.snippet_numbers`` that counts as if it did not exist.

        Returns:
            What was found, with the question as it was read: with typos corrected.
        """
        found = self._rank(query, language, without_snippet)
        if query.terms.asked.unknown:
            best = (self.snippets.translation(int(number)) for number in found.ranking.translations[:_CORRECTED_FROM])
            texts = (text for snippet in best for text in (snippet.title, snippet.text, *snippet.questions))
            # Calibration asks example questions as strangers would: the question itself must not correct its typos.
            others = (text for text in texts if text != query.text)
            corrected = correct_typos(query.text, partial(self._knows, query.terms, language), others)
            if corrected != query.text:
                query = self.query(
                    corrected,
                    language,
                    without_fields=query.without_fields,
                    without_negatives=query.without_negatives,
                )
                found = self._rank(query, language, without_snippet)
        return found

    def evidence(self, found: Found) -> Evidence:
        """Return what the decision about the best snippet is based on."""
        query, ranking = found.query, found.ranking
        missing = 0.0
        if numbers := query.terms.numbers:
            snippet = self.snippets.translation(int(ranking.translations[0]))
            # Numbers in the example questions do not count: they are not quoted.
            quoted = set(words(f"{snippet.title}\n{snippet.text}\n{snippet.as_of or ''}"))
            missing = sum(number not in quoted for number in numbers) / len(numbers)
        return Evidence.of(query.terms, ranking, missing, found.objections.unmet)

    def forbids(self, found: Found) -> bool:
        """Tell whether the best snippet must not be given as the answer, however much it resembles the question."""
        return bool(found.objections.differences) or self._is_near_miss(found)

    def _is_near_miss(self, found: Found) -> bool:
        return self.answerability.nearest_questions(found.query, found.ranking).is_near_miss

    def declined(self, query: Query, found: Found, language: str) -> Resemblance | None:
        """Return the question that is not covered and was asked again; ``None`` where a snippet answers a nearer one.

        Args:
            query: The question as it was typed, with its typos.
            found: What was found for it.
            language: Its language.
        """
        nearest = self.not_covered.asked_again(query, language)
        if nearest is None:
            return None
        answered = self.answerability.nearest_questions(found.query, found.ranking).answered
        return nearest if nearest.similarity > answered + _NEARER else None

    def _decide(
        self, language: str, found: Found, evidence: Evidence, subject: Subject | None
    ) -> tuple[float, Decision, bool]:
        """Return the confidence in the best snippet, what follows from it, and whether it probably answers."""
        calibration = self.calibration(language)
        confidence = calibration.confidence(evidence)
        if subject and subject.is_named:
            confidence = max(confidence, calibration.answer)
        elif confidence > calibration.closest and (subject or self.forbids(found)):
            if confidence >= _LEAST_WITH_STRANGER or not self._names_stranger(found, language):
                # Where both thresholds are the same, this confidence alone would be enough for an answer.
                return calibration.closest, Decision.CLOSEST, False
            confidence = math.nextafter(calibration.closest, 0.0)
        decision = calibration.decide(confidence)
        if decision is Decision.NONE and is_certainly_relevant(found.query.terms, found.ranking):
            return confidence, Decision.CLOSEST, False
        return confidence, decision, decision is Decision.CLOSEST and calibration.is_likely(confidence, evidence)

    def _names_stranger(self, found: Found, language: str) -> bool:
        """Tell whether a question has a name that no snippet holds."""
        unknown = found.query.terms.asked.unknown_terms
        names = (each.asked for each in found.objections.differences if each.kind is DifferenceKind.NAME)
        stems = (self._term_search.terms.stems(name, language) for name in names)
        return any(bool(own) and unknown.issuperset(map(term_hash, own)) for own in stems)

    def _read_in_other_alphabet(self, text: str) -> tuple[str, str] | None:
        """Return the language and spelling that ``text`` certainly means, if it was typed in the wrong alphabet."""
        best, reading = _FAMILIAR, None
        for language, spelled in possible_readings(text):
            if language in self.languages and len(words(spelled)) > 1:
                unknown = self._term_search.unknown_share(spelled, language)
                if unknown < best:
                    best, reading = unknown, (language, spelled)
        return reading

    def _knows(self, terms: QueryTerms, language: str, word: str) -> bool:
        """Tell whether the corpus or the encoder's vocabulary knows a word of the question with these ``terms``."""
        stems = map(term_hash, self._term_search.terms.stems(word, language))
        return terms.asked.unknown_terms.isdisjoint(stems) or self.encoder.knows(word)

    def _rank(self, query: Query, language: str, without_snippet: int | None) -> Found:
        candidates = find_candidates(query, self._faiss, self._faiss_owners, len(self.languages))
        numbers = self.snippets.snippet_numbers
        if without_snippet is not None:
            candidates = candidates[numbers[candidates] != without_snippet]
        if not len(candidates):
            candidates = np.array([int(np.argmax(numbers != without_snippet))])
        own = self._encoder_reads[self.snippets.languages[candidates]]
        asked = self.manifest.encoder_reads.get(language, 1.0)
        encoder_reads = np.asarray(np.minimum(own, asked), np.float32)
        ranking = self.fields.rank(query, candidates, numbers[candidates], encoder_reads)
        return self.answerability.judge(query, ranking, language)

    def _hit(self, query: Query, ranking: Ranking, place: int, cues: Cues, language: str) -> Hit:
        position = int(ranking.positions[place])
        found = self.snippets.translation(int(ranking.translations[place]))
        shown = found if found.language == language else self.snippet(found.id, language) or found
        if shown is not found and len(shown.sentences) != len(found.sentences):
            sentence = self._best_sentence(query, shown, cues)
        else:
            sentence = best_sentence(found, ranking.features, position, cues)
        if shown is found:
            question = nearest_question(found, ranking.features, position)
        else:
            question = shown.questions[0] if shown.questions else None
        return Hit(
            snippet=shown,
            score=float(ranking.scores[place]),
            highlight=shown.sentences[sentence],
            question=question,
            score_parts={**ranking.features.of(position), "objections": float(ranking.objections[place])},
            encoder_reads=float(ranking.encoder_reads[place]),
        )

    def _best_sentence(self, query: Query, shown: Snippet, cues: Cues) -> int:
        """Choose the sentence of any translation."""
        numbers = [
            n for n in self.snippets.numbers(shown.id) if self.snippets.translation(n).language == shown.language
        ]
        return best_sentence(shown, self.fields.features(query, np.array(numbers)), 0, cues)


def _is_settled(answer: Answer) -> bool:
    """Tell whether a question is answered, or is one that the editors decided not to cover."""
    return answer.decision is Decision.ANSWER or answer.not_covered is not None


def _readable(text: str) -> str:
    """Return the beginning of a text that counts, as characters that can be written."""
    return text.encode("utf-8", "replace").decode()[:MAX_QUESTION].strip()
