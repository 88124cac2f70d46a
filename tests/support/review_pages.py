"""The review page for tests: a log whose questions a small index answered, and a browser without a window."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import httpx

from bot.querylog import schema
from bot.querylog.entry import Entry
from bot.review.drafts import Drafts
from bot.review.gap_store import refresh
from bot.review.web.server import Pages, review_for
from bot.review.web.sign_in import link_path
from bot.settings import load_settings
from index.search.index import Index
from tests.support.log_answers import open_log
from tests.support.page_forms import fields_of

ADDRESS = "http://127.0.0.1:8001"
EVIL = "<script>alert(1)</script> =HYPERLINK(1) who pays for hydrogen pipelines"
ASKED = (
    # question, person, vote
    ("who is the trade envoy", 1, 1),
    ("uranium production", 2, 0),
    ("who pays for the pipelines", 1, 0),
    ("who pays for the pipelines", 2, 0),
    ("Who pays for the pipelines?", 3, -1),
    ("Кто платит за трубопроводы?", 4, 0),
    (EVIL, 5, 0),
)


async def fill_from(data: Path) -> dict[str, str]:
    """Ask the index of a data folder some questions, log them and group them; return an entry id by question."""
    log, ids = open_log(data), {}
    with closing(Index.open(data)) as index:
        for question, person, vote in ASKED:
            ids[question] = await log.record(Entry(index.answer(question), "private", person=person))
            if vote:
                await log.vote(ids[question], person, vote)
        await log.request(ids[EVIL], 5)
        await log.close()
        with closing(schema.open_log(data / "queries.db")) as connection:
            connection.row_factory = schema.sqlite3.Row
            refresh(connection, index)
    return ids


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


@contextmanager
def served(data: Path, *command: str, **settings: str) -> Iterator[tuple[str, Path]]:
    """Run `review` or `log serve` as a process of its own; its address, and the file of what it prints."""
    arguments = [sys.executable, "-m", "bot", *command, "--port", "0", "--no-update", "--data", str(data)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    environment = kept | {"PYTHONPATH": str(Path(__file__).parents[2]), **settings}
    printed = data / "printed.txt"
    with printed.open("wb") as out, subprocess.Popen(arguments, stdout=out, stderr=out, env=environment) as process:
        try:
            deadline = time.monotonic() + 120
            while "startup complete" not in printed.read_text():
                assert process.poll() is None, printed.read_text()
                assert time.monotonic() < deadline, printed.read_text()
                time.sleep(0.1)
            found = re.search(r"http://127\.0\.0\.1:\d+", printed.read_text())
            assert found
            yield found[0], printed
        finally:
            process.terminate()
            process.wait(timeout=30)


def one_time_link(printed: Path) -> str:
    """Return the link to sign in that a server has printed."""
    found = re.search(r"http://\S+/-/sign-in\?\S+", printed.read_text())
    assert found, printed.read_text()
    return found[0]


class Browser:
    """Keeps cookies and sends forms as a browser does; ``pages`` is the server it talks to."""

    def __init__(self, pages: Any) -> None:
        self.pages = pages
        transport = httpx.ASGITransport(app=pages.app(), raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url=ADDRESS)

    @property
    def drafts(self) -> Drafts:
        """The drafts of all reviewers."""
        return Drafts(self.pages.review.settings.data_dir)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """Open a page; a redirect is followed."""
        return await self.client.get(path, follow_redirects=True, **options)

    async def post(
        self, path: str, fields: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send a form from one of the server's own pages, and follow a redirect."""
        await self.client.get("/-/sign-in?token=" + self.pages.review.links.make(""))
        token = self.client.cookies.get("ds_csrftoken", "")
        return await self.client.post(
            path,
            data={"csrftoken": token, **(fields or {})},
            headers={"origin": ADDRESS, **(headers or {})},
            follow_redirects=True,
        )

    async def send(self, path: str, do: str = "save", **changed: str | None) -> httpx.Response:
        """Open a page and send its form with some fields changed; ``None`` takes a field out."""
        shown = await self.client.get(path)
        return await self.send_form(path, {**fields_of(shown.text), "do": do, **changed})

    async def send_form(self, path: str, fields: Mapping[str, str | None]) -> httpx.Response:
        """Send a form that was opened before, and follow no redirect."""
        given = {name: value for name, value in fields.items() if value is not None}
        return await self.client.post(path, data=given, headers={"origin": ADDRESS})

    async def sign_in(self, name: str = "Anna Smith") -> None:
        """Sign in with a new link."""
        token = self.pages.review.links.make(name)
        assert (await self.get(link_path(token))).status_code == 200
        assert (await self.post("/-/sign-in", {"token": token, "name": name})).status_code == 200


@asynccontextmanager
async def browsing(data: Path, *, writable: bool = True, **settings: object) -> AsyncIterator[Browser]:
    """Start the server on a data folder, and a browser that is not signed in."""
    given = load_settings(data_dir=data, **settings)
    pages = Pages(review_for(given, data / "queries.db", writable=writable))
    browser = Browser(pages)
    try:
        yield browser
    finally:
        await browser.client.aclose()
        pages.review.index.close()
        for database in pages.databases.values():
            database.close()


def sample_paths(pattern: str, values: Mapping[str, str]) -> list[str]:
    """Return paths that a route's regular expression matches.

    A group that lists words, such as the kinds of acts, gives a path for each; ``values`` fill the other groups.
    """
    found = [pattern.removeprefix("^").removesuffix("$")]
    for name, inner in re.findall(r"\(\?P<(\w+)>((?:[^()]|\([^()]*\))*)\)", pattern):
        words = inner.split("|") if re.fullmatch(r"[\w|-]+", inner) else [values[name]]
        found = [path.replace(f"(?P<{name}>{inner})", word) for path in found for word in words]
    assert all(re.match(pattern, path) for path in found), f"{pattern}: no sample"
    return found


def text_of(html: str) -> str:
    """Return what a reader sees of a page, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
