"""The verbs of the command line: what they print, how they end, and that nobody ever sees a traceback."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from bot.cli import cli
from index.build.builder import BuildResult
from index.search.answer import Answer
from index.search.decision import Decision
from index.search.index import Index
from index.version.versions import index_folder, live_version

ROOT = Path(__file__).parents[2]

Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Run the program as a user does, in an empty folder, without a terminal."""

    def run(
        *arguments: str | Path, typed: str | bytes = "", env: dict[str, str] | None = None, before: str = ""
    ) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BOT_", "COLUMNS"))}
        start = [sys.executable, "-m", "bot"]
        if before:
            start = [sys.executable, "-c", f"import sys\n{before}\nfrom bot.cli import main\nmain()"]
        done = subprocess.run(
            [*start, *map(str, arguments)],
            cwd=tmp_path,
            env={**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "HF_HUB_OFFLINE": "1", **(env or {})},
            input=typed if isinstance(typed, bytes) else typed.encode("utf-8", "surrogatepass"),
            capture_output=True,
            check=False,
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


def refused(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    """Assert that the program ended with one clear line."""
    assert done.returncode == 1, done
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("Error: ")
    for part in parts:
        assert part in lines[0]


def invoke(*arguments: str | Path, typed: str = "") -> tuple[int, str, str]:
    """Run a verb in this process, where the packages are loaded already."""
    result = CliRunner().invoke(cli, list(map(str, arguments)), input=typed, prog_name="partnership-bot")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


# check


def test_check_of_sound_knowledge_is_silent(built_small: Path) -> None:
    """Nothing on standard output, a count on standard error, exit code 0."""
    code, out, err = invoke("check", "--knowledge", built_small.parent / "knowledge")
    assert (code, out) == (0, "")
    assert "6 snippets in en: 0 problem(s), 0 warning(s)." in err


def test_check_prints_every_problem(tmp_path: Path, built_small: Path) -> None:
    """One line ``file:line: field: reason`` each, exit code 1."""
    folder = shutil.copytree(built_small.parent / "knowledge", tmp_path / "knowledge")
    (folder / "metals/bad.md").write_bytes(b"\xff")
    (folder / "metals/copper.md").write_text("---\ntitle: Copper\nas_of: never\n---\n<b>Hi</b>\n")
    code, out, _ = invoke("check", "--knowledge", folder)
    assert code == 1
    assert [line.split(": ")[:2] for line in out.splitlines()] == [
        ["metals/bad.md:1", "file"],
        ["metals/copper.md:1", "sources"],
        ["metals/copper.md:3", "as_of"],
        ["metals/copper.md:5", "body"],
    ]


def test_check_of_warnings_alone_succeeds(tmp_path: Path, built_small: Path) -> None:
    """An expired snippet is worth knowing and no failure."""
    folder = shutil.copytree(built_small.parent / "knowledge", tmp_path / "knowledge")
    path = folder / "metals/copper.md"
    path.write_text(path.read_text().replace("as_of:", "valid_until: 2020-01\nas_of:"))
    code, out, err = invoke("check", "--knowledge", folder)
    assert code == 0
    assert out.startswith("metals/copper.md:4: valid_until: warning: expired on 2020-01")
    assert "0 problem(s), 1 warning(s)" in err


def test_a_missing_knowledge_folder_is_one_clear_line(program: Program, tmp_path: Path) -> None:
    """For check, and for build and ask below what they say of their steps."""
    refused(program("check", "--knowledge", "nowhere"), "nowhere: no such folder", "--knowledge DIR")
    for arguments in (["build"], ["ask", "who"]):
        code, out, err = invoke(*arguments, "--knowledge", "nowhere", "--data", tmp_path / "data")
        assert (code, out) == (1, "")
        assert err.splitlines()[-1].startswith("Error: nowhere: no such folder")


# build


def test_build_names_the_version_on_its_last_line(data: Path, built_small: Path) -> None:
    """Counts before it; a second build says that nothing has changed; a rollback names what is live."""
    knowledge = built_small.parent / "knowledge"
    code, out, err = invoke("build", "--knowledge", knowledge, "--data", data)
    assert code == 0, err
    assert out.splitlines() == [
        "6 snippets, 6 translations: 6 embedded, 0 reused.",
        f"Published version {live_version(data)}",
    ]
    first = live_version(data)
    assert invoke("build", "--knowledge", knowledge, "--data", data)[1] == (
        f"Nothing has changed; live is version {first}\n"
    )
    code, out, _ = invoke("build", "--knowledge", knowledge, "--data", data, "--force")
    assert out.splitlines()[0].endswith("0 embedded, 6 reused.")
    assert invoke("build", "--rollback", "--data", data)[:2] == (0, f"Rolled back; live is version {first}\n")
    code, out, err = invoke("build", "--rollback", "--data", data)
    assert (code, out) == (1, "")
    assert "no earlier version to go back to" in err


def test_build_without_its_extra_says_what_to_install(program: Program, built_small: Path) -> None:
    """The command that installs it is in the line."""
    without = "sys.modules['sentence_transformers'] = None"
    done = program("build", "--knowledge", built_small.parent / "knowledge", "--data", "data", before=without)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "pip install 'partnership-bot[build]'" in done.stderr.splitlines()[-1]


# ask


def test_ask_quotes_with_source_and_date(built_small: Path) -> None:
    """Title, quote and source, as plain text where there is no terminal."""
    code, out, _ = invoke("ask", "who is the trade envoy", "--data", built_small)
    assert code == 0
    assert "Lord Alderdice was named trade envoy in January 2025." in out
    assert "As of 4 June 2025" in out
    assert "The Press: News, June 2025 <https://example.org/>" in out
    assert "\x1b" not in out


def test_plain_output_is_not_wrapped(program: Program, built_small: Path) -> None:
    """A quote is one line for programs that read it, and no colour codes reach a pipe."""
    done = program("ask", "where is copper made", "--data", built_small, env={"COLUMNS": "20"})
    assert done.returncode == 0, done.stderr
    assert "Copper output was 6,218 tonnes in 2025. The plant stands near Balkhash." in done.stdout.splitlines()
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        ("кто торговый посланник", ["  По состоянию на октябрь 2025 г."]),
        ("сауда өкілі кім", ["  2025 жылғы қазандағы жағдай бойынша"]),
        ("какая погода в Париже", ["В подборке об этом ничего нет.", "Темы: "]),
    ],
)
def test_labels_are_in_the_language_of_what_is_quoted(real_data: Path, question: str, lines: list[str]) -> None:
    """Dates, notes and the line of topics, with plain spaces, which every terminal can show."""
    _, out, _ = invoke("ask", question, "--data", real_data)
    printed = out.splitlines()
    assert all(any(each.startswith(line) for each in printed) for line in lines)


def test_one_passage_is_shown_where_none_surely_answers(real_data: Path) -> None:
    """Others are named, as buttons of the bot's message name them."""
    _, out, _ = invoke("ask", "how much lithium is mined in Kazakhstan", "--data", real_data)
    assert out.startswith("The closest I have")
    assert sum(line.startswith("  As of ") for line in out.splitlines()) == 1
    assert 1 <= sum(line.startswith("▶ ") for line in out.splitlines()) <= 2


@pytest.mark.parametrize("question", ["what is the weather in Paris", "asdfgh", "🙂", "", "   ", "?"])
def test_ask_says_politely_that_there_is_no_answer(real_data: Path, question: str) -> None:
    """Exit code 0, and no snippet is quoted."""
    code, out, _ = invoke("ask", question, "--data", real_data)
    assert code == 0
    assert out.startswith("My collection does not cover this.")
    assert "As of" not in out


def test_ask_in_json_keeps_the_contract(real_data: Path) -> None:
    """One object with the promised keys, five hits at least, and nothing else on standard output."""
    code, out, _ = invoke("ask", "--json", "кто торговый посланник", "--data", real_data)
    fields = json.loads(out)
    assert code == 0
    assert list(fields) == ["question", "language", "decision", "confidence", "hits", "index_version", "ms"]
    assert (fields["question"], fields["language"]) == ("кто торговый посланник", "ru")
    assert len(fields["hits"]) >= 5
    for hit in fields["hits"]:
        assert {"id", "score", "title", "text", "highlight", "speaker", "as_of", "sources"} <= set(hit)
        assert hit["highlight"] in hit["text"]


def test_batch_answers_every_line_in_order(built_small: Path, tmp_path: Path) -> None:
    """Plain lines, JSON lines with a language, empty lines and broken JSON alike: one object each."""
    lines = [
        "who is the trade envoy",
        '{"question": "copper", "language": "ru"}',
        "",
        '{"question": 7}',
        '{"broken',
        '{"question": "\\ud800"}',
        "uranium\u2028output",
        "🙂",
    ]
    path = tmp_path / "questions.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    code, out, err = invoke("ask", "--batch", path, "--json", "--data", built_small)
    assert code == 0, err
    found = [json.loads(line) for line in out.split("\n")[:-1]]
    assert len(found) == len(lines)
    assert [entry["question"] for entry in found[:3]] == ["who is the trade envoy", "copper", ""]
    assert found[1]["language"] == "ru"
    assert found[0]["hits"][0]["id"] == "people/envoy"
    assert found[2]["decision"] == found[7]["decision"] == "none"


def test_batch_reads_standard_input(program: Program, built_small: Path) -> None:
    """Line by line, without a byte-order mark; at bytes that are no UTF-8 it stops and says where."""
    done = program("ask", "--batch", "-", "--json", "--data", built_small, typed=b"\xef\xbb\xbfcopper\r\nhydrogen")
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["question"] for each in found] == ["copper", "hydrogen"]
    assert found[1]["hits"][0]["id"] == "deals/memorandum"
    done = program("ask", "--batch", "-", "--json", "--data", built_small, typed=b"copper\n\xff\xfe\nhydrogen")
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == "Error: standard input:2: is not UTF-8 (byte 0xff); save it as UTF-8.\n"


def test_batch_without_json_shows_question_and_answer(built_small: Path, tmp_path: Path) -> None:
    """For reading by people."""
    (tmp_path / "q.txt").write_text("trade envoy\nhydrogen\n")
    code, out, _ = invoke("ask", "--batch", tmp_path / "q.txt", "--data", built_small)
    assert code == 0
    assert [line for line in out.splitlines() if line.startswith("> ")] == ["> trade envoy", "> hydrogen"]


def test_a_batch_file_that_is_not_there_is_named(built_small: Path) -> None:
    """As a wrong use of the command: exit code 2."""
    code, _, err = invoke("ask", "--batch", "nowhere.txt", "--data", built_small)
    assert code == 2
    assert "nowhere.txt" in err


def test_a_conversation_is_read_from_a_pipe(program: Program, built_small: Path) -> None:
    """Each line is a question until the end; then the program ends well."""
    done = program("ask", "--data", built_small, typed="trade envoy\nhydrogen\n")
    assert done.returncode == 0, done.stderr
    assert "Lord Alderdice" in done.stdout
    assert "hydrogen was signed" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_question_in_broken_bytes_is_answered(program: Program, built_small: Path) -> None:
    """Arguments that are no UTF-8 come as lone surrogates."""
    for arguments in (["--json"], []):
        done = program("ask", *arguments, "copper \udcff", "--data", built_small)
        assert done.returncode == 0, done.stderr
        assert "Copper output" in done.stdout


def test_ask_explains_itself(built_small: Path) -> None:
    """Confidence and thresholds, what the scores are made of, and the words that matched."""
    code, out, _ = invoke("ask", "trade envoy", "--explain", "--data", built_small)
    assert code == 0
    assert "at confidence" in out
    assert "terms matched in the best passage: trade, envoy" in out


def test_ask_says_that_a_question_is_not_covered(small: tuple[Path, Path, BuildResult]) -> None:
    """In words, in the explanation and in JSON; no question is suggested in its place."""
    folder, data, _ = small
    (folder / "not_covered.yaml").write_text("questions: [Who pays for the copper?]\n")
    assert invoke("build", "--knowledge", folder, "--data", data)[0] == 0
    _, out, _ = invoke("ask", "please, who pays for copper", "--explain", "--data", data)
    assert out.startswith("Thank you for your question. The editors have decided not to cover it here.\nTopics: ")
    assert "no answer because: The editors list this question as not covered: Who pays for the copper?" in out
    _, out, _ = invoke("ask", "who pays for copper", "--json", "--data", data)
    assert json.loads(out)["not_covered"] == "Who pays for the copper?"


def test_ask_says_how_it_read_a_mistyped_question(built_small: Path) -> None:
    """Whoever asks sees what is answered, and a program is told as well."""
    _, out, _ = invoke("ask", "copper output", "--data", built_small)
    assert "Read as" not in out
    _, out, _ = invoke("ask", "coper outptu", "--data", built_small)
    assert out.casefold().startswith("read as: copper output\n")
    _, out, _ = invoke("ask", "coper outptu", "--explain", "--json", "--data", built_small)
    assert json.loads(out)["read_as"].casefold() == "copper output"


def test_explanations_for_programs_add_up(built_small: Path) -> None:
    """From what ``--explain --json`` prints, confidence, decision and scores can be worked out; a batch has it too."""
    code, out, _ = invoke("ask", "trade envoy", "--explain", "--json", "--data", built_small)
    assert code == 0
    fields = json.loads(out)
    logit = fields["intercept"] + sum(
        fields["coefficients"][name] * value for name, value in fields["evidence"].items()
    )
    assert 1 / (1 + math.exp(-logit)) == pytest.approx(fields["confidence"], abs=1e-3)
    assert (fields["confidence"] >= fields["thresholds"]["answer"]) == (fields["decision"] == "answer")
    for hit in fields["hits"]:
        score = sum(hit["parts"][name] * weight for name, weight in hit["weights"].items())
        assert score == pytest.approx(hit["score"], abs=0.01)
    assert fields["terms_matched"] == ["trade", "envoy"]
    questions = "trade envoy\ncopper output"
    code, out, _ = invoke("ask", "--batch", "-", "--explain", "--json", "--data", built_small, typed=questions)
    assert [json.loads(line)["thresholds"] for line in out.splitlines()] == [fields["thresholds"]] * 2


def test_ask_says_what_differs_and_what_forbids_an_answer(built_small: Path) -> None:
    """What the passage does not hold stands first; the explanation names it once more, and what was understood."""
    question = "Hi! How much uranium was mined in 2019? Thanks"
    _, out, _ = invoke("ask", question, "--data", built_small)
    assert out.startswith("You asked about “2019”; the closest I have says “2023”.\n")
    _, out, _ = invoke("ask", question, "--explain", "--data", built_small)
    assert "understood: How much uranium was mined in 2019?\n" in out
    assert "no answer because: The question states what the passage does not: 2019\n" in out
    _, out, _ = invoke("ask", question, "--explain", "--json", "--data", built_small)
    fields = json.loads(out)
    assert fields["understood"] == "How much uranium was mined in 2019?"
    assert fields["differences"] == [{"kind": "date", "asked": "2019", "found": "2023"}]
    assert len(fields["forbidden_by"]) == 1


def test_ask_says_how_many_more_passages_are_about_a_subject(
    built_small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the answer, as in the bot's messages."""
    answer = Index.answer

    def with_more(self: Index, *given: Any, **more: Any) -> Answer:
        return replace(answer(self, *given, **more), decision=Decision.ANSWER, more_about=2)

    monkeypatch.setattr(Index, "answer", with_more)
    _, out, _ = invoke("ask", "who is the trade envoy", "--data", built_small)
    assert out.rstrip().endswith("2 more answers are about this.")


def test_ask_answers_several_questions_in_order(built_small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each under its question, and what is left out at the end; for programs there is a list beside the first."""
    monkeypatch.setattr("index.search.index.split_questions", lambda text, language: tuple(text.split("\n")))
    questions = ["who is the trade envoy", "hydrogen agreement", "uranium production", "who"]
    _, out, _ = invoke("ask", "\n".join(questions), "--data", built_small)
    assert [line for line in out.splitlines() if line.startswith("> ")] == [f"> {each}" for each in questions[:3]]
    assert out.splitlines()[-1] == "I answer at most 3 questions at a time. Left out: who"
    _, out, _ = invoke("ask", "\n".join(questions), "--json", "--explain", "--data", built_small)
    fields = json.loads(out)
    assert [each["question"] for each in fields["answers"]] == questions[:3]
    assert fields["left_out"] == ["who"]
    assert fields["hits"] == fields["answers"][0]["hits"]
    assert all("forbidden_by" in each for each in fields["answers"])


def test_ask_builds_what_is_missing(data: Path, built_small: Path) -> None:
    """Saying so on standard error; the answer alone is on standard output."""
    code, out, err = invoke(
        "ask", "--json", "trade envoy", "--data", data, "--knowledge", built_small.parent / "knowledge"
    )
    assert code == 0, err
    assert json.loads(out)["hits"][0]["id"] == "people/envoy"
    assert f"No index in {data} yet: building one" in err
    assert "Published version" in err


def test_ask_without_index_and_extra_says_how_to_get_one(program: Program) -> None:
    """The line names the command that installs what a build needs."""
    without = "sys.modules['sentence_transformers'] = None"
    refused(program("ask", "who", before=without), "no index here", "pip install 'partnership-bot[build]'")


def damaged_pointer(data: Path) -> None:
    (index_folder(data) / "current").unlink()
    (index_folder(data) / "current").write_bytes(b"\xffrubbish")


def damaged_file(data: Path) -> None:
    path = index_folder(data) / str(live_version(data)) / "vectors.npy"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-7])


def pointer_is_a_folder(data: Path) -> None:
    (index_folder(data) / "current").unlink()
    (index_folder(data) / "current").mkdir()


def data_is_a_file(data: Path) -> None:
    shutil.rmtree(data)
    data.write_text("")


@pytest.mark.faults
@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (damaged_pointer, "current: cannot be read"),
        (pointer_is_a_folder, "current: cannot be read"),
        (damaged_file, "vectors.npy: damaged"),
        (data_is_a_file, "small-data"),
    ],
)
def test_a_damaged_index_is_one_clear_line(program: Program, small_data: Path, harm, reason: str) -> None:  # type: ignore[no-untyped-def]
    """It says what is wrong and which command mends it; exit code 1."""
    harm(small_data)
    done = program("ask", "who", "--data", small_data, "--knowledge", "nowhere")
    refused(done, reason)
    assert "partnership-bot build" in done.stderr or "--data" in done.stderr


def test_bad_settings_are_named(program: Program) -> None:
    """All of them at once, by the name of the variable, and no secret among them."""
    done = program(
        "ask", "who", env={"BOT_LOG_DAYS": "many", "BOT_ADMINS": "me", "BOT_TOKEN": "123:secret", "BOT_QUEUE": "0"}
    )
    refused(done, "BOT_LOG_DAYS", "BOT_ADMINS", "BOT_QUEUE")
    assert "secret" not in done.stderr


def test_settings_are_read_from_the_environment(program: Program, built_small: Path) -> None:
    """``BOT_DATA_DIR`` names the data folder; an option goes before it."""
    done = program("ask", "trade envoy", env={"BOT_DATA_DIR": str(built_small)})
    assert done.returncode == 0, done.stderr
    assert "Lord Alderdice" in done.stdout
    done = program("ask", "trade envoy", "--data", built_small, env={"BOT_DATA_DIR": "/nowhere"})
    assert done.returncode == 0, done.stderr


def test_a_reader_that_goes_away_is_no_error(program: Program, built_small: Path) -> None:
    """``… | head`` ends without a traceback."""
    command = f"{sys.executable} -m bot ask --batch - --json --data {built_small} | head -c 1"
    done = subprocess.run(
        command,
        shell=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input="copper\n" * 50,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def verbs(group: click.Group = cli, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    found = []
    for name, command in group.commands.items():
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found += verbs(command, (*path, name))
    return found


@pytest.mark.parametrize("path", [path for path, _ in verbs()], ids=" ".join)
def test_every_verb_explains_itself(path: tuple[str, ...]) -> None:
    """Its help says what it does and a verb of the first rank shows an example and explains its options."""
    command = dict(verbs())[path]
    code, out, _ = invoke(*path, "--help")
    assert code == 0
    assert f"Usage: partnership-bot {' '.join(path)}" in out
    assert command.get_short_help_str()
    if len(path) == 1 and not isinstance(command, click.Group):
        assert f"partnership-bot {path[0]}" in out.split("\n", 1)[1], "no example"
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, parameter.name


def test_the_program_explains_itself() -> None:
    """Help lists the verbs and examples; a wrong verb is a wrong use."""
    code, out, _ = invoke("--help")
    assert code == 0
    for verb in ("ask", "build", "check", "evaluate", "log", "run", "status"):
        assert f"\n  {verb} " in out
    assert "Examples:" in out
    assert invoke("fly")[0] == 2
