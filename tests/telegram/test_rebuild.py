"""Operators build, roll back and break the index while people ask: every answer is one version's, none is lost."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from bot.telegram import run as serve
from index.build.builder import build, rollback
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.search.index import Index
from index.version.manifest import Manifest
from index.version.versions import MANIFEST_FILE, SEAL, index_folder, live_version, publish
from tests.support.bot_process import process
from tests.support.botapi_server import BotApi
from tests.support.small_knowledge import MakeKnowledge
from tests.support.telegram_bench import bench

OLDER, NEWER, NEWEST = (f"{year}0101T000000000Z-0123abcd" for year in (2001, 2098, 2099))


def publish_again(data: Path, version: str) -> None:
    """Publish a copy of the live version under another name, as sound as that one."""
    source, copy = index_folder(data) / str(live_version(data)), index_folder(data) / version
    shutil.copytree(source, copy)
    fields = json.loads((copy / MANIFEST_FILE).read_text())
    fields.pop(SEAL)
    (copy / MANIFEST_FILE).unlink()
    Manifest(**{**fields, "version": version, "files": {}}).write(copy)
    publish(data, version)


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.faults
def test_questions_asked_during_a_build_and_a_rollback_are_answered_by_one_version_each(
    make_knowledge: MakeKnowledge, small_data: Path, tmp_path: Path
) -> None:
    """All are answered once, from the version that the log names; a damaged one is refused and the old one stays.

    Of a version that is not in use any more no file stays open.
    """
    knowledge, data = make_knowledge(), small_data
    first = live_version(data)
    assert first
    log = tmp_path / "log"
    asked: dict[int, str] = {}
    stop = threading.Event()

    with BotApi() as api, process(data, log, BOT_API_URL=api.url, BOT_QUESTIONS_PER_MINUTE="0") as bot:

        def ask() -> None:
            while not stop.wait(0.06):
                text = f"how much copper is made ({len(asked)})?"
                asked[api.say(text, 1 + len(asked) % 100)] = text

        def logged(words: str) -> None:
            api.wait(lambda: words in log.read_text(), 40)

        api.wait(lambda: api.ready)
        people = threading.Thread(target=ask)
        people.start()
        try:
            copper = knowledge / "metals" / "copper.md"
            copper.write_text(copper.read_text().replace("6,218", "7,777"))
            second = build(knowledge, data, encoder=DEFAULT_ENCODER).version
            logged(f"Answering from index {second} now")
            api.wait(lambda: first not in Path(f"/proc/{bot.pid}/maps").read_text(), 40)
            rollback(data)
            logged(f"Answering from index {first} now")
            api.wait(lambda: second not in Path(f"/proc/{bot.pid}/maps").read_text(), 40)
            versions = index_folder(data)
            damaged = "20990101T000000000Z-0123abcd"
            shutil.copytree(versions / second, versions / damaged)
            (versions / damaged / "snippets.db").write_text("{}\n")
            (versions / "pointer").write_text(f"{damaged}\n")
            (versions / "pointer").rename(versions / "current")
            assert live_version(data) == damaged
            logged("The published index is refused")
            time.sleep(0.5)
        finally:
            stop.set()
            people.join()
        api.wait(lambda: all(api.answers_to(number) for number in asked), 40)
        bot.terminate()
        assert bot.wait(30) == 0

    with closing(sqlite3.connect(data / "queries.db")) as connection:
        rows = dict(connection.execute("SELECT question, index_version FROM questions").fetchall())
    figure = {first: "6,218", second: "7,777"}
    assert set(rows.values()) == set(figure)
    for number, text in asked.items():
        (answer,) = api.answers_to(number)
        assert figure[rows[text]] in answer
        assert sum(each in answer for each in figure.values()) == 1
    assert len(rows) == len(asked)


@pytest.mark.faults
def test_a_bot_started_on_a_damaged_version_answers_from_the_newest_sound_one(small_data: Path, tmp_path: Path) -> None:
    """The log and the administrators are told which is damaged and what mends it; a sound new one is taken over."""
    first = str(live_version(small_data))
    for version in (NEWER, NEWEST):
        publish_again(small_data, version)
    (index_folder(small_data) / NEWER / MANIFEST_FILE).write_text("{")
    flip_a_bit(index_folder(small_data) / NEWEST / "vectors.npy")
    log = tmp_path / "log"
    with BotApi() as api, process(small_data, log, BOT_API_URL=api.url, BOT_ADMINS="99") as bot:
        api.wait(lambda: api.ready, 60)
        asked = api.say("when was the roadmap signed?")
        api.wait(lambda: api.answers_to(asked))
        assert "March 2024" in api.answers_to(asked)[0]
        (warning,) = [line for line in log.read_text().splitlines() if "WARNING" in line and NEWEST in line]
        assert f"answers come from the older {first}" in warning
        assert "'partnership-bot build --force" in warning
        assert "vectors.npy: damaged" in warning
        api.wait(lambda: any(sent["chat_id"] == 99 and NEWEST in sent["text"] for sent in api.messages.values()))
        shutil.rmtree(index_folder(small_data) / NEWEST)
        (index_folder(small_data) / "current").write_text(f"{first}\n")
        publish_again(small_data, NEWEST.replace("2099", "2100"))
        api.wait(lambda: f"now, before from {first}" in log.read_text())
        bot.terminate()
        assert bot.wait(30) == 0
    with closing(sqlite3.connect(small_data / "queries.db")) as connection:
        assert connection.execute("SELECT index_version FROM questions").fetchall() == [(first,)]


@pytest.mark.faults
def test_a_bot_whose_versions_are_all_damaged_names_the_published_one(small_data: Path, tmp_path: Path) -> None:
    """What is wrong with the version that should answer is told in one line, not what is wrong with the last one tried.

    A newer version than the published one is not taken: somebody went back from it.
    """
    first = str(live_version(small_data))
    publish_again(small_data, NEWER)
    publish(small_data, first)
    publish_again(small_data, OLDER)
    for version in (first, OLDER):
        flip_a_bit(index_folder(small_data) / version / "vectors.npy")
    (index_folder(small_data) / "current").write_text(f"{first}\n")
    log = tmp_path / "log"
    with BotApi() as api, process(small_data, log, BOT_API_URL=api.url) as bot:
        assert bot.wait(60) == 1
    last = log.read_text().splitlines()[-1]
    assert f"{first}: vectors.npy: damaged" in last
    assert OLDER not in last


def test_a_bot_without_an_index_builds_one_first(make_knowledge: MakeKnowledge, data: Path, tmp_path: Path) -> None:
    """The build runs in a process of its own, so the one that answers never loads torch."""
    knowledge, log = make_knowledge(), tmp_path / "log"
    with BotApi() as api, process(data, log, BOT_API_URL=api.url, BOT_KNOWLEDGE_DIR=str(knowledge)) as bot:
        api.wait(lambda: api.ready, 90)
        asked = api.say("when was the roadmap signed?")
        api.wait(lambda: api.answers_to(asked))
        assert "torch" not in Path(f"/proc/{bot.pid}/maps").read_text()
        bot.terminate()
        assert bot.wait(30) == 0
    assert f"Published version {live_version(data)}" in log.read_text()


def test_a_bot_that_cannot_build_its_index_ends_with_the_reason(data: Path, tmp_path: Path) -> None:
    """The build says what is wrong, and the last line that there is no index."""
    log = tmp_path / "log"
    with process(data, log, BOT_KNOWLEDGE_DIR=str(tmp_path / "nowhere")) as bot:
        assert bot.wait(90) == 1
    written = log.read_text()
    assert "nowhere: no such folder" in written
    assert written.splitlines()[-1].startswith(f"{data}: no index here")
    assert "Traceback" not in written


@pytest.mark.parametrize("error", [MemoryError(), IndexError("list index out of range")])
def test_looking_for_new_versions_goes_on_after_any_error(
    small_data: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """An error nobody foresaw while a version is taken over is reported, and the next version is taken over."""
    monkeypatch.setattr(serve, "_CHECK_SECONDS", 0.01)
    open_, first = Index.open, Index.open(small_data)

    async def scenario() -> None:
        async with bench(first, small_data) as there:
            services = there.services
            watching = asyncio.create_task(serve._watch(services))

            def fails(*_: object, **__: object) -> Index:
                raise error

            async def until_version(version: str) -> None:
                while services.live_index.index.version != version:
                    assert not watching.done(), watching.exception()
                    await asyncio.sleep(0.01)

            monkeypatch.setattr(Index, "open", fails)
            publish_again(small_data, NEWER)
            while not services.metrics.failures:
                assert not watching.done(), watching.exception()
                await asyncio.sleep(0.01)
            assert services.live_index.refusal.startswith(type(error).__name__)
            monkeypatch.setattr(Index, "open", open_)
            publish_again(small_data, NEWEST)
            await asyncio.wait_for(until_version(NEWEST), 30)
            assert services.metrics.failures == 1
            watching.cancel()

    asyncio.run(scenario())
