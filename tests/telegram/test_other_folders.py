"""Folders of other people, served in turn: what people see is theirs, complete, and in their language."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.locales.written_dates import date_in_words
from index.build.builder import build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.search.decision import Decision
from index.search.index import Index
from tests.support.served_folders import (
    FOLDERS,
    PLAYED,
    Folder,
    Shown,
    asked_by_decision,
    do_everything,
    quoted_title,
)
from tests.support.telegram_bench import Bench, run
from tests.support.telegram_rules import units

_PARTNERSHIP = re.compile(
    r"kaza(?:kh|k)|қазақ|казах|astana|астана|\bUK\b|british|britain|britann|великобрит|ұлыбрит|mineral|минерал|partner"
    r"|ambassador|lithium|uranium",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(r"[^\S\n](?:\n|$)|\n{3,}|(?:^|\n)[•📰🗣📅▶]\s*(?:\n|$)|\bNone\b|\bund\b\.?$|[{}]|, ,|\b0 [a-z]")
"""A blank at the end of a line is what a label without its value leaves."""
_ENGLISH = re.compile(r"(?<!/)\b(?:the|your|you|of|with|answers|ask|this|what)\b", re.IGNORECASE)


@pytest.fixture(scope="module", params=PLAYED, ids=[folder.name for folder in PLAYED])
def shown(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, encoder_cache: Path
) -> Iterator[Shown]:
    """A folder, built and served to somebody who does everything there is to do."""
    folder: Folder = request.param
    data = tmp_path_factory.mktemp(folder.name)
    shutil.copytree(encoder_cache, data / "encoders", copy_function=os.link)
    build(FOLDERS / folder.name, data, encoder=DEFAULT_ENCODER)
    index = Index.open(data)
    seen = Shown(folder, index, {}, asked_by_decision(index, folder.name))

    async def scenario(there: Bench) -> None:
        await do_everything(there, seen)

    run(index, tmp_path_factory.mktemp("state"), scenario)
    yield seen
    index.close()


def test_nothing_of_another_folder_is_seen(shown: Shown) -> None:
    """No word of the knowledge that this project was written for."""
    assert [seen for seen in shown.visible() if _PARTNERSHIP.search(seen[1])] == []


def test_no_text_is_empty_or_unfinished(shown: Shown) -> None:
    """Whatever the folder does not give leaves no gap: no label without its value, no line without words."""
    assert all(calls for calls in shown.calls.values() if calls is not shown.calls["profile"])
    unfinished = [seen for seen in shown.visible() if not seen[1].strip() or _UNFINISHED.search(seen[1])]
    assert unfinished == []


def test_messages_stay_short(shown: Shown) -> None:
    """At most 900 characters and seven buttons."""
    for said, calls in shown.calls.items():
        for call in calls:
            if call.method in ("sendMessage", "editMessageText"):
                assert (said, units(call.text) <= 900, len(call.buttons) <= 7) == (said, True, True)


def test_people_see_one_language(shown: Shown) -> None:
    """French around French where the folder brings its texts; English where it does not."""
    around = [text for said, text in shown.visible() if "inline" not in said]
    english = [text for text in around if _ENGLISH.search(text)]
    if shown.folder.language == "fr":
        assert english == []
        assert "Essayez l’une" in shown.one("/start").text
    else:
        assert "Where I have no answer, I say so." in shown.one("/start").text
        assert shown.one("/topics").text.split(" ·")[0].split("\n")[0] in ("Topics", "All answers")
    built = shown.index.manifest.built[:10]
    assert date_in_words(built, "fr" if shown.folder.language == "fr" else "en") in shown.one("/about").text


def test_topics_lead_to_passages_and_back(shown: Shown) -> None:
    """With topics from files, from folders, and without any."""
    start, passage, back = shown.one("/topics"), shown.one("passage"), shown.one("back")
    assert any(tag == "blockquote" for tag, _ in passage.entities)
    assert back.text == (shown.one("topic").text if "topic" in shown.calls else start.text)
    names = [button["text"] for button in back.buttons]
    assert len(set(names)) == len(names)


def test_sources_are_listed_where_there_are_any(shown: Shown) -> None:
    """Elsewhere one sentence says so, and the menu does not lead there."""
    text = shown.one("/sources").text
    commands = {each["command"] for call in shown.calls["profile"] for each in call.parameters.get("commands", [])}
    assert ("\n• " in text) == bool(shown.index.sources)
    assert ("sources" in commands) == bool(shown.index.sources)
    assert "language" not in commands


def test_questions_are_answered_doubted_and_refused(shown: Shown) -> None:
    """A quote, a quote below a note, and a sentence with one way on."""
    answer, closest, refusal = (
        shown.one(shown.asked[decision]) for decision in (Decision.ANSWER, Decision.CLOSEST, Decision.NONE)
    )
    assert any(tag == "blockquote" for tag, _ in answer.entities)
    assert closest.entities[0][0] == "i"
    assert any(tag == "blockquote" for tag, _ in closest.entities)
    assert "\n" not in refusal.text
    assert refusal.buttons[-1]["text"].startswith("☰")


def test_a_conversation_goes_on_from_the_quote(shown: Shown) -> None:
    """Its source and its speaker are told without quoting it again; more leads to another passage or says so."""
    source, speaker, more = (shown.one(said) for said in shown.folder.follow_ups)
    for told in (source, speaker):
        assert told.entities == [] or {tag for tag, _ in told.entities} == {"a"}
        assert told.buttons == []
    assert ("📰" in source.text) == bool(shown.index.sources)
    quote = quoted_title(shown.index, shown.asked[Decision.ANSWER])
    assert not more.text.startswith(quote)


def test_small_talk_is_no_question(shown: Shown) -> None:
    """Greetings, thanks and questions about the bot get a line, in the language of the interface."""
    for said, start in shown.folder.talk.items():
        assert (said, shown.one(said).text[: len(start)]) == (said, start)


def test_a_group_is_greeted(shown: Shown) -> None:
    """With what can be asked, in one message without buttons."""
    (note,) = [call for call in shown.calls["added"] if call.method == "sendMessage"]
    assert note.text == shown.one("/start@test_bot").text
    assert note.buttons == []


def test_inline_finds_the_passage_by_its_beginning(shown: Shown) -> None:
    """And by a whole question."""
    title = quoted_title(shown.index, shown.asked[Decision.ANSWER])
    for said in ("inline 1", "inline 2"):
        (results,) = [call.parameters["results"] for call in shown.calls[said] if call.method == "answerInlineQuery"]
        assert title in [result["title"] for result in results]
