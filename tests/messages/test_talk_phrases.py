"""What a message is that asks nothing of the knowledge."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.messages.talk_phrases import Talk, TalkKind, recognise
from index.search.index import Index

ROOT = Path(__file__).parent.parent.parent
TABLE: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("talk_table.yaml").read_text("utf-8"))
QUESTIONS = TABLE.pop("none")


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in TABLE.items() for text in texts])
def test_a_message_is_recognised_by_its_phrases(kind: str, text: str) -> None:
    """Small talk, questions about the bot and commands in words, in three languages."""
    talk = recognise(text)
    assert talk is not None
    assert talk.kind == kind


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_of_its_own_is_left_alone(text: str) -> None:
    """A word of small talk within a question, or a question behind a greeting, makes no small talk of it."""
    assert recognise(text) is None


def test_no_question_of_the_knowledge_is_taken_for_talk(real_index: Index) -> None:
    """Titles, example questions, those left open, and those of the evaluation ask something."""
    translations = [snippet for found in real_index.snippets.values() for snippet in found.values()]
    asked = [question for s in translations for question in (s.title, *s.questions, *s.does_not_answer)]
    evaluation = yaml.safe_load((ROOT / "knowledge" / "evaluation.yaml").read_text("utf-8"))["questions"]
    asked += [entry["question"] for entry in evaluation if entry["kind"] not in ("smalltalk", "nonsense")]
    assert len(asked) > 4000
    assert [question for question in asked if recognise(question)] == []


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("thanks", "en"),
        ("спасибо", "ru"),
        ("рақмет", "kk"),
        ("salem", "kk"),
        ("privet", "ru"),
        ("merci", "fr"),
        ("ok", None),
        ("👍", None),
        ("по-английски", "en"),
        ("орысша", "ru"),
        ("kazakh", "kk"),
    ],
)
def test_the_language_is_that_of_the_phrase(text: str, language: str | None) -> None:
    """Where the phrase belongs to no language, none is named."""
    talk = recognise(text)
    assert talk is not None
    assert talk.language == language


@pytest.mark.parametrize(
    "text", ["Thnaks!", "спосибо", "Thannnnks", "привееет", "helo", "РАХМЕТ!!!", "Здраствуйте", "Goodby"]
)
def test_slips_and_repeated_letters_do_not_matter(text: str) -> None:
    """People type small talk fast."""
    assert recognise(text)


def test_sources_with_a_question_mark_are_those_of_a_quote() -> None:
    """The bare word opens the page; asked, it refers to what was shown."""
    assert recognise("Sources") == Talk(TalkKind.SOURCES, "en")
    assert recognise("sources?") is None


@pytest.mark.parametrize("text", ["", " ", "?", "...", "5", "2026", "—"])
def test_what_says_nothing_is_no_talk(text: str) -> None:
    """Neither are marks and numbers alone."""
    assert recognise(text) is None


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_any_text_can_be_looked_at(text: str) -> None:
    """Nothing that people send makes it fail, and the answer is always the same."""
    assert recognise(text) == recognise(text)


@settings(max_examples=100)
@given(*(st.sampled_from(TABLE[kind]) for kind in ("hello", "how", "thanks")))
def test_one_phrase_behind_another_is_talk(greeting: str, how: str, thanks: str) -> None:
    """What asks nothing alone asks nothing together, and the kind that decides first is taken."""
    talk = recognise(f"{greeting} {how} {thanks}")
    assert talk is not None
    assert talk.kind is TalkKind.HOW
