"""Fit the decision to a folder at build time, from its own questions and from questions no folder answers.

Three kinds of questions are used. The folder's own example questions, each asked while it is left out of the index.
Near misses: the questions that snippets say they do not answer, each asked while it is left out itself; where a folder
lists none, its own questions asked while their whole snippet is left out, unless another snippet is asked for in nearly
the same words. And lines that no curated knowledge answers. Where there are too few own questions, the coefficients
remain those of public data.

Every question is drawn by a hash of its own, so that a new or changed snippet changes nothing that is drawn from
others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from itertools import islice

import numpy as np
import yaml
from numpy.typing import NDArray

from index.build import Report
from index.question.frames import core
from index.search.answerability import Found
from index.search.decision import ALL_LANGUAGES, Calibration, Costs, fit
from index.search.index import Index
from index.search.scoring import Ranking
from index.text.language import READABLE

_MOST_QUESTIONS = 800
"""Own questions of a language that are asked, and as many near misses: enough for rates to half a per cent."""
_LEAST_TO_FIT = 40
_FOLDS = 5
_OFF_TOPIC_SHOWN = 0.03
"""Share of off-topic lines that may get anything but ``none``."""
_LEAST_CLOSEST = 0.03
"""Least probability at which snippets are shown where no off-topic line is in a language of the knowledge. Lines in
other languages find nothing, so that all of them would be told apart at zero."""
_RESAMPLES = 200
_SAME_QUESTION = 0.85
"""Cosine from which two questions ask for nearly the same, so that a snippet with the one mostly answers the other and
is no near miss. In a public list of frequently asked questions this holds for one in six."""

OWN, NEAR_MISS, OFF_TOPIC = "own", "near_miss", "off_topic"


@dataclass(frozen=True, slots=True)
class _Sample:
    """One question as it was asked, with what came of it."""

    language: str
    kind: str
    fold: int
    """The part of the cross-validation it is held out in; all questions of a snippet are in the same."""
    evidence: tuple[float, ...]
    forbidden: bool
    """Whether something forbids to answer, whatever the evidence."""
    answered: bool


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A question of a translation."""

    text: str
    language: str
    translation: int
    number: int | None
    """The field of an example question, or the number of a negative example; ``None`` for a sentence that stands in for
    a question."""
    draw: int
    """A hash of the question and its snippet."""


@cache
def off_topic_lines() -> dict[str, tuple[str, ...]]:
    """Return what people say to assistants that no curated knowledge answers, by language."""
    text = resources.files("index.build").joinpath("offtopic.yaml").read_text(encoding="utf-8")
    languages: dict[str, list[str]] = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - makes nothing but text
    return {language: tuple(lines) for language, lines in languages.items()}


def calibrate(index: Index, costs: Costs, report: Report) -> dict[str, Calibration]:
    """Return a calibration for each language with questions enough, and one for all together."""
    samples = list(_samples(index, report))
    least = 0.0 if off_topic_lines().keys() & set(index.languages) else _LEAST_CLOSEST
    calibrations = {ALL_LANGUAGES: _calibration(samples, costs, least)}
    for language in index.languages:
        own = [sample for sample in samples if sample.language == language]
        if sum(sample.kind == OWN for sample in own) >= _LEAST_TO_FIT and len(index.languages) > 1:
            calibrations[language] = _calibration(own, costs, least)
    return calibrations


def _samples(index: Index, report: Report) -> Iterator[_Sample]:
    languages = index.languages
    asked = [each for language in languages for each in _drawn(_own_questions(index, language), with_names=False)]
    refused = [each for language in languages for each in _drawn(_negatives(index, language), with_names=True)]
    lines = off_topic_lines()
    spoken = [language for language in index.languages if language in lines] or ["en"]
    strangers = [(language, line) for language in spoken for line in lines[language]]
    report.step("Calibrating the decision", len(asked) + len(refused) + len(strangers))
    for question in asked:
        if question.number is not None:
            yield _ask_own(index, question)
        if not refused and len(index.snippets) > 1:
            yield from _ask_without_snippet(index, question)
        report.advance(1)
    for question in refused:
        query = index.query(question.text, question.language, without_negatives=(question.number or 0,))
        yield _sample(index, question, NEAR_MISS, index.find(query, question.language))
        report.advance(1)
    for number, (language, line) in enumerate(strangers):
        if any(character.isalnum() for character in line):
            found = index.find(index.query(core(line, language).text or line, language), language)
            yield _Sample(
                language, OFF_TOPIC, number % _FOLDS, index.evidence(found), index.forbids(found), answered=False
            )
        report.advance(1)


def _sample(index: Index, question: _Drawn, kind: str, found: Found, answered: bool = False) -> _Sample:
    """Return how the best snippet looks for a question that was asked."""
    fold = _hash(index.snippets.translation(question.translation).id) % _FOLDS
    return _Sample(question.language, kind, fold, index.evidence(found), index.forbids(found), answered)


def _ask_own(index: Index, question: _Drawn) -> _Sample:
    """Ask an example question as if it were not in the index."""
    numbers = index.snippets.snippet_numbers
    query = index.query(question.text, question.language, without_fields=(question.number or 0,))
    found = index.find(query, question.language)
    right = bool(numbers[found.ranking.translations[0]] == numbers[question.translation])
    return _sample(index, question, OWN, found, right)


def _ask_without_snippet(index: Index, question: _Drawn) -> Iterator[_Sample]:
    """Ask a question as if its snippet were not in the index."""
    numbers = index.snippets.snippet_numbers
    snippet = int(numbers[question.translation])
    translations = np.flatnonzero(numbers == snippet).tolist()
    left_out = [field for number in translations for field in index.fields.fields_of(number)]
    query = index.query(question.text, question.language, without_fields=left_out)
    found = index.find(query, question.language, without_snippet=snippet)
    if not _asked_alike(found.ranking):
        yield _sample(index, question, NEAR_MISS, found)


def _asked_alike(ranking: Ranking) -> bool:
    """Tell whether the best snippet is asked for in nearly the same words, as far as the encoder can read them."""
    features = ranking.features
    similarity = features.similarity[features.questions(int(ranking.positions[0]))]
    return bool(ranking.encoder_reads[0] >= READABLE and (similarity >= _SAME_QUESTION).any())


def _drawn(questions: Iterable[_Drawn], *, with_names: bool) -> list[_Drawn]:
    """Choose questions by their hashes and take them out of the words around them.

    Args:
        questions: All there are.
        with_names: Whether one that only names a thing may be chosen.
    """
    in_order = sorted(questions, key=lambda question: question.draw)
    chosen = (_asked(question, with_names) for question in in_order)
    return list(islice((question for question in chosen if question), _MOST_QUESTIONS))


def _asked(question: _Drawn, with_names: bool) -> _Drawn | None:
    if question.number is None:
        return question
    asked = core(question.text, question.language)
    # What only names a thing is answered by its name, not by its probability.
    return replace(question, text=asked.text or question.text) if with_names or not asked.about else None


def _hash(*texts: str) -> int:
    """Return a number that depends on nothing but ``texts``."""
    return int.from_bytes(hashlib.sha256("\0".join(texts).encode()).digest()[:8], "big")


def _own_questions(index: Index, language: str) -> Iterator[_Drawn]:
    """Yield the example questions of a language; a sentence of each snippet where it has none."""
    for number in _translations(index, language):
        snippet = index.snippets.translation(number)
        for field, text in zip(index.fields.questions_of(number), snippet.questions, strict=True):
            # A heading that asks stands in the title, too, where it would be found again.
            if snippet.chosen_questions:
                yield _Drawn(text, language, number, field, _hash(snippet.id, text))
        if not snippet.chosen_questions:
            draw = _hash(snippet.id)
            start, end = snippet.sentences[draw % len(snippet.sentences)]
            yield _Drawn(snippet.text[start:end], language, number, None, draw)


def _negatives(index: Index, language: str) -> Iterator[_Drawn]:
    """Yield the questions of a language that its snippets do not answer."""
    for number in _translations(index, language):
        snippet = index.snippets.translation(number)
        for place, text in enumerate(snippet.does_not_answer, index.negatives.of(number).start):
            yield _Drawn(text, language, number, place, _hash(snippet.id, text))


def _translations(index: Index, language: str) -> list[int]:
    """Return the translations in a language; of very many, those whose ids have the smallest hashes."""
    spoken: list[int] = np.flatnonzero(index.snippets.languages == index.languages.index(language)).tolist()
    if len(spoken) <= _MOST_QUESTIONS:
        return spoken
    return sorted(spoken, key=lambda number: _hash(index.snippets.translation(number).id))[:_MOST_QUESTIONS]


def _calibration(samples: Sequence[_Sample], costs: Costs, least: float) -> Calibration:
    evidence = np.array([sample.evidence for sample in samples], np.float64)
    answered = np.array([sample.answered for sample in samples], np.float64)
    kinds = np.array([sample.kind for sample in samples])
    # What is forbidden anyway needs no probability.
    free = np.array([not sample.forbidden for sample in samples])
    weights = _weights(kinds, free, costs)
    counts = {kind: int((kinds == kind).sum()) for kind in (OWN, NEAR_MISS, OFF_TOPIC)}
    plain = Calibration()
    if counts[OWN] >= _LEAST_TO_FIT:
        coefficients = fit(evidence[free], answered[free], weights[free])
        confidence = np.empty(len(samples))
        folds = np.array([sample.fold for sample in samples])
        for fold in range(_FOLDS):
            held, others = folds == fold, free & (folds != fold)
            if held.any():
                model = Calibration(fit(evidence[others], answered[others], weights[others]))
                confidence[held] = [model.confidence(row) for row in evidence[held].tolist()]
    else:
        coefficients = plain.coefficients
        confidence = np.array([plain.confidence(row) for row in evidence.tolist()])
    told_apart = _smooth_quantile(confidence[kinds == OFF_TOPIC], 1 - _OFF_TOPIC_SHOWN)
    closest = min(max(told_apart, least), costs.threshold)
    confidence[~free] = np.minimum(confidence[~free], closest)
    return Calibration(
        coefficients=coefficients,
        answer=costs.threshold,
        closest=round(closest, 6),
        costs=costs,
        questions=counts,
        expected=_expected(confidence, kinds, answered, costs.threshold, closest),
    )


def _weights(kinds: NDArray[np.str_], free: NDArray[np.bool_], costs: Costs) -> NDArray[np.float64]:
    """Let near misses and off-topic lines together count as much as the folder's own questions.

    A near miss counts more or less than another wrong answer if it costs more or less.
    """
    own = max(1, int((free & (kinds == OWN)).sum()))
    weights = np.ones(len(kinds))
    for kind, cost in ((NEAR_MISS, costs.near_miss_answered / costs.wrong_answer), (OFF_TOPIC, 1.0)):
        weights[kinds == kind] = cost * min(1.0, 0.5 * own / max(1, int((free & (kinds == kind)).sum())))
    return weights


def _smooth_quantile(values: NDArray[np.float64], share: float) -> float:
    """Return the mean of a quantile over bootstrap samples (Efron, 1979): one value more or less hardly moves it."""
    if not len(values):
        return 0.0
    drawn = np.random.default_rng(0).integers(len(values), size=(_RESAMPLES, len(values)))
    return float(np.quantile(np.sort(values)[drawn], share, axis=1).mean())


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
