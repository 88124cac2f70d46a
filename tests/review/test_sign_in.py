"""Reading needs nobody's name, changing does: one-time links, cookies, proxies, and what forged requests get."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

pytest.importorskip("datasette", reason="needs the extra `review`")

from bot.cli import cli
from bot.database import open_for_reading
from bot.review.web import sign_in
from bot.review.web.plugin import routes
from bot.review.web.server import Pages, review_for
from bot.settings import load_settings
from index.errors import UserFacingError
from tests.support.filled_log import fill
from tests.support.review_pages import ADDRESS, Browser, browsing, sample_paths, served

SAMPLES = {"gap": "1", "id": "lithium", "snippet": "resources/lithium", "chart": "questions"}
SIGNING = {"/-/sign-in", "/-/sign-out"}
PATHS = [path for pattern, _ in routes() for path in sample_paths(pattern, SAMPLES) if path not in SIGNING]
"""A path of every page that does something else than signing in and out."""


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    """A browser on a small log, not signed in."""
    await fill(tmp_path)
    async with browsing(tmp_path) as opened:
        yield opened


async def name_shown(browser: Browser) -> str | None:
    """Return the name in the header of a page."""
    found = re.search(r'review-me">\s*<span>([^<]*)', (await browser.get("/")).text)
    return found[1] if found else None


async def test_a_link_signs_in_once(browser: Browser) -> None:
    """Opening a link only shows a form; sending it signs in, under the name in it, and uses the link up."""
    token = browser.pages.review.links.make("Anna")
    for _ in range(3):
        assert 'value="Anna"' in (await browser.get(f"/-/sign-in?token={token}")).text
    assert await name_shown(browser) is None
    await browser.post("/-/sign-in", {"token": token, "name": "  Anna <b> Smith\n"})
    assert await name_shown(browser) == "Anna b Smith"
    browser.client.cookies.clear()
    assert "used already" in (await browser.post("/-/sign-in", {"token": token, "name": "Eve"})).text
    assert await name_shown(browser) is None


async def test_a_name_is_needed(browser: Browser) -> None:
    """Nobody changes anything without a name; the link stays good."""
    token = browser.pages.review.links.make("")
    assert (await browser.post("/-/sign-in", {"token": token, "name": " <> "})).status_code == 400
    assert browser.pages.review.links.name(token) == ""


async def test_a_link_ends(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an hour a link signs nobody in."""
    token = browser.pages.review.links.make("Anna")
    later = time.monotonic() + 3601
    monkeypatch.setattr(sign_in.time, "monotonic", lambda: later)
    assert (await browser.client.get(f"/-/sign-in?token={token}")).status_code == 403
    assert browser.pages.review.links.use(token) is False


@pytest.mark.parametrize("token", ["", "x", "é", "a" * 5000])
async def test_guessed_links(browser: Browser, token: str) -> None:
    """A token nobody was given signs nobody in."""
    await browser.post("/-/sign-in", {"token": token, "name": "Eve"})
    assert await name_shown(browser) is None


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
async def test_the_cookie(browser: Browser, scheme: str, secure: bool) -> None:
    """No script reads the cookie, no other site sends it along with a form, and TLS keeps it to TLS."""
    token = browser.pages.review.links.make("Anna")
    transport = httpx.ASGITransport(app=browser.pages.app())
    async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://127.0.0.1:8001") as client:
        await client.get(f"/-/sign-in?token={token}")
        fields = {"token": token, "name": "Anna", "csrftoken": client.cookies["ds_csrftoken"]}
        cookie = (await client.post("/-/sign-in", data=fields)).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert ("secure" in cookie) is secure


async def test_a_forged_cookie(browser: Browser) -> None:
    """Only this server signs cookies."""
    browser.client.cookies.set("ds_actor", "eyJhIjp7ImlkIjoicm9vdCJ9fQ.AAAA", domain="127.0.0.1")
    assert await name_shown(browser) is None


async def test_signing_out(browser: Browser) -> None:
    """Signing out forgets the name in this browser."""
    await browser.sign_in()
    assert await name_shown(browser) == "Anna Smith"
    await browser.post("/-/sign-out")
    assert await name_shown(browser) is None


async def test_inviting_a_colleague(browser: Browser) -> None:
    """Whoever is signed in makes a link for somebody else."""
    assert (await browser.post("/-/invite", {"name": "Bolat"})).status_code == 403
    await browser.sign_in()
    link = re.search(r'value="(http[^"]*token=[^"]*)"', (await browser.post("/-/invite", {"name": "Bolat"})).text)
    assert link
    assert link[1].startswith(ADDRESS)
    browser.client.cookies.clear()
    token = link[1].partition("token=")[2]
    await browser.post("/-/sign-in", {"token": token, "name": "Bolat"})
    assert await name_shown(browser) == "Bolat"


async def test_a_proxy_names_the_reviewer(tmp_path: Path, browser: Browser) -> None:
    """A header names the reviewer only where the settings say so."""
    headers = {"x-remote-user": "Анна".encode()}
    assert "Анна" not in (await browser.get("/", headers=headers)).text
    async with browsing(tmp_path, review_user_header="X-Remote-User") as behind:
        assert "Анна" in (await behind.get("/", headers=headers)).text
        assert await name_shown(behind) is None


async def test_plugins_are_set_up_in_a_file(tmp_path: Path) -> None:
    """A plugin that signs people in finds its settings; those of the dashboard stay."""
    await fill(tmp_path)
    file = tmp_path / "plugins.yaml"
    file.write_text("datasette-auth-passwords: {anna_password_hash: x}\n")
    async with browsing(tmp_path, review_plugins=file) as browser:
        assert browser.pages.plugin_config("datasette-auth-passwords") == {"anna_password_hash": "x"}
        assert (await browser.get("/-/dashboards/overview")).status_code == 200


@pytest.mark.parametrize("text", ["", "- a", "a: [", None])
async def test_a_file_of_plugins_that_cannot_be_used(tmp_path: Path, text: str | None) -> None:
    """It is named, with what it must hold."""
    file = tmp_path / "plugins.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UserFacingError, match=r"BOT_REVIEW_PLUGINS: .*plugins\.yaml cannot be used .* It must be YAML"):
        Pages(review_for(load_settings(data_dir=tmp_path, review_plugins=file), tmp_path / "queries.db", writable=True))


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8001", "[::1", "a@127.0.0.1:x", ""]
)
async def test_a_foreign_name_is_refused(browser: Browser, host: str) -> None:
    """A name that somebody made to lead to this computer shows nothing."""
    assert (await browser.get("/", headers={"host": host})).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8001", "localhost:9", "[::1]:8001", "LOCALHOST", "review.example.org"])
async def test_own_names_are_known(tmp_path: Path, host: str) -> None:
    """This computer's names are known on any port, and so is the address of the settings."""
    await fill(tmp_path)
    async with browsing(tmp_path, review_url="https://review.example.org/review") as browser:
        assert (await browser.get("/", headers={"host": host})).status_code == 200


FOREIGN = (
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:3000"},
    {"origin": "http://127.0.0.1:8001.evil.example"},
    {"origin": "", "sec-fetch-site": "cross-site"},
)


@pytest.mark.parametrize("headers", FOREIGN)
async def test_forms_of_other_sites_are_refused(browser: Browser, headers: dict[str, str]) -> None:
    """A form that another site sends does nothing, even with the right token and cookie."""
    await browser.sign_in()
    assert (await browser.post("/-/invite", {"name": "Eve"}, headers)).status_code == 403


async def test_other_sites_are_refused_without_cookies(tmp_path: Path) -> None:
    """Behind a proxy that signs people in, no cookie is needed; the site is checked all the same."""
    await fill(tmp_path)
    own = {"x-user": "Anna", "origin": "https://review.example.org"}
    settings = {"review_user_header": "X-User", "review_url": "https://review.example.org"}
    async with browsing(tmp_path, **settings) as browser:
        assert (await browser.client.post("/-/invite", data={"name": "B"}, headers=own)).status_code == 200
        for foreign in ({**own, "origin": "https://evil.example"}, {"x-user": "Anna", "sec-fetch-site": "same-site"}):
            assert (await browser.client.post("/-/invite", data={"name": "B"}, headers=foreign)).status_code == 403


async def test_a_form_needs_its_token(browser: Browser) -> None:
    """A form without the token of this browser does nothing."""
    await browser.sign_in()
    answer = await browser.client.post("/-/invite", data={"name": "Eve", "csrftoken": "x"}, headers={"origin": ADDRESS})
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/", "/review", "/queries/questions", "/-/dashboards/overview", "/nowhere"])
async def test_pages_protect_the_browser(browser: Browser, path: str) -> None:
    """No page is shown in a frame of another site or tells other sites its address."""
    headers = (await browser.get(path)).headers
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_changes_without_signing_in(tmp_path: Path, browser: Browser, path: str) -> None:
    """Whatever is sent to any page by somebody who is not signed in, nothing on disk changes."""
    before = contents(tmp_path)
    fields = {"state": "answered", "note": "x", "name": "Eve", "snippet": "resources/lithium", "do": "save"}
    answer = await browser.post(path, fields)
    assert contents(tmp_path) == before
    assert browser.pages.review.links.name("Eve") is None
    assert answer.status_code < 500


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_changes_where_everything_is_read_only(tmp_path: Path, path: str) -> None:
    """On the server of `log serve` even a proxy's user changes nothing."""
    await fill(tmp_path)
    async with browsing(tmp_path, writable=False, review_user_header="X-User") as browser:
        before = contents(tmp_path)
        answer = await browser.client.post(path, data={"state": "answered"}, headers={"x-user": "Eve"})
        assert contents(tmp_path) == before
        assert answer.status_code < 500


async def test_who_changed_a_gap(tmp_path: Path, browser: Browser) -> None:
    """A change keeps the name of whoever made it."""
    await browser.sign_in("Anna Smith")
    page = await browser.post("/review/gaps/1/state", {"state": "will-not-cover", "note": "Not ours."})
    assert "by Anna Smith" in page.text
    [row] = await browser.pages.review.read(lambda log: log.execute("SELECT state, note FROM gaps").fetchall())
    assert tuple(row) == ("will-not-cover", "Not ours.")


async def test_the_log_cannot_be_written_by_reading(browser: Browser) -> None:
    """The connection that pages read with writes nothing."""
    with pytest.raises(Exception, match="readonly"):
        await browser.pages.review.read(lambda log: log.execute("DELETE FROM questions"))


async def test_a_running_server(tmp_path: Path) -> None:
    """The printed link signs in; nothing that the server prints afterwards holds a link, a cookie or a search."""
    await fill(tmp_path)
    with served(tmp_path, "review", "--as", "Anna Smith") as (address, printed):
        [link] = re.findall(r"http://\S+token=\S+", printed.read_text())
        token = link.partition("token=")[2]
        with httpx.Client(base_url=address, follow_redirects=True) as client:
            assert "Anna Smith" in client.get(link).text
            fields = {"token": token, "name": "Anna Smith", "csrftoken": client.cookies["ds_csrftoken"]}
            assert "Anna Smith" in client.post("/-/sign-in", data=fields).text
            for path in ("/review?q=secretword", "/nowhere", "/queries?sql=secretword", "/review/gaps/999"):
                client.get(path)
            cookies = list(client.cookies.values())
        said = printed.read_text()
    assert said.count(token) == 1
    assert "secretword" not in said
    assert not [cookie for cookie in cookies if cookie in said]


def test_a_port_in_use(tmp_path: Path) -> None:
    """A port that another program holds is told in one line."""
    (tmp_path / "queries.db").touch()
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        result = CliRunner().invoke(cli, ["review", "--port", port, "--no-update", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert f"Port {port} cannot be used" in result.output


def contents(folder: Path) -> dict[str, object]:
    """Return what is in a folder: the rows of its databases, and its other files."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".db":
            with closing(open_for_reading(path)) as connection:
                names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1").fetchall()
                for (name,) in names:
                    found[f"{path}: {name}"] = [tuple(row) for row in connection.execute(f'SELECT * FROM "{name}"')]
        elif path.is_file() and not path.name.endswith(("-shm", "-wal")):
            found[str(path)] = path.read_bytes()
    return found
