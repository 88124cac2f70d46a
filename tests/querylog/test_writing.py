"""The query log keeps every question whatever happens to the process, the disk or the file."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.database import open_for_reading
from bot.querylog import statements
from bot.querylog.anonymity import Pseudonyms
from bot.querylog.entry import Row
from bot.querylog.log import Delivery
from bot.querylog.schema import open_log as open_file
from tests.support.log_answers import entry, open_log, until

ROOT = Path(__file__).parents[2]


def rows(folder: Path, sql: str = "SELECT * FROM questions ORDER BY id") -> list[sqlite3.Row]:
    """Read the log as any other program would."""
    connection = open_for_reading(folder / "queries.db")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


async def test_row_is_there_when_record_returns(tmp_path: Path) -> None:
    """Another program sees the whole row as soon as its id is known, before anything is sent."""
    log = open_log(tmp_path)
    entry_id = await log.record(entry("What is lithium?", "closest"))
    [row] = rows(tmp_path)
    await log.close()
    assert (row["id"], row["question"], row["decision"], row["surface"]) == (
        entry_id,
        "What is lithium?",
        "closest",
        "private",
    )
    assert (row["confidence"], row["snippet"], row["topic"], row["index_version"]) == (
        0.75,
        "resources/lithium",
        "resources",
        "v1",
    )
    assert row["margin"] == pytest.approx(0.1)
    assert row["delivery"] == "pending"


@pytest.mark.parametrize(
    ("understood", "typed", "expected"),
    [
        ("What is lithium?", None, ("Hi! What is lithium?", "What is lithium?")),
        ("Hi! What is lithium?", None, ("Hi! What is lithium?", None)),
        ("What is lithium?", "and where?", ("and where?", "Hi! What is lithium?")),
        ("What is lithium?", "Hi! What is lithium?", ("Hi! What is lithium?", None)),
    ],
)
async def test_the_row_keeps_what_was_typed_and_what_was_understood(
    understood: str, typed: str | None, expected: tuple[str, str | None], tmp_path: Path
) -> None:
    """The second only where it differs; of a follow-up it is what the index was asked, with the question before."""
    asked = entry("Hi! What is lithium?")
    log = open_log(tmp_path)
    await log.record(replace(asked, answer=replace(asked.answer, understood=understood), typed=typed))
    await log.close()
    assert [(row["question"], row["asked"]) for row in rows(tmp_path)] == [expected]


async def test_candidates_can_be_replayed(tmp_path: Path) -> None:
    """Every candidate is kept with id, content hash, score, score parts and whether the person saw it."""
    log = open_log(tmp_path)
    await log.record(entry("What is lithium?", "closest"))
    await log.close()
    candidates = rows(
        tmp_path,
        "SELECT value ->> 'id' AS id, value ->> 'shown' AS shown, length(value ->> 'hash') AS hash, "
        "value ->> '$.parts.terms' AS terms FROM questions, json_each(candidates)",
    )
    assert [tuple(row) for row in candidates] == [
        ("resources/lithium", 1, 16, 0.25),
        ("resources/uranium", 0, 16, 0.25),
        ("agreements/memorandum", 0, 16, 0.25),
        ("business/copper", 0, 16, 0.25),
        ("people/envoy", 0, 16, 0.25),
    ]


async def test_ids_sort_by_time_and_fit_a_button(tmp_path: Path) -> None:
    """Ids made one after the other sort in that order and are short and plain."""
    log = open_log(tmp_path)
    ids = [await log.record(entry(f"question {number}")) for number in range(50)]
    await log.close()
    assert ids == sorted(ids)
    assert all(len(entry_id) <= 26 and entry_id.isalnum() and entry_id.isascii() for entry_id in ids)


async def test_delivery_is_noted_afterwards(tmp_path: Path) -> None:
    """What became of an answer is added to its row."""
    log = open_log(tmp_path)
    entry_id = await log.record(entry("What is lithium?"))
    log.delivered(entry_id, Delivery.FORBIDDEN)
    await log.close()
    [row] = rows(tmp_path)
    assert row["delivery"] == "forbidden"
    assert row["delivered_at"] >= row["time"]


async def test_only_the_asker_votes_and_may_change_it(tmp_path: Path) -> None:
    """Somebody else's vote is refused; the asker's is changed and taken back."""
    log = open_log(tmp_path)
    entry_id = await log.record(entry("What is lithium?", person=1))
    assert await log.vote(entry_id, 2, -1) is False
    assert await log.vote(entry_id, 1, -1) is True
    assert await log.vote(entry_id, 1, 1) is True
    assert [row["value"] for row in rows(tmp_path, "SELECT value FROM votes")] == [1]
    assert await log.vote(entry_id, 1, 0) is True
    assert rows(tmp_path, "SELECT value FROM counted_votes") == []
    await log.close()


async def test_votes_hold_after_a_restart(tmp_path: Path) -> None:
    """Who asked is known to a process that did not answer."""
    first = open_log(tmp_path)
    entry_id = await first.record(entry("What is lithium?", person=1))
    await first.close()
    second = open_log(tmp_path)
    assert await second.request(entry_id, 2) is False
    assert await second.request(entry_id, 1) is True
    await second.close()
    assert len(rows(tmp_path, "SELECT * FROM requests")) == 1


async def test_what_is_not_in_the_log_cannot_be_judged(tmp_path: Path) -> None:
    """A forged button makes no row, nor does one of a question that was forgotten."""
    log = open_log(tmp_path)
    await log.record(entry("What is lithium?", person=1))
    assert await log.vote("01KAR3Z7NNNNNNNNNNNNNNNNNN", 1, 1) is True
    assert await log.request("nonsense", 1) is True
    await log.close()
    assert rows(tmp_path, "SELECT question_id FROM votes UNION SELECT question_id FROM requests") == []


async def test_questions_that_arrive_together_have_their_own_rows(tmp_path: Path) -> None:
    """However many are recorded at the same time, each has a row and the vector that belongs to it."""
    log = open_log(tmp_path)
    entries = [entry(f"question {number}", "none", person=number) for number in range(200)]
    ids = await asyncio.gather(*map(log.record, entries))
    await log.close()
    written = {row["id"]: row["vector"] for row in rows(tmp_path, "SELECT * FROM questions JOIN vectors USING (seq)")}
    assert written == {
        entry_id: each.answer.vector.astype("<f2").tobytes() for entry_id, each in zip(ids, entries, strict=True)
    }


ASKING_PROCESS = """
import asyncio, sys
from pathlib import Path
sys.path[:0] = [{root!r}]
from tests.support.log_answers import entry, open_log

async def main():
    log = open_log(Path({folder!r}))
    for number in range(2000):
        entry_id = await log.record(entry(f"question {{number}}", "none" if number % 3 else "answer"))
        sys.stdout.write(entry_id + "\\n")
        sys.stdout.flush()

asyncio.run(main())
"""


@pytest.mark.faults
@pytest.mark.parametrize("lines_before_the_kill", [1, 90, 700])
def test_kill_loses_no_answered_question(tmp_path: Path, lines_before_the_kill: int) -> None:
    """After SIGKILL every question whose answer could go out has its whole row, and the file is sound."""
    script = ASKING_PROCESS.format(root=str(ROOT), folder=str(tmp_path))
    answered = []
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            answered.append(line.strip())
            if len(answered) == lines_before_the_kill:
                process.send_signal(signal.SIGKILL)
    written = {row["id"]: row for row in rows(tmp_path)}
    assert [line for line in answered if len(line) == 26 and line not in written] == []
    assert all(row["question"] and row["candidates"].endswith("]") for row in written.values())
    assert [tuple(row) for row in rows(tmp_path, "PRAGMA integrity_check")] == [("ok",)]
    without_vector = "SELECT id FROM questions WHERE decision = 'none' AND seq NOT IN (SELECT seq FROM vectors)"
    assert rows(tmp_path, without_vector) == []


@pytest.mark.faults
async def test_locked_log_never_silences(tmp_path: Path) -> None:
    """While another program holds the lock questions are answered; rows come later; one warning is given."""
    warnings: list[str] = []
    log = open_log(tmp_path, on_problem=warnings.append)
    await log.record(entry("before"))
    holder = sqlite3.connect(tmp_path / "queries.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    for number in range(25):
        await asyncio.wait_for(log.record(entry(f"during {number}")), timeout=5)
        await asyncio.sleep(0.1)
    assert len(warnings) == 1
    assert "locked" in warnings[0]
    holder.execute("COMMIT")
    holder.close()
    await log.record(entry("after"))
    await log.close()
    assert len(rows(tmp_path)) == 27
    assert len(warnings) == 1


@pytest.mark.faults
async def test_rows_lost_at_the_end_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What a log that stays locked cannot take before the program ends is told, with its number and the reason."""
    log = open_log(tmp_path, on_problem=lambda text: None)
    await log.record(entry("before"))
    with closing(sqlite3.connect(tmp_path / "queries.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        for number in range(3):
            await log.record(entry(f"during {number}"))
        await log.close()
        holder.execute("COMMIT")
    [line] = [record.getMessage() for record in caplog.records if "lost" in record.getMessage()]
    assert line.startswith("3 rows")
    assert "database is locked" in line
    assert len(rows(tmp_path)) == 1


@pytest.mark.faults
async def test_a_disk_that_hangs_never_silences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a write does not return, questions are answered and nothing raises; the rows are there in the end."""
    released = threading.Event()

    def insert(connection: sqlite3.Connection, row: Row) -> None:
        released.wait(60)
        statements.insert(connection, row)

    log = open_log(tmp_path)
    monkeypatch.setattr("bot.querylog.log.statements", SimpleNamespace(**vars(statements) | {"insert": insert}))
    ids = [await log.record(entry(f"during {number}")) for number in range(5)]
    assert await log.vote(ids[0], 1, 1) is True
    log.delivered(ids[0], Delivery.SENT)
    assert rows(tmp_path) == []
    released.set()
    await log.close()
    assert [(row["id"], row["delivery"]) for row in rows(tmp_path)] == [
        (entry_id, "sent" if entry_id == ids[0] else "pending") for entry_id in ids
    ]


async def test_a_short_lock_is_no_problem(tmp_path: Path) -> None:
    """A moment's lock, as a review command takes it, warns nobody."""
    warnings: list[str] = []
    log = open_log(tmp_path, on_problem=warnings.append)
    await log.record(entry("before"))
    holder = sqlite3.connect(tmp_path / "queries.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    await log.record(entry("during"))
    holder.execute("COMMIT")
    holder.close()
    await log.close()
    assert (len(rows(tmp_path)), warnings) == (2, [])


FULL_DISK = """
import asyncio, resource, sys
from pathlib import Path
sys.path[:0] = [{root!r}]
from tests.support.log_answers import entry, open_log

async def main():
    folder = Path({folder!r})
    warnings = []
    log = open_log(folder, on_problem=warnings.append)
    await log.record(entry("before"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # No file may grow beyond this size: to SQLite that is a write that fails, as on a full disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    for number in range(300):
        await asyncio.wait_for(log.record(entry(f"during {{number}}")), timeout=5)
    assert len(warnings) == 1, warnings
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await log.record(entry("after"))
    await asyncio.sleep(1)
    await log.close()
    assert len(warnings) == 1, warnings

asyncio.run(main())
"""


@pytest.mark.faults
def test_full_disk_never_silences(tmp_path: Path) -> None:
    """When files can grow no further questions are answered, one warning is given, and the rows arrive later."""
    script = FULL_DISK.format(root=str(ROOT), folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert len(rows(tmp_path)) == 302
    assert [tuple(row) for row in rows(tmp_path, "PRAGMA integrity_check")] == [("ok",)]


@pytest.mark.faults
async def test_folder_that_cannot_be_written_never_silences(tmp_path: Path) -> None:
    """Where the log's folder cannot exist, the bot starts, answers and warns; the rows come once it can."""
    warnings: list[str] = []
    (tmp_path / "data").write_text("in the way")
    log = open_log(tmp_path / "data", on_problem=warnings.append)
    await log.record(entry("during"))
    await until(lambda: "cannot be written" in "".join(warnings))
    assert len([warning for warning in warnings if "cannot be written" in warning]) == 1
    (tmp_path / "data").unlink()
    await log.record(entry("after"))
    await until((tmp_path / "data" / "queries.db").exists)
    await log.close()
    assert [row["question"] for row in rows(tmp_path / "data")] == ["during", "after"]


READ_ONLY = """
import asyncio, os, sys, tempfile
from pathlib import Path
sys.path[:0] = [{root!r}]
from tests.support.log_answers import entry, open_log, until

async def load():
    with tempfile.TemporaryDirectory() as folder:
        log = open_log(Path(folder))
        await log.record(entry("everything is imported by this"))
        await log.close()

if os.getuid() == 0:  # root may write anywhere; somebody else may not even read the interpreter's own files
    asyncio.run(load())
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)

async def main():
    warnings = []
    log = open_log(Path({folder!r}), on_problem=warnings.append)
    for number in range(3):
        await asyncio.wait_for(log.record(entry(f"during {{number}}")), timeout=5)
    await until(lambda: warnings)
    assert len(warnings) == 1 and "cannot be written" in warnings[0], warnings
    assert log.backlog >= 3, log.backlog
    print("asked", flush=True)
    sys.stdin.readline()
    await until(lambda: not log.backlog)
    await log.close()
    assert len(warnings) == 1, warnings

asyncio.run(main())
"""


@pytest.mark.faults
@pytest.mark.parametrize("read_only", ["file and folder", "folder"])
def test_read_only_log_never_silences(read_only: str) -> None:
    """A log that may only be read: questions are answered, one warning is given, and the rows come once it may."""
    # Not in tmp_path: pytest lets nobody but its own user look into that.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(open_file(folder / "queries.db")):
            pass
        Pseudonyms.open(folder / "pseudonyms.key")
        (folder / "pseudonyms.key").chmod(0o444)
        (folder / "queries.db").chmod(0o444 if read_only == "file and folder" else 0o666)
        folder.chmod(0o555)
        script = READ_ONLY.format(root=str(ROOT), folder=name)
        command = [sys.executable, "-c", script]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline() == "asked\n"
            folder.chmod(0o777)
            (folder / "queries.db").chmod(0o666)
            process.communicate("\n", timeout=60)
        assert process.returncode == 0
        assert [row["question"] for row in rows(folder)] == ["during 0", "during 1", "during 2"]


@pytest.mark.faults
async def test_file_broken_while_running_is_set_aside(tmp_path: Path) -> None:
    """Damage that shows while writing costs no question."""
    warnings: list[str] = []
    log = open_log(tmp_path, on_problem=warnings.append)
    await log.record(entry("before"))
    await log.close()
    path = tmp_path / "queries.db"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    log = open_log(tmp_path, on_problem=warnings.append)
    await log.record(entry("after"))
    await log.close()
    assert [row["question"] for row in rows(tmp_path)] == ["after"]
    assert len(list(tmp_path.glob("queries.db.broken-*"))) == 1
    assert len(warnings) == 1


@pytest.mark.faults
async def test_file_broken_at_the_end_loses_nothing(tmp_path: Path) -> None:
    """A file found broken while the log is closed is replaced, and what was queued goes into the new one."""
    log = open_log(tmp_path, on_problem=lambda text: None)
    await log.record(entry("before"))
    # The thread waits for this lock while the file is broken and the end is asked for.
    with closing(sqlite3.connect(tmp_path / "queries.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        await log.record(entry("last"))
        for path in tmp_path.glob("queries.db*"):
            path.unlink()
        (tmp_path / "queries.db").write_bytes(b"not a database any more" * 1000)
        await log.close()
    assert [row["question"] for row in rows(tmp_path)] == ["last"]


@pytest.mark.faults
async def test_deleted_file_is_begun_anew(tmp_path: Path) -> None:
    """A log deleted under a running bot does not swallow what is asked afterwards."""
    log = open_log(tmp_path)
    await log.record(entry("before"))
    for path in tmp_path.glob("queries.db*"):
        path.unlink()
    await log.record(entry("after"))
    await log.close()
    assert [row["question"] for row in rows(tmp_path)] == ["after"]


@pytest.mark.faults
async def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more rows than memory keeps, the oldest are lost, and the operator is told how many."""
    monkeypatch.setattr("bot.querylog.writer._BOUND", 10)
    (tmp_path / "data").write_text("in the way")
    log = open_log(tmp_path / "data", on_problem=lambda text: None)
    for number in range(30):
        await log.record(entry(f"question {number}"))
    (tmp_path / "data").unlink()
    await log.close()
    assert [row["question"] for row in rows(tmp_path / "data")] == [f"question {number}" for number in range(20, 30)]


async def test_one_bad_row_takes_no_other_with_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A row the database refuses is reported; those committed beside it are kept."""
    log = open_log(tmp_path)
    bad = entry("bad", language=None)
    await asyncio.gather(log.record(entry("first")), log.record(bad), log.record(entry("last")))
    await log.close()
    assert [row["question"] for row in rows(tmp_path)] == ["first", "last"]
    assert "cannot take a row" in caplog.text


async def test_switched_off_writes_nothing(tmp_path: Path) -> None:
    """With the log off no file appears, and everything else still answers."""
    log = open_log(tmp_path, enabled=False)
    entry_id = await log.record(entry("What is lithium?"))
    log.delivered(entry_id, Delivery.SENT)
    assert await log.vote(entry_id, 1, 1) is True
    assert (await log.forget_person(1)).questions == 0
    await log.close()
    assert list(tmp_path.iterdir()) == []


async def test_rows_can_be_searched_at_once(tmp_path: Path) -> None:
    """The full-text index holds a question as soon as its row is there."""
    log = open_log(tmp_path)
    await log.record(entry("Қазақстандағы литий қоры қандай?", "none", language="kk"))
    await log.record(entry("What is uranium?"))
    found = rows(
        tmp_path,
        "SELECT question FROM questions WHERE seq IN "
        "(SELECT rowid FROM questions_fts WHERE questions_fts MATCH 'литий')",
    )
    await log.close()
    assert [row["question"] for row in found] == ["Қазақстандағы литий қоры қандай?"]
