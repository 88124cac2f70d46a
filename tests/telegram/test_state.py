"""What the bot remembers between restarts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.database import open_database
from bot.telegram.state import STATE_MIGRATIONS, BotState, Given, Posted


@contextmanager
def remembered(folder: Path) -> Iterator[BotState]:
    """Open what is remembered in a folder, as each start of the bot does."""
    with closing(open_database(folder / "telegram.db", [STATE_MIGRATIONS], memory_fallback=True)) as connection:
        yield BotState(connection)


async def test_everything_is_known_after_a_restart(tmp_path: Path) -> None:
    """Languages, blocked chats, answers and opt-outs outlive the process."""
    with remembered(tmp_path) as state:
        await state.choose_language(1, "kk")
        await state.block(2)
        state.set_opt_out("k3q7xw2mz5ltvb4a", True)
        await state.remember_answer(Posted(1, 10, 1_700_000_000), "What is lithium?", 11, ["entry"])
    with remembered(tmp_path) as state:
        assert [state.language(person) for person in (1, 2)] == ["kk", None]
        assert [await state.blocked(chat) for chat in (1, 2)] == [False, True]
        assert state.opt_outs() == {"k3q7xw2mz5ltvb4a"}
        asked = Posted(1, 10, 1_700_000_000)
        assert await state.answer_to(asked, "What is lithium?") == Given(11, ("entry",), same_text=True)
        assert await state.answer_to(asked, "What is uranium?") == Given(11, ("entry",), same_text=False)
        assert await state.answer_to(Posted(1, 12, 1_700_000_000), "What is lithium?") is None


async def test_what_is_taken_back_is_forgotten(tmp_path: Path) -> None:
    """A language chosen no longer, a chat unblocked and a person who opted in again are not remembered."""
    with remembered(tmp_path) as state:
        await state.choose_language(1, "kk")
        await state.block(2)
        state.set_opt_out("k3q7xw2mz5ltvb4a", True)
        await state.choose_language(1, None)
        await state.unblock(2)
        state.set_opt_out("k3q7xw2mz5ltvb4a", False)
        assert (state.language(1), await state.blocked(2), state.opt_outs()) == (None, False, set())
    with remembered(tmp_path) as state:
        assert (state.language(1), await state.blocked(2), state.opt_outs()) == (None, False, set())


async def test_no_telegram_number_is_stored(tmp_path: Path) -> None:
    """People, chats and messages stand in the files under keyed hashes, and texts not at all."""
    number = 7_012_345_678
    with remembered(tmp_path) as state:
        await state.choose_language(number, "kk")
        await state.block(number)
        await state.remember_answer(Posted(number, 10, 1_700_000_000), "What about zyzzyva?", 11, ["entry"])
        content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"entry" in content
    assert str(number).encode() not in content
    assert number.to_bytes(5, "big") not in content
    assert b"zyzzyva" not in content


@pytest.mark.faults
async def test_a_disk_that_cannot_be_written_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What could not be written holds until the bot stops, and the operator is told."""
    with closing(open_database(tmp_path / "telegram.db", [STATE_MIGRATIONS])) as connection:
        state = BotState(connection)
        connection.execute("PRAGMA query_only = ON")
        await state.choose_language(1, "kk")
        await state.block(2)
        await state.remember_answer(Posted(1, 10, 1_700_000_000), "What is lithium?", 11, ["entry"])
        assert (state.language(1), await state.blocked(2)) == ("kk", True)
        assert await state.answer_to(Posted(1, 10, 1_700_000_000), "What is lithium?") is None
    assert "could not be written" in caplog.text


@pytest.mark.faults
async def test_what_cannot_be_read_is_not_known(caplog: pytest.LogCaptureFixture) -> None:
    """A database that breaks while the bot runs costs what it remembered, and no answer."""
    with closing(open_database(Path(":memory:"), [STATE_MIGRATIONS])) as connection:
        await BotState(connection).choose_language(1, "kk")
        connection.execute("UPDATE languages SET language = CAST(x'ff' AS TEXT)")
        connection.execute("DROP TABLE answers")
        state = BotState(connection)
        assert state.language(1) is None
        assert await state.answer_to(Posted(1, 2, 3), "text") is None
    assert caplog.text.count("could not be read") == 2
