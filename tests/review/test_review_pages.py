"""The pages that reviewers read: what they show, how they are searched, and that nothing typed runs in them."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("datasette", reason="needs the extra `review`")

from bot.querylog.entry import timestamp
from bot.review.formatting import count, short_time
from bot.review.gap_store import State, mark
from bot.review.web.plugin import routes
from tests.support.filled_log import fill
from tests.support.log_answers import entry, open_log
from tests.support.review_pages import ASKED, EVIL, Browser, browsing, fill_from, sample_paths, text_of


@pytest.fixture(scope="module")
def filled(built_small: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A log whose questions a small index answered, and their entry ids by question."""
    folder = tmp_path_factory.mktemp("filled")
    for name in ("index", "encoders"):
        (folder / name).symlink_to(built_small / name)
    return folder, asyncio.run(fill_from(folder))


@pytest.fixture
def folder(filled: tuple[Path, dict[str, str]], tmp_path: Path) -> Path:
    """A copy of that log, with its index."""
    return Path(shutil.copytree(filled[0], tmp_path / "data", symlinks=True))


@pytest.fixture
def asked(filled: tuple[Path, dict[str, str]]) -> dict[str, str]:
    """Entry ids by question."""
    return filled[1]


@pytest.fixture
async def browser(folder: Path, built_small: Path) -> AsyncIterator[Browser]:
    """A browser on that log, not signed in."""
    async with browsing(folder, knowledge_dir=built_small.parent / "knowledge") as opened:
        yield opened


async def test_home_leads_everywhere(browser: Browser) -> None:
    """The first page has a way to each part, and no SQL."""
    page = (await browser.get("/")).text
    for path in ("/review", "/review/questions", "/review/passages", "/-/dashboards/overview", "/queries"):
        assert f'href="{path}"' in page
        assert (await browser.get(path)).status_code == 200
    assert "Run SQL" not in page


async def test_inbox_ranks_gaps(browser: Browser) -> None:
    """First comes what most people asked, with its figures and what was nearest."""
    page = (await browser.get("/review")).text
    first = text_of(re.findall(r"<li>.*?</li>", page, re.S)[0])
    assert "pays for the pipelines" in first
    assert "people" in first
    assert "1 dislike" in first
    assert "last today" in first


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("q=hydrogen", 1),
        ("q=nowhere", 0),
        ("language=ru", 1),
        ("language=de", 0),
        ("state=answered", 0),
        ("state=nonsense&reason=nonsense", 2),
        ("page=2", 0),
        ("page=x&page=-1", 2),
    ],
)
async def test_inbox_is_searched(browser: Browser, filters: str, found: int) -> None:
    """Words, language, state and page choose the gaps."""
    page = (await browser.get(f"/review?{filters}")).text
    assert len(re.findall(r'href="/review/gaps/\d+"', page)) >= found > -1
    assert bool(re.findall(r'href="/review/gaps/\d+"', page)) is bool(found)


async def test_gap_shows_what_people_saw(browser: Browser, asked: dict[str, str]) -> None:
    """A gap has its wordings in all languages, the passages with their texts, and a way to each act."""
    gap = await gap_of(browser, asked["who pays for the pipelines"])
    html = (await browser.get(f"/review/gaps/{gap}")).text
    page = text_of(html)
    assert "Who pays for the pipelines?" in page
    assert "This passage answers it" in page
    assert 'class="telegram"' in html
    for act in ("write", "answers", "not-covered", "evaluation", "merge", "move"):
        assert f'href="/review/gaps/{gap}/{act}"' in html
    assert f'href="/review/questions/{asked["Who pays for the pipelines?"]}"' in html


async def test_a_gap_that_is_not_there(browser: Browser) -> None:
    """A number without a gap gets a sentence."""
    answer = await browser.get("/review/gaps/999")
    assert answer.status_code == 404
    assert "There is no such gap" in answer.text
    assert (await browser.get("/review/gaps/1x")).status_code == 404


async def test_state_and_note_are_shown(browser: Browser) -> None:
    """A gap whose state a reviewer set names the reviewer, and leaves the list of open ones."""
    await browser.pages.review.write(lambda log: mark(log, 1, State.WILL_NOT_COVER, "<i>Not ours</i>", "Anna"))
    page = (await browser.get("/review/gaps/1")).text
    assert "by Anna" in text_of(page)
    assert "&lt;i&gt;Not ours" in page
    assert 'href="/review/gaps/1"' not in (await browser.get("/review")).text
    assert 'href="/review/gaps/1"' in (await browser.get("/review?state=will-not-cover")).text


async def test_question_page(browser: Browser, asked: dict[str, str]) -> None:
    """A question has what was shown then with its text, the vote, and what the bot would answer now."""
    page = text_of((await browser.get(f"/review/questions/{asked['who is the trade envoy']}")).text)
    assert "Lord Alderdice was named trade envoy in January 2025." in page
    assert "liked" in page
    assert "The same passage as then, with the same text." in page
    assert "Answered" in page


async def test_a_question_that_is_not_there(browser: Browser) -> None:
    """An id without a question gets a sentence."""
    answer = await browser.get("/review/questions/01ZZZZZZZZZZZZZZZZZZZZZZZZ")
    assert answer.status_code == 400
    assert "no question has this id" in answer.text


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("", len(ASKED)),
        ("decision=answer&feedback=liked", 1),
        ("feedback=disliked", 1),
        ("feedback=wished", 1),
        ("feedback=nonsense", len(ASKED)),
        ("q=pipelines", 4),
        ("q=%22", 0),
        ("language=ru", 1),
        ("since=today", len(ASKED)),
        ("until=2020-01-01", 0),
        ("snippet=people/envoy&decision=answer", 1),
        ("since=nonsense", len(ASKED)),
    ],
)
async def test_questions_are_searched(browser: Browser, filters: str, found: int) -> None:
    """Words, answer, feedback, language and days choose the questions."""
    page = (await browser.get(f"/review/questions?{filters}")).text
    assert len(set(re.findall(r"/review/questions/([0-9A-Z]{26})", page))) == found
    assert ("is no moment" in page) is ("nonsense" in filters and "since" in filters)


async def test_questions_go_on_without_gaps_or_repetition(tmp_path: Path) -> None:
    """The pages of a long list hold every question once, the newest first, also where many have one time."""
    log = open_log(tmp_path)
    recorded = [await log.record(entry(f"question {number}", person=number)) for number in range(120)]
    await log.close()
    seen: list[str] = []
    async with browsing(tmp_path) as browser:
        await browser.pages.review.write(
            lambda log: log.execute("UPDATE questions SET time = substr(time, 1, 17) || '00.000Z'")
        )
        address: str | None = "/review/questions?language=en"
        while address:
            page = (await browser.get(address)).text
            seen += list(dict.fromkeys(re.findall(r"/review/questions/([0-9A-Z]{26})", page)))
            older = re.search(r'rel="next" href="([^"]*)"', page)
            address = older and "/review/questions" + older[1].replace("&amp;", "&")
    assert seen == sorted(recorded, reverse=True)


async def test_passages_are_found_by_words_and_meaning(browser: Browser) -> None:
    """A search finds what holds the words, and what means them."""
    assert "The trade envoy" in (await browser.get("/review/passages?q=Alderdice")).text
    assert "Uranium leader" in (await browser.get("/review/passages?q=nuclear+fuel+mining")).text
    by_topic = (await browser.get("/review/passages?topic=metals")).text
    assert "Copper output" in by_topic
    assert "The trade envoy" not in by_topic
    assert "The trade envoy" not in (await browser.get("/review/passages?order=never")).text


async def test_passage_page(browser: Browser, asked: dict[str, str]) -> None:
    """A passage has its text, its figures, and the questions it answered."""
    html = (await browser.get("/review/passages/people/envoy")).text
    page = text_of(html)
    assert "Lord Alderdice was named trade envoy in January 2025." in page
    assert "1 answered" in page
    assert "1 liked" in page
    assert f'href="/review/questions/{asked["who is the trade envoy"]}"' in html
    assert 'href="/review/passages/people/envoy/correct"' in html
    assert (await browser.get("/review/passages/people/nobody")).status_code == 404


async def test_figures_of_the_dashboard_lead_to_questions(browser: Browser) -> None:
    """Each chart leads to what it counts, in the same days."""
    for chart, part in (("down", "feedback=disliked"), ("answered", "decision=answer"), ("never", "order=never")):
        answer = await browser.client.get(f"/-/dashboards/overview/{chart}?days=7")
        assert part in answer.headers["location"]
        assert (await browser.get(answer.headers["location"])).status_code == 200
    assert (await browser.get("/-/dashboards/overview/nothing")).status_code == 404


@pytest.mark.parametrize("page", ["/", "/review/passages?order=shown"])
async def test_a_figure_leads_to_its_questions(browser: Browser, page: str) -> None:
    """The link of a figure leads to as many questions."""
    html = (await browser.get(page)).text
    link, text = re.findall(r'href="(/review/questions\?[^"]*)">(.*?)</a>', html, re.S)[0]
    figure = re.search(r"(\d+) (?:question|time)", text_of(text))
    assert figure
    found = (await browser.get(unescape(link))).text
    assert len(set(re.findall(r"/review/questions/([0-9A-Z]{26})", found))) == int(figure[1]) > 0


async def test_ready_made_pages_show_no_sql(browser: Browser) -> None:
    """A ready-made query is a page; SQL is there for who writes it."""
    page = (await browser.get("/queries/unanswered")).text
    assert "SQL" not in page
    assert "Run SQL" in (await browser.get("/queries?sql=select+1")).text


async def test_reading_needs_no_index(tmp_path: Path) -> None:
    """Without an index every page still shows what the log knows, and says what is missing."""
    evil = await fill(tmp_path)
    async with browsing(tmp_path) as browser:
        for path in ("/", "/review", "/review/gaps/1", "/review/questions", f"/review/questions/{evil}"):
            assert (await browser.get(path)).status_code == 200, path
        assert "no index here" in (await browser.get("/review/gaps/1")).text
        assert (await browser.get("/review/passages")).status_code == 400


async def test_a_reader_sees_no_acts(folder: Path) -> None:
    """The server of `log serve` offers nothing that it does not do."""
    async with browsing(folder, writable=False) as browser:
        page = (await browser.get("/review/gaps/1")).text
        assert "This passage answers it" not in page
        assert "Sign in" not in page


class Running(HTMLParser):
    """Collects what would run in a page: scripts without a file, handlers, addresses that are programs."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what runs."""
        given = dict(attrs)
        if tag == "script" and not (given.get("src") or "").startswith("/static/"):
            self.found.append(tag)
        self.found += [
            name for name, value in attrs if name.startswith("on") or (value or "").startswith("javascript:")
        ]


async def test_nothing_typed_runs(browser: Browser, asked: dict[str, str]) -> None:
    """On every page of ours, what people typed is text, and the browser is told to run nothing but our own file."""
    evil = asked[EVIL]
    await browser.sign_in("<script>alert(1)</script>")
    values = {"gap": str(await gap_of(browser, evil)), "id": evil, "chart": "questions"}
    read = [pattern for pattern, _ in routes() if "passages/(" not in pattern]
    paths = [path for pattern in read for path in sample_paths(pattern, values)]
    paths += [
        "/review/passages/people/envoy",
        "/review/passages/people/envoy/correct",
        f"/review/gaps/{values['gap']}/answers?snippet=people/envoy",
        f"/review?q={quote(EVIL)}",
        f"/review/questions?q={quote(EVIL)}&since=<i>",
    ]
    shown = 0
    for path in paths:
        answer = await browser.get(path)
        if "location" in answer.headers:
            continue
        page = Running()
        page.feed(answer.text)
        assert page.found == [], path
        assert "<script>alert(1)" not in answer.text, path
        shown += "&lt;script&gt;alert(1)" in answer.text
        if not answer.url.path.startswith("/-/dashboards"):
            assert "script-src 'self'" in answer.headers["content-security-policy"], path
    assert shown >= 10


async def gap_of(browser: Browser, question: str) -> int:
    """Return the number of the gap that holds a question."""

    def gap(connection: Any) -> int:
        [(number,)] = connection.execute("SELECT gap FROM gap_questions WHERE question_id = ?", (question,)).fetchall()
        return int(number)

    return await browser.pages.review.read(gap)


NOW = datetime(2026, 11, 29, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-11-29T14:05:59.999Z", "today 14:05"),
        ("2026-11-28T23:59:00.000Z", "yesterday 23:59"),
        ("2026-11-03T08:00:00.000Z", "3 Nov"),
        ("2025-12-31T08:00:00.000Z", "31 Dec 2025"),
        ("2026-11-29", "today 00:00"),
        ("", ""),
        (None, ""),
    ],
)
def test_short_times(moment: str | None, said: str) -> None:
    """A time is as short as people say it."""
    assert short_time(moment, NOW) == said


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_time_of_the_log_is_said(moment: datetime) -> None:
    """Whatever time the log holds, it is said, and in a different year with that year."""
    said = short_time(timestamp(moment), NOW)
    assert said
    assert said.endswith(str(moment.year)) or moment.year == NOW.year


def test_counts() -> None:
    """A number stands with its noun."""
    assert [count(1, "person", "people"), count(0, "wish", "wishes"), count(1204, "time")] == [
        "1 person",
        "0 wishes",
        "1,204 times",
    ]
