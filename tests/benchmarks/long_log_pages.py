"""Time every review command and every page on a long log, such as ``long_log.py`` makes.

    python tests/benchmarks/long_log_pages.py DATA [SECONDS]

DATA holds the log and, for the commands that ask it, an index. Commands run in this process, with their output thrown
away; pages are asked of the server of `review`, each once and then again. What takes longer than SECONDS (1.5, if not
given) is marked, and the exit code is then 1.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import yaml
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[2]))

from bot.database import open_for_reading
from bot.review.options import log as log_commands
from bot.review.web.server import METADATA_FILE, Pages, review_for
from bot.settings import load_settings

METADATA = yaml.safe_load(METADATA_FILE.read_text(encoding="utf-8"))
COMMANDS = (
    "list",
    "list --decision none --language kk",
    "list --search lith*",
    "list --topic nowhere",
    "list --language de",
    "unanswered",
    "unanswered --since 30d",
    "stats",
    "stats --days 90",
    "gaps --no-update",
    "gaps",
)


REVIEW = (
    "/review",
    "/review?page=50",
    "/review?state=all",
    "/review?q=lithium",
    "/review?language=kk",
    "/review?reason=uncertain&language=ru",
    "/review/gaps/1",
    "/review/questions",
    "/review/questions?q=lithium",
    "/review/questions?q=nowhere",
    "/review/questions?decision=none&language=kk",
    "/review/questions?language=de",
    "/review/questions?feedback=disliked",
    "/review/questions?feedback=wished",
    "/review/questions?since=7d&decision=closest",
    "/review/passages",
    "/review/passages?q=lithium",
    "/review/passages?order=shown",
    "/review/passages?order=never",
)


class Times:
    """Prints how long things take, and counts what takes too long."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self.slow = 0

    def note(self, name: str, *seconds: float) -> None:
        """Print the times of one thing; the last one counts."""
        late = seconds[-1] > self._limit
        self.slow += late
        print(f"{name:60} {' '.join(f'{each:7.2f} s' for each in seconds)}{'  SLOW' if late else ''}", flush=True)


def commands(data: Path, times: Times) -> None:
    """Run each command; nobody waits for the first grouping of all questions as for a page."""
    print(f"{'log gaps, the first time (groups everything)':60} {run('gaps', data):7.2f} s", flush=True)
    for command in COMMANDS:
        times.note(f"log {command}", run(command, data))


def run(command: str, data: Path) -> float:
    """Return how long a command takes, in seconds."""
    began = time.perf_counter()
    result = CliRunner().invoke(log_commands, [*command.split(), "--data", str(data)])
    assert result.exit_code == 0, result.output
    return time.perf_counter() - began


def pages(data: Path) -> list[str]:
    """Return the address of every page: listed tables as they open, searched, ready-made queries, the dashboard."""
    connection = open_for_reading(data / "queries.db")
    [(question,)] = connection.execute("SELECT id FROM questions ORDER BY time DESC LIMIT 1").fetchall()
    [(day,)] = connection.execute("SELECT max(substr(time, 1, 10)) FROM questions").fetchall()
    gap = connection.execute("SELECT coalesce(max(gap), 0) FROM gap_questions").fetchone()[0]
    [(snippet,)] = connection.execute("SELECT snippet FROM questions ORDER BY time DESC LIMIT 1").fetchall()
    connection.close()
    found = ["/", *REVIEW, f"/review/gaps/{gap}", f"/review/questions/{question}", f"/review/passages/{snippet}"]
    found += [f"/review/questions?snippet={snippet}", f"/review/questions?before={question}"]
    found += ["/queries", "/-/dashboards/overview?days=30", "/-/dashboards/overview?days=90"]
    database = METADATA["databases"]["queries"]
    found += [f"/queries/{table}" for table, about in database["tables"].items() if not about.get("hidden")]
    found += [
        "/queries/questions?_search=lithium",
        "/queries/questions?decision=none",
        "/queries/questions?language=de",
    ]
    found += [
        f"/queries/{query}?id={question}&gap={gap}&day={day}&state=&value=&words=lithium"
        for query in database["queries"]
    ]
    charts = METADATA["plugins"]["datasette-dashboards"]["overview"]["charts"]
    found += [f"/queries.json?sql={chart['query']}&days=90" for chart in charts.values()]
    return found


async def ask(data: Path, times: Times) -> None:
    """Get each page twice."""
    settings = load_settings(data_dir=data)
    datasette = Pages(review_for(settings, data / "queries.db", writable=False))
    await datasette.client.get("/review/passages")  # opens the index
    for page in pages(data):
        path, _, query = page.partition("?sql=")
        sql, _, days = query.partition("&days=")
        parameters = {"params": {"sql": sql, "days": days}} if query else {}

        async def get(path: str = path, parameters: dict[str, dict[str, str]] = parameters) -> None:
            response = await datasette.client.get(path, **parameters)
            if response.status_code != 200 or "SQL query took too long" in response.text:
                print(f"  {response.status_code}:", " ".join(re.sub(r"<[^>]+>", " ", response.text).split())[-200:])
            if "facet-timed-out" in response.text or "These facets timed out" in response.text:
                print("  a facet timed out")

        times.note(page[:60], await seconds(get), await seconds(get))


async def seconds(work: Callable[[], Awaitable[None]]) -> float:
    """Return how long something takes."""
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("seconds", type=float, nargs="?", default=1.5)
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    measured = Times(given.seconds)
    commands(given.data, measured)
    asyncio.run(ask(given.data, measured))
    sys.exit(measured.slow > 0)
