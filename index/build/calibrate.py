"""Fit the decision to a folder at build time, from its own questions and from questions no folder answers.

Three kinds of questions are used. The folder's own example questions, each asked while it is left out of the index. The
same questions with their whole snippet left out: these are near misses, unless another snippet is asked for in nearly
the same words. And lines that no curated knowledge answers. Where there are too few own questions, the coefficients
remain those of public data and only the thresholds are fitted; sentences then stand in for questions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import yaml
from numpy.typing import NDArray

from index.build import Report
from index.search.decision import ALL_LANGUAGES, TARGET_FALSE_ANSWERS, Calibration, fit
from index.search.index import Index
from index.search.scoring import Ranking
from index.text.language import READABLE

_MOST_QUESTIONS = 400
"""Own questions per language that are asked: enough for rates to half a per cent, a second or two of work."""
_LEAST_TO_FIT = 40
_FOLDS = 5
_OFF_TOPIC_SHOWN = 0.03
"""Share of off-topic lines that may get anything but ``none``."""
_NEAR_MISSES_ANSWERED = 0.06
"""Largest share of these near misses that may get ``answer``. Near misses that people think up come nearer still, and
two to three times as many of them are answered."""
_SAME_QUESTION = 0.85
"""Cosine from which two questions ask for nearly the same, so that a snippet with the one mostly answers the other and
is no near miss. In a public list of frequently asked questions this holds for one in six."""
_RANGE = (0.3, 0.95)
"""The threshold of ``answer`` stays within this, however odd a small folder's questions are."""

OWN, NEAR_MISS, OFF_TOPIC = "own", "near_miss", "off_topic"


@dataclass(frozen=True, slots=True)
class _Sample:
    """One question as it was asked, with what came of it."""

    language: str
    kind: str
    group: int
    """Snippet the question belongs to; the folds of the cross-validation do not cut through it."""
    evidence: tuple[float, ...]
    answered: bool


@cache
def off_topic_lines() -> dict[str, tuple[str, ...]]:
    """Return what people say to assistants that no curated knowledge answers, by language."""
    text = resources.files("index.build").joinpath("offtopic.yaml").read_text(encoding="utf-8")
    languages: dict[str, list[str]] = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - makes nothing but text
    return {language: tuple(lines) for language, lines in languages.items()}


def calibrate(index: Index, report: Report) -> dict[str, Calibration]:
    """Return a calibration for each language with questions enough, and one for all together."""
    samples = list(_samples(index, report))
    calibrations = {ALL_LANGUAGES: _calibration(samples)}
    for language in index.languages:
        own = [sample for sample in samples if sample.language == language]
        if sum(sample.kind == OWN for sample in own) >= _LEAST_TO_FIT and len(index.languages) > 1:
            calibrations[language] = _calibration(own)
    return calibrations


def _samples(index: Index, report: Report) -> Iterator[_Sample]:
    asked = [question for language in index.languages for question in _own_questions(index, language)]
    lines = off_topic_lines()
    spoken = [language for language in index.languages if language in lines] or ["en"]
    strangers = [(language, line) for language in spoken for line in lines[language]]
    report.step("Calibrating the decision", len(asked) + len(strangers))
    for question in asked:
        if question.field is not None:
            alone = index.query(question.text, question.language, without_fields=(question.field,))
            read, ranking = index.find(alone, question.language)
            right = int(index.snippets.snippet_numbers[ranking.translations[0]]) == question.snippet
            yield _Sample(question.language, OWN, question.snippet, index.evidence(read, ranking), right)
        if len(index.snippets) > 1:
            translations = np.flatnonzero(index.snippets.snippet_numbers == question.snippet).tolist()
            left_out = [field for number in translations for field in index.fields.fields_of(number)]
            query = index.query(question.text, question.language, without_fields=left_out)
            read, missed = index.find(query, question.language, without_snippet=question.snippet)
            if not _asked_alike(missed):
                evidence = index.evidence(read, missed)
                yield _Sample(question.language, NEAR_MISS, question.snippet, evidence, answered=False)
        report.advance(1)
    for number, (language, line) in enumerate(strangers):
        if any(character.isalnum() for character in line):
            read, ranking = index.find(index.query(line, language), language)
            yield _Sample(language, OFF_TOPIC, -1 - number, index.evidence(read, ranking), answered=False)
        report.advance(1)


def _asked_alike(ranking: Ranking) -> bool:
    """Tell whether the best snippet is asked for in nearly the same words, as far as the encoder can read them."""
    features = ranking.features
    similarity = features.similarity[features.questions(int(ranking.positions[0]))]
    return bool(ranking.encoder_reads[0] >= READABLE and (similarity >= _SAME_QUESTION).any())


@dataclass(frozen=True, slots=True)
class _OwnQuestion:
    text: str
    language: str
    snippet: int
    field: int | None
    """The field of an example question; ``None`` for a sentence that stands in for one."""


def _own_questions(index: Index, language: str) -> list[_OwnQuestion]:
    """Choose example questions of a language, spread over all snippets; sentences where there are none."""
    spoken = index.languages.index(language)
    translations = np.flatnonzero(index.snippets.languages == spoken)
    random = np.random.default_rng(0)
    chosen = random.permutation(translations)[:_MOST_QUESTIONS]
    found: list[_OwnQuestion] = []
    per_translation = max(1, _MOST_QUESTIONS // len(chosen))
    for translation in chosen.tolist():
        snippet = index.snippets.translation(translation)
        owner = int(index.snippets.snippet_numbers[translation])
        fields = index.fields.questions_of(translation)
        # Curators write the plainest wording first; those after it are more like what others ask.
        for number in random.permutation(len(fields))[:per_translation].tolist():
            found.append(_OwnQuestion(snippet.questions[number], language, owner, fields[number]))
        if not snippet.questions:
            start, end = snippet.sentences[translation % len(snippet.sentences)]
            found.append(_OwnQuestion(snippet.text[start:end], language, owner, None))
    return found[:_MOST_QUESTIONS]


def _calibration(samples: Sequence[_Sample]) -> Calibration:
    evidence = np.array([sample.evidence for sample in samples], np.float64)
    answered = np.array([sample.answered for sample in samples], np.float64)
    kinds = np.array([sample.kind for sample in samples])
    weights = _weights(kinds)
    counts = {kind: int((kinds == kind).sum()) for kind in (OWN, NEAR_MISS, OFF_TOPIC)}
    plain = Calibration()
    if counts[OWN] >= _LEAST_TO_FIT:
        coefficients = fit(evidence, answered, weights)
        confidence = np.empty(len(samples))
        folds = np.array([sample.group % _FOLDS for sample in samples])
        for fold in range(_FOLDS):
            held = folds == fold
            if held.any():
                model = Calibration(fit(evidence[~held], answered[~held], weights[~held]))
                confidence[held] = [model.confidence(row) for row in evidence[held].tolist()]
    else:
        coefficients = plain.coefficients
        confidence = np.array([plain.confidence(row) for row in evidence.tolist()])
    answer, closest = _thresholds(confidence, kinds)
    return Calibration(
        coefficients=coefficients,
        answer=answer,
        closest=closest,
        questions=counts,
        expected=_expected(confidence, kinds, answered, answer, closest),
    )


def _weights(kinds: NDArray[np.str_]) -> NDArray[np.float64]:
    """Let near misses and off-topic lines together count as much as the folder's own questions."""
    own = max(1, int((kinds == OWN).sum()))
    weights = np.ones(len(kinds))
    for kind in (NEAR_MISS, OFF_TOPIC):
        weights[kinds == kind] = min(1.0, 0.5 * own / max(1, int((kinds == kind).sum())))
    return weights


def _thresholds(confidence: NDArray[np.float64], kinds: NDArray[np.str_]) -> tuple[float, float]:
    """Return the least confidences of ``answer`` and ``closest`` that keep the stated targets."""
    off_topic, near = confidence[kinds == OFF_TOPIC], confidence[kinds == NEAR_MISS]
    candidates = np.unique(np.concatenate([confidence, [_RANGE[0], _RANGE[1]]]))
    allowed = candidates[[_is_strict_enough(off_topic, near, value) for value in candidates]]
    answer = float(np.clip(allowed[0] + 1e-6 if len(allowed) else _RANGE[1], *_RANGE))
    closest = float(np.quantile(off_topic, 1 - _OFF_TOPIC_SHOWN)) + 1e-6 if len(off_topic) else answer / 2
    return round(answer, 6), round(min(closest, answer), 6)


def _is_strict_enough(off_topic: NDArray[np.float64], near: NDArray[np.float64], threshold: float) -> bool:
    rates = [_share_above(group, threshold) for group in (off_topic, near) if len(group)]
    answered = _share_above(near, threshold)
    return float(np.mean(rates or [0.0])) <= TARGET_FALSE_ANSWERS and answered <= _NEAR_MISSES_ANSWERED


def _share_above(confidence: NDArray[np.float64], threshold: float) -> float:
    return float((confidence >= threshold).mean()) if len(confidence) else 0.0


def _expected(
    confidence: NDArray[np.float64],
    kinds: NDArray[np.str_],
    answered: NDArray[np.float64],
    answer: float,
    closest: float,
) -> dict[str, float]:
    rates: dict[str, float] = {}
    for kind in (NEAR_MISS, OFF_TOPIC):
        if (kinds == kind).any():
            rates[kind] = _share_above(confidence[kinds == kind], answer)
    if rates:
        rates["false_answers"] = float(np.mean(list(rates.values())))
    if (kinds == OFF_TOPIC).any():
        rates["off_topic_shown"] = _share_above(confidence[kinds == OFF_TOPIC], closest)
    own = kinds == OWN
    if own.any():
        rates["right_first"] = float(answered[own].mean())
        rates["withheld"] = 1 - _share_above(confidence[own & (answered == 1)], answer)
    return {name: round(rate, 4) for name, rate in rates.items()}
