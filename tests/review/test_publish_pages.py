"""The page of drafts tells what was tried, what was published, and by whom, in words and without paths."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

pytest.importorskip("datasette", reason="needs the extra `review`")

from tests.support.publishing_desk import Desk
from tests.support.review_pages import Browser, browsing


@pytest.fixture
async def anna(desk: Desk) -> AsyncIterator[Browser]:
    """The reviewer whose draft was tried."""
    async with browsing(desk.data, knowledge_dir=desk.knowledge) as browser:
        await browser.sign_in("Anna")
        yield browser


async def test_what_somebody_changed_in_the_folder_is_on_the_page(desk: Desk, anna: Browser) -> None:
    """It stands before the button that publishes it, with a link to the passage."""
    roadmap = desk.knowledge / "deals/roadmap.md"
    roadmap.write_text(roadmap.read_text() + "\nIt was extended in May 2026.\n")
    desk.try_drafts("Anna")
    page = (await anna.get("/review/drafts")).text
    told, _, button = page.partition("Publish 1 draft")
    assert button
    assert "Also changed in the folder, not by drafts:" in told
    assert '<a href="/review/passages/deals/roadmap">' in told
    assert "The test questions are answered well enough, so this can be published." in told
    assert str(desk.folder) not in page


async def test_the_page_says_who_published_what(desk: Desk, anna: Browser) -> None:
    """The passage is named by its title; an undone publication says so."""
    made = desk.publisher.publish("Anna", desk.tried().version)
    desk.publisher.undo("Boris", made.id)
    page = (await anna.get("/review/drafts")).text
    assert "“Copper output” answers 1 question" in page
    assert "published by Anna" in page
    assert "undone by Boris" in page
