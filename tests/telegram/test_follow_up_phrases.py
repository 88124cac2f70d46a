"""What messages behind a quote ask of it, by their wording alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.telegram.handlers.follow_up_phrases import asks_for_more, fact_asked
from index.search.index import Index

ROOT = Path(__file__).parent.parent.parent
WORDINGS: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("quote_wordings.yaml").read_text("utf-8"))
OTHERS = WORDINGS.pop("none")


@pytest.mark.parametrize(("wanted", "text"), [(wanted, text) for wanted, texts in WORDINGS.items() for text in texts])
def test_a_message_about_a_quote_is_understood(wanted: str, text: str) -> None:
    """In three languages, whatever the order of the words, in Latin letters too, politely or not."""
    fact = fact_asked(text)
    assert (fact.value if fact else "more" if asks_for_more(text) else None) == wanted


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_about_something_else_is_left_alone(text: str) -> None:
    """A thing of its own makes a question of it; so does a pronoun for what the quote is about, and the bot itself."""
    assert fact_asked(text) is None
    assert not asks_for_more(text)


def test_no_question_of_the_knowledge_is_about_a_quote(real_index: Index) -> None:
    """Neither titles nor questions, those left open and those of the evaluation included."""
    translations = [snippet for found in real_index.snippets.values() for snippet in found.values()]
    asked = [question for s in translations for question in (s.title, *s.questions, *s.does_not_answer)]
    evaluation = yaml.safe_load((ROOT / "knowledge" / "evaluation.yaml").read_text("utf-8"))["questions"]
    asked += [entry["question"] for entry in evaluation if entry["kind"] not in ("smalltalk", "nonsense")]
    assert [question for question in asked if fact_asked(question) or asks_for_more(question)] == []


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_any_text_can_be_looked_at(text: str) -> None:
    """Nothing that people send makes it fail, and the answer is always the same."""
    assert fact_asked(text) == fact_asked(text)
    assert asks_for_more(text) == asks_for_more(text)


@settings(max_examples=100)
@given(st.sampled_from(WORDINGS["source"]), st.sampled_from(["!", "???", " ...", " 🙏", ")"]), st.booleans())
def test_marks_and_capitals_do_not_matter(text: str, marks: str, capitals: bool) -> None:
    """People shout, and end a message as they like."""
    assert fact_asked((text.upper() if capitals else text) + marks) == fact_asked(text)
