"""Operators build, roll back and break the index while people ask: every answer is one version's, none is lost."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from bot_process import process
from botapi_server import BotApi
from conftest import MakeKnowledge

from index.artifact import index_folder, live_version
from index.build import build, rollback
from index.passages import DEFAULT_ENCODER


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
            (versions / damaged / "snippets.jsonl").write_text("{}\n")
            (versions / "pointer").write_text(f"{damaged}\n")
            (versions / "pointer").rename(versions / "current")
            assert live_version(data) == damaged
            logged("The new index is refused")
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
