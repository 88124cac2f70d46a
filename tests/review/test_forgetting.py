"""Whoever has their questions deleted is deleted from the drafts of reviewers as well."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path

from click.testing import CliRunner

from bot.cli import cli
from bot.querylog import schema
from bot.review.acts import Asked, NotCovered
from bot.review.drafts import Drafts
from bot.review.forgetting import forget_in_drafts
from tests.support.log_answers import entry, open_log, until


async def drafted(data: Path) -> None:
    """Have two people ask, and a reviewer take both questions over into a draft."""
    log = open_log(data)
    ids = {text: await log.record(entry(text, "none", person=person))
           for person, text in enumerate(("where does my aunt live", "who sells tea"), 1)}  # fmt: skip
    await log.close()
    act = NotCovered(tuple(Asked("en", text) for text in ids))
    Drafts(data).add(act, "Ann", None, [*ids.values()], {number: text for text, number in ids.items()})


def questions(data: Path) -> list[str]:
    """Return the questions of the drafts."""
    return [each.text for draft in Drafts(data).all() for each in draft.act.questions]


async def test_a_person_forgets_in_the_bot(tmp_path: Path) -> None:
    """The bot takes their wordings out of the drafts; those of others stay."""
    await drafted(tmp_path)
    log = open_log(tmp_path, on_deleted=partial(forget_in_drafts, data=tmp_path))
    assert (await log.forget_person(1)).questions == 1
    await until(lambda: questions(tmp_path) == ["who sells tea"])
    await log.close()
    assert questions(tmp_path) == ["who sells tea"]
    assert not any(b"my aunt" in path.read_bytes() for path in tmp_path.glob("*.db*"))


async def test_an_operator_forgets_a_person(tmp_path: Path) -> None:
    """The command does the same."""
    await drafted(tmp_path)
    done = CliRunner().invoke(cli, ["log", "forget", "1", "--yes", "--data", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert questions(tmp_path) == ["who sells tea"]


async def test_a_log_that_was_lost_takes_nothing_along(tmp_path: Path) -> None:
    """Drafts keep what came from a log in whose place a new one was begun."""
    await drafted(tmp_path)
    draft = Drafts(tmp_path).all()[0]
    [*ids] = draft.question_ids
    old = {f"00{number[2:]}": text for number, text in zip(ids, draft.taken.values(), strict=True)}
    Drafts(tmp_path).remove(draft.id, "Ann")
    Drafts(tmp_path).add(draft.act, "Ann", None, [*old], old)
    with closing(schema.open_log(tmp_path / "queries.db")) as connection:
        forget_in_drafts(connection, tmp_path)
    assert len(questions(tmp_path)) == 2
