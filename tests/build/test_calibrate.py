"""The decision is fitted to a folder: from its own questions as strangers would ask them, whatever its size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.build import calibrate
from index.build.builder import build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.question.frames import core
from index.search import decision
from index.search.decision import ALL_LANGUAGES, EVIDENCE, PRIOR, Costs, fit
from index.search.index import Index
from tests.support.small_knowledge import SMALL, MakeKnowledge


def test_what_a_folder_of_five_snippets_expects_is_recorded(make_knowledge: MakeKnowledge, data: Path) -> None:
    """Too few questions to fit: public coefficients, thresholds of the folder's own, rates between 0 and 1."""
    build(make_knowledge(), data, encoder=DEFAULT_ENCODER)
    index = Index.open(data)
    calibration = index.manifest.calibration[ALL_LANGUAGES]
    assert calibration.coefficients == PRIOR
    assert 0 < calibration.closest <= calibration.answer < 1
    assert calibration.questions["off_topic"] > 100
    assert calibration.answer == Costs().threshold
    assert all(0 <= rate <= 1 for rate in calibration.expected.values())
    index.close()


def test_plain_files_without_questions_are_calibrated_too(tmp_path: Path, data: Path) -> None:
    """Their sentences stand in for questions."""
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "mine.txt").write_text("The copper mine opened in 1950. It employs two hundred people.\n")
    (folder / "law.txt").write_text("A licence is granted by auction. It lasts for six years.\n")
    (folder / "school.txt").write_text(
        "Geologists train at the university of Karaganda. Courses are held in English.\n"
    )
    build(folder, data, encoder=DEFAULT_ENCODER)
    index = Index.open(data)
    calibration = index.manifest.calibration[ALL_LANGUAGES]
    assert calibration.questions["near_miss"] == 3
    assert calibration.answer == Costs().threshold
    index.close()


def test_a_question_that_is_asked_of_another_passage_is_no_near_miss(make_knowledge: MakeKnowledge, data: Path) -> None:
    """Left without its own passage, it finds the one that people ask for in nearly the same words."""
    twice = {
        "one/north.md": (
            "The north",
            "The northern mine sells zinc.",
            ["how do I apply for an exploration licence"],
        ),
        "two/south.md": ("The south", "The southern mine sells lead.", ["how can I get an exploration licence"]),
    }
    build(make_knowledge({**SMALL, **twice}), data, encoder=DEFAULT_ENCODER)
    index = Index.open(data)
    questions = index.manifest.calibration[ALL_LANGUAGES].questions
    asked = [text for _, _, texts in (*SMALL.values(), *twice.values()) for text in texts]
    # What only names a thing is answered by its name, not by its probability.
    own = [text for text in asked if not core(text, "en").about]
    assert questions["own"] == len(own)
    assert questions["near_miss"] == len(own) - len(twice)
    index.close()


def test_a_passage_left_out_takes_its_words_along(real_index: Index) -> None:
    """A near miss is asked as if the passage did not exist: what only it says is unknown."""
    numbers = real_index.snippets.numbers("resources/uranium-output-and-share")
    fields = [field for number in numbers for field in real_index.fields.fields_of(number)]
    question = "was it 21,227 tonnes of uranium"
    whole = real_index.query(question, "en").terms.asked.unknown
    without = real_index.query(question, "en", without_fields=fields).terms.asked.unknown
    assert without > whole


@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
def test_the_fit_finds_its_optimum(seed: int, count: int) -> None:
    """No coefficient counts against its sense, and none that counts can be moved without making the fit worse."""
    random = np.random.default_rng(seed)
    evidence = random.normal(size=(count, len(EVIDENCE)))
    answered = (random.random(count) < 0.5).astype(float)
    weights = random.uniform(0.1, 1, count)
    fitted = np.array(fit(evidence, answered, weights))
    assert np.isfinite(fitted).all()
    np.testing.assert_array_equal(fitted, np.array(fit(evidence, answered, weights)))
    assert not np.allclose(fitted, np.array(fit(evidence, 1 - answered, weights)))
    precision = decision._PRIOR_STRENGTH * np.square(decision._SPREAD)

    def loss(beta: NDArray[np.float64]) -> float:
        margins = np.where(answered > 0, 1.0, -1.0) * (beta[0] + evidence @ beta[1:])
        return float(weights @ np.logaddexp(0, -margins) + precision @ (beta - decision.PRIOR) ** 2 / 2)

    assert (fitted * decision._SENSE >= 0).all()
    least = loss(fitted)
    for step in np.eye(len(fitted))[fitted != 0] * 0.01:
        assert min(loss(fitted + step), loss(fitted - step)) > least


def test_the_threshold_follows_from_what_mistakes_cost() -> None:
    """It is the probability at which both choices cost the same on average."""
    for wrong, withheld in ((1.0, 1.0), (3.0, 1.0), (1.0, 4.0)):
        threshold = Costs(wrong_answer=wrong, withheld=withheld).threshold
        assert (1 - threshold) * wrong == pytest.approx(threshold * withheld, abs=1e-5)


def test_a_new_snippet_changes_nothing_that_is_drawn_from_others(make_knowledge: MakeKnowledge, data: Path) -> None:
    """Questions are drawn by their own hashes, and no threshold of an answer moves."""
    folder = make_knowledge()
    drawn: list[set[tuple[str, int]]] = []
    answers = []
    for step in range(2):
        if step:
            (folder / "metals" / "zinc.md").write_text(
                "---\ntitle: Zinc\nsources: [press]\nas_of: 2025\nquestions: [how much zinc is sold abroad]\n---\n"
                "Zinc is sold.\n"
            )
        build(folder, data, encoder=DEFAULT_ENCODER)
        index = Index.open(data)
        questions = calibrate._drawn(calibrate._own_questions(index, "en"), with_names=False)
        drawn.append({(question.text, question.draw) for question in questions})
        answers.append(index.manifest.calibration[ALL_LANGUAGES].answer)
        index.close()
    assert drawn[0] < drawn[1]
    assert answers[0] == answers[1]


def test_what_snippets_do_not_answer_are_the_near_misses(make_knowledge: MakeKnowledge, data: Path) -> None:
    """Where curators wrote such questions down, no snippet is taken away to make others."""
    folder = make_knowledge()
    path = folder / "metals" / "copper.md"
    listed = "does_not_answer: [Who buys the copper that is made?, What does copper cost today?]\n---\n"
    front, body = path.read_text().removeprefix("---\n").split("---\n", 1)
    path.write_text(f"---\n{front}{listed}{body}")
    build(folder, data, encoder=DEFAULT_ENCODER)
    index = Index.open(data)
    assert index.manifest.calibration[ALL_LANGUAGES].questions["near_miss"] == 2
    index.close()
