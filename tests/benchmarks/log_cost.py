"""Compare what recording a question costs with what answering it costs, in one run.

    python tests/benchmarks/log_cost.py DATA [QUESTIONS]

DATA holds an index. Processor time is that of the whole process, the log's thread included. "one by one" records each
question when the one before is committed, the worst case; "in bursts" records 30 at a time, as under load they share a
commit.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.querylog import Delivery, Entry, QueryLog
from index import Answer, Index


async def measured(name: str, number: int, work: Callable[[], Awaitable[None]]) -> float:
    """Print and return the processor time of one question, in microseconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    await work()
    cpu = (time.process_time() - cpu) / number * 1e6
    print(f"{name:28} {cpu:8.0f} µs processor {(time.perf_counter() - wall) / number * 1e6:8.0f} µs elapsed")
    return cpu


async def main(data: Path, number: int) -> None:
    """Answer, then record, the example questions of the index."""
    index = Index.open(data)
    questions = [q for name in index.snippets for snippet in index.snippets[name].values() for q in snippet.questions]
    questions = (questions * (number // len(questions) + 1))[:number]
    answers: list[Answer] = []

    async def answer() -> None:
        answers.extend(index.answer(question) for question in questions)

    base = await measured("answering", number, answer)
    with tempfile.TemporaryDirectory(dir=data) as folder:
        log = QueryLog.open(Path(folder) / "queries.db", key_file=Path(folder) / "key")
        entries = [
            Entry(each, "private", person=position % 500, chat=position % 500) for position, each in enumerate(answers)
        ]

        async def one_by_one() -> None:
            for entry in entries:
                log.delivered(await log.record(entry), Delivery.SENT)

        async def in_bursts() -> None:
            for start in range(0, number, 30):
                for entry_id in await asyncio.gather(*map(log.record, entries[start : start + 30])):
                    log.delivered(entry_id, Delivery.SENT)

        for name, work in (("recording, one by one", one_by_one), ("recording, in bursts", in_bursts)):
            print(f"{'':28} {await measured(name, number, work) / base:8.1%} of answering")
        await log.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2000))
