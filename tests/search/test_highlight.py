"""The sentence that answers is preferred to one that only resembles the question."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.knowledge.sentences import split_sentences
from index.knowledge.snippet import Snippet
from index.search.highlight import Cues, best_sentence
from index.search.scoring import Features, Weights


def chosen(question: str, *sentences: str, resembling: tuple[float, ...] = ()) -> str:
    """Return the sentence chosen where all resemble the question as much, or as much as stated."""
    text = " ".join(sentences)
    snippet = Snippet("a/b", "en", "a", "T", text, split_sentences(text))
    assert len(snippet.sentences) == len(sentences)
    fields = 2 + len(sentences)
    alike = np.array([0.0, 0.0, *(resembling or [0.5] * len(sentences)), 0.0], np.float32)
    features = Features(
        values=np.zeros((len(Weights._fields), 1), np.float32),
        without_questions=np.array([True]),
        similarity=alike,
        stems=np.zeros(fields),
        grams=np.zeros(fields),
        starts=np.array([[2], [fields], [fields]]),
    )
    start, end = snippet.sentences[best_sentence(snippet, features, 0, Cues.of(question))]
    return text[start:end]


OWNER, SHARE = "The bank bought into the graphite mine.", "It holds 17.4% of the shares."
BUILT, PRICE = "The smelter was built by a firm from Leeds in 2021.", "It cost 300 million dollars."
TERM, RENEWED = "The licence of 2020 allows exploration.", "It runs for six years."
CROWD, COUNT = "The congress of 2025 was held in Astana.", "About 1,300 delegates came."


@pytest.mark.parametrize(
    ("question", "sentences", "answer"),
    [
        ("What stake does the bank have?", (OWNER, SHARE), SHARE),
        (
            "какой пакет акций у банка",
            ("Банк вошёл в проект.", "Он владеет 17,4% проекта."),
            "Он владеет 17,4% проекта.",
        ),
        ("банктің үлесі", ("Банк жобаға кірді.", "Оған жобаның 17,4%-ы тиесілі."), "Оған жобаның 17,4%-ы тиесілі."),
        ("what was the price of the smelter", (BUILT, PRICE), PRICE),
        ("сколько стоит завод", ("Завод построен в 2021 году.", "Цена 300 млн долларов."), "Цена 300 млн долларов."),
        ("зауыттың құны", ("Зауыт 2021 жылы салынды.", "Оған 300 млн доллар кетті."), "Оған 300 млн доллар кетті."),
        ("how long is the licence valid", (TERM, RENEWED), RENEWED),
        ("на какой срок лицензия", ("Лицензия от 2020 года.", "Она действует шесть лет."), "Она действует шесть лет."),
        ("лицензия қанша жылға", ("Лицензия 2020 жылғы.", "Ол алты жыл жүреді."), "Ол алты жыл жүреді."),
        ("how many people came", (CROWD, COUNT), COUNT),
        ("when was it built", ("It belongs to a firm from Leeds.", "It was built in May."), "It was built in May."),
        ("who runs it", ("It is a small mine.", "It is run by Amy Stone."), "It is run by Amy Stone."),
    ],
)
def test_the_sentence_with_the_thing_asked_for_is_chosen(
    question: str, sentences: tuple[str, ...], answer: str
) -> None:
    """A year is no count, no price and no term."""
    assert chosen(question, *sentences) == answer


@pytest.mark.parametrize(
    ("question", "older", "newer"),
    [
        ("current output", "Output was 40 tonnes in 2022.", "Output was 45 tonnes in 2024."),
        ("how much do they dig now", "They dug 40 tonnes in 2022.", "They dug 45 tonnes in 2024."),
        ("latest output", "Output was 40 tonnes in 2022.", "Output was 45 tonnes in 2024."),
        ("сколько добывают сейчас", "В 2022 году добыто 40 тонн.", "В 2024 году добыто 45 тонн."),
        ("қазір қанша өндіріледі", "2022 жылы 40 тонна өндірілді.", "2024 жылы 45 тонна өндірілді."),
    ],
)
def test_a_question_about_today_gets_the_newest_value(question: str, older: str, newer: str) -> None:
    """The order of the sentences does not matter then."""
    assert chosen(question, older, newer) == chosen(question, newer, older) == newer


def test_a_stated_year_is_not_overruled_by_a_newer_one() -> None:
    """Where a year is asked for, resemblance decides."""
    assert chosen("output now and in 2022", "Output was 40 in 2022.", "Output was 45 in 2024.").endswith("2022.")


LEAD = "The mine yields 15% of world output."


@pytest.mark.parametrize(
    "remark",
    [
        "Published figures differ: 11% or 16%.",
        "The ministry did not state its share of 15%.",
        "An interview of May gives 16%.",
    ],
)
def test_a_fact_is_preferred_to_a_remark_about_sources(remark: str) -> None:
    """Even one that resembles the question a little more."""
    assert chosen("what share does it yield", LEAD, remark, resembling=(0.5, 0.6)) == LEAD


def test_a_question_about_sources_gets_the_remark() -> None:
    """Then it is the answer."""
    remark = "Published figures differ: 11% or 16%."
    assert chosen("which sources differ about it", LEAD, remark, resembling=(0.5, 0.6)) == remark


def test_the_first_of_equals_is_chosen() -> None:
    """Passages begin with what matters most."""
    assert chosen("the mine", "It is open.", "It is deep.", resembling=(0.5, 0.55)) == "It is open."


def test_resemblance_outweighs_form() -> None:
    """A sentence that is plainly about the question is chosen, whatever the others look like."""
    assert chosen(
        "how many work there", "Copper was found in 5 places.", "Many work there.", resembling=(0.2, 0.9)
    ) == ("Many work there.")


@given(st.text())
def test_any_question_has_a_best_sentence(question: str) -> None:
    """Nothing that people type raises."""
    assert chosen(question, OWNER, SHARE, RENEWED) in {OWNER, SHARE, RENEWED}
