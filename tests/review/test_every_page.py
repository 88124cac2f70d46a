"""The pages in a real browser: nothing that people typed runs, all fit on a phone, other sites can do nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

pytest.importorskip("playwright", reason="needs playwright")
pytest.importorskip("datasette_dashboards", reason="needs the extra `review`")

from bot.database import open_for_reading
from bot.review.web.plugin import routes
from tests.support.chromium import CHROMIUM, PHONE, Reviewer, chromium
from tests.support.month_log import ARCHIVES_PASSAGE, FORMULA, SCRIPT, VISAS
from tests.support.review_office import Office
from tests.support.review_pages import sample_paths

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs Chromium")

ACTS = ("answers", "not-answered", "not-covered", "evaluation")
WIDER = "document.scrollingElement.scrollWidth - window.innerWidth"


def pages(office: Office, question: str) -> Iterator[str]:
    """Yield the paths of all pages about a question: those of our routes, and Datasette's own."""
    number, gap = office.ids[question], str(gap_of(office, question))
    values = {"id": number, "gap": gap, "chart": "questions", "snippet": ARCHIVES_PASSAGE}
    for pattern, _ in routes():
        of_passage = {"id": ARCHIVES_PASSAGE} if "passages/" in pattern else {}
        yield from sample_paths(pattern, values | of_passage)
    yield from (f"/review/gaps/{gap}/{kind}?snippet={ARCHIVES_PASSAGE}" for kind in ACTS)
    for path in ("/review?q=", "/review/questions?q=", f"/review/gaps/{gap}/answers?q=", "/review/passages?q="):
        yield path + quote(question)
    yield from ("/queries", "/queries/unanswered", "/queries/questions", f"/queries/replay?id={number}", "/nothing")


def gap_of(office: Office, question: str) -> int:
    """Return the gap of a question."""
    with closing(open_for_reading(office.data / "queries.db")) as connection:
        sql = "SELECT gap FROM gap_questions WHERE question_id = ?"
        return int(connection.execute(sql, (office.ids[question],)).fetchone()[0])


class Watched:
    """What a browser notices of a page that is not as it should be."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.noticed: list[str] = []
        page.on("dialog", self._dialog)
        page.on("pageerror", lambda error: self.noticed.append(f"error: {error}"))
        page.on("console", lambda said: self._said(said))

    async def _dialog(self, dialog: Any) -> None:
        self.noticed.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    def _said(self, said: Any) -> None:
        # A page about an error has the status of one, which the browser mentions.
        if said.type in ("error", "warning") and "the server responded with a status of" not in said.text:
            self.noticed.append(f"{said.type}: {said.text}")

    async def open(self, address: str) -> None:
        """Open a page and give its scripts time."""
        await self.page.goto(address, wait_until="load")
        if "/-/dashboards/" in self.page.url:
            await self.page.locator("svg").first.wait_for()


@asynccontextmanager
async def signed_in(office: Office, **browser: Any) -> AsyncIterator[Watched]:
    """Open a browser in which a reviewer has signed in."""
    async with chromium(**browser) as page:
        await Reviewer(page).sign_in(office.link)
        yield Watched(page)


async def test_nothing_typed_runs_or_widens_a_page(office: Office) -> None:
    """On a phone, each page about a question that is a program shows it as text, has no error, and is not too wide."""
    shown: Mapping[str, set[str]] = {SCRIPT: set(), FORMULA: set()}
    wrong = []
    async with signed_in(office, size=PHONE) as browser:
        for question in (SCRIPT, FORMULA):
            for path in dict.fromkeys(pages(office, question)):
                await browser.open(office.address + path)
                text = await browser.page.evaluate("document.body.innerText")
                values = await browser.page.evaluate("[...document.querySelectorAll('input')].map(each => each.value)")
                if any(question in each for each in (text, *values)):
                    shown[question].add(path)
                wide = await browser.page.evaluate(WIDER)
                made = await browser.page.locator("img[src='x'], main script").count()
                wrong += [f"{path}: {each}" for each in browser.noticed]
                wrong += [f"{path}: {wide} px too wide"] if wide > 0 else []
                wrong += [f"{path}: became an element"] if made else []
                browser.noticed.clear()
    assert wrong == []
    assert all(len(paths) > 12 for paths in shown.values()), shown


async def test_a_program_would_be_noticed(office: Office) -> None:
    """The same eyes see a script that runs, an error, and a page that is too wide."""
    page = "data:text/html," + quote("<p style='width: 2000px'>wide<script>alert(1); nothing.like.this()</script>")
    async with chromium(size=PHONE) as opened:
        browser = Watched(opened)
        await browser.open(page)
        assert any(each.startswith("dialog") for each in browser.noticed)
        assert any(each.startswith("error") for each in browser.noticed)
        assert await opened.evaluate(WIDER) > 0


@pytest.mark.parametrize("question", [SCRIPT, FORMULA], ids=["script", "formula"])
async def test_a_form_takes_a_program_as_text(office: Office, question: str) -> None:
    """Its preview, too, shows what was typed as text, and runs nothing."""
    path = f"/review/gaps/{gap_of(office, question)}/not-covered"
    async with signed_in(office, size=PHONE) as browser:
        await browser.open(office.address + path)
        await browser.page.get_by_role("button", name="Show the preview").click()
        await browser.page.wait_for_load_state("load")  # with its style, which makes it narrow
        text = await browser.page.evaluate("document.body.innerText")
        # Editors write no HTML, so a question that holds some cannot be saved.
        assert ("HTML is not allowed" in text) is (question == SCRIPT)
        assert browser.noticed == []
        assert await browser.page.evaluate(WIDER) <= 0


FORGED = """
<form action="{address}/review/gaps/1/state" method="post">
<input name="state" value="answered"><input name="note" value="forged"><button>Win a prize</button></form>
<iframe src="{address}/review/gaps/1"></iframe>
"""


async def test_another_site_can_do_nothing(office: Office) -> None:
    """A form of another site does nothing in a reviewer's name, and shows no page of ours in a frame."""
    async with signed_in(office) as browser:
        page = browser.page

        async def elsewhere(route: Any) -> None:
            await route.fulfill(body=FORGED.format(address=office.address), content_type="text/html")

        await page.route("http://prizes.example.org/**", elsewhere)
        await page.goto("http://prizes.example.org/")
        assert not [frame for frame in page.frames if await frame.get_by_text("Inbox").count()]
        await page.get_by_role("button", name="Win a prize").click()
        await page.get_by_text("This form came from another site").wait_for()
        await page.goto(f"{office.address}/review/gaps/1")
        assert "forged" not in await page.content()
        assert await page.get_by_label("State", exact=True).input_value() == "open"


async def test_keys_go_through_the_inbox(office: Office) -> None:
    """The keys j and k mark a gap, Enter opens it, and / goes to the search."""
    async with signed_in(office) as browser:
        page = browser.page
        await browser.open(f"{office.address}/review")
        asked = await page.locator("a.asked").all_inner_texts()
        for key in "jjjk":
            await page.keyboard.press(key)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/review/gaps/*")
        assert await page.locator("h1").inner_text() == asked[1]
        await page.go_back()
        await page.keyboard.press("/")
        await page.keyboard.type("visa British")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**q=visa*")
        assert {*VISAS} & {*await page.locator("a.asked").all_inner_texts()}
