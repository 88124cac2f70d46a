"""Ask at a steady rate while calls fail, polling is down for a while, and the bot is killed and started again.

    python tests/benchmarks/faults.py --data data

A tenth of all calls to Telegram fail while questions are being asked: refused with 500 or 429, cut before they have
had an effect, or cut after. In the middle polling is down for 20 seconds and the process is killed once. Printed is
what became of every question; an answer of which nobody can know whether it arrived may come again, but only with a
remark.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
import time
from pathlib import Path

from telegram_load import BotApi, Load, bot, copied, end_when_told, questions_of, report, spread

_KINDS = ("500", "429", "drop", "lost")


def main() -> int:
    """Run the scenario; return 1 if a question was lost or answered twice without a remark."""
    end_when_told()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data"), help="data folder with a built index")
    parser.add_argument("--rate", type=float, default=10.0, help="questions a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long questions are asked")
    parser.add_argument("--share", type=float, default=0.1, help="share of calls that fail")
    parser.add_argument("--outage", type=float, default=20.0, help="seconds for which polling is down")
    parser.add_argument("--seed", type=int, default=1, help="which calls fail")
    given = parser.parse_args()
    chance = random.Random(given.seed)
    down = threading.Event()

    def fault(method: str) -> str | None:
        if method == "getUpdates" and down.is_set():
            return "drop"
        return chance.choice(_KINDS) if chance.random() < given.share else None

    with tempfile.TemporaryDirectory() as name, BotApi() as api:
        data = copied(given.data, Path(name) / "data")
        load = Load(api, questions_of(data))
        settings = {"BOT_MESSAGES_PER_SECOND": "0"}
        third = given.seconds / 3
        with bot(data, api, **settings) as first:
            api.wait(lambda: api.ready)
            api.injector = fault
            load.at_rate(given.rate, third)
            down.set()
            threading.Timer(given.outage, down.clear).start()
            load.at_rate(given.rate, third)
            # Killed once polling works again and the backlog is being answered.
            while down.is_set():
                time.sleep(0.05)
            load.at_rate(given.rate, 1.0)
            first.kill()
        with bot(data, api, **settings) as second:
            load.at_rate(given.rate, third)
            api.injector = lambda method: None
            load.settle(120)
            second.terminate()
            second.wait(40)
        outcome = load.outcome()
        report(outcome)
        print(f"{'calls made to fail':24}{api.failed:8,}")
        print(f"latency: {spread(load.latencies())}")
        for number, answers in load.duplicates():
            print(f"question {number}: {answers}")
        for violation in api.violations:
            print(f"refused: {violation}")
    return 1 if outcome["lost"] or outcome["duplicated"] or api.violations else 0


if __name__ == "__main__":
    raise SystemExit(main())
