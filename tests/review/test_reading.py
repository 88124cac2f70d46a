"""Reviewers find, count, export and keep what was asked."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from bot.database import open_for_reading
from bot.querylog.log import Delivery, Entry
from bot.review.browse import png
from bot.review.options import log as log_commands
from bot.review.queries import read_stats
from bot.review.records import defused
from index.build.builder import BuildResult, build
from index.encoder.passage_encoder import DEFAULT_ENCODER
from index.search.index import Index
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


async def test_show_prints_the_texts_that_were_shown(small: tuple[Path, Path, BuildResult]) -> None:
    """Title and text while they are the same; where a later version has others, the question says so."""
    knowledge, folder, _ = small
    log = open_log(folder)
    with closing(Index.open(folder)) as index:
        number = await log.record(Entry(index.answer("who is the trade envoy"), "private"))
    await log.close()
    shown = run(folder, "show", str(number)).stdout
    assert "people/envoy (en)\n  The trade envoy\n  Lord Alderdice was named trade envoy in January 2025." in shown
    path = knowledge / "people" / "envoy.md"
    path.write_text(path.read_text().replace("January", "early"))
    build(knowledge, folder, encoder=DEFAULT_ENCODER)
    [text] = json.loads(run(folder, "show", str(number), "--no-now", "--json").stdout)["texts"]
    assert (text["text"], text["is_same"]) == ("Lord Alderdice was named trade envoy in early 2025.", False)
    assert "changed since it was shown" in run(folder, "show", str(number)).stdout


async def test_stats(data: Path) -> None:
    """The figures add up, as text and as JSON."""
    figures = json.loads(run(data, "stats", "--json").stdout)
    assert figures["questions"] == 5
    assert figures["people"] == 3
    assert figures["decisions"] == {"none": 2, "answer": 2, "closest": 1}
    assert (figures["down"], figures["up"]) == (1, 0)
    assert figures["latency_ms"] == {"p50": 2.5, "p95": 12.3, "p99": 12.3}
    assert len(figures["days"]) == 30
    assert "5 from 3 people" in run(data, "stats").stdout


async def test_no_log_yet(tmp_path: Path) -> None:
    """A folder without a log is an error that names the file."""
    result = run(tmp_path, "list", code=1)
    assert str(tmp_path / "queries.db") in result.output


@pytest.mark.faults
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


async def test_stats_and_picture_for_administrators(data: Path) -> None:
    """The figures of a log in use can be had as text and, where matplotlib is installed, as a PNG."""
    log = open_log(data)
    entry_id = await log.record(entry("one more"))
    log.delivered(entry_id, Delivery.SENT)
    figures = read_stats(data / "queries.db")
    await log.close()
    assert figures is not None
    assert "6 from 3 people" in str(figures)
    picture = png(figures)
    assert picture is None or picture.startswith(b"\x89PNG")


def test_no_stats_without_a_log(tmp_path: Path) -> None:
    """Where there is no log that can be read there are no figures."""
    (tmp_path / "queries.db").write_bytes(b"not a database" * 1000)
    assert read_stats(tmp_path / "queries.db") is None
    assert read_stats(tmp_path / "none.db") is None


async def test_typed_text_does_not_steer_the_terminal(tmp_path: Path) -> None:
    """Escape sequences in a question are not passed on to the reviewer's terminal."""
    log = open_log(tmp_path)
    await log.record(entry("\x1b]0;owned\x07\x1b[31mred [bold]not markup[/bold]", "none"))
    await log.close()
    for command in ("list", "unanswered"):
        printed = run(tmp_path, command).stdout
        assert "\x1b" not in printed
        assert "[bold]not markup[/bold]" in printed
