"""What a question states and a passage does not hold is found, and hardly anything else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from index.knowledge.snippet import Snippet
from index.search.contradiction import Difference, DifferenceKind, differences
from index.search.known_names import KnownNames

TODAY = date(2026, 11, 28)
ENTRIES: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("contradicted.yaml").read_text(encoding="utf-8")
)
LANGUAGES = ("en", "ru", "kk")


def snippet(text: str, *, language: str = "en", title: str = "A title", as_of: str | None = None) -> Snippet:
    span = (0, len(text))
    return Snippet(
        id="metals/one", language=language, topic="metals", title=title, text=text, sentences=(span,), as_of=as_of
    )


TRANSLATIONS = [
    [
        snippet(**entry["snippet"][language], language=language, as_of=str(entry["snippet"]["as_of"]))
        for language in LANGUAGES
    ]
    for entry in ENTRIES
]
KNOWN = KnownNames.of([snippet for translations in TRANSLATIONS for snippet in translations])


def ask(question: str, language: str, number: int) -> tuple[Difference, ...]:
    shown_first = sorted(TRANSLATIONS[number], key=lambda snippet: snippet.language != language)
    return differences(question, language, shown_first, KNOWN, today=TODAY)


def ask_of(text: str, question: str, language: str = "en") -> list[tuple[str, str, str | None]]:
    found = differences(question, language, [snippet(text, language=language)], KnownNames(), today=TODAY)
    return [(str(difference.kind), difference.asked, difference.found) for difference in found]


def answered() -> Iterator[tuple[str, str, int]]:
    for number, entry in enumerate(ENTRIES):
        for language, questions in entry["answered"].items():
            yield from ((question, language, number) for question in questions)


def contradicted() -> Iterator[tuple[str, str, int, str]]:
    for number, entry in enumerate(ENTRIES):
        for kind, by_language in entry["contradicted"].items():
            for language, questions in by_language.items():
                yield from ((question, language, number, kind) for question in questions)


@pytest.mark.parametrize(("question", "language", "number"), list(answered()))
def test_a_question_that_the_passage_answers_has_no_difference(question: str, language: str, number: int) -> None:
    """In any spelling of dates, numbers and names, typed with care or not."""
    assert ask(question, language, number) == ()


@pytest.mark.parametrize(("question", "language", "number", "kind"), list(contradicted()))
def test_a_contradicted_question_differs(question: str, language: str, number: int, kind: str) -> None:
    """Another date, number, ordinal, name or role, or a negation; the words of the question are named."""
    found = ask(question, language, number)
    assert kind in {difference.kind for difference in found}
    assert all(difference.asked.casefold() in question.casefold() for difference in found)


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        ("It was signed on 18 March 2023.", "signed in April 2023?", ("date", "April 2023", "18 March 2023")),
        ("They made 6,218 tonnes.", "did they make 9,000 tonnes?", ("number", "9,000", "6,218")),
        ("The third session was long.", "the second session", ("ordinal", "second", "third")),
    ],
)
def test_a_difference_says_what_the_passage_has_instead(
    text: str, question: str, expected: tuple[str, str, str]
) -> None:
    """Where it has one thing of the kind."""
    assert ask_of(text, question) == [expected]


@pytest.mark.parametrize(
    "question",
    ["anything since 2020?", "before 2025", "the year 2023 or 2024?", "2023 tonnes", "my second question: who signed?"],
)
def test_a_date_or_ordinal_may_only_bound_or_number_the_question(question: str) -> None:
    """A passage of 2023 answers what is asked since 2020, before 2025 and about 2023 or 2024."""
    assert ask_of("It was signed in 2023.", question) == []


def test_front_matter_and_questions_count() -> None:
    """The date at which a text held, and the names that its example questions use."""
    held = snippet("It grew by 8%.", as_of="2025-06-04")
    known = KnownNames.of([snippet("They met at the Exim Bank.")])
    assert differences("growth on 4 June 2025", "en", [held], known, today=TODAY) == ()
    named = Snippet(**{name: getattr(held, name) for name in held.__slots__} | {"questions": ("does Exim pay",)})
    assert [difference.asked for difference in differences("does Exim pay", "en", [held], known, today=TODAY)] == [
        "Exim"
    ]
    assert differences("does Exim pay", "en", [named], known, today=TODAY) == ()


def test_synonyms_are_the_same_name() -> None:
    """Also where one is of several words."""
    known = KnownNames.of([], [["BGS", "British Geological Survey"]])
    held = [snippet("The British Geological Survey made a map.")]
    assert differences("What map did the BGS make?", "en", held, known, today=TODAY) == ()


def test_a_name_of_the_knowledge_needs_no_capital_letter() -> None:
    """A word that the knowledge has in lower case too is no name."""
    known = KnownNames.of([snippet("The plant of Boliden is large. It has workers and Workers magazine.")])
    held = [snippet("Glencore has a plant.")]
    assert [found.asked for found in differences("does boliden own it", "en", held, known, today=TODAY)] == ["boliden"]
    assert differences("does it have workers", "en", held, known, today=TODAY) == ()


def test_a_german_noun_is_no_name() -> None:
    """All of them have capital letters; countries are names all the same."""
    passage = "Der Beitrag für Kinder beträgt sechs Euro."
    known = KnownNames.of([snippet(passage, language="de"), snippet("Die Halle ist offen.", language="de")])
    held = [snippet(passage, language="de")]
    question = "Ist die Halle für die Familie offen?"
    assert differences(question, "de", held, known, today=TODAY) == ()
    assert [found.asked for found in differences(f"{question} Pakistan", "de", held, known, today=TODAY)] == [
        "Pakistan"
    ]


def test_a_capital_letter_at_the_beginning_names_nothing_in_a_latin_alphabet() -> None:
    """In Cyrillic text a word in Latin letters is a name wherever it stands."""
    held = [snippet("La batterie se recharge.", language="fr")]
    assert differences("Puis-je recharger la batterie ?", "fr", held, KnownNames(), today=TODAY) == ()
    assert differences("Exim заряжает?", "ru", [snippet("Он заряжает.", language="ru")], KnownNames(), today=TODAY)


def test_a_misspelled_name_is_the_name_of_the_passage() -> None:
    """If the knowledge has no other of that spelling."""
    assert ask_of("Minister Ingrid Dahl signed.", "Did Ingrid Dahll sign?") == []


@given(st.text(st.characters(codec=None), max_size=80), st.sampled_from([*LANGUAGES, "und"]))
def test_any_question_is_compared(question: str, language: str) -> None:
    """Whatever is typed, each difference is of a kind and names words."""
    for difference in ask(question, language, 0):
        assert difference.kind in DifferenceKind
        assert difference.asked
