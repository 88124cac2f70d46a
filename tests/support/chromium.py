"""A real browser for tests: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
"""The program; empty where there is none."""
DESK, PHONE = (1280, 900), (390, 844)
_PATIENCE = 60_000
"""Milliseconds that a page may take on a busy machine."""


@asynccontextmanager
async def chromium(size: tuple[int, int] = DESK, **context: Any) -> AsyncIterator[Page]:
    """Open an empty page; ``context`` says what is special about the browser."""
    from playwright.async_api import async_playwright

    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = await browser.new_context(viewport={"width": size[0], "height": size[1]}, **context)
        opened.set_default_timeout(_PATIENCE)
        yield await opened.new_page()
        await browser.close()


class Reviewer:
    """Somebody who clicks in a browser, and counts it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    async def sign_in(self, link: str) -> None:
        """Use a one-time link; this is not counted, because it is done once in two weeks."""
        await self.page.goto(link)
        await self.page.get_by_role("button", name="Sign in").click()

    async def click(self, role: Any, name: str, **more: Any) -> None:
        """Click the first element of a role with this name."""
        self.clicks += 1
        await self.page.get_by_role(role, name=name).first.click(**more)
