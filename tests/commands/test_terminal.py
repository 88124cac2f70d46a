"""What the commands print in narrow terminals, into pipes and into streams that cannot take every character."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.commands.terminal import one_line
from tests.support.log_answers import entry, open_log
from tests.support.terminal import environment, in_terminal, piped

QUESTION = "Қазақстанда уран өндіру туралы келісімге кім қол қойды және қашан, қай қалада?"
ENCODINGS = {
    "LANG=C": ({"LANG": "C", "LC_ALL": "C"}, "utf-8"),
    "no UTF-8 mode": ({"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "ascii"),
    "cp1251": ({"PYTHONIOENCODING": "cp1251"}, "cp1251"),
    "ascii": ({"PYTHONIOENCODING": "ascii"}, "ascii"),
    "ascii, strict": ({"PYTHONIOENCODING": "ascii:strict"}, "ascii"),
    "utf-16": ({"PYTHONIOENCODING": "utf-16"}, "utf-16"),
}


@pytest.fixture
async def logged(built_small: Path, tmp_path: Path) -> Path:
    """A data folder with an index and a small log."""
    data = tmp_path / "logged"
    data.mkdir()
    for name in ("index", "encoders"):
        (data / name).symlink_to(built_small / name)
    log = open_log(data)
    await log.record(entry(QUESTION, "none", language="kk"))
    await log.record(entry("Who is the envoy?", "answer", person=2))
    await log.close()
    return data


@pytest.mark.parametrize("columns", [40, 80, 200])
async def test_a_terminal_shows_ids_and_questions_whole(logged: Path, columns: int) -> None:
    """In 80 columns a question is not squeezed beside the rest, and `log show` takes the id as it is shown."""
    [newest, oldest] = json.loads(piped("log", "list", "--json", "--data", logged, folder=logged).stdout)
    shown = in_terminal(columns, "log", "list", "--data", logged)
    assert newest["id"] in shown
    assert oldest["id"] in shown
    assert QUESTION in one_line(shown)
    assert shown.index(QUESTION[:20]) < shown.index(oldest["id"]) or columns == 200
    assert in_terminal(columns, "log", "show", "--no-now", oldest["id"], "--data", logged).count(oldest["id"]) == 1


@pytest.mark.parametrize("command", ["unanswered", "gaps", "gaps 1", "replay --all"])
async def test_every_table_leaves_the_question_whole(logged: Path, command: str) -> None:
    """Whatever else stands in its row."""
    in_terminal(80, "log", "gaps", "--data", logged)
    shown = in_terminal(80, "log", *command.split(), "--data", logged)
    assert QUESTION in one_line(shown)
    assert "…" not in shown


async def test_colours_that_are_forced_change_nothing_else(logged: Path) -> None:
    """A pipe gets the same lines, none of them filled up to a width."""
    for command in (["ask", "trade envoy"], ["ask", "--explain", "trade envoy"], ["log", "list"]):
        plain = piped(*command, "--data", logged, folder=logged).stdout.decode()
        forced = piped(*command, "--data", logged, folder=logged, FORCE_COLOR="1").stdout.decode()
        assert "\x1b[" in forced
        assert "\x1b[" not in plain
        assert len(forced) < len(plain) + 2000
        assert "Lord Alderdice" in forced or command == ["log", "list"]


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_what_cannot_be_encoded_is_replaced(logged: Path, built_small: Path, encoding: str) -> None:
    """No command ends with a traceback: people get question marks, programs get JSON with escapes."""
    settings, name = ENCODINGS[encoding]
    knowledge = built_small.parent / "knowledge"
    commands = {"ask envoy?": 0, "log list": 0, "log export": 0, "build --knowledge жоқ": 1}
    if encoding in ("LANG=C", "cp1251"):
        commands |= {"status": 0, "log gaps": 0, "log show нет": 1, f"check --knowledge {knowledge}": 0}
    for command, code in commands.items():
        data = [] if command.startswith("check") else ["--data", str(logged)]
        done = piped(*command.split(), *data, folder=logged, **settings)
        assert done.returncode == code, (command, done.stderr)
        done.stdout.decode(name)
        errors = done.stderr.decode(name)
        assert "Traceback" not in errors
        if code:
            assert errors.splitlines()[-1].startswith("Error: ")
    done = piped("log", "list", "--json", "--data", logged, folder=logged, **settings)
    assert [row["question"] for row in json.loads(done.stdout.decode(name))] == ["Who is the envoy?", QUESTION]
    done = piped("log", "export", "--format", "jsonl", "--data", logged, folder=logged, **settings)
    assert QUESTION in [json.loads(line)["question"] for line in done.stdout.decode(name).splitlines()]


async def test_a_question_is_read_as_utf_8_in_any_locale(logged: Path) -> None:
    """Also where Python takes the command line for ASCII."""
    settings = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = piped("ask", "--json", "добыча урана", "--data", logged, folder=logged, **settings)
    assert json.loads(done.stdout)["question"] == "добыча урана"


@pytest.mark.parametrize("command", ["log export", "log export --format jsonl", "log list", "ask envoy", "status"])
async def test_a_reader_that_goes_away_ends_a_command_as_a_shell_expects(logged: Path, command: str) -> None:
    """With the exit code of SIGPIPE and not a word; without any output at all a command runs to its end."""
    start = f"{sys.executable} -m bot {command} --data {logged}"
    done = subprocess.run(
        ["bash", "-c", f"{{ {start}; echo $? >&2; }} | true"], env=environment(), capture_output=True, check=False
    )
    assert done.stderr == b"141\n"
    done = subprocess.run(["bash", "-c", f"{start} >&-"], env=environment(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("command", ["--help", "status --data {}", "log export --data {}"])
async def test_output_that_cannot_be_written_is_one_clear_line(logged: Path, command: str) -> None:
    """On a full disk."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bot", *command.format(logged).split()],
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == ["Error: No space left on device"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1251"])
def test_a_batch_is_utf_8_or_refused(built_small: Path, tmp_path: Path, encoding: str) -> None:
    """With or without a byte-order mark; nothing of another encoding is asked."""
    path = tmp_path / "questions.txt"
    path.write_bytes("copper\nмедь\n".encode(encoding))
    for given, typed in ((path, b""), ("-", path.read_bytes().replace(b"copper\n", b""))):
        done = piped("ask", "--json", "--batch", given, "--data", built_small, folder=tmp_path, typed=typed)
        if encoding == "utf-8-sig":
            assert json.loads(done.stdout.splitlines()[0])["question"] in ("copper", "медь")
            continue
        assert (done.returncode, done.stdout) == (1, b"")
        [line] = done.stderr.decode().splitlines()
        assert line.startswith(f"Error: {path if given == path else 'standard input'}:")
        assert line.endswith("save it as UTF-8.")


@pytest.mark.parametrize(("name", "encoding"), [("q.yaml", "utf-16"), ("q.yaml", "cp1251"), ("q.jsonl", "cp1251")])
def test_questions_of_an_evaluation_are_utf_8_or_refused(
    built_small: Path, tmp_path: Path, name: str, encoding: str
) -> None:
    """In one line, whatever form they have."""
    text = "- {question: медь, answers: []}\n" if name.endswith("yaml") else '{"question": "медь", "passage": []}\n'
    (tmp_path / name).write_bytes(text.encode(encoding))
    done = piped("evaluate", "--questions", name, "--data", built_small, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, b"")
    [line] = done.stderr.decode().splitlines()
    assert name in line
    assert "UTF-8" in line


def test_home_is_found_without_a_shell(built_small: Path, tmp_path: Path) -> None:
    """In an option and in the environment."""
    shutil.copytree(built_small, tmp_path / "bot", copy_function=os.link)
    home = {"HOME": str(tmp_path)}
    assert piped("status", "--data", "~/bot", folder=tmp_path, **home).returncode == 0
    assert piped("status", folder=tmp_path, BOT_DATA_DIR="~/bot", **home).returncode == 0
    assert piped("log", "list", "--data=~/bot", folder=tmp_path, **home).stderr.startswith(
        f"Error: {tmp_path}".encode()
    )
