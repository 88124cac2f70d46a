"""Inline queries through the real application."""

from __future__ import annotations

from pathlib import Path

from index.knowledge.snippet import snippet_key
from index.search.index import Index
from tests.support.telegram_bench import Bench, Json, asked_for, run


async def search(there: Bench, words: str, offset: str = "") -> Json:
    """Type an inline query and return what is shown."""
    user = {"id": 1, "is_bot": False, "first_name": "Ann", "language_code": "en"}
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
        assert 0 < len(shown["results"]) <= 50
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


def test_results_come_in_pages(real_index: Index, tmp_path: Path) -> None:
    """The next page continues where the first ended; a forged offset gives the first page."""
    question, _ = asked_for(real_index)

    async def scenario(there: Bench) -> None:
        first = await search(there, question)
        if first["next_offset"]:
            second = await search(there, question, first["next_offset"])
            assert not {result["id"] for result in first["results"]} & {result["id"] for result in second["results"]}
        forged = await search(there, question, "-1'; DROP")
        assert forged["results"] == first["results"]

    run(real_index, tmp_path, scenario)
