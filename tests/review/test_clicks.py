"""A reviewer at work in a real browser: from an unanswered question to a published answer, and back."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
import yaml

from bot.querylog.entry import Entry
from bot.querylog.schema import open_log as open_database
from bot.review.gap_store import update
from bot.review.signatures import Signatures
from index import Index
from tests.conftest import ROOT
from tests.support.filled_log import EVIL
from tests.support.log_answers import open_log
from tests.support.review_server import ReviewServer, review_server
from tests.support.telegram_bench import bench

playwright_api = pytest.importorskip("playwright.async_api", reason="needs playwright")
pytest.importorskip("datasette_dashboards", reason="needs the extra `review`")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs Chromium")

Page = playwright_api.Page
DESK, PHONE = (1280, 900), (390, 844)
MINUTES = 300_000  # milliseconds; a candidate takes seconds on a quiet machine

FLIGHTS = (
    "Is there a direct flight from London to Astana?",
    "Which airline flies directly from London to Astana?",
    "How long is the direct flight between London and Astana?",
    "Есть ли прямой рейс из Лондона в Астану?",
    "Лондоннан Астанаға тікелей рейс бар ма?",
)
PASSAGE = "Air Astana flies from London Heathrow to Kazakhstan. The flight between London and Astana takes seven hours."
OURS = "Which British companies won a contract for lithium exploration last spring?"


async def ask_all(index: Index, folder: Path, questions: list[str]) -> None:
    """Write a log in which each question was asked by somebody else, and put what was not answered into gaps."""
    log = open_log(folder)
    for person, question in enumerate(questions, 1):
        await log.record(Entry(index.answer(question), "private", person=person, chat=person))
    await log.close()
    with closing(open_database(folder / "queries.db")) as connection:
        connection.row_factory = sqlite3.Row
        update(connection, Signatures(index))


@pytest.fixture
async def desk(real_data: Path, real_index: Index, tmp_path: Path) -> AsyncIterator[tuple[ReviewServer, Path, Path]]:
    """A server on a log of 300 questions, its data folder and its knowledge folder."""
    data, knowledge = tmp_path / "data", tmp_path / "knowledge"
    shutil.copytree(real_data / "index", data / "index")
    (data / "encoders").symlink_to(real_data / "encoders")
    shutil.copytree(ROOT / "knowledge", knowledge)
    known = yaml.safe_load((knowledge / "evaluation.yaml").read_text("utf-8"))["questions"]
    others = [each["question"] for each in known][: 300 - len(FLIGHTS) - 1]
    await ask_all(real_index, data, [*others, *FLIGHTS, EVIL])
    with review_server(data, knowledge) as server:
        yield server, data, knowledge


@asynccontextmanager
async def browser(size: tuple[int, int] = DESK) -> AsyncIterator[Page]:
    """Open an empty page in Chromium."""
    async with playwright_api.async_playwright() as driver:
        chromium = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = await chromium.new_context(viewport={"width": size[0], "height": size[1]})
        context.set_default_timeout(60_000)
        yield await context.new_page()
        await chromium.close()


class Reviewer:
    """Somebody who clicks, and counts it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    async def sign_in(self, server: ReviewServer) -> None:
        """Use the link from the terminal; this is not counted, because it is done once."""
        await self.page.goto(server.link)
        await self.page.get_by_role("button", name="Sign in").click()

    async def click(self, role: str, name: str, **more: object) -> None:
        """Click the first element of a role with this name."""
        self.clicks += 1
        await self.page.get_by_role(role, name=name).first.click(**more)


async def told(data: Path, question: str) -> str:
    """Return what the bot answers on Telegram from the version that is live."""
    with closing(Index.open(data)) as index:
        async with bench(index, data) as telegram:
            return "\n".join(call.text for call in await telegram.say(question, person=900))


async def test_a_new_passage_is_written_published_and_taken_back(desk: tuple[ReviewServer, Path, Path]) -> None:
    """Five wordings of one gap are answered on Telegram after one form and at most eight clicks; then undone."""
    server, data, knowledge = desk
    assert PASSAGE not in await told(data, FLIGHTS[0])
    async with browser() as page:
        reviewer = Reviewer(page)
        await reviewer.sign_in(server)
        await page.goto(f"{server.address}/review?search=London")
        await reviewer.click("link", FLIGHTS[0])
        await reviewer.click("link", "Write a new passage")
        await page.get_by_label("Title", exact=True).first.fill("Flights between London and Kazakhstan")
        await page.get_by_label("Text", exact=True).first.fill(PASSAGE)
        await page.get_by_label("Topic").select_option("partnership")
        await page.get_by_label("True as of").fill("2026-11")
        await page.get_by_label("Source", exact=True).fill("6ix-rns-2025-12")
        await reviewer.click("button", "Save and try")
        await reviewer.click("button", "Publish", timeout=MINUTES)
        await page.get_by_role("button", name="Undo").first.wait_for(timeout=MINUTES)
        assert reviewer.clicks <= 8
        for question in FLIGHTS:
            assert PASSAGE in await told(data, question)
        await reviewer.click("button", "Undo")
        await page.get_by_text("taken back").first.wait_for(timeout=MINUTES)
    assert PASSAGE not in await told(data, FLIGHTS[0])
    assert not [path for path in knowledge.rglob("*.md") if PASSAGE in path.read_text("utf-8")]
