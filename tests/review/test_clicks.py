"""A reviewer at work in a real browser: from an unanswered question to a published answer, and back."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="needs playwright")
pytest.importorskip("datasette_dashboards", reason="needs the extra `review`")

from index.search.index import Index
from tests.support.chromium import CHROMIUM, Reviewer, chromium
from tests.support.month_log import ARCHIVES, ARCHIVES_PASSAGE, VISAS, VISAS_PASSAGE, VISAS_TOPIC
from tests.support.review_office import Office
from tests.support.telegram_bench import Bench, bench

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs Chromium")

MINUTES = 300_000
"""Milliseconds; a try takes seconds on a quiet machine."""


async def told(telegram: Bench, question: str) -> str:
    """Return what the bot answers on Telegram, from the version that is live."""
    await telegram.services.live_index.refresh()
    return "\n".join(call.text for call in await telegram.say(question, person=900))


async def publish(reviewer: Reviewer) -> None:
    """Save the form, look at what the try found, and publish it."""
    await reviewer.click("button", "Save and try")
    await reviewer.click("button", "Publish", timeout=MINUTES)
    await reviewer.page.get_by_text("The bot answers with it now").wait_for(timeout=MINUTES)


async def undo(reviewer: Reviewer) -> None:
    """Take the publication back."""
    await reviewer.click("button", "Undo")
    await reviewer.page.get_by_text("The bot answers as before").wait_for(timeout=MINUTES)


def files(knowledge: Path) -> dict[Path, str]:
    """Return the text of each file of the knowledge."""
    return {path: path.read_text("utf-8") for path in knowledge.rglob("*") if path.is_file()}


async def test_a_new_passage_is_published_and_undone(office: Office) -> None:
    """Five wordings of a gap are answered on Telegram after one form and at most eight clicks from the inbox on."""
    before, passage = files(office.knowledge), VISAS_PASSAGE["Text"]
    async with bench(Index.open(office.data), office.data) as telegram, chromium() as page:
        assert passage not in await told(telegram, VISAS[0])
        reviewer = Reviewer(page)
        await reviewer.sign_in(office.link)
        await reviewer.click("link", "visa for Kazakhstan")
        await reviewer.click("link", "Write a new passage")
        for label, text in VISAS_PASSAGE.items():
            await page.get_by_label(label, exact=True).first.fill(text)
        await page.get_by_label("Topic").select_option(VISAS_TOPIC)
        await publish(reviewer)
        assert reviewer.clicks <= 8
        for question in VISAS:
            assert passage in await told(telegram, question), question
        await undo(reviewer)
        assert passage not in await told(telegram, VISAS[0])
    assert files(office.knowledge) == before


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_a_passage_is_taught_and_the_change_undone(office: Office, scripts: bool) -> None:
    """Five wordings of a gap get a passage that is there in at most five clicks from the inbox on."""
    before = files(office.knowledge)
    index = Index.open(office.data)
    titles = {each.title for each in index.snippets[ARCHIVES_PASSAGE].values()}
    async with bench(index, office.data) as telegram, chromium(java_script_enabled=scripts) as page:
        # An answer begins with its title. Where the bot is not certain, it says so first.
        assert first_line(await told(telegram, ARCHIVES[0])) not in titles
        reviewer = Reviewer(page)
        await reviewer.sign_in(office.link)
        await reviewer.click("link", "old geology archives")
        await reviewer.click("link", "This passage answers it")
        await publish(reviewer)
        assert reviewer.clicks <= 5
        for question in ARCHIVES:
            assert first_line(await told(telegram, question)) in titles
        await undo(reviewer)
        assert first_line(await told(telegram, ARCHIVES[0])) not in titles
    assert files(office.knowledge) == before


def first_line(text: str) -> str:
    """Return the first line of a message."""
    return text.partition("\n")[0]
