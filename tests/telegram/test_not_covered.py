"""What the editors decided not to cover, asked again in Telegram: refused politely, and no work for anybody."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.settings import LOG_FILE
from index.search.index import Index
from tests.support.refusing import refusing
from tests.support.telegram_bench import Bench, asked_for, run

LISTED = (
    "Should I buy shares in Kazatomprom?",
    "Стоит ли покупать акции Казатомпрома?",
    "Қазатомөнеркәсіп акциясын сатып алған дұрыс па?",
    "How much uranium did Mongolia produce?",
)
POLITELY = {
    "en": ("Thank you for your question. The editors have decided not to cover it here.", "Ask me about the UK"),
    "ru": ("Спасибо за вопрос. Редакторы решили не освещать его в этой подборке.", "Спросите меня о партнёрстве"),
    "kk": ("Сұрағыңызға рақмет. Редакторлар оны бұл жинақта қамтымауға шешім қабылдады.", "Ұлыбритания мен Қазақстан"),
}


@pytest.fixture(scope="module")
def index(real_index: Index, real_data: Path) -> Index:
    """The project's knowledge with a list of what is not covered."""
    return refusing(real_index, real_data, LISTED)


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "please tell me if I should buy Kazatomprom shares"),
        ("ru", "подскажите, стоит ли покупать акцыи казатомпрома"),
        ("kk", "Айтыңызшы, Қазатомөнеркәсіп акциясын сатып алған дұрыс па"),
    ],
)
def test_it_is_refused_with_what_the_bot_covers(language: str, question: str, index: Index, tmp_path: Path) -> None:
    """In the language of the person; nobody is offered to ask the editors, only the topics."""

    async def scenario(there: Bench) -> None:
        (refusal,) = await there.say(question, language=language)
        refused, covers = refusal.text.split("\n")
        assert refused == POLITELY[language][0]
        assert covers.startswith(POLITELY[language][1])
        assert [str(button["callback_data"])[0] for button in refusal.buttons] == ["t"]

    run(index, tmp_path, scenario)


def test_it_is_recorded_without_becoming_work(index: Index, tmp_path: Path) -> None:
    """The decision is "none"; the question is none of the unanswered ones that reviewers see."""

    async def scenario(there: Bench) -> None:
        await there.say(LISTED[0])
        await there.say("How long do I boil an egg so that the yolk stays soft?")

    run(index, tmp_path, scenario)
    with closing(sqlite3.connect(tmp_path / LOG_FILE)) as log:
        recorded = log.execute("SELECT decision, reason FROM questions ORDER BY seq").fetchall()
        unanswered = log.execute("SELECT question FROM unanswered_questions").fetchall()
    assert recorded == [("none", "not-covered"), ("none", "nothing-near")]
    assert unanswered == [("How long do I boil an egg so that the yolk stays soft?",)]


def test_beside_another_question_it_is_refused_in_its_own_part(index: Index, tmp_path: Path) -> None:
    """The other one is answered; no button asks for an answer to this one."""
    question, _ = asked_for(index)

    async def scenario(there: Bench) -> None:
        (reply,) = await there.say(f"{question.rstrip('?')}? {LISTED[0]}")
        assert reply.text.endswith(f"2. {LISTED[0]}\n{POLITELY['en'][0]}")
        assert not [button for button in reply.buttons if str(button.get("callback_data", "")).startswith("a")]

    run(index, tmp_path, scenario)


def test_a_follow_up_that_asks_it_is_refused(index: Index, tmp_path: Path) -> None:
    """Together with the question before it, or alone; the quote before is not offered instead."""

    async def scenario(there: Bench) -> None:
        (quote,) = await there.say("How much uranium did Kazakhstan produce?")
        assert any(tag == "blockquote" for tag, _ in quote.entities)
        for asked in ("and in Mongolia?", "and should I buy shares in Kazatomprom?"):
            (refusal,) = await there.say(asked)
            assert POLITELY["en"][0] in refusal.text
            assert not [tag for tag, _ in refusal.entities if tag == "blockquote"]

    run(index, tmp_path, scenario)


def test_inline_shows_nothing_for_it(index: Index, tmp_path: Path) -> None:
    """The button says that there is no passage and leads to a private chat."""
    user = {"id": 1, "is_bot": False, "first_name": "Ann", "language_code": "en"}

    async def scenario(there: Bench) -> None:
        (call,) = await there.take("inline_query", {"id": "9", "from": user, "query": LISTED[0], "offset": ""})
        assert call.parameters["results"] == []
        assert call.parameters["button"]["text"].startswith("No passage")

    run(index, tmp_path, scenario)
