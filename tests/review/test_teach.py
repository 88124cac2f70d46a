"""`log teach` takes the wordings of a gap over into the knowledge, and says what it cannot do."""

from __future__ import annotations

import json
import re
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from bot.querylog import schema
from bot.querylog.log import Entry
from bot.review.options import log as log_commands
from index.build.builder import BuildResult
from index.evaluation.evaluation_set import read_evaluation
from index.search.index import Index
from tests.support.log_answers import entry, open_log

LITHIUM = (
    "---\ntitle: Lithium   # kept\nquestions:\n  - what is it\n  - 'why: so'\nas_of: 2025-06\n---\nLithium is mined.\n"
)


def snippet(folder: Path, text: str, name: str = "lithium.md") -> Path:
    """Write a snippet file and return its path."""
    (folder / "resources").mkdir(parents=True, exist_ok=True)
    path = folder / "resources" / name
    path.write_bytes(text.encode())
    return path


def questions_in(text: str) -> list[str]:
    """Return the questions of a file's front matter."""
    return list(yaml.safe_load(text.split("---")[1])["questions"] or [])


async def taught(tmp_path: Path, *options: str, typed: str | None = None) -> tuple[Result, Path]:
    """Run `log teach` on the one gap of a small log; return the result and the knowledge folder."""
    log = open_log(tmp_path)
    await log.record(entry("how much lithium is there", "none"))
    await log.record(entry("ring +7 701 123 45 67 about lithium", "none"))
    await log.close()
    with closing(schema.open_log(tmp_path / "queries.db")) as connection:
        connection.execute("INSERT INTO gaps (opened, changed, encoder) VALUES ('2026', '2026', 'e')")
        connection.execute(
            "INSERT INTO gap_questions (question_id, gap, similarity, person, time) "
            "SELECT id, 1, 0.9, person, time FROM questions"
        )
    knowledge = tmp_path / "knowledge"
    knowledge.mkdir()
    snippet(knowledge, LITHIUM)
    arguments = ["teach", "1", *options, "--knowledge", str(knowledge), "--data", str(tmp_path)]
    return CliRunner().invoke(log_commands, arguments, input=typed), knowledge


async def test_teach_shows_the_change_and_asks(tmp_path: Path) -> None:
    """The diff comes first; without a yes nothing is written, and what was redacted is not even offered."""
    result, knowledge = await taught(tmp_path, "--snippet", "resources/lithium", "--pick", "all", typed="n\n")
    assert result.exit_code == 0, result.output
    assert "+  - how much lithium is there" in result.output
    assert "[phone]" not in result.output
    assert "Nothing was written." in result.output
    assert (knowledge / "resources" / "lithium.md").read_text() == LITHIUM


async def test_teach_writes_after_a_yes(tmp_path: Path) -> None:
    """With a yes the question is in the file."""
    result, knowledge = await taught(tmp_path, "--snippet", "resources/lithium", "--pick", "1", typed="y\n")
    assert result.exit_code == 0, result.output
    assert questions_in((knowledge / "resources" / "lithium.md").read_text())[-1] == "how much lithium is there"


async def test_teach_out_of_scope_closes_the_gap(tmp_path: Path) -> None:
    """The example is recorded and the gap is not offered any more."""
    result, knowledge = await taught(tmp_path, "--out-of-scope", "--pick", "all", "--yes")
    assert result.exit_code == 0, result.output
    assert "how much lithium is there" in (knowledge / "evaluation.yaml").read_text()
    listed = CliRunner().invoke(log_commands, ["gaps", "--no-update", "--data", str(tmp_path)])
    assert "No gap" in listed.output


async def test_teach_an_evaluation_question(tmp_path: Path) -> None:
    """The diff of evaluation.yaml comes first; after a yes the question is in it, and not in the snippet."""
    result, knowledge = await taught(
        tmp_path, "--snippet", "resources/lithium", "--evaluate", "--pick", "1", typed="y\n"
    )
    assert result.exit_code == 0, result.output
    assert "+++ b/evaluation.yaml" in result.output
    assert (knowledge / "resources" / "lithium.md").read_text() == LITHIUM
    [question] = read_evaluation(knowledge / "evaluation.yaml").questions
    assert (question.text, question.answers) == ("how much lithium is there", ("resources/lithium",))


@pytest.mark.parametrize("into", [("--snippet", "resources/lithium"), ("--out-of-scope",)])
async def test_teach_never_offers_what_people_who_opted_out_asked(tmp_path: Path, into: tuple[str, ...]) -> None:
    """Not even if they opted out after the question had been put into the gap."""
    log = open_log(tmp_path)
    await log.record(entry("how much lithium is there", "none", person=1))
    await log.record(entry("and in Almaty", "none", person=2))
    with closing(schema.open_log(tmp_path / "queries.db")) as connection:
        connection.execute("INSERT INTO gaps (opened, changed, encoder) VALUES ('2026', '2026', 'e')")
        connection.execute(
            "INSERT INTO gap_questions (question_id, gap, similarity, person, time) "
            "SELECT id, 1, 0.9, person, time FROM questions"
        )
    await log.opt_out(2, True)
    await log.close()
    snippet(tmp_path / "knowledge", LITHIUM)
    arguments = ["teach", "1", *into, "--pick", "all", "--yes", "--knowledge", str(tmp_path / "knowledge")]
    result = CliRunner().invoke(log_commands, [*arguments, "--data", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "how much lithium is there" in result.output
    assert "Almaty" not in result.output


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "one of --snippet"),
        (("--new", "resources", "--evaluate"), "--evaluate needs"),
        (("--snippet", "a/b", "--out-of-scope"), "one of --snippet"),
        (("--snippet", "resources/lithium", "--pick", "7"), "those listed"),
        (("--snippet", "resources/lithium"), "--pick"),
    ],
)
async def test_teach_explains_what_is_missing(tmp_path: Path, options: tuple[str, ...], reason: str) -> None:
    """A wrong use ends with what to say instead."""
    result, _ = await taught(tmp_path, *options)
    assert result.exit_code == 2
    assert reason in result.output


async def test_a_taught_gap_is_answered(small: tuple[Path, Path, BuildResult]) -> None:
    """From a question that got no answer to one that does: only its line is added, and every other question stays."""
    knowledge, data, _ = small
    question, others = "tell me about the spa town deal", ["Who is the trade envoy?", "how much copper is made"]
    index = Index.open(data)
    log = open_log(data)
    assert index.answer(question).decision != "answer"
    before = {other: index.answer(other).hits[0].snippet.id for other in others}
    for person in (1, 2):
        await log.record(Entry(index.answer(question), "private", person=person))
    await log.close()
    index.close()

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(log_commands, [*arguments, "--data", str(data)])
        assert result.exit_code == 0, result.output
        return result

    [gap] = json.loads(run("gaps", "--json").stdout)
    files = {path: path.read_bytes() for path in knowledge.rglob("*.*")}
    options = ["--snippet", "deals/memorandum", "--pick", "all", "--yes", "--build", "--knowledge", str(knowledge)]
    taught = run("teach", str(gap["id"]), *options)
    assert "1 of 1 wordings are answered now." in taught.output
    assert [path.name for path, content in files.items() if path.read_bytes() != content] == ["memorandum.md"]
    changed = [line for line in taught.output.splitlines() if re.match(r"[+-](?![+-])", line)]
    assert changed == [f"+  - {question}"]
    index = Index.open(data)
    assert index.answer(question).hits[0].snippet.id == "deals/memorandum"
    assert {other: index.answer(other).hits[0].snippet.id for other in others} == before
    index.close()
    assert json.loads(run("gaps", "--no-update", "--json").stdout) == []
