"""What happens when the bot is added to a chat, and when it is removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from index.search.index import Index
from tests.support.telegram_bench import GROUP, ME, Bench, run

_RIGHTS = (
    "can_be_edited is_anonymous can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members "
    "can_promote_members can_change_info can_invite_users can_post_stories can_edit_stories can_delete_stories"
)


def member(status: str) -> dict[str, Any]:
    """Return the bot as a member of a chat."""
    more = {"administrator": dict.fromkeys(_RIGHTS.split(), False), "kicked": {"until_date": 0}}.get(status, {})
    return {"user": ME, "status": status, **more}


async def change(there: Bench, before: str, now: str, kind: str = "supergroup", language: str = "en") -> list[str]:
    """Change what the bot is in a chat; return the texts sent for it."""
    chat = GROUP if kind != "private" else 1
    calls = await there.take(
        "my_chat_member",
        {
            "chat": {"id": chat, "type": kind, **({"title": "Team"} if kind != "private" else {"first_name": "Ann"})},
            "from": {"id": 1, "is_bot": False, "first_name": "Ann", "language_code": language},
            "date": 1,
            "old_chat_member": member(before),
            "new_chat_member": member(now),
        },
    )
    assert [call.parameters["chat_id"] for call in calls] == [chat] * len(calls)
    assert [call.buttons for call in calls] == [[]] * len(calls)
    return [call.text for call in calls]


@pytest.mark.parametrize(("before", "now"), [("left", "member"), ("kicked", "member"), ("left", "administrator")])
@pytest.mark.parametrize("kind", ["group", "supergroup"])
def test_a_group_that_adds_the_bot_is_told_how_to_ask(
    before: str, now: str, kind: str, real_index: Index, tmp_path: Path
) -> None:
    """One message without buttons: how to ask, what is read and recorded; in the language of who added the bot."""

    async def scenario(there: Bench) -> None:
        (note,) = await change(there, before, now, kind, "ru")
        for part in ("Здравствуйте!", "/ask ваш вопрос", "@test_bot", "/privacy"):
            assert part in note

    run(real_index, tmp_path, scenario)


def test_a_group_is_told_once(real_index: Index, tmp_path: Path) -> None:
    """Neither new rights nor being removed and added again bring a second note."""

    async def scenario(there: Bench) -> None:
        assert len(await change(there, "left", "member")) == 1
        for before, now in (("member", "administrator"), ("administrator", "left"), ("left", "member")):
            assert await change(there, before, now) == []

    run(real_index, tmp_path, scenario)


def test_private_chats_and_channels_get_no_note(real_index: Index, tmp_path: Path) -> None:
    """Somebody who takes the bot back has not asked for anything; a channel has nobody who could ask."""

    async def scenario(there: Bench) -> None:
        assert await change(there, "kicked", "member", "private") == []
        assert await change(there, "left", "administrator", "channel") == []

    run(real_index, tmp_path, scenario)


def test_a_group_in_which_the_bot_may_not_write_is_no_failure(real_index: Index, tmp_path: Path) -> None:
    """Telegram's refusal of the note is not reported as a failure of the bot."""
    body = {"ok": False, "error_code": 400, "description": "Bad Request: not enough rights to send text messages"}

    async def scenario(there: Bench) -> None:
        there.telegram.answers.append((400, body))
        await change(there, "left", "member")
        assert there.services.metrics.failures == 0

    run(real_index, tmp_path, scenario)


def test_a_chat_that_removed_the_bot_is_not_written_to(real_index: Index, tmp_path: Path) -> None:
    """Until it takes the bot back."""

    async def scenario(there: Bench) -> None:
        await change(there, "member", "kicked")
        assert await there.services.state.blocked(GROUP)
        await change(there, "kicked", "member")
        assert not await there.services.state.blocked(GROUP)

    run(real_index, tmp_path, scenario)
