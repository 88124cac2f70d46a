"""People who asked the editors hear back, once; administrators get a digest, at most one a day."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from bot.querylog.schema import open_log
from bot.review.daily import unanswered_since
from bot.review.gap_store import GapFilter, State, ranked
from bot.telegram.daily_digest import send_digest
from bot.telegram.gap_closing import keep_closing
from bot.telegram.hear_back import tell_answered
from bot.telegram.live_index import Swap
from index.build.builder import build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.search.index import Index
from tests.support.log_answers import until
from tests.support.publishing_desk import WORDINGS, Desk
from tests.support.small_knowledge import SMALL, MakeKnowledge, write_knowledge
from tests.support.telegram_bench import Bench, Call, remembered, run

QUESTION = "How many wolves live in the Altai mountains?"
WOLVES = {
    "metals/wolves.md": (
        "Wolves in the Altai mountains",
        "About 900 wolves live in the Altai mountains, rangers counted in 2024.",
        ["how many wolves live in the altai mountains", "altai wolves"],
    )
}


async def ask_to_be_told(bench: Bench, question: str = QUESTION) -> list[Call]:
    """Ask, tell the editors, and ask to be told; return what the last press shows."""
    [answer] = await bench.say(question)
    wished = await bench.press(answer, answer.data("a"))
    offer = next(call for call in wished if call.method == "sendMessage")
    shown = await bench.press(offer, offer.data("h"))
    return [call for call in shown if call.method in ("sendMessage", "editMessageText")]


async def publish_wolves(bench: Bench, knowledge: Path, data: Path) -> None:
    """Publish a version that answers the question, and let the bot take it over."""
    write_knowledge(knowledge, SMALL | WOLVES)
    build(knowledge, data, encoder=DEFAULT_ENCODER)
    assert await bench.services.live_index.refresh() is Swap.DONE


def test_who_asked_to_be_told_is_told_once(make_knowledge: MakeKnowledge, small_data: Path) -> None:
    """One message with the question, the quote and a way to stop; then nothing is kept of it."""
    knowledge = make_knowledge()

    async def scenario(bench: Bench) -> None:
        [noted] = await ask_to_be_told(bench)
        assert "I will write to you here once" in noted.text
        await tell_answered(bench.services)
        before = len(bench.telegram.calls)
        await publish_wolves(bench, knowledge, small_data)
        await tell_answered(bench.services)
        [told] = bench.telegram.calls[before:]
        assert told.parameters["chat_id"] == 1
        assert told.text.startswith(f"Your question has an answer now.\nYou asked: {QUESTION}")
        assert "About 900 wolves live in the Altai mountains" in told.text
        assert told.data("h") == "h-"
        assert await bench.services.answer_requests.all() == []
        await tell_answered(bench.services)
        assert len(bench.telegram.calls) == before + 1

    run(Index.open(small_data), small_data, scenario)


def test_a_publication_on_the_review_pages_is_told_too(desk: Desk) -> None:
    """Another program published; the bot takes the version over, answers, and the gap is closed."""

    async def scenario(bench: Bench) -> None:
        [noted] = await ask_to_be_told(bench, WORDINGS[0])
        assert "I will write to you here once" in noted.text
        before = len(bench.telegram.calls)
        await asyncio.to_thread(desk.publisher.publish, "Anna", desk.tried().version)
        assert await bench.services.live_index.refresh() is Swap.DONE
        await tell_answered(bench.services)
        [told] = bench.telegram.calls[before:]
        assert told.text.startswith(f"Your question has an answer now.\nYou asked: {WORDINGS[0]}")
        assert desk.gap is State.ANSWERED

    run(Index.open(desk.data), desk.data, scenario)


def test_who_only_told_the_editors_is_not_told(make_knowledge: MakeKnowledge, small_data: Path) -> None:
    """Being told is a second step that everybody takes for themselves."""
    knowledge = make_knowledge()

    async def scenario(bench: Bench) -> None:
        [answer] = await bench.say(QUESTION)
        await bench.press(answer, answer.data("a"))
        before = len(bench.telegram.calls)
        await publish_wolves(bench, knowledge, small_data)
        await tell_answered(bench.services)
        assert bench.telegram.calls[before:] == []

    run(Index.open(small_data), small_data, scenario)


def test_stopping_and_forgetting_end_it(small_data: Path) -> None:
    """The button to stop, and /forget, delete the chat."""

    async def scenario(bench: Bench) -> None:
        [noted] = await ask_to_be_told(bench)
        [_, stopped] = await bench.press(noted, "h-")
        assert stopped.text == "You will not be told."
        assert await bench.services.answer_requests.all() == []
        await ask_to_be_told(bench)
        assert len(await bench.services.answer_requests.all()) == 1
        [asked] = await bench.say("/forget")
        await bench.press(asked, "mforget")
        assert await bench.services.answer_requests.all() == []

    run(Index.open(small_data), small_data, scenario)


def test_nobody_else_can_ask_to_be_told(small_data: Path) -> None:
    """The offer belongs to who asked."""

    async def scenario(bench: Bench) -> None:
        [answer] = await bench.say(QUESTION)
        wished = await bench.press(answer, answer.data("a"))
        offer = next(call for call in wished if call.method == "sendMessage")
        await bench.press(offer, offer.data("h"), person=2)
        assert await bench.services.answer_requests.all() == []

    run(Index.open(small_data), small_data, scenario)


def test_in_a_group_only_the_wish_is_noted(small_data: Path) -> None:
    """Nobody is written to where others read."""

    async def scenario(bench: Bench) -> None:
        [answer] = await bench.say(f"/ask {QUESTION}", group=True)
        shown = await bench.press(answer, answer.data("a"))
        assert [call.method for call in shown] == ["answerCallbackQuery"]

    run(Index.open(small_data), small_data, scenario)


def test_who_opted_out_is_told_that_nothing_is_kept(small_data: Path) -> None:
    """The wish is not recorded, and the bot says so."""

    async def scenario(bench: Bench) -> None:
        [answer] = await bench.say(QUESTION)
        await bench.services.log.opt_out(1, True)
        [pressed] = await bench.press(answer, answer.data("a"))
        assert pressed.parameters["text"].startswith("You asked not to be recorded")

    run(Index.open(small_data), small_data, scenario)


def test_a_question_whose_row_is_gone_is_dropped(small_data: Path) -> None:
    """Without the question there is nothing to answer."""

    async def scenario(bench: Bench) -> None:
        await ask_to_be_told(bench)
        await bench.services.answer_requests.add("01ARZ3NDEKTSV4RRFFQ69G5FAV", 1)
        await tell_answered(bench.services)
        assert len(await bench.services.answer_requests.all()) == 1

    run(Index.open(small_data), small_data, scenario)


def test_requests_end_after_90_days(small_data: Path) -> None:
    """Older ones are deleted."""

    async def scenario(bench: Bench) -> None:
        await ask_to_be_told(bench)
        remembered(small_data, "UPDATE answer_requests SET time = ?", time.time() - 91 * 24 * 3600)
        await bench.services.answer_requests.remove_old()
        assert await bench.services.answer_requests.all() == []

    run(Index.open(small_data), small_data, scenario)


def test_mydata_names_what_one_waits_for(small_data: Path) -> None:
    """The entries are in the file."""

    async def scenario(bench: Bench) -> None:
        await ask_to_be_told(bench)
        [(entry, _)] = await bench.services.answer_requests.all()
        data = await bench.services.log.export_person(1, await bench.services.answer_requests.of_chat(1))
        assert f'"told_when_answered": ["{entry}"]'.encode() in data

    run(Index.open(small_data), small_data, scenario)


def test_administrators_get_one_digest_a_day(small_data: Path) -> None:
    """It counts questions and people, names the largest groups, and leads to the review; days without are skipped."""

    async def scenario(bench: Bench) -> None:
        services = bench.services
        await send_digest(services)
        for person in (1, 2):
            await bench.say(QUESTION, person)
        await bench.say("Who won the chess olympiad in 1998?", 2)
        before = len(bench.telegram.calls)
        await send_digest(services)
        assert bench.telegram.calls[before:] == []
        remembered(small_data, "UPDATE digests SET until = until - 86400")
        await send_digest(services)
        [digest] = bench.telegram.calls[before:]
        assert digest.parameters["chat_id"] == 77
        assert digest.text == (
            "Not answered in the last day\n3 questions of 2 people:\n"
            f"• {QUESTION} – 2 people\n• Who won the chess olympiad in 1998? – 1 person\n"
            "Review: partnership-bot log gaps"
        )
        await send_digest(services)
        remembered(small_data, "UPDATE digests SET until = ?", time.time() - 86401)
        await bench.services.log.forget_person(1)
        await bench.services.log.forget_person(2)
        await send_digest(services)
        assert len(bench.telegram.calls) == before + 1

    run(Index.open(small_data), small_data, scenario, admins={77})


def test_a_publication_closes_the_gaps_it_answers(make_knowledge: MakeKnowledge, small_data: Path) -> None:
    """The bot asks the open gaps again when it takes a version over, and leaves those that it does not answer."""
    knowledge = make_knowledge()

    async def scenario(bench: Bench) -> None:
        services = bench.services
        await bench.say(QUESTION)
        await bench.say("Who won the chess olympiad in 1998?", 2)
        unanswered_since(services.log.path, services.live_index.index, "2000")
        await publish_wolves(bench, knowledge, small_data)
        task = asyncio.create_task(keep_closing(services))
        with closing(open_log(services.log.path)) as connection:
            connection.row_factory = sqlite3.Row
            await until(lambda: ranked(connection, GapFilter(state=State.ANSWERED)))
            task.cancel()
            [closed] = ranked(connection, GapFilter(state=State.ANSWERED))
            assert (closed.asked[0].text, closed.answered_by) == (QUESTION, services.live_index.index.version)
            assert [gap.asked[0].text for gap in ranked(connection)] == ["Who won the chess olympiad in 1998?"]

    run(Index.open(small_data), small_data, scenario)
