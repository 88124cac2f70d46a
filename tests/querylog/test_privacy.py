"""The log knows no names, keeps no secrets, and forgets when asked."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.database import open_database, open_for_reading
from bot.querylog.anonymity import Pseudonyms, redact
from bot.querylog.erasure import back_up
from bot.querylog.log import Delivery, QueryLogError
from bot.querylog.statements import COLUMNS, EXPORTED_ROWS
from bot.telegram.state import STATE_MIGRATIONS, BotState
from tests.support.log_answers import entry, open_log, until

ROOT = Path(__file__).parents[2]

PERSON = 7_012_345_678


def everything(folder: Path) -> bytes:
    """Return the bytes of every file below a folder, except the key."""
    return b"\0".join(
        path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "pseudonyms.key"
    )


async def test_no_telegram_id_is_stored(tmp_path: Path) -> None:
    """Neither the person's nor the chat's number is in any file, yet both rows carry the same pseudonym."""
    log = open_log(tmp_path)
    await log.record(entry("first", person=PERSON))
    await log.record(entry("second", person=PERSON))
    await log.close()
    content = everything(tmp_path)
    assert str(PERSON).encode() not in content
    assert PERSON.to_bytes(8, "big") not in content
    connection = open_for_reading(tmp_path / "queries.db")
    [(person, chat, count)] = connection.execute(
        "SELECT person, chat, count(*) FROM questions GROUP BY person, chat"
    ).fetchall()
    connection.close()
    assert (len(person), count) == (16, 2)
    assert person != chat


def test_key_is_private_and_kept(tmp_path: Path) -> None:
    """The key is made once, readable by its owner alone, and gives the same names after a restart."""
    path = tmp_path / "pseudonyms.key"
    first = Pseudonyms.open(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert first.person(5) == Pseudonyms.open(path).person(5)
    assert first.person(5) != Pseudonyms.open(tmp_path / "other.key").person(5)


@pytest.mark.faults
async def test_damaged_key_records_nobody(tmp_path: Path) -> None:
    """With a key file that holds no key nobody can tell who opted out: nothing is recorded, and the bot says so once.

    The file is left alone; put right, it counts at the next start, and the wish not to be recorded with it.
    """
    log = open_log(tmp_path)
    await log.opt_out(1, True)
    await log.close()
    key = (tmp_path / "pseudonyms.key").read_text()
    (tmp_path / "pseudonyms.key").write_text("oops")
    warnings: list[str] = []
    log = open_log(tmp_path, on_problem=warnings.append)
    entry_id = await log.record(entry("What is zyzzyva?"))
    log.delivered(entry_id, Delivery.SENT)
    assert await log.vote(entry_id, 1, -1) is True
    for request in (log.forget_person(1), log.export_person(1), log.opt_out(2, True)):
        with pytest.raises(QueryLogError, match="key cannot be used"):
            await request
    await log.close()
    assert len(warnings) == 1
    assert str(tmp_path / "pseudonyms.key") in warnings[0]
    assert (tmp_path / "pseudonyms.key").read_text() == "oops"
    (tmp_path / "pseudonyms.key").write_text(key)
    log = open_log(tmp_path)
    await log.record(entry("What is zyzzyva now?"))
    await log.record(entry("What is lithium?", person=2))
    assert await log.opted_out(1) is True
    await log.close()
    assert b"zyzzyva" not in everything(tmp_path)
    assert b"What is lithium?" in everything(tmp_path)


async def test_opting_in_while_the_log_cannot_be_written_holds(tmp_path: Path) -> None:
    """Who opts in again while the file is away is recorded once it is back, whatever the file said."""
    log = open_log(tmp_path, on_problem=lambda text: None)
    await log.opt_out(1, True)
    await log.close()
    (tmp_path / "queries.db").rename(tmp_path / "away")
    (tmp_path / "queries.db").mkdir()
    log = open_log(tmp_path, on_problem=lambda text: None)
    with pytest.raises(QueryLogError):
        await log.opt_out(1, False)
    (tmp_path / "queries.db").rmdir()
    (tmp_path / "away").rename(tmp_path / "queries.db")
    await log.record(entry("What is uranium?", person=2))
    await until(lambda: not log.backlog)
    assert await log.opted_out(1) is False
    await log.record(entry("What is lithium?"))
    await log.close()
    assert b"What is lithium?" in everything(tmp_path)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[BotState]:
    """What the bot remembers, in a database beside the log."""
    with closing(open_database(tmp_path / "telegram.db", [STATE_MIGRATIONS])) as connection:
        yield BotState(connection)


@pytest.mark.faults
@pytest.mark.parametrize("while_running", [True, False])
async def test_opting_out_survives_a_broken_log(tmp_path: Path, state: BotState, while_running: bool) -> None:
    """Who opted out is known to the log begun in a broken one's place, whenever it broke."""
    warnings: list[str] = []
    log = open_log(tmp_path, opt_outs=state, on_problem=warnings.append)
    await log.opt_out(1, True)
    if not while_running:
        await log.close()
    for path in tmp_path.glob("queries.db*"):
        path.unlink()
    (tmp_path / "queries.db").write_bytes(b"not a database any more" * 1000)
    if not while_running:
        log = open_log(tmp_path, opt_outs=state, on_problem=warnings.append)
    await log.record(entry("What is lithium?", person=2))
    await log.record(entry("What is zyzzyva?"))
    assert await log.opted_out(1) is True
    await log.close()
    assert len(warnings) == 1
    assert b"zyzzyva" not in everything(tmp_path)
    with closing(open_for_reading(tmp_path / "queries.db")) as connection:
        assert {row[0] for row in connection.execute("SELECT person FROM opt_outs")} == state.opt_outs()


async def test_opting_out_survives_the_loss_of_the_state(tmp_path: Path, state: BotState) -> None:
    """Where what the bot remembers is lost, the log still knows who opted out."""
    log = open_log(tmp_path, opt_outs=state)
    await log.opt_out(1, True)
    await log.close()
    for name in state.opt_outs():
        state.set_opt_out(name, False)
    log = open_log(tmp_path, opt_outs=state)
    await log.record(entry("What is zyzzyva?"))
    assert await log.opted_out(1) is True
    await log.close()
    assert b"zyzzyva" not in everything(tmp_path)


async def test_opting_in_again_is_remembered(tmp_path: Path, state: BotState) -> None:
    """Who opts in again is in neither file, so that they are recorded after a restart too."""
    log = open_log(tmp_path, opt_outs=state)
    await log.opt_out(1, True)
    await log.opt_out(1, False)
    await log.close()
    assert state.opt_outs() == set()
    log = open_log(tmp_path, opt_outs=state)
    await log.record(entry("What is lithium?"))
    await log.close()
    assert b"What is lithium?" in everything(tmp_path)


async def test_opting_out_holds_while_the_log_is_switched_off(tmp_path: Path, state: BotState) -> None:
    """Who opts out where nothing is recorded is not recorded either once the log is switched on."""
    log = open_log(tmp_path, opt_outs=state, enabled=False)
    await log.opt_out(1, True)
    await log.close()
    log = open_log(tmp_path, opt_outs=state)
    await log.record(entry("What is zyzzyva?"))
    await log.close()
    assert b"zyzzyva" not in everything(tmp_path)


async def test_forgetting_nobody_rewrites_nothing(tmp_path: Path) -> None:
    """Where no row of a person is, neither the log nor a backup is rewritten: both keep their unused pages."""
    log = open_log(tmp_path)
    for number in range(200):
        await log.record(entry(f"What about bystander{number}?", person=2))
    files = [tmp_path / "queries.db", await asyncio.to_thread(back_up, tmp_path / "queries.db")]

    def unused() -> list[int]:
        found = []
        for path in files:
            with closing(open_for_reading(path)) as connection:
                found.append(connection.execute("PRAGMA freelist_count").fetchone()[0])
        return found

    for path in files:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("DELETE FROM questions WHERE seq > 20")
            connection.commit()
    before = unused()
    assert all(before)
    await asyncio.wait_for((await log.forget_person(1)).erased, 30)
    assert unused() == before
    await asyncio.wait_for((await log.forget_person(2)).erased, 30)
    assert unused() == [0, 0]
    await log.close()


async def test_forgetting_finds_rows_that_only_a_backup_has(tmp_path: Path) -> None:
    """A person of whom no row is left in the log is deleted from its backups all the same."""
    log = open_log(tmp_path)
    await log.record(entry("What about zyzzyva?", person=PERSON))
    await asyncio.to_thread(back_up, tmp_path / "queries.db")
    with closing(sqlite3.connect(tmp_path / "queries.db")) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("DELETE FROM questions")
        connection.commit()
    await asyncio.wait_for((await log.forget_person(PERSON)).erased, 30)
    await log.close()
    [backup] = (tmp_path / "backups").iterdir()
    assert b"zyzzyva" not in backup.read_bytes()


def surviving(words: list[bytes], folder: Path) -> list[bytes]:
    """Return those of the words that are anywhere in the files of a folder."""
    content = everything(folder)
    return [word for word in words if word in content]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("call +7 (701) 123-45-67 now", "call [phone] now"),
        ("87011234567", "[phone]"),
        ("8 495 123-45-67?", "[phone]?"),
        ("020 7946 0958 or +44 20 7946 0958", "[phone] or [phone]"),
        ("0044 20 7946 0958", "[phone]"),
        ("card 4111 1111 1111 1111, thanks", "card [card], thanks"),
        ("5500-0000-0000-0004", "[card]"),
        ("mail a.b+c@example.co.uk please", "mail [e-mail] please"),
        ("почта иван@почта.рф", "почта [e-mail]"),
        ("ask @some_one or t.me/some_one", "ask [username] or [username]"),
        ("123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "[token]"),
        ("my password: hunter2", "my password: [token]"),
        ("Пароль = qwe123", "Пароль = [token]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc", "[token]"),
        ("d41d8cd98f00b204e9800998ecf8427e", "[token]"),
    ],
)
def test_redacted(text: str, redacted: str) -> None:
    """What identifies people or opens doors is replaced by the kind of thing it was."""
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "What changed in 2023-2024 and 2025?",
        "1,200,000 tonnes in 2024, 3 500 000 kg, $1.1 billion",
        "signed on 27.04.2026 or 2026-04-27?",
        "Is 20 GW from 2030 to 2032 realistic?",
        "https://www.gov.uk/government/publications/uk-kazakhstan-strategic-partnership-2024",
        "ISIN GB00B0HZPV38",
        "Қазақстанда 19 сыни минерал бар ма?",
    ],
)
def test_not_redacted(text: str) -> None:
    """Years, amounts, dates and addresses of pages stay: they are what people ask about."""
    assert redact(text) == text


SAFE = st.text(st.characters(codec="utf-8", exclude_categories=("Nd", "Nl", "No", "Cs")), max_size=30)


@given(SAFE, st.from_regex(r"[a-z][a-z0-9.]{0,10}[a-z]@[a-z]{2,10}\.(com|kz|co\.uk)", fullmatch=True), SAFE)
def test_no_email_survives(before: str, address: str, after: str) -> None:
    """An e-mail address between any text is gone."""
    assert address not in redact(f"{before} {address} {after}")


@given(SAFE, st.from_regex(r"4[0-9]{14}", fullmatch=True), st.sampled_from(["", " ", "-"]), SAFE)
def test_no_card_survives(before: str, digits: str, gap: str, after: str) -> None:
    """A card number with a right check digit is gone, however it is grouped."""
    odd = sum(int(digit) for digit in digits[1::2]) + sum(sum(divmod(2 * int(digit), 10)) for digit in digits[0::2])
    number = digits + str(-odd % 10)
    written = gap.join(number[start : start + 4] for start in range(0, 16, 4))
    assert written not in redact(f"{before} {written} {after}")


@given(SAFE, st.from_regex(r"(\+7701|\+4479|8701)[0-9]{7}", fullmatch=True), SAFE)
def test_no_phone_survives(before: str, number: str, after: str) -> None:
    """A mobile number of the two countries between any text is gone."""
    assert number not in redact(f"{before} {number} {after}")


KEYS = (
    r"[0-9]{6,12}:[A-Za-z0-9_-]{30,40}|eyJ[A-Za-z0-9_-]{8,20}\.[A-Za-z0-9_-]{1,20}|AKIA[A-Z0-9]{16}"
    r"|(sk|ghp|xoxb)[_-][A-Za-z0-9]{16,30}|[0-9a-f]{32,64}"
)


@given(SAFE, st.from_regex(KEYS, fullmatch=True), SAFE)
def test_no_key_survives(before: str, key: str, after: str) -> None:
    """A token or key between any text is gone, the shortest of each kind included."""
    assert key not in redact(f"{before} {key} {after}")


@given(st.text(st.characters(), max_size=200))
def test_any_text_can_be_stored(text: str) -> None:
    """Whatever Telegram delivers becomes text that SQLite and JSON take, and redacting twice changes nothing more."""
    stored = redact(text)
    assert "\0" not in stored
    assert stored.encode().decode() == stored
    assert sqlite3.connect(":memory:").execute("SELECT ?", (stored,)).fetchone() == (stored,)


async def test_row_holds_the_redacted_text(tmp_path: Path) -> None:
    """The number a person typed is in no file, neither as typed nor as asked of the index."""
    log = open_log(tmp_path)
    await log.record(entry("Ring me at +7 701 123 45 67 about lithium", "none"))
    await log.close()
    content = everything(tmp_path)
    assert b"701 123" not in content
    assert b"Ring me at [phone] about lithium" in content


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("Hi! Ring me at +7 701 123 45 67 about lithium", "Ring me at +7 701 123 45 67 about lithium"),
        ("Hi! Ring +7 701 12.03.2024 about lithium", "Ring +7 701 12 March 2024 about lithium"),
    ],
)
async def test_what_was_understood_is_redacted_too(typed: str, understood: str, tmp_path: Path) -> None:
    """A number is in no file, even where it reads as a date in what was understood."""
    asked = entry(typed, "none")
    log = open_log(tmp_path)
    await log.record(dataclasses.replace(asked, answer=dataclasses.replace(asked.answer, understood=understood)))
    await log.close()
    content = everything(tmp_path)
    assert b"7 701" not in content
    assert b"[phone] about lithium" in content


async def test_forget_leaves_no_byte(tmp_path: Path) -> None:
    """After a person is forgotten no word of theirs is in the database, its WAL, its search index or a backup."""
    log = open_log(tmp_path)
    words = []
    for number in range(400):
        theirs = f"zyzzyva{number}qx"
        words.append(theirs.encode())
        entry_id = await log.record(
            entry(f"What about {theirs} and its deposits?" + " more" * (number % 90), "none", person=PERSON)
        )
        log.delivered(entry_id, Delivery.SENT)
        await log.vote(entry_id, PERSON, -1)
        await log.request(entry_id, PERSON)
        await log.record(entry(f"What about bystander{number}?", person=2))
        if number == 200:
            await asyncio.to_thread(back_up, tmp_path / "queries.db")
            await asyncio.to_thread(back_up, tmp_path / "queries.db", tmp_path / "elsewhere" / "copy.db")
    assert surviving(words, tmp_path) == words
    forgotten = await log.forget_person(PERSON)
    assert forgotten.questions == 400
    await asyncio.wait_for(forgotten.erased, 30)
    # Now, while the bot is running, and again once it has ended.
    assert surviving(words, tmp_path) == []
    await log.close()
    assert surviving(words, tmp_path) == []
    connection = open_for_reading(tmp_path / "queries.db")
    assert connection.execute("SELECT count(*) FROM questions").fetchone()[0] == 400
    assert (
        connection.execute("SELECT count(*) FROM questions_fts WHERE questions_fts MATCH 'bystander7'").fetchone()[0]
        == 1
    )
    assert connection.execute("SELECT count(*) FROM votes").fetchone()[0] == 0
    connection.close()


async def test_forget_beside_a_reader(tmp_path: Path) -> None:
    """A program that only has the log open does not keep a person's text alive."""
    log = open_log(tmp_path)
    await log.record(entry("What about zyzzyva?", person=PERSON))
    reader = open_for_reading(tmp_path / "queries.db")
    assert reader.execute("SELECT count(*) FROM questions").fetchone()[0] == 1
    await asyncio.wait_for((await log.forget_person(PERSON)).erased, 30)
    assert b"zyzzyva" not in everything(tmp_path)
    reader.close()
    await log.close()


FORGETTING_PROCESS = """
import asyncio, sys
from pathlib import Path
sys.path[:0] = [{root!r}]
from tests.support.log_answers import entry, open_log

async def main():
    log = open_log(Path({folder!r}))
    for start in range(0, 1500, 100):
        questions = [entry(f"What about zyzzyva{{number}}qx?" + " more" * 50, person=number % 2)
                     for number in range(start, start + 100)]
        await asyncio.gather(*map(log.record, questions))
    forgotten = await log.forget_person(1)
    sys.stdout.write(f"{{forgotten.questions}}\\n")
    sys.stdout.flush()
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.faults
@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.1])
async def test_kill_while_erasing(tmp_path: Path, seconds: float) -> None:
    """What a killed process was overwriting is overwritten by the next one, however far the first had come."""
    script = FORGETTING_PROCESS.format(root=str(ROOT), folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "750\n"
        await asyncio.sleep(seconds)
        process.kill()
    theirs = [f"zyzzyva{number}qx".encode() for number in range(1, 1500, 2)]
    log = open_log(tmp_path)
    await until(lambda: not surviving(theirs, tmp_path))
    assert surviving(theirs, tmp_path) == []
    await log.close()
    connection = open_for_reading(tmp_path / "queries.db")
    assert connection.execute("SELECT count(*) FROM questions").fetchone()[0] == 750
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    connection.close()


async def test_forgotten_while_waiting_in_memory(tmp_path: Path) -> None:
    """Rows that still wait for a locked log are forgotten too, and the person is told that it takes longer."""
    log = open_log(tmp_path, on_problem=lambda text: None)
    await log.record(entry("before", person=2))
    holder = sqlite3.connect(tmp_path / "queries.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    await log.record(entry("What about zyzzyva?", person=PERSON))
    with pytest.raises(QueryLogError, match="as soon as"):
        await log.forget_person(PERSON)
    holder.execute("COMMIT")
    holder.close()
    await log.close()
    assert b"zyzzyva" not in everything(tmp_path)


async def test_export_is_complete_and_one_persons(tmp_path: Path) -> None:
    """A person gets every row about them, and nobody else's."""
    log = open_log(tmp_path)
    entry_id = await log.record(entry("What is lithium?", person=1))
    await log.vote(entry_id, 1, -1)
    await log.record(entry("What is uranium?", person=2))
    document = json.loads(await log.export_person(1))
    await log.close()
    assert [row["question"] for row in document["questions"]] == ["What is lithium?"]
    assert document["questions"][0]["candidates"][0]["id"] == "resources/lithium"
    assert [row["value"] for row in document["votes"]] == [-1]


@pytest.mark.parametrize(("rows", "letters"), [(EXPORTED_ROWS + 7, 10), (700, 40_000)])
async def test_export_of_very_much_is_bounded(tmp_path: Path, rows: int, letters: int) -> None:
    """Of more than a file may hold a person gets the newest, and how many older rows were left out."""
    log = open_log(tmp_path, retention_days=0)
    await log.record(entry("What is lithium?", person=1))
    with closing(sqlite3.connect(tmp_path / "queries.db")) as connection:
        columns = ", ".join(column for column in COLUMNS if column not in ("id", "time", "question"))
        connection.execute(
            f"WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?) "
            f"INSERT INTO questions (id, time, question, {columns}) "
            f"SELECT n, '2020-01-01T' || n, n || replace(hex(zeroblob(?)), '00', 'q'), {columns} FROM n, questions",
            (rows, letters),
        )
        connection.commit()
    data = await log.export_person(1)
    await log.close()
    document = json.loads(data)
    assert len(data) < 20_000_000
    assert document["questions"][0]["question"] == "What is lithium?"
    assert document["older_left_out"]["questions"] == rows + 1 - len(document["questions"])
    assert 300 < len(document["questions"]) <= EXPORTED_ROWS
    assert document["older_left_out"]["questions"] > 0
    times = [row["time"] for row in document["questions"]]
    assert times == sorted(times, reverse=True)


async def test_opted_out_people_leave_no_row(tmp_path: Path) -> None:
    """Nothing is written of what they ask, before and after a restart, until they opt in again."""
    log = open_log(tmp_path)
    await log.opt_out(1, True)
    await log.record(entry("secret"))
    await log.close()
    log = open_log(tmp_path)
    await log.record(entry("other", person=2))
    assert await log.opted_out(1) is True
    await log.record(entry("secret"))
    await log.opt_out(1, False)
    await log.record(entry("public"))
    await log.close()
    connection = open_for_reading(tmp_path / "queries.db")
    assert [row[0] for row in connection.execute("SELECT question FROM questions ORDER BY id")] == ["other", "public"]
    connection.close()
