"""Take a picture of every page of the review server, on a desk and on a phone, with a month of questions.

    python -m tests.draw_pages FOLDER [--data DIR] [--only TEXT]

It needs Playwright and Chromium. The server works on copies, so nothing of DIR or of the knowledge is changed.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from index.search.index import Index
from tests.support.chromium import DESK, PHONE, chromium
from tests.support.month_log import ARCHIVES, ARCHIVES_PASSAGE, VISAS, VISAS_PASSAGE, VISAS_TOPIC, fill_month
from tests.support.review_pages import one_time_link, served

if TYPE_CHECKING:
    from playwright.async_api import Page

_KNOWLEDGE = Path(__file__).parent.parent / "knowledge"
_LONGEST = 600_000
"""Milliseconds that a try may take."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser at a server, and the folder for its pictures."""

    page: Page
    address: str
    folder: Path
    only: str

    async def go(self, path: str) -> None:
        """Open a page."""
        await self.page.goto(self.address + path, wait_until="networkidle")

    async def draw(self, name: str, *, anew: bool = False) -> None:
        """Take a picture of the page at each size; ``anew`` loads it at each, because charts keep the size they had."""
        if self.only not in name:
            return
        for size, label in ((DESK, "desk"), (PHONE, "phone")):
            await self.page.set_viewport_size({"width": size[0], "height": size[1]})
            if anew:
                await self.page.reload(wait_until="networkidle")
            await self.page.screenshot(path=self.folder / f"{name}-{label}.png", full_page=True)
        await self.page.set_viewport_size({"width": DESK[0], "height": DESK[1]})

    async def press(self, name: str) -> None:
        """Press a button."""
        await self.page.get_by_role("button", name=name).first.click()


async def reading(visit: Visit, gaps: Mapping[str, int], ids: Mapping[str, str]) -> None:
    """Draw what everybody may read."""
    pages = {
        "home": "/",
        "inbox": "/review",
        "inbox-nothing-found": "/review?q=nowhere",
        "inbox-answered": "/review?state=answered",
        "gap": f"/review/gaps/{gaps[ARCHIVES[0]]}",
        "gap-nothing-near": f"/review/gaps/{gaps[VISAS[0]]}",
        "questions": "/review/questions",
        "questions-disliked": "/review/questions?feedback=disliked",
        "question": f"/review/questions/{ids[ARCHIVES[0]]}",
        "question-refused": f"/review/questions/{ids[VISAS[0]]}",
        "passages": "/review/passages",
        "passage": f"/review/passages/{ARCHIVES_PASSAGE}",
        "dashboard": "/-/dashboards/overview",
        "tables": "/queries",
        "table": "/queries/unanswered",
    }
    for name, path in pages.items():
        await visit.go(path)
        await visit.draw(name, anew=name == "dashboard")
    await visit.go("/review")
    await visit.page.locator("summary").first.click()
    await visit.draw("inbox-gap-opened")


async def acting(visit: Visit, gaps: Mapping[str, int]) -> None:
    """Draw the forms, each with its preview."""
    known, unknown = (f"/review/gaps/{gaps[each[0]]}" for each in (ARCHIVES, VISAS))
    forms = {
        "answers": f"{known}/answers?snippet={ARCHIVES_PASSAGE}",
        "answers-choose": f"{unknown}/answers",
        "does-not-answer": f"{known}/not-answered?snippet={ARCHIVES_PASSAGE}",
        "not-covered": f"{unknown}/not-covered",
        "evaluation": f"{known}/evaluation?snippet={ARCHIVES_PASSAGE}",
        "merge": f"{unknown}/merge",
        "move": f"{unknown}/move",
        "split": f"{unknown}/split",
        "correct": f"/review/passages/{ARCHIVES_PASSAGE}/correct",
        "invite": "/-/invite",
    }
    for name, path in forms.items():
        await visit.go(path)
        await visit.draw(f"form-{name}")
    await visit.press("Make a link")
    await visit.draw("form-invite-made")
    await visit.go(f"{unknown}/write")
    await visit.draw("form-write")
    await visit.press("Show the preview")
    await visit.draw("form-write-errors")
    for label, text in VISAS_PASSAGE.items():
        await visit.page.get_by_label(label, exact=True).first.fill(text)
    await visit.page.get_by_label("Topic").select_option(VISAS_TOPIC)
    await visit.press("Show the preview")
    await visit.draw("form-write-preview")
    await visit.press("Only save")


async def publishing(visit: Visit) -> None:
    """Draw drafts, from the first one to its publication and back."""
    await visit.go("/review/drafts")
    await visit.draw("drafts")
    await visit.press("Try")
    await visit.page.get_by_role("status").first.wait_for()
    await visit.draw("drafts-trying")
    await visit.page.get_by_role("button", name="Publish").wait_for(timeout=_LONGEST)
    await visit.draw("drafts-tried")
    await visit.press("Publish")
    await visit.page.get_by_text("The bot answers with it now").wait_for(timeout=_LONGEST)
    await visit.draw("published")
    await visit.go("/review?state=answered")
    await visit.draw("inbox-answered-after")
    await visit.go("/review/drafts")
    await visit.press("Undo")
    await visit.page.get_by_text("The bot answers as before").wait_for(timeout=_LONGEST)
    await visit.draw("undone")


async def failing(visit: Visit, gaps: Mapping[str, int]) -> None:
    """Draw what is said where something is missing."""
    pages = {
        "not-signed-in": f"/review/gaps/{gaps[VISAS[0]]}/write",
        "sign-in-without-link": "/-/sign-in",
        "sign-in-used-link": "/-/sign-in?token=used",
        "no-such-page": "/nothing-here",
        "no-such-gap": "/review/gaps/999999",
        "no-such-question": "/review/questions/01ZZZZZZZZZZZZZZZZZZZZZZZZ",
        "no-such-passage": "/review/passages/nothing/here",
    }
    for name, path in pages.items():
        await visit.go(path)
        await visit.draw(f"error-{name}")


async def without_index(visit: Visit, gaps: Mapping[str, int], ids: Mapping[str, str]) -> None:
    """Draw the pages where there is a log, but no index."""
    pages = {
        "gap": f"/review/gaps/{gaps[ARCHIVES[0]]}",
        "question": f"/review/questions/{ids[ARCHIVES[0]]}",
        "passages": "/review/passages",
    }
    for name, path in pages.items():
        await visit.go(path)
        await visit.draw(f"no-index-{name}")


async def draw(given: argparse.Namespace, scratch: Path) -> None:
    """Draw everything."""
    data, empty, knowledge = scratch / "data", scratch / "empty", scratch / "knowledge"
    shutil.copytree(_KNOWLEDGE, knowledge)
    shutil.copytree(given.data / "index", data / "index")
    (data / "encoders").symlink_to((given.data / "encoders").resolve())
    with closing(Index.open(data)) as index:
        ids = fill_month(data, index, knowledge)
    gaps = gaps_of(data, ids)
    shutil.copytree(data, empty, ignore=shutil.ignore_patterns("index", "encoders"))
    given.folder.mkdir(parents=True, exist_ok=True)

    async def at(folder: Path, work: Callable[[Visit, str], Awaitable[None]]) -> None:
        with served(folder, "review", "--as", "Anna Smith", "--knowledge", str(knowledge)) as (address, printed):
            async with chromium() as page:
                await work(Visit(page, address, given.folder, given.only), one_time_link(printed))

    async def whole(visit: Visit, link: str) -> None:
        await failing(visit, gaps)
        await visit.go("/")
        await visit.draw("home-not-signed-in")
        await visit.go("/review/drafts")
        await visit.page.goto(link)
        await visit.draw("sign-in")
        await visit.press("Sign in")
        await visit.go("/review/drafts")
        await visit.draw("drafts-none")
        await reading(visit, gaps, ids)
        await acting(visit, gaps)
        await publishing(visit)

    async def partial(visit: Visit, link: str) -> None:
        await without_index(visit, gaps, ids)

    await at(data, whole)
    await at(empty, partial)


def gaps_of(data: Path, ids: Mapping[str, str]) -> Mapping[str, int]:
    """Return the gap of each question that is in one."""
    from bot.database import open_for_reading

    with closing(open_for_reading(data / "queries.db")) as connection:
        found = dict(connection.execute("SELECT question_id, gap FROM gap_questions").fetchall())
    return {question: found[number] for question, number in ids.items() if number in found}


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder for the pictures")
    parser.add_argument("--data", type=Path, default=Path("data"), help="data folder with a built index")
    parser.add_argument("--only", default="", help="only pictures whose name holds this text")
    given = parser.parse_args()
    with TemporaryDirectory() as scratch:
        asyncio.run(draw(given, Path(scratch)))


if __name__ == "__main__":
    main()
