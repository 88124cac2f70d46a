"""Questions that go on from the one before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.telegram.handlers.follow_ups import (
    FOLLOW_UP_SECONDS,
    Conversations,
    answers_clearly_better,
    asks_about_the_quote,
    leans_on_another,
)
from index.search.answer import Answer
from index.search.decision import Decision
from index.search.index import Index
from tests.support.telegram_bench import Bench, asked_for, run


@pytest.mark.parametrize(
    ("text", "leans"),
    [
        ("and who said that?", True),
        ("what about lithium?", True),
        ("А когда?", True),
        ("ал қашан?", True),
        ("why?", True),
        ("Is it large?", True),
        ("Which minister of Kazakhstan signed the roadmap in London and when did that happen exactly?", False),
        ("Kounrad solar plant", False),
        ("", False),
    ],
)
def test_what_may_go_on_from_another_question(text: str, leans: bool) -> None:
    """Short questions that begin like a continuation or point back lean on another."""
    assert leans_on_another(text) is leans


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("and who said that?", True),
        ("When was that?", True),
        ("source?", True),
        ("А кто это сказал?", True),
        ("Откуда это?", True),
        ("мұны кім айтты?", True),
        ("Дереккөзі қайда?", True),
        ("and who signed it?", False),
        ("what about lithium?", False),
        ("why?", False),
        ("what is it?", False),
        ("", False),
    ],
)
def test_what_asks_about_the_quote_itself(text: str, about: bool) -> None:
    """Only who, when and from where, with nothing that could be looked for."""
    assert asks_about_the_quote(text) is about


def _answer(real_index: Index, decision: Decision, confidence: float) -> Answer:
    return replace(real_index.answer("anything"), decision=decision, confidence=confidence)


def test_the_combination_must_answer_and_clearly_better(real_index: Index) -> None:
    """A question that is answered alone is never combined, nor one that gains little."""
    none, weak, sure = (
        _answer(real_index, *how) for how in ((Decision.NONE, 0.1), (Decision.ANSWER, 0.2), (Decision.ANSWER, 0.9))
    )
    assert answers_clearly_better(sure, none)
    assert not answers_clearly_better(sure, sure)
    assert not answers_clearly_better(weak, none)
    assert not answers_clearly_better(_answer(real_index, Decision.CLOSEST, 0.9), none)


def test_questions_are_forgotten_after_ten_minutes() -> None:
    """Only what the same person asked in the same chat within ten minutes is gone on from."""
    now = [0.0]
    conversations = Conversations(lambda: now[0])
    conversations.asked(1, 2, "text", "entry")
    now[0] = FOLLOW_UP_SECONDS
    assert conversations.last(1, 2) is not None
    assert conversations.last(1, 3) is None
    now[0] += 1
    assert conversations.last(1, 2) is None


def test_a_follow_up_is_answered_with_the_question_before_it(real_index: Index, tmp_path: Path) -> None:
    """A question that points back quotes the passage of the question before and says how it was understood."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        (first,) = await there.say(question)
        (second,) = await there.say("and who said that?")
        assert second.text.startswith("Understood together with your previous question.")
        assert first.text in second.text
        (stranger,) = await there.say("and who said that?", person=2)
        assert "Understood together" not in stranger.text

    run(real_index, tmp_path, scenario)
