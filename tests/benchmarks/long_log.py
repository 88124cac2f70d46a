"""Make a query log of a million questions, as three years of a busy bot leave it, to measure the review commands on.

    python tests/benchmarks/long_log.py DATA [ROWS]

The rows are made up: three languages, 200 passages of uneven fame, 40,000 different questions, four out of ten not
answered.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from ulid import ULID

sys.path.insert(0, str(Path(__file__).parents[2]))

from bot.database import transaction
from bot.querylog import statements
from bot.querylog.entry import timestamp
from bot.querylog.schema import open_log

DAYS = 180
PEOPLE = 30_000
WORDS = {
    "en": """
        what who when where which does the UK Kazakhstan agree lithium uranium titanium copper tungsten memorandum
        roadmap university investment minister signed critical minerals recycling corridor export price mine deposit
        licence tax company
    """.split(),
    "ru": """
        что кто когда где какой договор Казахстан Великобритания литий уран титан медь вольфрам меморандум дорожная
        карта университет инвестиции министр подписал критические минералы переработка экспорт цена месторождение
    """.split(),
    "kk": """
        не кім қашан қайда қандай келісім Қазақстан Ұлыбритания литий уран титан мыс вольфрам меморандум жол картасы
        университет инвестиция министр қол қойды маңызды минералдар қайта өңдеу экспорт баға кен орны
    """.split(),
}


def rows(number: int, chance: random.Random) -> object:
    """Yield rows from the oldest to the newest."""
    start = datetime.now(UTC) - timedelta(days=DAYS)
    snippets = [f"topic{rank % 10}/passage-{rank}" for rank in range(200)]
    fame = [1 / (rank + 1) for rank in range(len(snippets))]
    asked = [
        (language, " ".join(chance.choices(words, k=chance.randint(4, 12))) + "?")
        for language, words in WORDS.items()
        for _ in range(40_000 // 3)
    ]
    chance.shuffle(asked)
    vectors = np.random.default_rng(1).standard_normal((1000, 384)).astype("<f2")
    for position in range(number):
        moment = start + timedelta(days=DAYS) * (position / number)
        language, question = asked[min(int(chance.paretovariate(0.4)), len(asked)) - 1]
        decision = chance.choices(("answer", "closest", "none"), (60, 25, 15))[0]
        shown = int(decision != "none")
        hits = chance.choices(snippets, fame, k=5)
        candidates = [
            {
                "id": hit,
                "language": "en",
                "hash": "0123456789abcdef",
                "score": round(0.9 - rank / 10, 5),
                "parts": {"cosine": 0.51234, "terms": 0.25678, "question": 0.61234},
                "question": None,
                "shown": rank < shown,
            }
            for rank, hit in enumerate(hits)
        ]
        yield {
            "id": str(ULID.from_datetime(moment)),
            "time": timestamp(moment),
            "question": question,
            "asked": None,
            "language": language,
            "surface": chance.choices(("private", "group", "inline", "guest", "terminal"), (70, 15, 12, 2, 1))[0],
            "decision": decision,
            "confidence": round(chance.random(), 4),
            "margin": 0.1,
            "snippet": hits[0],
            "topic": hits[0].split("/")[0],
            "candidates": json.dumps(candidates, separators=(",", ":")),
            "index_version": f"v{position * 20 // number}",
            "latency_ms": round(chance.lognormvariate(1.0, 0.4), 2),
            "truncated": 0,
            "person": f"person{chance.randrange(PEOPLE):010}",
            "chat": None,
            "edit_of": None,
            "follow_up_of": None,
            "reason": {"closest": "uncertain", "none": "nothing-near"}.get(decision),
            "differences": None,
            "vector": None if decision == "answer" else vectors[position % 1000].tobytes(),
        }


def main(data: Path, number: int) -> None:
    """Write the log and say how long that took."""
    began, chance = time.perf_counter(), random.Random(1)
    data.mkdir(parents=True, exist_ok=True)
    with closing(open_log(data / "queries.db")) as connection:
        batch = []
        for position, row in enumerate(rows(number, chance), 1):  # type: ignore[arg-type]
            batch.append(row)
            if len(batch) < 5000 and position < number:
                continue
            with transaction(connection):
                for each in batch:
                    statements.insert(connection, each)
                    if chance.random() < 0.05:
                        statements.vote(connection, each["id"], each["person"], chance.choice((1, 1, -1)))
                    if each["decision"] == "none" and chance.random() < 0.1:
                        statements.request(connection, each["id"], each["person"])
            batch = []
        connection.execute("UPDATE questions SET delivery = 'sent'")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    size = (data / "queries.db").stat().st_size / 2**20
    print(f"{number} questions in {time.perf_counter() - began:.0f} s, {size:.0f} MiB")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    main(given.data, given.rows)
