"""The log's pages in Datasette and its report agree with the terminal, and run nothing people typed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from bot.querylog import schema
from bot.querylog.statements import COLUMNS
from bot.review.browse import DATASETTE_FILE, SETTINGS
from bot.review.options import log as log_commands
from bot.review.records import defused
from tests.support.filled_log import fill
from tests.support.log_answers import entry, open_log

METADATA = yaml.safe_load(DATASETTE_FILE.read_text(encoding="utf-8"))
QUERIES, TABLES = (METADATA["databases"]["queries"][kind] for kind in ("queries", "tables"))
DASHBOARD = METADATA["plugins"]["datasette-dashboards"]["overview"]


@pytest.fixture
def datasette_on() -> Iterator[Callable[[Path], Any]]:
    """Return a function that gives Datasette for a data folder as `log serve` sets it up."""
    datasette_app = pytest.importorskip("datasette.app", reason="needs the extra `review`")
    pytest.importorskip("datasette_dashboards", reason="needs the extra `review`")
    from datasette.plugins import pm

    from bot.review import links

    opened = []

    def open_on(folder: Path) -> Any:
        opened.append(
            datasette_app.Datasette(
                [str(folder / "queries.db")],
                metadata=METADATA,
                settings={name: {"on": True, "off": False}.get(str(value), value) for name, value in SETTINGS.items()},
            )
        )
        return opened[-1]

    pm.register(links)
    try:
        yield open_on
    finally:
        pm.unregister(links)
        for datasette in opened:
            for database in datasette.databases.values():
                database.close()


@pytest.fixture
async def pages(tmp_path: Path, datasette_on: Callable[[Path], Any]) -> tuple[Any, str]:
    """Datasette on a small log, and the id of the question that tries to be a program."""
    evil = await fill(tmp_path)
    return datasette_on(tmp_path), evil


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


async def test_terminal_and_browser_agree(tmp_path: Path, datasette_on: Callable[[Path], Any]) -> None:
    """Both rank gaps by people, the latest first, and both leave out people who opted out."""
    log = open_log(tmp_path)
    for text, person in (("old", 1), ("old", 2), ("new", 3), ("new", 4), ("silent", 5), ("both", 3), ("both", 5)):
        await log.record(entry(text, "none", person=person))
    await log.opt_out(5, True)
    await log.close()
    with closing(schema.open_log(tmp_path / "queries.db")) as connection:
        connection.execute(
            "UPDATE questions SET time = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-40 days') WHERE question = 'old'"
        )
        for gap, text in enumerate(("both", "silent", "old", "new"), 1):
            connection.execute("INSERT INTO gaps (opened, changed, encoder) VALUES ('2026', '2026', 'e')")
            connection.execute(
                "INSERT INTO gap_questions (question_id, gap, similarity, person, time) "
                "SELECT id, ?, 0.9, person, time FROM questions WHERE question = ?",
                (gap, text),
            )

    def terminal(*arguments: str) -> list[dict[str, Any]]:
        result = CliRunner().invoke(log_commands, [*arguments, "--json", "--data", str(tmp_path)])
        return list(json.loads(result.stdout))

    async def browser(query: str) -> list[dict[str, Any]]:
        response = await datasette_on(tmp_path).client.get(f"/queries/{query}.json?_shape=array&state=")
        return list(response.json())

    gaps = terminal("gaps", "--no-update")
    assert [gap["id"] for gap in gaps] == [row["gap"] for row in await browser("gaps_ranked")] == [4, 1, 3]
    assert [gap["people"] for gap in gaps] == [2, 1, 2]
    unanswered = [row["id"] for row in terminal("unanswered")]
    assert len(unanswered) == 5
    assert unanswered == [row["id"] for row in await browser("unanswered")]


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


@pytest.mark.parametrize("words", ['"', '""', '" "', "'", "*", '"lithium', "lithium AND", "NEAR(", "-", "a:b", "( )"])
async def test_search_box(pages: tuple[Any, str], words: str) -> None:
    """Nothing typed into the box of the table of questions is an error."""
    datasette, _ = pages
    assert (await datasette.client.get("/queries/questions", params={"_search": words})).status_code == 200


@pytest.mark.parametrize("page", ["questions.csv?_stream=on&_dl=1", "questions.csv?_shape=array", "unanswered.csv"])
async def test_csv_is_as_safe_as_the_export(tmp_path: Path, datasette_on: Callable[[Path], Any], page: str) -> None:
    """No cell is a formula; all others, whatever is in them, are as they were asked, and numbers stay numbers."""
    asked = ["=HYPERLINK(1)", "+1 and", " @SUM(1)", "-cmd|' /C calc'!A0", 'a, "b"', "plain"]
    log = open_log(tmp_path)
    for text in asked:
        disliked = await log.record(entry(text, "none", person=1))
    await log.vote(disliked, 1, -1)
    await log.close()
    response = await datasette_on(tmp_path).client.get(f"/queries/{page}")
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert sorted(row["question"] for row in rows) == sorted(str(defused(text)) for text in asked)
    assert "'=HYPERLINK(1)" in response.text
    assert {row["confidence"] for row in rows} == {"0.75"}
    assert {row.get("vote") for row in rows} <= {None, "", "-1"}


@pytest.mark.parametrize("table", TABLES)
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
