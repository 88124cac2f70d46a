"""Inline queries through the real application."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.messages.deep_links import asked_by
from index.knowledge.snippet import snippet_key
from index.search.index import Index
from tests.support.telegram_bench import Bench, Json, asked_for, run


async def search(there: Bench, words: str, offset: str = "", language: str = "en") -> Json:
    """Type an inline query and return what is shown."""
    user = {"id": 1, "is_bot": False, "first_name": "Ann", "language_code": language}
    (call,) = await there.take("inline_query", {"id": "9", "from": user, "query": words, "offset": offset})
    assert call.method == "answerInlineQuery"
    return call.parameters


def test_a_query_shows_passages_with_the_answering_sentence(real_index: Index, tmp_path: Path) -> None:
    """The first result is the passage that answers, described by its sentence; its message quotes it whole."""
    question, wanted = asked_for(real_index)
    hit = real_index.answer(question).hits[0]

    async def scenario(there: Bench) -> None:
        shown = await search(there, question)
        first = shown["results"][0]
        assert first["id"] == snippet_key(wanted)
        assert first["title"][:40] == hit.snippet.title[:40]
        assert first["description"][:60] == hit.snippet.text[slice(*hit.highlight)][:60]
        assert 0 < len(shown["results"]) <= 10
        assert shown["cache_time"] > 0
        assert shown["is_personal"] is True

    run(real_index, tmp_path, scenario)


def test_an_empty_query_shows_the_topics(real_index: Index, tmp_path: Path) -> None:
    """There is one result for each topic, and a way to a private chat."""

    async def scenario(there: Bench) -> None:
        shown = await search(there, "  ")
        assert len(shown["results"]) == len(real_index.topics)
        assert shown["button"]["start_parameter"] == "ask"

    run(real_index, tmp_path, scenario)


def test_what_is_not_covered_shows_nothing_but_says_so(real_index: Index, tmp_path: Path) -> None:
    """No passage is offered that does not fit; the button says that there is none."""

    async def scenario(there: Bench) -> None:
        shown = await search(there, "How long do I boil an egg so that the yolk stays soft?")
        assert shown["results"] == []
        assert shown["button"]["text"].startswith("No passage")

    run(real_index, tmp_path, scenario)


def test_a_share_button_finds_its_passage(real_index: Index, tmp_path: Path) -> None:
    """The key of a passage as the query gives exactly that passage."""
    _, wanted = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        shown = await search(there, f"p_{snippet_key(wanted)}")
        assert [result["id"] for result in shown["results"]] == [snippet_key(wanted)]

    run(real_index, tmp_path, scenario)


def test_there_are_at_most_ten_results_whatever_the_offset(real_index: Index, tmp_path: Path) -> None:
    """There is no next page; a forged offset changes nothing."""

    async def scenario(there: Bench) -> None:
        first = await search(there, "kazakhstan")
        assert len(first["results"]) == 10
        assert not first.get("next_offset")
        forged = await search(there, "kazakhstan", "-1'; DROP")
        assert forged["results"] == first["results"]

    run(real_index, tmp_path, scenario)


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("en", "lithium"),
        ("en", "Kathy Leach"),
        ("ru", "соглашение"),
        ("ru", "Вольфрам"),
        ("kk", "келісім"),
        ("kk", "Бенем"),
    ],
)
def test_while_a_word_is_typed_there_are_results(language: str, name: str, real_index: Index, tmp_path: Path) -> None:
    """From the third letter on, in the language of the letters; nothing says that there is no passage."""

    async def scenario(there: Bench) -> None:
        for end in range(3, len(name) + 1):
            shown = await search(there, name[:end], language=language)
            assert 0 < len(shown["results"]) <= 10, name[:end]
            first = real_index.by_key(shown["results"][0]["id"], language)
            assert first is not None
            assert shown["results"][0]["title"][:30] == first.title[:30]
            assert not shown["button"]["text"].startswith("No passage")

    run(real_index, tmp_path, scenario, questions_per_minute=1000)


def test_a_certain_answer_to_a_question_comes_before_titles(real_index: Index, tmp_path: Path) -> None:
    """Titles that hold a word of it do not push it down."""
    question, wanted = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        shown = await search(there, question)
        assert shown["results"][0]["id"] == snippet_key(wanted)

    run(real_index, tmp_path, scenario)


def test_an_unfinished_word_of_something_else_is_not_said_to_be_missing(real_index: Index, tmp_path: Path) -> None:
    """Nobody knows yet what it becomes; the way to the private chat stays."""

    async def scenario(there: Bench) -> None:
        shown = await search(there, "xylophonequ")
        assert shown["results"] == []
        assert shown["button"]["text"].startswith("Ask the bot")

    run(real_index, tmp_path, scenario)


def test_the_button_carries_what_was_typed(real_index: Index, tmp_path: Path) -> None:
    """Pressed, it starts the private chat with the answer to it."""
    question, wanted = asked_for(real_index)
    snippet = real_index.snippet(wanted, "en")
    assert snippet is not None
    short = " ".join(question[:46].split())

    async def scenario(there: Bench) -> None:
        payload = (await search(there, short))["button"]["start_parameter"]
        assert asked_by(payload) == short
        (answer,) = await there.say(f"/start {payload}")
        (typed,) = await there.say(short, person=2)
        assert answer.text == typed.text

    run(real_index, tmp_path, scenario)
