"""Three bots that share a server, while bots are killed, the collector stops and the server is restarted.

    python tests/benchmarks/cluster.py --data data
    python tests/benchmarks/cluster.py --data data --throughput

The first form asks at a steady rate through one webhook. Every half minute it kills a bot, which is started again. It
stops the collector for a fifth of the time, and restarts the server twice. The second form compares how fast one bot
and three answer with a raised limit, and tells what each kind of process takes of the processor. Both need
valkey-server or redis-server.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import pairwise
from pathlib import Path

from telegram_load import BotApi, Load, bot, end_when_told, questions_of, report, spread

from bot.querylog.anonymity import Pseudonyms
from tests.support.bot_process import environment, free_port, get
from tests.support.front import Front
from tests.support.redis_server import RedisServer, redis_server

_BOTS = 3
_SETTLE_SECONDS = 600.0
_READY_SECONDS = 60.0


class Cluster:
    """Bots behind one address, the server that they share, and the collector of their log."""

    def __init__(self, folder: Path, index: Path, api: BotApi, bots: int, server: RedisServer, rate: float) -> None:
        self._stack = ExitStack()
        self._folder, self._api, self.server = folder, api, server
        self._ports = [(free_port(), free_port()) for _ in range(bots)]
        self._front = self._stack.enter_context(Front([port for port, _ in self._ports]))
        Pseudonyms.open(folder / "pseudonyms.key")
        self._settings = {
            "BOT_REDIS_URL": server.url,
            "BOT_WEBHOOK_URL": self._front.url,
            "BOT_WEBHOOK_SECRET": "secret",
            "BOT_INDEX_DIR": str(index.absolute()),
            "BOT_PSEUDONYM_KEY_FILE": str(folder / "pseudonyms.key"),
            "BOT_MESSAGES_PER_SECOND": str(rate),
            "BOT_QUEUE": "5000",
        }
        self.log = folder / "log" / "queries.db"
        self.bots: list[subprocess.Popen[bytes]] = []
        self.collector = self._collect()
        self._stack.callback(self.stop_collector)

    def start(self) -> None:
        """Start the bots, and wait until all of them take calls."""
        self.bots = [self._start(number) for number in range(len(self._ports))]
        for number in range(len(self.bots)):
            self.wait_ready(number)

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        data = self._folder / f"bot-{number}" / "data"
        data.mkdir(parents=True, exist_ok=True)
        hook, monitoring = self._ports[number]
        places = {"BOT_WEBHOOK_LISTEN": f"127.0.0.1:{hook}", "BOT_HTTP_LISTEN": f"127.0.0.1:{monitoring}"}
        return self._stack.enter_context(bot(data, self._api, **self._settings, **places))

    def _collect(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "bot", "log", "collect", "--data", str(self.log.parent)]
        with (self._folder / "collector.log").open("ab") as out:
            return subprocess.Popen(command, env=environment(self.log.parent, **self._settings), stdout=out, stderr=out)

    def wait_ready(self, number: int) -> None:
        """Wait until a bot takes calls."""
        deadline = time.monotonic() + _READY_SECONDS
        while get(self._ports[number][1], "/readyz")[0] != 200:
            if time.monotonic() > deadline:
                raise TimeoutError(f"bot {number} is not ready; see {self._folder}/bot-{number}/bot.log")
            time.sleep(0.1)

    def processor_seconds(self) -> dict[str, float]:
        """Return how much processor time each kind of process has taken until now; the load runs in this one."""
        return {
            "bots": sum(_processor_seconds(each.pid) for each in self.bots),
            "collector": _processor_seconds(self.collector.pid),
            "server": _processor_seconds(self.server.pid),
            "load": _processor_seconds(os.getpid()),
        }

    def kill(self, number: int) -> None:
        """Kill a bot and start it again."""
        self.bots[number].kill()
        self.bots[number].wait()
        self.bots[number] = self._start(number)

    def stop_collector(self) -> None:
        """Stop the collector; its leave is noted at once, so another can take over."""
        self.collector.terminate()
        self.collector.wait(30)

    def start_collector(self) -> None:
        """Start the collector."""
        self.collector = self._collect()

    def close(self) -> None:
        """Stop everything, the bots first."""
        with self._stack:
            for each in self.bots:
                each.terminate()
            for each in self.bots:
                each.wait(60)


def _processor_seconds(pid: int) -> float:
    # Behind the name, which is in brackets and may hold anything, these are the 12th and 13th.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def cluster(folder: Path, index: Path, api: BotApi, bots: int, rate: float, fsync: str) -> Iterator[Cluster]:
    """Run bots that share a server."""
    with redis_server(folder / "redis", fsync=fsync) as server:
        running = Cluster(folder, index, api, bots, server, rate)
        try:
            running.start()
            yield running
        finally:
            running.close()


def over_limit(times: Iterable[float], per_second: float, burst: float) -> int:
    """Return how many messages a limit would have refused: so many at once, and then so many a second."""
    room, last, refused = burst, 0.0, 0
    for at in sorted(times):
        room, last = min(burst, room + (at - last) * per_second), at
        if room < 1:
            refused += 1
        else:
            room -= 1
    return refused


def out_of_order(api: BotApi, load: Load) -> int:
    """Return how many first answers came before the answer to an earlier question of the same chat."""
    came = defaultdict(list)
    for number in sorted(load.asked):
        if sent := api.under.get(number):
            came[load.chats[number]].append(sent[0][1])
    return sum(later < earlier for times in came.values() for earlier, later in pairwise(times))


def rows(log: Path) -> Counter[str]:
    """Return how many rows and how many different questions the log holds, and how many rows of answers sent."""
    with closing(sqlite3.connect(log)) as connection:
        columns = "count(*), count(DISTINCT question), coalesce(sum(delivery = 'sent'), 0)"
        [(count, questions, sent)] = connection.execute(f"SELECT {columns} FROM questions").fetchall()
    return Counter(rows=count, questions=questions, sent=sent)


def disturb(running: Cluster, load: Load, seconds: float, rate: float) -> int:
    """Ask for so long, with everything that goes wrong on the way; return how many bots were killed."""
    parts = 20
    kill_every = max(1, round(30 / (seconds / parts)))
    killed = 0
    for part in range(parts):
        if part and part % kill_every == 0:
            running.kill(killed % _BOTS)
            killed += 1
        if part == 8:
            running.stop_collector()
        if part == 12:
            running.start_collector()
        if part in (5, 15):
            running.server.stop()
            running.server.start()
        load.at_rate(rate, seconds / parts)
    return killed


def show(given: argparse.Namespace, folder: Path) -> int:
    """Ask at a steady rate while things go wrong; return 1 if anything was lost, doubled or out of order."""
    with BotApi() as api:
        api.keep = False
        load = Load(api, questions_of(given.data), people=300)
        with cluster(folder, given.data, api, _BOTS, given.limit, given.fsync) as running:
            killed = disturb(running, load, given.seconds, given.rate)
            load.settle(_SETTLE_SECONDS)
            deadline = time.monotonic() + 60
            while rows(running.log)["questions"] < len(load.asked) and time.monotonic() < deadline:
                time.sleep(0.5)
        outcome, written = load.outcome(), rows(running.log)
        times = [at for sent in api.under.values() for _, at in sent]
        by_chat = defaultdict(list)
        for number, sent in api.under.items():
            by_chat[load.chats[number]] += [at for _, at in sent]
        faults = {
            "lost": outcome["lost"],
            "duplicated": outcome["duplicated"],
            "out of order in their chat": out_of_order(api, load),
            "over the overall limit": over_limit(times, given.limit, given.limit),
            "over the limit of their chat": sum(over_limit(each, 1, 5) for each in by_chat.values()),
            "refused by Telegram": len(api.violations),
            "questions without a row": len(load.asked) - written["questions"],
        }
        report(outcome)
        print(f"{'bots killed':32}{killed:8,}")
        print(f"{'rows (of repeated handling)':32}{written['rows']:8,} ({written['rows'] - written['questions']})")
        for name, count in faults.items():
            print(f"{name:32}{count:8,}")
        print(f"{'time to the answer':32}  {spread(load.latencies())}")
    return int(any(faults.values()))


def throughput(given: argparse.Namespace, folder: Path) -> int:
    """Compare how fast one bot and three answer as many questions as they can."""
    rates = {}
    for bots in (1, _BOTS):
        with BotApi() as api:
            api.keep = False
            load = Load(api, questions_of(given.data), people=2000)
            with cluster(folder / str(bots), given.data, api, bots, 0, given.fsync) as running:
                load.at_most(60, lambda load=load: len(load.asked) >= 300)
                began, before, used = time.monotonic(), len(load.asked), running.processor_seconds()
                load.at_most(60, lambda began=began: time.monotonic() - began > given.seconds)
                asked, now = len(load.asked) - before, running.processor_seconds()
                rates[bots] = asked / (time.monotonic() - began)
                load.settle(_SETTLE_SECONDS)
        each = ", ".join(f"{name} {1000 * (now[name] - used[name]) / asked:.1f}" for name in used)
        print(f"{bots} of them: {rates[bots]:.1f} questions a second; processor time of one in ms: {each}", flush=True)
    print(f"ratio {rates[_BOTS] / rates[1]:.2f}")
    return 0


def main() -> int:
    """Run one of the two forms."""
    end_when_told()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data"), help="data folder with a built index")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--rate", type=float, default=30, help="questions a second")
    parser.add_argument("--limit", type=float, default=30, help="messages a second")
    parser.add_argument("--fsync", default="always", choices=["always", "everysec"])
    parser.add_argument("--throughput", action="store_true", help="compare one bot with three")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        return (throughput if given.throughput else show)(given, Path(name))


if __name__ == "__main__":
    raise SystemExit(main())
