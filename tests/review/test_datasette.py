"""The log's pages in Datasette and its report work, show no more than they should, and run nothing people typed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from bot.querylog.statements import COLUMNS
from bot.review.browse import DATASETTE_FILE, SETTINGS
from bot.review.options import log as log_commands
from tests.support.filled_log import fill

METADATA = yaml.safe_load(DATASETTE_FILE.read_text(encoding="utf-8"))
QUERIES, TABLES = (METADATA["databases"]["queries"][kind] for kind in ("queries", "tables"))
DASHBOARD = METADATA["plugins"]["datasette-dashboards"]["overview"]


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[tuple[Any, str]]:
    """Datasette as `log serve` sets it up, and the evil question's id."""
    datasette_app = pytest.importorskip("datasette.app", reason="needs the extra `review`")
    pytest.importorskip("datasette_dashboards", reason="needs the extra `review`")
    from datasette.plugins import pm

    from bot.review import links

    evil = await fill(tmp_path)
    datasette = datasette_app.Datasette(
        [str(tmp_path / "queries.db")],
        metadata=METADATA,
        settings={name: {"on": True, "off": False}.get(str(value), value) for name, value in SETTINGS.items()},
    )
    pm.register(links)
    try:
        yield datasette, evil
    finally:
        pm.unregister(links)
        for database in datasette.databases.values():
            database.close()


@pytest.mark.parametrize("query", QUERIES)
async def test_each_query_has_a_page(pages: tuple[Any, str], query: str) -> None:
    """Every ready-made query runs and shows what people typed as text."""
    datasette, evil = pages
    response = await datasette.client.get(f"/queries/{query}?id={evil}&gap=1&day=&state=&value=&words=")
    assert response.status_code == 200
    assert "<script>alert(1)" not in response.text
    assert "<img src=x" not in response.text
    assert 'href="javascript' not in response.text


async def test_full_replay_page(pages: tuple[Any, str]) -> None:
    """One question's page has its fields and every candidate, and ids lead to it."""
    datasette, evil = pages
    replay = (await datasette.client.get(f"/queries/replay.json?id={evil}&_shape=array")).json()
    what = {row["what"]: row["value"] for row in replay}
    assert set(what) >= set(COLUMNS) - {"id", "chat", "snippet", "topic", "candidates"}
    assert what["decision"] == "none"
    assert what["vote"] == -1
    assert what["in gap"] == 1
    assert what["candidate 1"].startswith("resources/lithium")
    page = (await datasette.client.get("/queries/unanswered")).text
    assert f'href="/queries/replay?id={evil}"' in page
    assert 'href="/queries/gap?gap=1"' in page


async def test_facets_and_search(pages: tuple[Any, str]) -> None:
    """The table of questions offers facets and full-text search."""
    datasette, _ = pages
    found = (await datasette.client.get("/queries/questions.json?_search=lithium")).json()
    assert len(found["rows"]) == 1
    assert set(found["facet_results"]) >= {"decision", "language"}


@pytest.mark.parametrize(
    ("words", "found"),
    [("lithium", 1), ("LITH* what", 1), ('"lithium" AND', 0), ("copper", 0), ("", 0), ('" OR NEAR( *', 0)],
)
async def test_search_page(pages: tuple[Any, str], words: str, found: int) -> None:
    """All words must occur, a star ends the beginning of one, and nothing typed is an error."""
    datasette, _ = pages
    answer = await datasette.client.get("/queries/search.json", params={"words": words, "_shape": "array"})
    assert len(answer.json()) == found


@pytest.mark.parametrize("table", [name for name, about in TABLES.items() if name not in ("candidates",)])
async def test_each_table_has_a_page(pages: tuple[Any, str], table: str) -> None:
    """Every table and view named in the metadata exists and opens."""
    datasette, _ = pages
    assert (await datasette.client.get(f"/queries/{table}")).status_code == 200


@pytest.mark.parametrize("chart", DASHBOARD["charts"])
async def test_each_chart_has_data(pages: tuple[Any, str], chart: str) -> None:
    """The dashboard opens and each chart's query returns rows."""
    datasette, _ = pages
    assert (await datasette.client.get("/-/dashboards/overview?days=30")).status_code == 200
    for days in ("30", ""):
        parameters = {"sql": DASHBOARD["charts"][chart]["query"], "days": days, "_shape": "array"}
        assert (await datasette.client.get("/queries.json", params=parameters)).json()


async def test_nothing_can_be_written(pages: tuple[Any, str]) -> None:
    """A statement that would change the log is refused."""
    datasette, _ = pages
    response = await datasette.client.get("/queries", params={"sql": "delete from questions"})
    assert response.status_code == 400


class Outside(HTMLParser):
    """Collects everything a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note scripts, sources and addresses."""
        if tag in ("script", "iframe", "object", "embed"):
            self.found.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href") and value and not value.startswith(("#", "data:")):
                self.found.append(f"{tag} {name}={value}")
            if name.startswith("on"):
                self.found.append(f"{tag} {name}")


async def test_report_is_one_file(tmp_path: Path) -> None:
    """The report has charts, loads nothing, runs nothing, and shows what people typed as text."""
    pytest.importorskip("matplotlib", reason="needs the extra `review`")
    await fill(tmp_path)
    target = tmp_path / "report.html"
    result = CliRunner().invoke(log_commands, ["report", "--html", str(target), "--data", str(tmp_path)])
    assert result.exit_code == 0, result.output
    page = target.read_text(encoding="utf-8")
    outside = Outside()
    outside.feed(page)
    assert outside.found == []
    assert page.count("<svg") == 3
    assert "&lt;script&gt;alert(1)" in page
