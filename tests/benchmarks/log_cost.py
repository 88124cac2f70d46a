"""Compare what recording a question costs with what answering it costs, in one run.

    python tests/benchmarks/log_cost.py DATA [QUESTIONS]

DATA holds an index. What counts is processor time, that of the whole process, the log's thread included, which other
programs on the machine change little; of three rounds the cheapest is taken. "one by one" records each question when
the one before is committed, the worst case; "in bursts" records 30 at a time, as under load. Then the parts of it, each
alone.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bot.database import transaction
from bot.querylog import statements
from bot.querylog.anonymity import Pseudonyms
from bot.querylog.entry import Row, new_id, row_of, timestamp
from bot.querylog.log import Delivery, Entry, QueryLog
from bot.querylog.schema import open_log
from index import Answer, Index

ROUNDS = 3


async def measured(name: str, number: int, work: Callable[[], Awaitable[None]], base: float = 0.0) -> float:
    """Print and return the processor time of one question, in microseconds; of ``base`` as its share."""
    best = math.inf
    for _ in range(ROUNDS):
        cpu = time.process_time()
        await work()
        best = min(best, (time.process_time() - cpu) / number * 1e6)
    print(f"{name:40} {best:8.1f} µs" + (f" {best / base:8.1%} of answering" if base else ""))
    return best


async def main(data: Path, number: int) -> None:
    """Answer, then record, the example questions of the index."""
    index = Index.open(data)
    questions = [q for name in index.snippets for snippet in index.snippets[name].values() for q in snippet.questions]
    questions = (questions * (number // len(questions) + 1))[:number]
    answers: list[Answer] = []

    async def answer() -> None:
        answers[:] = [index.answer(question) for question in questions]

    base = await measured("answering", number, answer)
    entries = [
        Entry(each, "private", person=position % 500, chat=position % 500) for position, each in enumerate(answers)
    ]
    with tempfile.TemporaryDirectory(dir=data) as folder:
        log = QueryLog(Path(folder) / "queries.db", key_file=Path(folder) / "key")

        async def one_by_one() -> None:
            for entry in entries:
                log.delivered(await log.record(entry), Delivery.SENT)

        async def in_bursts() -> None:
            for start in range(0, number, 30):
                for entry_id in await asyncio.gather(*map(log.record, entries[start : start + 30])):
                    log.delivered(entry_id, Delivery.SENT)

        await measured("recording, one by one", number, one_by_one, base)
        await measured("recording, in bursts", number, in_bursts, base)
        await log.close()
        await parts(entries, Path(folder), base)


async def parts(entries: list[Entry], folder: Path, base: float) -> None:
    """Measure what recording is made of; what is left of "one by one" are two changes of threads."""
    number, pseudonyms = len(entries), Pseudonyms.passing()
    rows: list[Row] = []
    with closing(open_log(folder / "parts.db")) as connection:

        async def build() -> None:
            rows[:] = [row_of(entry, new_id(), pseudonyms) for entry in entries]

        async def insert(together: int) -> None:
            await build_again()
            for start in range(0, number, together):
                with transaction(connection):
                    for row in rows[start : start + together]:
                        statements.insert(connection, row)

        async def build_again() -> None:
            rows[:] = [{**row, "id": str(new_id())} for row in rows]

        async def deliver() -> None:
            with transaction(connection):
                for row in rows:
                    statements.set_delivery(connection, str(row["id"]), Delivery.SENT, timestamp())

        await measured("  the row", number, build, base)
        await measured("  its insertion, a commit each", number, lambda: insert(1), base)
        await measured("  its insertion, 30 together in a commit", number, lambda: insert(30), base)
        await measured("  what became of the answer", number, deliver, base)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("questions", type=int, nargs="?", default=1500)
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    asyncio.run(main(given.data, given.questions))
