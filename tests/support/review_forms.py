"""The review page as a signed-in reviewer uses it, on a small knowledge with questions that were not answered."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from bot.querylog import schema
from bot.querylog.log import Entry
from bot.review.drafts import Drafts
from bot.review.web.server import Pages, review_for
from bot.settings import load_settings
from index.search.index import Index
from tests.support.log_answers import open_log


class _Fields(HTMLParser):
    """The fields of the forms of a page that are sent with POST, with what they hold."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._posting = False
        self._area: str | None = None
        self._select: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "form":
            self._posting = given.get("method") == "post" and "sign-out" not in (given.get("action") or "")
        elif not self._posting:
            return
        elif tag == "input" and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self.values[name] = given.get("value") or ""
        elif tag == "textarea":
            self._area = name
            self.values[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.values[self._select] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            # A browser leaves the first line break out.
            self.values[self._area] = self.values[self._area].removeprefix("\n")
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self.values[self._area] += data


def fields_of(page: str) -> dict[str, str]:
    """Return what a browser would send for a page's form as it stands."""
    return _Fields(page).values


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Somebody who is signed in."""

    pages: Pages
    name: str

    @property
    def cookies(self) -> dict[str, str]:
        """What the browser sends with each request."""
        return {"ds_actor": self.pages.sign({"a": {"id": self.name, "name": self.name}}, "actor")}

    @property
    def drafts(self) -> Drafts:
        """The drafts of all reviewers."""
        return Drafts(self.pages.review.settings.data_dir)

    async def get(self, path: str) -> Any:
        """Open a page."""
        return await self.pages.client.get(path, cookies=self.cookies)

    async def send(self, path: str, do: str = "save", **changed: str | None) -> Any:
        """Open a page and send its form with some fields changed; ``None`` takes a field out."""
        shown = await self.get(path)
        filled = {**fields_of(shown.text), "do": do, **changed}
        given = {name: value for name, value in filled.items() if value is not None}
        cookies = {**self.cookies, "ds_csrftoken": shown.cookies.get("ds_csrftoken", "")}
        return await self.pages.client.post(path, data=given, cookies=cookies)


async def ask(data: Path, *questions: str, gap: int = 1) -> dict[str, str]:
    """Ask the live index questions, each by somebody else, and put them into one gap; return their entry ids."""
    index = Index.open(data)
    log = open_log(data)
    ids = {text: str(await log.record(Entry(index.answer(text), "private", person=number)))
           for number, text in enumerate(questions, 1)}  # fmt: skip
    await log.close()
    index.close()
    with closing(schema.open_log(data / "queries.db")) as connection:
        connection.execute(
            "INSERT OR IGNORE INTO gaps (id, opened, changed, encoder) "
            "VALUES (?, '2026-11-01T00:00:00.000Z', '2026-11-01T00:00:00.000Z', 'e')",
            (gap,),
        )
        connection.executemany(
            "INSERT INTO gap_questions (question_id, gap, similarity, person, time, language) "
            "SELECT id, ?, 0.9, person, time, language FROM questions WHERE id = ?",
            [(gap, number) for number in ids.values()],
        )
    return ids


def pages_on(data: Path, knowledge: Path) -> Pages:
    """Return the review page of a data folder, where reviewers may sign in."""
    settings = load_settings(data_dir=data, knowledge_dir=knowledge)
    return Pages(review_for(settings, data / "queries.db", writable=True))
