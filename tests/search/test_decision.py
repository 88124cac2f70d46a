"""What follows from confidence and evidence: how an uncertain answer is put, and what is never an answer."""

from __future__ import annotations

import pytest

from index.search.decision import ALL_LANGUAGES, Calibration, Decision, Evidence
from index.search.index import Index

CALIBRATION = Calibration(answer=0.6, closest=0.2)
CLEAR = Evidence(
    score=0.6, margin=0.1, lead=0.2, sentence_stems=0.5, stems=0.5,
    unknown=0.0, missing_numbers=0.0, length=2.0, unmet=0.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("confidence", "changed", "likely"),
    [
        (0.5, {}, True),
        (0.47, {}, False),
        (0.5, {"margin": 0.04}, False),
        (0.5, {"unmet": 1.0}, False),
    ],
)
def test_a_passage_is_likely_at_high_confidence_with_a_clear_lead(
    confidence: float, changed: dict[str, float], likely: bool
) -> None:
    """Not where another passage is as good, or where it lacks the kind of thing that was asked for."""
    assert CALIBRATION.is_likely(confidence, CLEAR._replace(**changed)) is likely


@pytest.mark.parametrize(
    ("confidence", "changed", "near"),
    [
        (0.05, {}, True),
        (0.03, {}, False),
        (0.05, {"score": 0.29}, False),
        (0.05, {"unknown": 0.6}, False),
    ],
)
def test_a_question_is_near_where_the_knowledge_has_its_words_and_something_like_it(
    confidence: float, changed: dict[str, float], near: bool
) -> None:
    """Each of confidence, score and known words has a floor."""
    assert CALIBRATION.is_near(confidence, CLEAR._replace(**changed)) is near


def test_what_is_forbidden_is_no_answer_where_both_thresholds_are_the_same(real_index: Index) -> None:
    """In a folder without example questions the confidence that is left to a near miss would suffice for an answer."""
    index = real_index.calibrated({ALL_LANGUAGES: Calibration(answer=0.0, closest=0.0)})
    snippet = next(
        snippet for topic in index.topics for snippet in index.in_topic(topic.id, "en") if snippet.does_not_answer
    )
    answer = index.answer(snippet.does_not_answer[0], "en")
    assert (answer.decision, answer.likely) == (Decision.CLOSEST, False)
