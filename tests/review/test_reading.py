"""Reviewers find, count, export, merge and keep what was asked."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from bot.querylog.erasure import merge
from bot.querylog.log import Delivery
from bot.querylog.schema import migrations
from bot.querylog.statements import open_for_reading, open_for_writing, take_up, transaction
from bot.review.export import defused
from bot.review.log_commands import log as log_commands
from bot.review.queries import stats
from tests.support.log_answers import entry, open_log


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A data folder with a small log."""
    log = open_log(tmp_path)
    await log.record(entry("What is lithium?", "answer", person=1))
    await log.record(entry("Сколько лития в Казахстане?", "none", person=1, language="ru", surface="group"))
    disliked = await log.record(entry("Who is the envoy?", "answer", person=2))
    await log.vote(disliked, 2, -1)
    edited = await log.record(entry("wat is lithum", "none", person=2))
    await log.record(entry("=HYPERLINK(1)", "closest", person=3, ms=12.3))
    await log.close()
    with closing(sqlite3.connect(tmp_path / "queries.db")) as connection:
        connection.execute("UPDATE questions SET edit_of = ? WHERE question = 'What is lithium?'", (edited,))
        connection.commit()
    return tmp_path


@pytest.mark.parametrize("verb", sorted(log_commands.commands))
def test_help_has_an_example(verb: str) -> None:
    """The help of every command shows how it is called."""
    result = CliRunner().invoke(log_commands, [verb, "--help"])
    assert result.exit_code == 0
    assert re.search(rf"Examples?.*:\n(.*&& |  +)partnership-bot (log {verb}|build)", result.output), result.output


def run(data: Path, *arguments: str, code: int = 0) -> Result:
    """Run a command on a data folder and check its exit code."""
    result = CliRunner().invoke(log_commands, [*arguments, "--data", str(data)])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result


def asked(result: Result) -> list[str]:
    """Return the questions of a command's JSON."""
    return [row["question"] for row in json.loads(result.stdout)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--decision", "none"), ["wat is lithum", "Сколько лития в Казахстане?"]),
        (("--language", "ru"), ["Сколько лития в Казахстане?"]),
        (("--surface", "group"), ["Сколько лития в Казахстане?"]),
        (("--search", "lith*"), ["wat is lithum", "What is lithium?"][::1]),
        (("--search", "лития казахстане"), ["Сколько лития в Казахстане?"]),
        (("--search", '" OR NEAR( * -'), []),
        (("--topic", "nowhere"), []),
        (("--until", "2020-01-01"), []),
        (("--since", "1h", "-n", "1"), ["=HYPERLINK(1)"]),
    ],
)
async def test_list_filters(data: Path, options: tuple[str, ...], expected: list[str]) -> None:
    """Each filter lets through what it names, the newest first; no text typed as a search is an error."""
    assert asked(run(data, "list", "--json", *options)) == expected


async def test_list_is_plain_text_in_a_pipe(data: Path) -> None:
    """Where output is no terminal each question is one whole line."""
    lines = run(data, "list").stdout.splitlines()
    assert len(lines) == 6
    assert lines[1].endswith("=HYPERLINK(1)")
    assert "\x1b" not in "".join(lines)


async def test_unanswered(data: Path) -> None:
    """Undecided and disliked questions are listed; one that was edited afterwards is not."""
    assert asked(run(data, "unanswered", "--json")) == [
        "=HYPERLINK(1)",
        "Who is the envoy?",
        "Сколько лития в Казахстане?",
    ]


async def test_show_by_part_of_the_id(data: Path) -> None:
    """A question is found by the end of its id, with every candidate; an id nobody has is an error that says so."""
    [row] = json.loads(run(data, "list", "--json", "-n", "1").stdout)
    shown = json.loads(run(data, "show", row["id"][-10:], "--no-now", "--json").stdout)
    assert shown["question"] == "=HYPERLINK(1)"
    assert len(shown["candidates"]) == 5
    assert "resources/lithium" in run(data, "show", row["id"], "--no-now").stdout
    assert "no question has this id" in str(
        CliRunner().invoke(log_commands, ["show", "ZZZZZZ", "--data", str(data)]).exception
    )


async def test_show_without_an_index(data: Path) -> None:
    """Where no index can be asked what it would answer now, the rest is shown and the reason given."""
    [row] = json.loads(run(data, "list", "--json", "-n", "1").stdout)
    assert "cannot be asked now" in run(data, "show", row["id"]).stdout


async def test_stats(data: Path) -> None:
    """The figures add up, as text and as JSON."""
    figures = json.loads(run(data, "stats", "--json").stdout)
    assert figures["questions"] == 5
    assert figures["people"] == 3
    assert figures["decisions"] == {"none": 2, "answer": 2, "closest": 1}
    assert (figures["down"], figures["up"]) == (1, 0)
    assert figures["latency_ms"] == {"p50": 2.6, "p95": 13.0, "p99": 13.0}
    assert len(figures["days"]) == 30
    assert "5 from 3 people" in run(data, "stats").stdout


async def test_daily_counts_follow_the_rows(data: Path) -> None:
    """Deleting rows takes them out of every count, to nothing."""
    with closing(open_for_writing(data / "queries.db")) as connection:
        connection.execute("DELETE FROM questions WHERE language = 'ru'")
        assert stats(connection).languages == {"en": 4}
        connection.execute("DELETE FROM questions")
        for table in ("daily", "daily_latency", "daily_snippets"):
            assert connection.execute(f"SELECT * FROM {table}").fetchall() == []


async def test_no_log_yet(tmp_path: Path) -> None:
    """A folder without a log is an error that names the file."""
    result = run(tmp_path, "list", code=1)
    assert str(tmp_path / "queries.db") in result.output


async def test_file_that_is_no_log(tmp_path: Path) -> None:
    """A file that is no database ends in one line, not a traceback."""
    (tmp_path / "queries.db").write_text("hello")
    result = run(tmp_path, "list", code=1)
    assert result.output.startswith("Error: The query log cannot be used")


async def test_export_csv_is_safe_in_a_spreadsheet(data: Path) -> None:
    """A question that is a formula is exported as text, and the file reads back whole."""
    target = data / "out.csv"
    run(data, "export", "-o", str(target))
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5
    assert rows[0]["question"] == "'=HYPERLINK(1)"
    assert rows[2]["vote"] == "'-1" or rows[2]["vote"] == "-1"


async def test_export_json_lines(data: Path) -> None:
    """Each line is one question with its candidates."""
    lines = run(data, "export", "--format", "jsonl", "--decision", "closest").stdout.splitlines()
    assert [json.loads(line)["candidates"][0]["id"] for line in lines] == ["resources/lithium"]


@given(st.text(st.characters(codec="utf-8")))
def test_no_cell_is_a_formula(text: str) -> None:
    """Whatever was typed, no cell begins as a formula does, and nothing of the text is lost."""
    cell = defused(text)
    assert isinstance(cell, str)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell in (text, f"'{text}")
    with io.StringIO(newline="") as file:
        csv.writer(file).writerow([cell])
        assert next(csv.reader(io.StringIO(file.getvalue(), newline=""))) == [cell]


async def test_merge_adds_what_is_new_once(data: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Another replica's questions and votes come in; again, nothing; the later of two votes counts."""
    folder = tmp_path_factory.mktemp("replica")
    (folder / "pseudonyms.key").write_bytes((data / "pseudonyms.key").read_bytes())
    log = open_log(folder)
    await log.record(entry("What is uranium?", "none", person=1))
    # The button under an answer of the first bot, pressed where the second one serves.
    [row] = json.loads(run(data, "list", "--search", "envoy", "--json").stdout)
    assert await log.vote(row["id"], 2, 1) is True
    assert await log.vote(row["id"], 3, -1) is True
    await log.opt_out(9, True)
    await log.close()
    assert run(data, "merge", str(folder / "queries.db")).stdout.startswith("1 new questions")
    assert merge(data / "queries.db", folder / "queries.db") == (0, [])
    with closing(open_for_reading(data / "queries.db")) as connection:
        assert [tuple(vote) for vote in connection.execute("SELECT value, question FROM counted_votes")] == [
            (1, "Who is the envoy?")
        ]
        assert connection.execute("SELECT count(*) FROM opt_outs").fetchone()[0] == 1
        assert connection.execute("SELECT count(*) FROM vectors").fetchone()[0] == 4
        assert (
            connection.execute("SELECT count(*) FROM questions_fts WHERE questions_fts MATCH 'uranium'").fetchone()[0]
            == 1
        )


async def test_merge_brings_nobody_back(data: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A person who was forgotten does not come back with an older copy of the log."""
    copy = tmp_path_factory.mktemp("copy") / "old.db"
    copy.write_bytes((data / "queries.db").read_bytes())
    log = open_log(data)
    assert (await log.forget_person(1)).questions == 2
    await log.close()
    assert merge(data / "queries.db", copy) == (0, [])


def replica_of(data: Path, folder: Path) -> Path:
    """Return the folder of a replica that has the same key, and a copy of the log."""
    for name in ("pseudonyms.key", "queries.db"):
        (folder / name).write_bytes((data / name).read_bytes())
    return folder


async def test_merge_forgets_whom_the_other_forgot(data: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What somebody had deleted at a replica goes here too, to the last byte and from backups; later questions stay."""
    run(data, "backup")
    folder = replica_of(data, tmp_path_factory.mktemp("replica"))
    log = open_log(folder)
    await log.forget_person(2)
    await log.close()
    log = open_log(data)
    later = await log.record(entry("asked afterwards", person=2))
    await log.close()
    assert run(data, "merge", str(folder / "queries.db")).stdout.startswith("0 new questions")
    with closing(open_for_reading(data / "queries.db")) as connection:
        found = connection.execute("SELECT id FROM questions WHERE person = (SELECT person FROM forgotten)").fetchall()
        assert [row[0] for row in found] == [later]
        assert connection.execute("SELECT count(*) FROM questions").fetchone()[0] == 4
    for path in (data / "queries.db", *(data / "backups").iterdir()):
        assert b"the envoy?" not in path.read_bytes()


async def test_merge_keeps_a_vote_taken_back(data: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of a vote here and one taken back later at a replica nothing counts, whichever way they are merged."""
    folder = replica_of(data, tmp_path_factory.mktemp("replica"))
    [row] = json.loads(run(data, "list", "--search", "envoy", "--json").stdout)
    assert row["vote"] == -1
    log = open_log(folder)
    assert await log.vote(row["id"], 2, 0) is True
    await log.close()
    merge(folder / "queries.db", data / "queries.db")
    merge(data / "queries.db", folder / "queries.db")
    for each in (folder, data):
        [row] = json.loads(run(each, "list", "--search", "envoy", "--json").stdout)
        assert row["vote"] is None
        assert json.loads(run(each, "stats", "--json").stdout)["down"] == 0


async def test_merge_refuses_another_database(data: Path) -> None:
    """A database that is no query log is refused, and nothing is changed."""
    with closing(sqlite3.connect(data / "other.db")) as connection:
        connection.execute("CREATE TABLE questions (id)")
    assert "is not a query log" in run(data, "merge", str(data / "other.db"), code=1).output


async def test_backup_and_forget_by_command(data: Path) -> None:
    """A backup is a whole log, refuses to overwrite, and is cleared of a person together with the log."""
    copy = Path(run(data, "backup").stdout.strip())
    assert copy.stat().st_mode & 0o077 == 0
    assert "exists already" in run(data, "backup", str(copy), code=1).output
    [row] = json.loads(run(data, "list", "--search", "envoy", "--json").stdout)
    assert "2 questions deleted" in run(data, "forget", row["person"], "--yes").stdout
    for path in (copy, data / "queries.db"):
        assert b"envoy?" not in path.read_bytes()
        with closing(open_for_reading(path)) as connection:
            assert connection.execute("SELECT count(*) FROM questions").fetchone()[0] == 3
    assert "1 questions deleted" in run(data, "forget", "3", "--yes").stdout


def first_schema(path: Path) -> None:
    """Make a log as the first release made it, with a row in it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrations.apply(Database(connection, execute_plugins=False), stop_before="0002_filters_and_search")
        connection.execute(
            "INSERT INTO questions "
            "(id, time, question, language, surface, decision, confidence, candidates, index_version, latency_ms) "
            "VALUES ('01J00000000000000000000000', '2026-11-01T00:00:00.000Z', 'What is lithium?', 'en', 'private', "
            "'none', 0.1, '[]', 'v0', 2.0)"
        )


def schema(path: Path) -> list[tuple[str, str]]:
    """Return everything a database defines."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
    return [tuple(row) for row in rows]


def test_first_schema_becomes_the_present_one(tmp_path: Path) -> None:
    """A log of the first release keeps its rows, searchable and counted, and gets the schema of an empty file."""
    first_schema(tmp_path / "old.db")
    with closing(open_for_writing(tmp_path / "old.db")) as connection:
        with transaction(connection):
            assert take_up(connection) == 1
        assert (
            connection.execute("SELECT count(*) FROM questions_fts WHERE questions_fts MATCH 'lithium'").fetchone()[0]
            == 1
        )
        assert connection.execute("SELECT sum(questions) FROM daily").fetchone()[0] == 1
    open_for_writing(tmp_path / "new.db").close()
    assert schema(tmp_path / "old.db") == schema(tmp_path / "new.db")


async def test_other_tools_can_read_it(data: Path) -> None:
    """sqlite-utils finds the search index, and the candidates are rows of a view."""
    with closing(sqlite3.connect(data / "queries.db")) as connection:
        database = Database(connection, execute_plugins=False)
        assert database["questions"].detect_fts() == "questions_fts"  # type: ignore[union-attr]
        [(count,)] = connection.execute("SELECT count(*) FROM candidates WHERE shown").fetchall()
    assert count == 1 + 0 + 1 + 0 + 3


async def test_stats_and_picture_for_administrators(data: Path) -> None:
    """The running log gives its figures as text and, where matplotlib is installed, as a PNG."""
    log = open_log(data)
    entry_id = await log.record(entry("one more"))
    log.delivered(entry_id, Delivery.SENT)
    figures = await log.stats()
    picture = await log.stats_chart()
    await log.close()
    assert figures is not None
    assert "people" in str(figures)
    assert picture is None or picture.startswith(b"\x89PNG")


async def test_typed_text_does_not_steer_the_terminal(tmp_path: Path) -> None:
    """Escape sequences in a question are not passed on to the reviewer's terminal."""
    log = open_log(tmp_path)
    await log.record(entry("\x1b]0;owned\x07\x1b[31mred [bold]not markup[/bold]", "none"))
    await log.close()
    for command in ("list", "unanswered"):
        printed = run(tmp_path, command).stdout
        assert "\x1b" not in printed
        assert "[bold]not markup[/bold]" in printed
